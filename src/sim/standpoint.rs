//! Where a front-end stands: what its machine is, which gateways it asks, and how its clock goes.

use crate::model::{HostId, Machine};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long oned has been running when a simulation begins, and how long its leader has been known.
pub(super) const LONG: Duration = Duration::from_secs(40 * 24 * 3600);

/// Where the front-end stands.
#[derive(Clone, Debug)]
pub(crate) struct Standpoint {
    pub(super) gateways: BTreeMap<String, bool>,
    /// How long oned had been running when it was noted, and when that was.
    pub(super) oned: (Duration, Duration),
    /// Seconds by which the front-end's clock is ahead of oned's.
    pub(super) ahead: i64,
    pub(super) chance: u64,
    /// Hosts that a person has confirmed to be off, and when.
    pub(crate) confirmed: Vec<(HostId, Duration)>,
    pub(super) machine: Machine,
}

impl Default for Standpoint {
    fn default() -> Self {
        Self {
            gateways: BTreeMap::new(),
            oned: (LONG, Duration::ZERO),
            ahead: 0,
            chance: 7,
            confirmed: Vec::new(),
            machine: Machine::default(),
        }
    }
}
