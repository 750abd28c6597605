//! What can be seen from a front-end before something is done that cannot be taken back.

use super::{Cluster, Host, Memory, Raft, RaftState};
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
    /// The configured front-end's term, where it is one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// The machine that the program runs on.
    #[serde(default, skip_serializing_if = "Machine::is_unknown")]
    pub machine: Machine,
}

/// A server's term of raft. A term has one leader at most, and a server whose term has grown leads in the old one no more.
/// Source: `RAFT/SERVER_ID` and `RAFT/TERM` of `one.zone.raftstatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// `0`, the server's ID in its zone.
    pub server: i64,
    /// `14`
    pub term: i64,
}

impl Term {
    /// The term of a front-end that is not alone.
    #[must_use]
    pub fn of(raft: &Result<Option<Raft>, String>) -> Option<Self> {
        let raft = raft.as_ref().ok()?.as_ref().filter(|raft| raft.state != RaftState::Solo)?;
        Some(Self { server: raft.server, term: raft.term })
    }
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
