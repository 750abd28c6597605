//! The only reader of the environment and of the settings file.

mod environment;

pub use environment::Environment;
