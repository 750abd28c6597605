//! When a hypervisor dies, every VM that can run elsewhere runs elsewhere.

pub mod config;
pub mod error;
pub mod model;
pub mod policy;
mod run;
pub mod wire;
pub mod world;

pub use error::{Error, Result};
pub use run::run;
