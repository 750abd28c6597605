//! When a hypervisor dies, every VM that can run elsewhere runs elsewhere.

pub mod error;
pub mod model;
pub mod policy;
pub mod sim;
pub mod wire;
pub mod world;

pub use error::{Error, Result};
