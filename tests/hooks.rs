//! Do the executables behave as the hook manager and an operator drive them?
//!
//! The real programs, against the simulated cloud on a loopback port, with a fence program that switches the
//! simulated machines.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests start the programs that they test")]

mod hooks {
    mod back;
    mod bench;
    mod by_person;
    mod down;
    mod fence;
    mod follower;
    mod input;
    mod itself;
    mod killed;
    mod locks;
    mod recovery;
    mod stopped;
    mod surroundings;
    mod tls;
}
