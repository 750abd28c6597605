//! The client of oned's XML-RPC API.
//!
//! It asks the leader, repeats what only reads, and never repeats a write.
//! It decides nothing: what an answer or its absence means for a recovery is the policy's business.
//! Deliberately absent: the gRPC API, sessions, and calls that a recovery does not need.

mod apart;
mod ask;
mod calls;
mod credentials;
mod documents;
mod hooks;
mod http;
mod layers;
mod leader;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
mod transport;
mod user;

pub use calls::{HostStatus, MigrationType, RecoverOperation};
pub use credentials::{Credentials, Places, Session};
pub use documents::Of;
pub use http::Http;
pub use transport::Transport;
pub use user::User;

use crate::model::VmId;
use leader::Front;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How patient the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The end of one exchange, from connecting to the last byte.
    pub deadline: Duration,
    /// How often a call that reads is made in all. A write is made once.
    pub reads: u32,
    /// The pause before the second try; it doubles with each further one, up to ten seconds.
    pub first_pause: Duration,
}

/// 30 s as OpenNebula's own client has it; six tries pause 15 s in all, longer than an election.
impl Default for Patience {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(30), reads: 6, first_pause: Duration::from_millis(500) }
    }
}

/// A front-end, or the zone of front-ends behind it. Many threads may use it at the same time; oned serves
/// 15 connections in all, so they should be few.
#[derive(Debug)]
pub struct Oned<T> {
    transport: T,
    credentials: Credentials,
    settings: Patience,
    /// Shared with the clients that were made beside this one: a front-end that is down cannot name the others.
    front: Arc<Mutex<Front>>,
    /// oned does not know `one.vmpool.infoset`: a version before 6.0.
    without_infoset: AtomicBool,
    /// VMs that cannot be read together with others.
    apart: Mutex<BTreeSet<VmId>>,
}

impl<T: Transport> Oned<T> {
    /// A client; nothing is sent yet.
    pub fn new(transport: T, credentials: Credentials, settings: Patience) -> Self {
        Self {
            transport,
            credentials,
            settings,
            front: Arc::default(),
            without_infoset: AtomicBool::new(false),
            apart: Mutex::default(),
        }
    }

    /// The port of the endpoint.
    pub fn port(&self) -> Option<u16> {
        reqwest::Url::parse(&self.credentials.endpoint).ok()?.port_or_known_default()
    }

    /// A client of the same front-ends that is patient in another way. It knows what this one learns of them.
    #[must_use]
    pub fn beside(&self, settings: Patience) -> Self
    where
        T: Clone,
    {
        Self {
            transport: self.transport.clone(),
            credentials: self.credentials.clone(),
            settings,
            front: Arc::clone(&self.front),
            without_infoset: AtomicBool::new(false),
            apart: Mutex::default(),
        }
    }
}
