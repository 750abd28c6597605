//! Second opinions about a host: other hosts of its cluster over ssh, and Consul.
//!
//! What they say is passed on; how many it takes is for the policy.

use crate::config::{Config, WitnessSettings};
use crate::model::{Host, Opinion, Peer, Testimony};

/// Whoever can be asked.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    settings: WitnessSettings,
}

impl Witness {
    /// The witnesses of these settings.
    pub(super) fn new(config: &Config) -> Self {
        Self { settings: config.witness.clone() }
    }

    /// Ask these peers, and Consul, at the same time.
    pub(super) fn ask(&self, suspect: &Host, peers: &[Peer]) -> Vec<Testimony> {
        let _ = (&self.settings, suspect);
        let none = |peer: &Peer| Testimony {
            witness: peer.to_string(),
            opinion: Opinion::None,
            said: "not asked".to_owned(),
        };
        peers.iter().map(none).collect()
    }
}
