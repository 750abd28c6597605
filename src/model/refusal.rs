//! How oned says no.

use serde::{Deserialize, Serialize};

/// oned's error codes. Source: `include/RequestManager.h`, unchanged from 5.10 to 7.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// 0x0100: the session is not accepted.
    Authentication,
    /// 0x0200: not allowed; also every lock and quota, even for oneadmin.
    Authorization,
    /// 0x0400: no such object.
    NoExists,
    /// 0x0800: not in this state, does not fit, wrong cluster.
    Action,
    /// 0x1000: a bad parameter.
    Api,
    /// 0x2000: inside oned, also "no leader found" and a forward that timed out.
    Internal,
    /// 0x4000
    Allocate,
    /// 0x8000
    Locked,
    /// 0x10000: the raft log was not replicated.
    Replication,
    /// A number that this version does not know.
    Other,
}

impl Refusal {
    /// The kind for oned's number, for example 2048.
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        match code {
            0x0100 => Self::Authentication,
            0x0200 => Self::Authorization,
            0x0400 => Self::NoExists,
            0x0800 => Self::Action,
            0x1000 => Self::Api,
            0x2000 => Self::Internal,
            0x4000 => Self::Allocate,
            0x8000 => Self::Locked,
            0x10000 => Self::Replication,
            _ => Self::Other,
        }
    }
}
