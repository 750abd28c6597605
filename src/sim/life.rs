//! The life-cycle manager: the event queue's actions, and a VM's way through its states.
//!
//! Deliberately absent: what a client may ask for in which state; that is `oned`.

use super::cloud::{Change, Cloud};
use super::queue::{Event, Queued};
use super::state::{History, Torn, Vm};
use super::steps::{failed_step, step};
use super::timings::{Driver, Stage};
use crate::model::{HostId, LcmState, VmId, VmState};

impl Cloud {
    pub(crate) fn happen(&mut self, event: Event) {
        match event {
            Event::FailedMonitor { host, generation, repeat } => {
                self.failed_monitor(host, generation, repeat);
            }
            Event::MonitorDone { vm, host } => self.monitor_done(vm, host),
            Event::HostReport(host) => self.host_report(host),
            Event::VmReport(host) => self.vm_report(host),
            Event::Lcm { vm, step, queued } => self.take_up(vm, step, queued),
            Event::DriverDone { vm, step, waited } => self.driver_done(vm, step, waited),
            Event::Destroy { vm, host } => {
                if self.physics.reachable(host) {
                    self.physics.stop(vm, host);
                }
            }
            Event::Guest(vm) => self.guest_ticks(vm),
            Event::Scheduler => self.schedule(),
            Event::Election => self.elect(),
            Event::LateCall { server, call } => drop(self.call(server, &call)),
        }
    }

    /// The API has accepted an action; the life-cycle manager takes it up a little later.
    pub(crate) fn queue_action(&mut self, vm: VmId, queued: Queued) {
        if let Some(vm) = self.state.vms.get_mut(&vm) {
            vm.busy = true;
            let event = Event::Lcm { vm: vm.id, step: vm.step, queued };
            self.after(self.timings.lcm, event);
        }
    }

    pub(crate) fn set_state(&mut self, vm: VmId, state: VmState) {
        if let Some(vm) = self.state.vms.get_mut(&vm) {
            vm.before = vm.state;
            vm.state = state;
            vm.step += 1;
            vm.busy = false;
            vm.torn = vm.torn.filter(|torn| *torn == Torn::Row);
            let change = Change::Vm(vm.id, state, vm.host());
            self.happened(change);
        }
    }

    /// Go into a state in which a driver works, and start it.
    pub(crate) fn enter(&mut self, id: VmId, lcm: LcmState) {
        self.set_state(id, VmState::Active(lcm));
        let Some(step) = step(lcm) else { return };
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        vm.busy = true;
        let event = Event::DriverDone { vm: id, step: vm.step, waited: false };
        if self.drivers.get(&(id, step.stage)) == Some(&Driver::Hangs) {
            return;
        }
        let time = match step.stage {
            Stage::Transfer => self.timings.transfer,
            Stage::Boot => self.timings.boot,
            Stage::Save | Stage::Shutdown | Stage::Cleanup | Stage::Other => self.timings.action,
        };
        self.after(time, event);
    }

    pub(crate) fn take_up(&mut self, id: VmId, step: u64, queued: Queued) {
        let now = self.epoch();
        if self.storm.stuck(id, step, queued) {
            return;
        }
        let Some(vm) = self.state.vms.get_mut(&id).filter(|vm| vm.step == step) else {
            return;
        };
        vm.resched = false;
        match queued {
            Queued::Enter { lcm, action, request } => {
                if let Some(record) = vm.history.last_mut().filter(|_| action != 0) {
                    record.act(action, request);
                }
                self.enter(id, lcm);
            }
            Queued::Migrate { live, request } => self.take_up_migrate(id, now, live, request),
        }
    }

    fn take_up_migrate(&mut self, id: VmId, now: i64, live: bool, request: i64) {
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        let state = vm.state;
        let mut records = vm.history.iter_mut().rev();
        let (Some(new), Some(old)) = (records.next(), records.next()) else {
            return;
        };
        let (to, from) = (new.host, old.host);
        new.stime = now;
        let lcm = if state == VmState::RUNNING {
            old.act(if live { 2 } else { 1 }, request);
            if live { LcmState::Migrate } else { LcmState::SaveMigrate }
        } else {
            new.pstime = now;
            old.etime = now;
            old.retime = now;
            if state == VmState::Poweroff {
                LcmState::PrologMigratePoweroff
            } else if state == VmState::Suspended {
                LcmState::PrologMigrateSuspend
            } else {
                LcmState::PrologMigrateUnknown
            }
        };
        if lcm == LcmState::PrologMigrateUnknown {
            old.act(1, request);
        } else if state != VmState::RUNNING {
            new.act(1, request);
            new.retime = now;
        }
        if state != VmState::RUNNING && from != to {
            self.state.release(from, id);
        }
        self.state.charge(to, id);
        self.enter(id, lcm);
    }

    /// Come to rest in a state, or go on with the next step.
    pub(crate) fn arrive(&mut self, id: VmId, state: VmState) {
        if let VmState::Active(lcm) = state {
            return self.enter(id, lcm);
        }
        let now = self.epoch();
        if let Some(vm) = self.state.vms.get_mut(&id)
            && !matches!(state, VmState::Poweroff | VmState::Suspended)
        {
            if state == VmState::Done {
                vm.etime = now;
            }
            if matches!(state, VmState::Pending | VmState::Done) {
                vm.deploy_id.clear();
            }
            if let Some(record) = vm.history.last_mut() {
                record.close(now);
                let host = record.host;
                self.state.release(host, id);
            }
        }
        if state == VmState::Done {
            self.leave_group(id);
        }
        self.set_state(id, state);
        self.arm_scheduler();
    }

    pub(crate) fn leave_group(&mut self, id: VmId) {
        let group = self.state.vms.get(&id).and_then(Vm::group).map(|(group, _)| group);
        if let Some(group) = group.and_then(|group| self.state.groups.get_mut(&group)) {
            for role in &mut group.roles {
                role.vms.remove(&id);
            }
        }
    }

    /// Open a record on a host, as deploy and migrate do inside the call.
    pub(crate) fn open_record(&mut self, id: VmId, host: HostId, datastore: crate::model::DatastoreId) {
        let Some(host) = self.state.hosts.get(&host) else {
            return;
        };
        let tm_mad = self.state.datastores.get(&datastore).map_or("", |datastore| &datastore.tm_mad);
        let record = History::open(host, datastore, tm_mad);
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        vm.template.set("TM_MAD_SYSTEM", tm_mad);
        vm.history.push(record);
    }
}

/// The step to repeat for a failure, for `one.vm.recover` with retry.
pub(crate) fn retry_of(lcm: LcmState) -> Option<LcmState> {
    failed_step(lcm).map(|step| step.lcm)
}
