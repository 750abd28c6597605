//! The front-ends of a zone and who leads them.

use super::{Term, ZoneId};
use serde::{Deserialize, Serialize};

/// One `ZONE/SERVER_POOL/SERVER`: a front-end of a zone that has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `SERVER/ID`.
    pub id: i64,
    /// `SERVER/NAME`.
    pub name: String,
    /// `SERVER/ENDPOINT`: `http://192.168.0.1:2633/RPC2`.
    pub endpoint: String,
}

/// A zone, from `one.zone.info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// `ZONE/ID`.
    pub id: ZoneId,
    /// `ZONE/NAME`.
    pub name: String,
    /// `ZONE/SERVER_POOL`; empty where one front-end is alone.
    pub servers: Vec<Server>,
}

/// `RAFT/STATE`. Source: `include/RaftManager.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RaftState {
    /// 0: the only front-end.
    Solo,
    /// 1: an election is going on.
    Candidate,
    /// 2: reads are answered from its own, possibly old, state; writes are forwarded.
    Follower,
    /// 3
    Leader,
    /// A number that this version does not know.
    Unknown(i64),
}

impl RaftState {
    /// The state for `RAFT/STATE`, for example 3 for the leader.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Solo,
            1 => Self::Candidate,
            2 => Self::Follower,
            3 => Self::Leader,
            other => Self::Unknown(other),
        }
    }
}

/// Whether a front-end leads, and who does otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoLeads {
    /// What the configured front-end says it is; the text says why that is not known.
    pub state: Result<RaftState, String>,
    /// The front-end that leads, where that is another one and is known: `fe2 (http://192.168.0.2:2633/RPC2)`.
    pub leader: Option<String>,
    /// Its term, where it is one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// What a front-end says about itself, from `one.zone.raftstatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raft {
    /// `RAFT/SERVER_ID`; -1 where there is no zone of several servers.
    pub server: i64,
    /// `RAFT/STATE`.
    pub state: RaftState,
    /// `RAFT/TERM`.
    pub term: i64,
}
