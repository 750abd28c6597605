//! When a hypervisor dies, every VM that can run elsewhere runs elsewhere.

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
pub use run::{run, run_steps};
