//! Do the executables behave as the hook manager and an operator drive them?
//!
//! The real programs, against the simulated cloud on a loopback port, with a fence program that switches the
//! simulated machines.

mod back;
pub(crate) mod bench;
mod by_person;
mod down;
mod evacuate;
mod fence;
mod follower;
mod input;
mod itself;
mod killed;
pub(crate) mod kills;
mod locks;
mod patterns;
mod ready;
mod recovery;
mod stopped;
mod surroundings;
mod tls;
