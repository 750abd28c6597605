//! `one.vm.migrate` and `one.vm.deploy`: oned's checks, in oned's order.
//! Source: `src/rm/api/VirtualMachineAPI.cc`; texts as recorded, capacity from `src/host/HostShare.cc`.

use super::{Args, Done, Fail, Right, bad_action, check_lock, int, missing, refused};
use crate::model::{DatastoreId, HostId, HostState, LcmState, VmId, VmState};
use crate::sim::capacity;
use crate::sim::cloud::Cloud;
use crate::sim::physics::{Breach, Power};
use crate::sim::queue::{Live, Queued};
use crate::sim::state::{Host, Torn, Vm};
use crate::sim::version::Version;

impl Cloud {
    pub(super) fn vm_migrate(&mut self, args: &Args<'_>) -> Done {
        let live = if args.flag(2)? { Live::Yes } else { Live::No };
        let (enforce, datastore, kind) = (args.flag_or(3, false)?, args.int_or(4, -1)?, args.int_or(5, 0)?);
        let (host, host_id) = (args.int(1)?, args.id(1, "host")?);
        let Some(to) = self.state.hosts.get(&HostId(host_id)) else {
            return Err(missing("host", host));
        };
        if to.state == HostState::Offline {
            return Err(bad_action("Host is offline, cannot use it to deploy VM"));
        }
        let (id, vm) = self.vm(args)?;
        check_lock(vm.lock, Right::Admin, "VM", id.0)?;
        let current = migratable(vm)?;
        let target = u32::try_from(datastore).map_or(current, DatastoreId);
        if vm.host() == Some(to.id) && target == current {
            let mut text = format!("VM is already running on host [{}]", to.id.0);
            if self.version >= Version::V7_0 {
                text = format!("{text} and datastore [{}]", current.0);
            }
            return Err(bad_action(text));
        }
        if enforce {
            fits(to, vm)?;
        }
        if vm.wants_pci() && kind == 0 && vm.state != VmState::Poweroff {
            let text = format!(
                "Cannot migrate VM [{}], use poweroff or poweroff-hard flag for migrating a VM with PCI devices",
                id.0
            );
            return Err(bad_action(text));
        }
        if target != current {
            self.may_change_datastore(vm, target, live)?;
        }
        self.in_cluster(id, to, target)?;
        may_have_a_record(vm)?;
        let to = to.id;
        self.start_migration(id, to, target, live);
        int(id.0)
    }

    fn may_change_datastore(&self, vm: &Vm, target: DatastoreId, live: Live) -> Result<(), Fail> {
        if live == Live::Yes {
            let text = "A migration to a different system datastore cannot be performed live.";
            return Err(bad_action(text));
        }
        let new = self.state.datastores.get(&target).map(|datastore| datastore.tm_mad.as_str());
        if new != vm.history.last().map(|record| record.tm_mad.as_str()) {
            let text = "Cannot migrate to a system datastore with a different driver";
            return Err(bad_action(text));
        }
        Ok(())
    }

    /// The datastore exists and belongs to the host's cluster.
    fn in_cluster(&self, vm: VmId, host: &Host, id: DatastoreId) -> Result<(), Fail> {
        let datastore = self.state.datastores.get(&id);
        let datastore = datastore.ok_or_else(|| missing("datastore", id.0.into()))?;
        if datastore.clusters.is_empty() || datastore.clusters.contains(&host.cluster) {
            return Ok(());
        }
        let clusters: Vec<String> = datastore.clusters.iter().map(|cluster| cluster.0.to_string()).collect();
        Err(bad_action(format!(
            "Cannot migrate VM [{}] to host [{}] and system datastore [{}]. Host is in cluster [{}], and the \
             datastore is in cluster [{}]",
            vm.0,
            host.id.0,
            id.0,
            host.cluster.0,
            clusters.join(",")
        )))
    }

    /// The record of the destination is there at once, the rest follows.
    pub(crate) fn start_migration(&mut self, id: VmId, to: HostId, datastore: DatastoreId, live: Live) {
        let (now, request) = (self.epoch(), self.request_id());
        self.with_vm(id, |vm| {
            let unknown = vm.state == VmState::UNKNOWN;
            if let Some(record) = vm.history.last_mut().filter(|_| unknown) {
                record.act(1, request);
                record.close(now);
            }
        });
        self.open_record(id, to, datastore);
        self.sent_to(id, to);
        self.queue_action(id, Queued::Migrate { live: live == Live::Yes, request });
    }

    pub(super) fn vm_deploy(&mut self, args: &Args<'_>) -> Done {
        let (id, vm) = self.vm(args)?;
        let (enforce, datastore) = (args.flag_or(2, false)?, args.int_or(3, -1)?);
        let host = args.id(1, "host")?;
        check_lock(vm.lock, Right::Admin, "VM", id.0)?;
        let can = [VmState::Pending, VmState::Hold, VmState::Stopped, VmState::Undeployed];
        if !can.contains(&vm.state) {
            return Err(bad_action(format!("Deploy action is not available for state {}", vm.state)));
        }
        let to = self.state.hosts.get(&HostId(host)).ok_or_else(|| missing("host", host.into()))?;
        if to.state == HostState::Offline {
            return Err(bad_action("Host is offline, cannot use it to deploy VM"));
        }
        let kept = vm.history.last().map_or(DatastoreId(0), |record| record.datastore);
        let target = u32::try_from(datastore).map_or(kept, DatastoreId);
        if enforce {
            fits(to, vm)?;
        }
        self.in_cluster(id, to, target)?;
        may_have_a_record(vm)?;
        self.deploy(id, HostId(host), target);
        int(id.0)
    }

    /// Put a waiting VM on a host: the first steps are immediate, a driver does the rest.
    pub(crate) fn deploy(&mut self, id: VmId, host: HostId, datastore: DatastoreId) {
        let Some(vm) = self.state.vms.get(&id) else { return };
        let last_action = vm.history.last().map_or(0, |record| record.action);
        self.open_record(id, host, datastore);
        self.sent_to(id, host);
        self.state.charge(host, id);
        let now = self.epoch();
        self.with_vm(id, |vm| {
            if let Some(record) = vm.history.last_mut() {
                (record.stime, record.pstime) = (now, now);
            }
        });
        let lcm = match last_action {
            9 => LcmState::PrologResume,
            5 | 6 => LcmState::PrologUndeploy,
            _ => LcmState::Prolog,
        };
        self.enter(id, lcm);
    }

    fn sent_to(&mut self, vm: VmId, host: HostId) {
        let known_good = self.host_state(host) == Some(HostState::Monitored);
        if !known_good && self.physics.power(host) == Power::Off {
            let at = self.now;
            self.physics.breaches.push(Breach::SentToDeadHost { vm, host, at });
        }
    }
}

/// The VM's datastore, if its state allows a migration.
fn migratable(vm: &Vm) -> Result<DatastoreId, Fail> {
    let can = [VmState::RUNNING, VmState::UNKNOWN, VmState::Poweroff, VmState::Suspended];
    let closed = vm.previous().is_none_or(|record| record.etime != 0);
    match vm.history.last().filter(|_| can.contains(&vm.state) && closed && !vm.busy) {
        Some(record) => Ok(record.datastore),
        None => Err(bad_action(format!("Migrate action is not available for state {}", vm.state))),
    }
}

/// The row of its next record must not be there yet.
fn may_have_a_record(vm: &Vm) -> Result<(), Fail> {
    match vm.torn {
        Some(Torn::Row) => Err(refused(0x2000, "Cannot update virtual machine history")),
        Some(Torn::Driver) | None => Ok(()),
    }
}

fn fits(host: &Host, vm: &Vm) -> Result<(), Fail> {
    capacity::test(host, vm).map_err(|reason| {
        let text = format!("virtual machine [{}] does not fit in host [{}]. {reason}", vm.id.0, host.id.0);
        bad_action(text)
    })
}
