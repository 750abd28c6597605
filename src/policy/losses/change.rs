//! What a new plan changes: worse is said once, and better ends it.

use super::plan::{One, Planned};
use super::{FORMAT, HeldVm, HostLoss, Losses, told};
use crate::model::text::vms;
use crate::model::{Epoch, HostId, VmId};
use crate::policy::arming::utc;
use std::collections::BTreeMap;

/// So many VMs of a host keep their names and reasons.
const FIRST: usize = 3;

/// What has changed for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub name: String,
    /// Its loss would hold more; else less.
    pub worse: bool,
    /// One sentence: `since 2026-11-20 14:02 UTC the loss of kvm7 (host 7) would hold vm 11 erp: no host takes …`.
    pub text: String,
}

/// The changes of one plan, by host.
pub type Changes = Vec<Change>;

impl Losses {
    /// Remember this plan of a cloud that looks like this, made at this moment.
    pub fn take(&mut self, planned: Planned, now: Epoch, cloud: &str, flags: &str) -> Changes {
        let mut changes = Vec::new();
        let mut hosts = BTreeMap::new();
        for (host, new) in planned.hosts {
            let old = self.hosts.get(&host).map(|loss| &loss.held);
            let at = format!("{} ({host})", new.name);
            let was = |vm: &HeldVm| old.is_some_and(|old| old.contains_key(&vm.id));
            let more: Vec<HeldVm> = new.held.iter().filter(|vm| !was(vm)).cloned().collect();
            let change = |worse, text| Change { host, name: new.name.clone(), worse, text };
            if !more.is_empty() {
                let text =
                    format!("since {} the loss of {at} would hold {}", utc(now), told(more.len(), &more));
                changes.push(change(true, text));
            }
            changes.extend(ended(&at, old, &new.held).map(|text| change(false, text)));
            hosts.insert(host, remembered(new, old, now));
        }
        let gone =
            self.hosts.iter().filter(|(host, loss)| !hosts.contains_key(host) && !loss.held.is_empty());
        changes.extend(gone.map(|(host, loss)| {
            let text =
                format!("the loss of {} ({host}) is none any more: it has no VM, or is gone", loss.name);
            Change { host: *host, name: loss.name.clone(), worse: false, text }
        }));
        (self.format, self.planned) = (FORMAT, Some(now));
        (self.cloud, self.flags) = (cloud.to_owned(), flags.to_owned());
        (self.hosts, self.clusters) = (hosts, planned.clusters);
        changes
    }
}

/// What would not be held any more.
fn ended(at: &str, old: Option<&BTreeMap<VmId, Epoch>>, new: &[HeldVm]) -> Option<String> {
    let old = old?;
    let still = new.iter().filter(|vm| old.contains_key(&vm.id)).count();
    match (old.len().saturating_sub(still), new.len()) {
        (0, _) => None,
        (_, 0) => Some(format!("the loss of {at} would hold no VM any more")),
        (fewer, left) => {
            Some(format!("the loss of {at} would not hold {} any more, and {left} still", vms(fewer)))
        }
    }
}

fn remembered(new: One, old: Option<&BTreeMap<VmId, Epoch>>, now: Epoch) -> HostLoss {
    let since = |vm: &HeldVm| old.and_then(|old| old.get(&vm.id).copied()).unwrap_or(now);
    let held = new.held.iter().map(|vm| (vm.id, since(vm))).collect();
    let One { name, cluster, recovered, held: mut first } = new;
    first.truncate(FIRST);
    HostLoss { name, cluster, recovered, held, first }
}
