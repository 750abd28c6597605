//! What can be seen from a front-end before something is done that cannot be taken back.

use super::{Cluster, Host, Memory, RaftState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
// A plain value; the sockets are in the standard library.
use core::net::IpAddr;
use std::time::Duration;

/// The front-end's view of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observer {
    /// What the configured front-end says it is; the text says why that is not known.
    pub raft: Result<RaftState, String>,
    /// Addresses that should answer if this front-end is connected, and whether they do.
    pub gateways: Vec<(String, bool)>,
    /// How long oned has been running here; `None` where that cannot be seen.
    pub oned_runs_for: Option<Duration>,
    /// How long ago a program of this front-end first saw the term in which its zone is now: the zone has had this leader
    /// for so long at least. `None` for a front-end that is alone, or does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader_for: Option<Duration>,
    /// The machine that the program runs on.
    #[serde(default, skip_serializing_if = "Machine::is_unknown")]
    pub machine: Machine,
}

/// What is known of the machine that a front-end is: it may be one of the zone's hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its names, as it calls itself: `fe1` or `fe1.example.org`.
    pub names: Vec<String>,
    /// `/etc/machine-id`.
    pub id: Option<String>,
    /// Names and `HOSTNAME`s of hosts that lead to addresses of this machine, with those addresses.
    pub addresses: BTreeMap<String, Vec<IpAddr>>,
}

impl Machine {
    /// Is nothing known?
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything that a brake needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// Every host of the zone.
    pub hosts: Vec<Host>,
    /// Every cluster.
    pub clusters: Vec<Cluster>,
    /// What is remembered.
    pub memory: Memory,
    /// This front-end.
    pub observer: Observer,
    /// A number that differs from run to run, to choose peers by.
    pub chance: u64,
}
