//! The command lines. They read arguments, call the library and print; the work is elsewhere.

mod hook;
mod options;

pub use hook::{fence_host, host_error};
pub use options::{FenceHost, HostError};
