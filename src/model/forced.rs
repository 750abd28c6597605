//! A look at a host that oned was made to take before its time, in a document of the cloud.

use super::{Epoch, HostId, HostState};
use serde::{Deserialize, Serialize};

/// A look that oned was made to take at a host, as `onehost forceupdate` does it: OFFLINE, and at once enabled. It is written down
/// before the first of the two calls, so that a host which stays OFFLINE between them is known to be ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// The host.
    pub host: HostId,
    /// Its name then.
    pub name: String,
    /// Who: `fe1 4711 1795165661`, front-end, process and begin.
    pub by: String,
    /// When the first call was about to be sent.
    pub at: Epoch,
    /// The host's state then.
    pub state: HostState,
    /// When oned had heard the host last then, by oned's own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<i64>,
    /// What made it necessary: `silent for 10 s; bmc says off`.
    pub why: String,
    /// How often that was done to this host, this time included.
    pub times: u32,
    /// Whether oned has taken the first call is not known: it may still take it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    /// When it was over: the host is not OFFLINE by this any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Epoch>,
}
