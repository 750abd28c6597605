//! What is heard of a host that saves its crash dump.

use serde::{Deserialize, Serialize};

/// What a listener has heard of a host. It says nothing about the host's power.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dump {
    /// The host said that it saves its crash dump.
    Saving,
    /// The host said nothing.
    Silent,
    /// Nobody could listen, for this reason.
    Unknown(String),
}
