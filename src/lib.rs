//! When an OpenNebula hypervisor dies, every VM that can run elsewhere runs elsewhere: in order, never
//! twice, and the operator can see why.
//!
//! # The procedure
//!
//! ```text
//! observe → claim → wait → brake → confirm → fence → prove → survey → plan → act → settle → report
//! ```
//!
//! [`policy`] is the whole procedure as a pure state machine: each [`policy::Step`] is a question that holds
//! the only way to answer it. [`run`] asks the policy what to do next, lets a [`world::World`] do that one
//! thing, and hands the answer back, until the policy stops with a [`policy::Report`].
//!
//! # The layers
//!
//! | layer | is | may use |
//! | --- | --- | --- |
//! | [`model`] | OpenNebula's nouns as plain values | nothing |
//! | [`policy`] | judgement: pure, no I/O, no clock | `model` |
//! | [`wire`] | bytes to values and back: pure, bounded | `model`, `error` |
//! | [`world`] | effects: oned, fence devices, the clock; decides nothing | everything above, `config` |
//! | [`sim`] | a second world: oned's rules, machines, faults; decides nothing | everything above |
//! | [`config`], [`cli`], [`finish`], [`trail`] | settings, command lines, what people read | everything |
//!
//! # What always holds
//!
//! - No VM is touched without a [`policy::Proof`] that names its host, and only the fence steps can make one
//!   (or `-u`, which every report then says).
//! - Only "off" that is read back several times in a row is off. No answer is never a yes.
//! - Every VM that was seen gets exactly one outcome with a reason.
//! - Nothing destructive unless the flag says so; a call whose outcome is unknown is read back, not repeated.
//! - Time, memory, retries and output are bounded. Secrets reach no argument list, log, report or error.
//!
//! What each state of a VM means is a table: [`policy::states`].

pub mod cli;
pub mod config;
pub mod error;
pub mod finish;
pub mod model;
pub mod policy;
mod run;
pub mod sim;
pub mod trail;
pub mod wire;
pub mod world;

pub use error::{Error, Result};
pub use run::{Procedure, Run, replay, run, run_back, run_down, run_steps};
