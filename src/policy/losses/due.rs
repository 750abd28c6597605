//! When it is planned again: a plan reads every VM of the zone.

use super::{LossRules, Losses};
use crate::model::{Epoch, Host};
use crate::policy::moments::is_ahead;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What the pool of hosts does not show, such as the template of a VM, is seen after so many times `[plan] watch`.
const SELDOM: u32 = 6;

impl Losses {
    /// Is it time to plan, for a cloud that looks like this?
    #[must_use]
    pub fn is_due(&self, rules: LossRules, now: Epoch, cloud: &str) -> bool {
        if rules.watch.is_zero() {
            return false;
        }
        // A clock was wrong.
        if is_ahead(now, self.tried) {
            return true;
        }
        let changed = self.cloud != cloud || self.planned.is_none();
        let wait = if changed { rules.watch } else { rules.watch.saturating_mul(SELDOM) };
        now.since(self.tried) >= wait
    }

    /// The same, where it was planned not long ago: a front-end that did not lead meanwhile may have an old one.
    #[must_use]
    pub fn current(&self, rules: LossRules, now: Epoch) -> Option<&Self> {
        let planned = self.planned.filter(|planned| !is_ahead(now, *planned))?;
        // Twice the longest that reconcile lets pass.
        let longest = rules.watch.saturating_mul(SELDOM * 2);
        (now.since(planned) < longest).then_some(self)
    }

    /// Somebody begins to plan.
    pub fn begin(&mut self, now: Epoch, by: &str) {
        (self.tried, self.by) = (now, by.to_owned());
    }
}

/// How the cloud looks in the pool of hosts, which every look has read already: hosts, their states and room, their VMs,
/// and what people have written for recoveries. Two that look alike have the same mark; another version may have others.
#[must_use]
pub fn mark(hosts: &[Host]) -> String {
    // Always with the same keys.
    let mut hasher = DefaultHasher::new();
    let mut hosts: Vec<&Host> = hosts.iter().collect();
    hosts.sort_by_key(|host| host.id);
    for host in hosts {
        (host.id, &host.name, host.state.number(), host.cluster, &host.vms).hash(&mut hasher);
        let room = host.capacity;
        (room.max_cpu, room.used_cpu, room.max_memory_kib, room.used_memory_kib).hash(&mut hasher);
        for attribute in host.attributes.iter().filter(|(name, _)| name.starts_with("HA_")) {
            attribute.hash(&mut hasher);
        }
    }
    format!("{:016x}", hasher.finish())
}
