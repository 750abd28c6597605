//! VMs that a recovery has left down: held or failed, and not elsewhere since.

use crate::model::{End, Host, HostId, Memory, Vm, VmId};
use crate::policy::record::lease::{ended_by, standing};
use crate::policy::states::{Class, class};
use std::collections::{BTreeMap, BTreeSet};

/// More than these are not asked for.
const MOST: usize = 2000;

/// A VM that is down since the failure of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Down {
    /// The host that failed.
    pub host: HostId,
    /// The VM.
    pub vm: VmId,
}

/// VMs that may be down, as far as records and the pool of hosts tell. Whose incident a person has ended is none.
#[must_use]
pub fn suspects(memory: &Memory, hosts: &[Host]) -> Vec<Down> {
    let failed: BTreeSet<HostId> = memory.incidents.iter().map(|(_, incident)| incident.host).collect();
    let place: BTreeMap<VmId, HostId> =
        hosts.iter().flat_map(|host| host.vms.iter().map(|vm| (*vm, host.id))).collect();
    let mut found = Vec::new();
    for (document, incident) in failed.into_iter().filter_map(|host| standing(memory, host)) {
        if ended_by(memory, incident.host, *document).is_some() {
            continue;
        }
        let left = incident.vms.iter().filter(|vm| matches!(vm.end, Some(End::Held | End::Failed)));
        let here = left.filter(|vm| place.get(&vm.id).is_none_or(|host| *host == incident.host));
        found.extend(here.map(|vm| Down { host: incident.host, vm: vm.id }));
    }
    found.truncate(MOST);
    found
}

/// Those that exist, and do not run.
#[must_use]
pub fn down(suspects: &[Down], vms: &[Vm]) -> Vec<Down> {
    let known: BTreeMap<VmId, Class> = vms.iter().map(|vm| (vm.id, class(vm.state))).collect();
    let is_down = |one: &&Down| {
        known.get(&one.vm).is_some_and(|class| match class {
            Class::Running | Class::Done => false,
            Class::Lost
            | Class::Transient
            | Class::Failure
            | Class::Resubmit
            | Class::Stopped
            | Class::NotPlaced
            | Class::Strange => true,
        })
    };
    suspects.iter().filter(is_down).copied().collect()
}
