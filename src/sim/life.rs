//! The life-cycle manager: the event queue's actions, and a VM's way through its states.
//!
//! Deliberately absent: what a client may ask for in which state; that is `oned`.

use super::cloud::{Change, Cloud};
use super::spec::{Driver, Stage};
use super::state::{History, Vm};
use super::steps::{Domain, Step, failed_step, step};
use crate::model::{HostId, LcmState, VmId, VmState};
use crate::wire::xmlrpc::Call;
use std::time::Duration;

/// Something that will happen at a moment of simulated time.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A monitoring cycle of a host that cannot be reached.
    FailedMonitor {
        host: HostId,
        generation: u64,
        repeat: bool,
    },
    /// The host's ERROR reaches one of its VMs.
    MonitorDone {
        vm: VmId,
        host: HostId,
    },
    /// A host reports after it came back.
    HostReport(HostId),
    /// A host reports which of its VMs run.
    VmReport(HostId),
    /// The life-cycle manager takes up an accepted action.
    Lcm {
        vm: VmId,
        step: u64,
        queued: Queued,
    },
    /// A driver is done.
    DriverDone {
        vm: VmId,
        step: u64,
        waited: bool,
    },
    /// What a deleted VM left is removed.
    Destroy {
        vm: VmId,
        host: HostId,
    },
    Scheduler,
    Election,
    /// A call whose client has long given up.
    LateCall {
        server: usize,
        call: Call,
    },
}

/// An action that the API accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Queued {
    Migrate { live: bool, request: i64 },
    Enter { lcm: LcmState, action: i64, request: i64 },
}

/// Did a driver say so, or a person with `one.vm.recover`?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    ByDriver,
    ByRecover,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Good,
    Bad,
}

/// Drivers that move a stopped VM's files without its dead host. Source: `src/tm_mad/*/mv`.
fn moves_without_source(tm_mad: &str) -> bool {
    matches!(tm_mad, "shared" | "qcow2" | "dummy" | "nfs")
}

/// Drivers whose disks other hosts do not see.
fn is_local(tm_mad: &str) -> bool {
    matches!(tm_mad, "ssh" | "local")
}

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

    fn take_up(&mut self, id: VmId, step: u64, queued: Queued) {
        let now = self.epoch();
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

    fn driver_done(&mut self, id: VmId, number: u64, waited: bool) {
        let Some(vm) = self.state.vms.get(&id).filter(|vm| vm.step == number) else {
            return;
        };
        let VmState::Active(lcm) = vm.state else { return };
        let Some(step) = step(lcm) else { return };
        let reached = needs(vm, step).into_iter().all(|host| self.physics.reachable(host));
        if !reached && !waited {
            let time = if step.stage == Stage::Cleanup {
                self.timings.cleanup_stuck
            } else {
                self.timings.ssh_timeout
            };
            self.after(time, Event::DriverDone { vm: id, step: number, waited: true });
            return;
        }
        let end = if reached && self.driver_works(id, step.stage) { End::Good } else { End::Bad };
        self.finish(id, end, Said::ByDriver);
    }

    fn driver_works(&mut self, id: VmId, stage: Stage) -> bool {
        let Some(vm) = self.state.vms.get(&id) else {
            return false;
        };
        let host = vm.host();
        let tm_mad = vm.history.last().map_or("", |record| record.tm_mad.as_str());
        if stage == Stage::Boot && is_local(tm_mad) && vm.disks_on != host {
            return false;
        }
        let on_host = host.filter(|_| stage == Stage::Boot).and_then(|host| self.host_drivers.get_mut(&host));
        on_host.is_none_or(works_once) && self.drivers.get_mut(&(id, stage)).is_none_or(works_once)
    }

    /// End the step that the VM is in.
    pub(crate) fn finish(&mut self, id: VmId, end: End, said: Said) {
        let Some(vm) = self.state.vms.get(&id) else { return };
        let VmState::Active(lcm) = vm.state else { return };
        let Some(step) = step(lcm) else { return };
        let (here, source) = (vm.host(), vm.previous().map(|record| record.host));
        match end {
            End::Good => {
                if said == Said::ByDriver {
                    self.move_domain(id, step.domain, here, source);
                }
                self.leave_well(id, step);
                self.arrive(id, step.good);
            }
            End::Bad => {
                if matches!(lcm, LcmState::Migrate | LcmState::SaveMigrate) {
                    self.back_to_source(id);
                }
                if step.bad != step.good {
                    self.note_failure(id, step);
                }
                self.arrive(id, step.bad);
            }
        }
    }

    fn move_domain(&mut self, vm: VmId, domain: Domain, here: Option<HostId>, source: Option<HostId>) {
        let now = self.now;
        let (starts, stops) = match domain {
            Domain::Same => (None, None),
            Domain::StartsHere => (here, None),
            Domain::StopsHere => (None, here),
            Domain::StopsAtSource => (None, source),
            Domain::Moves => (here, source),
        };
        if let Some(host) = stops {
            self.physics.stop(vm, host);
        }
        if let Some(host) = starts {
            self.physics.start(vm, host, now);
        }
    }

    /// History, files and capacity after a good end.
    fn leave_well(&mut self, id: VmId, step: Step) {
        let now = self.epoch();
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        let mut left = None;
        if matches!(step.lcm, LcmState::Migrate | LcmState::SaveMigrate)
            && let Some(old) = vm.history.iter_mut().rev().nth(1)
        {
            old.close(now);
            left = Some(old.host);
        }
        let Some(record) = vm.history.last_mut() else {
            return;
        };
        if step.stage == Stage::Transfer {
            record.petime = now;
            if step.lcm != LcmState::PrologMigrateUnknown {
                vm.disks_on = Some(record.host);
            }
        }
        if matches!(step.domain, Domain::StartsHere | Domain::Moves) {
            record.rstime = now;
            vm.deploy_id = format!("{}:{}:dummy", record.hostname, vm.name);
        }
        if step.domain == Domain::StopsHere {
            record.retime = now;
        }
        if let Some(host) = left {
            self.state.release(host, id);
        }
    }

    /// oned copies the record of the source; the domain never left it.
    fn back_to_source(&mut self, id: VmId) {
        let now = self.epoch();
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        let Some(mut copy) = vm.previous().cloned() else {
            return;
        };
        (copy.stime, copy.rstime, copy.etime, copy.retime) = (now, now, 0, 0);
        let Some(failed) = vm.history.last_mut() else {
            return;
        };
        failed.close(now);
        let failed_host = failed.host;
        if let Some(old) = vm.history.iter_mut().rev().nth(1) {
            old.close(now);
        }
        let back = copy.host;
        vm.history.push(copy);
        if back != failed_host {
            self.state.release(failed_host, id);
        }
    }

    fn note_failure(&mut self, id: VmId, step: Step) {
        let what = match step.stage {
            Stage::Transfer => "Error executing image transfer script: Error moving disks",
            Stage::Boot => "DEPLOY: Error deploying virtual machine",
            Stage::Save => "SAVE: Error saving VM state",
            Stage::Shutdown => "SHUTDOWN: Error shutting down VM",
            Stage::Cleanup | Stage::Other => "Error executing the driver action",
        };
        let text = format!("{} : {what}", self.date());
        if let Some(vm) = self.state.vms.get_mut(&id) {
            vm.user_template.set("ERROR", text);
        }
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
        self.set_state(id, state);
        self.arm_scheduler();
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

    /// Drivers that were at work on a host that has just died; they will notice at their time-out.
    pub(crate) fn strand(&mut self, host: HostId) {
        let idle = |vm: &&Vm| {
            let working = matches!(vm.state, VmState::Active(lcm) if step(lcm).is_some());
            working && !vm.busy && vm.host() == Some(host)
        };
        let events: Vec<Event> = self
            .state
            .vms
            .values()
            .filter(idle)
            .map(|vm| Event::DriverDone { vm: vm.id, step: vm.step, waited: true })
            .collect();
        let wait: Duration = self.timings.ssh_timeout;
        for event in events {
            self.after(wait, event);
        }
    }
}

/// The hosts that a driver must reach for this step.
fn needs(vm: &Vm, step: Step) -> Vec<HostId> {
    let here = vm.history.last();
    let source = vm.previous();
    let both = |source: Option<&History>| here.into_iter().chain(source).map(|record| record.host).collect();
    let lcm = step.lcm;
    if lcm == LcmState::SaveMigrate {
        source.into_iter().map(|record| record.host).collect()
    } else if matches!(lcm, LcmState::Migrate | LcmState::PrologMigrate) {
        both(source)
    } else if matches!(lcm, LcmState::PrologMigratePoweroff | LcmState::PrologMigrateSuspend) {
        both(source.filter(|record| !moves_without_source(&record.tm_mad)))
    } else {
        both(None)
    }
}

fn works_once(driver: &mut Driver) -> bool {
    match driver {
        Driver::Works | Driver::FailsTimes(0) => true,
        Driver::Fails | Driver::Hangs => false,
        Driver::FailsTimes(left) => {
            *left -= 1;
            false
        }
    }
}

/// The step to repeat for a failure, for `one.vm.recover` with retry.
pub(crate) fn retry_of(lcm: LcmState) -> Option<LcmState> {
    failed_step(lcm).map(|step| step.lcm)
}
