//! OpenNebula's scheduler, as far as a recovery meets it: PENDING and RESCHED VMs, one per host and look.
//!
//! Deliberately absent: ranks and plans. Source of the filter: `src/schedm`, hosts in state 2 only.

use super::capacity;
use super::cloud::Cloud;
use super::queue::{Event, Live};
use super::requirements;
use super::state::{Host, Vm};
use super::version::Version;
use crate::model::{DatastoreId, HostId, HostState, VmId, VmState};
use std::collections::BTreeSet;
use std::time::Duration;

/// More RESCHED VMs than this at one look are too many for 7.x. On 7.5.80, 40 went well and 200 did not.
const TOO_MANY: usize = 100;

impl Cloud {
    /// oned is started again, and takes up what it had accepted.
    pub(crate) fn calm_down(&mut self) {
        for (vm, step, queued) in std::mem::take(&mut self.storm).waiting {
            self.take_up(vm, step, queued);
        }
        self.arm_scheduler();
    }

    /// Look again at the next full interval, if there is something to place.
    pub(crate) fn arm_scheduler(&mut self) {
        let waiting = self.scheduler_on && self.state.vms.values().any(waits);
        if !waiting || self.scheduler_armed {
            return;
        }
        self.scheduler_armed = true;
        let interval = self.timings.scheduler.max(Duration::from_millis(1));
        let looks = self.now.as_millis() / interval.as_millis() + 1;
        let next = interval.saturating_mul(u32::try_from(looks).unwrap_or(u32::MAX));
        self.after(next.saturating_sub(self.now), Event::Scheduler);
    }

    pub(crate) fn schedule(&mut self) {
        self.scheduler_armed = false;
        if self.scheduler_on && self.front.leader.is_some() {
            let waiting: Vec<VmId> = self.state.vms.values().filter(|vm| waits(vm)).map(|vm| vm.id).collect();
            let mut used = BTreeSet::new();
            let flagged = self.state.vms.values().filter(|vm| waits(vm) && vm.resched).count();
            if flagged > TOO_MANY && self.version >= Version::V7_0 {
                self.storm.moved.get_or_insert(0);
            }
            for vm in waiting {
                if self.storm.is_stuck() {
                    return;
                }
                if let Some(host) = self.choose(vm, &used) {
                    used.insert(host);
                    self.dispatch_to(vm, host);
                    self.storm.moved = self.storm.moved.map(|moved| moved + 1);
                }
            }
        }
        self.arm_scheduler();
    }

    fn choose(&self, id: VmId, used: &BTreeSet<HostId>) -> Option<HostId> {
        let vm = self.state.vms.get(&id)?;
        let datastore = datastore(vm);
        let clusters = &self.state.datastores.get(&datastore)?.clusters;
        let fits = |host: &&Host| {
            host.state == HostState::Monitored
                && !used.contains(&host.id)
                && vm.host().filter(|_| vm.resched) != Some(host.id)
                && clusters.contains(&host.cluster)
                && capacity::test(host, vm).is_ok()
                && self.keeps_groups(vm, host)
                && self.meets_all(vm, host)
        };
        let hosts = self.state.hosts.values().filter(fits);
        hosts.min_by_key(|host| (host.vms.len(), host.id)).map(|host| host.id)
    }

    /// Roles that keep apart, and roles that stay with their ACTIVE members, wherever those are.
    pub(crate) fn keeps_groups(&self, vm: &Vm, host: &Host) -> bool {
        let Some((group, role_name)) = vm.group() else {
            return true;
        };
        let Some(group) = self.state.groups.get(&group) else {
            return true;
        };
        let together = |set: &str| set.split(',').any(|name| name.trim() == role_name);
        let mut apart = BTreeSet::new();
        let mut affined = BTreeSet::new();
        for role in &group.roles {
            let own = role.name() == role_name;
            let policy = role.attributes.get("POLICY").map(String::as_str);
            let between = |name: &str| {
                let shares =
                    |set: &str| together(set) && set.split(',').any(|other| other.trim() == role.name());
                !own && group.template.iter().any(|(key, value)| {
                    key == name && matches!(value, super::Attribute::Single(set) if shares(set))
                })
            };
            if own && policy == Some("ANTI_AFFINED") || between("ANTI_AFFINED") {
                apart.extend(&role.vms);
            }
            if own && policy == Some("AFFINED") || between("AFFINED") {
                affined.extend(&role.vms);
            }
        }
        let active =
            |id: &VmId| self.state.vms.get(id).filter(|other| matches!(other.state, VmState::Active(_)));
        let homes: BTreeSet<HostId> = affined.iter().filter_map(active).filter_map(Vm::host).collect();
        apart.iter().all(|other| *other == vm.id || !host.vms.contains(other))
            && (homes.is_empty() || homes.contains(&host.id))
            && group.roles.iter().filter(|role| role.name() == role_name).all(|role| role.allows(host.id))
    }

    fn meets_all(&self, vm: &Vm, host: &Host) -> bool {
        let automatic = vm.template.get("AUTOMATIC_REQUIREMENTS");
        let own = vm.user_template.get("SCHED_REQUIREMENTS");
        automatic.into_iter().chain(own).all(|text| requirements::meets(&self.state, host, text))
    }

    fn dispatch_to(&mut self, id: VmId, host: HostId) {
        let Some(vm) = self.state.vms.get(&id) else { return };
        let datastore = datastore(vm);
        if vm.state == VmState::Pending {
            self.deploy(id, host, datastore);
        } else if !vm.wants_pci() || vm.state == VmState::Poweroff {
            // COLD_MIGRATE_MODE is 0, so VMs with PCI devices are refused.
            self.start_migration(id, host, datastore, Live::No);
        }
    }
}

fn waits(vm: &Vm) -> bool {
    let movable = vm.resched && matches!(vm.state, VmState::RUNNING | VmState::UNKNOWN | VmState::Poweroff);
    vm.lock.is_none() && !vm.busy && (vm.state == VmState::Pending || movable)
}

fn datastore(vm: &Vm) -> DatastoreId {
    vm.history.last().map_or(DatastoreId(0), |record| record.datastore)
}
