//! The drivers' side of a VM's life: which hosts they must reach, how their work ends, what that changes.

use super::cloud::Cloud;
use super::queue::Event;
use super::state::{History, Vm};
use super::steps::{Domain, Step, step};
use super::timings::{Driver, Stage};
use super::version::Version;
use crate::model::{HostId, LcmState, VmId, VmState};
use std::collections::BTreeMap;

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

/// Drivers that leave a VM's disks, or the links to them, on a host that died. Source: `src/tm_mad/*/mv`; those of
/// `fs_lvm_ssh` and `lvm` make the links anew since 7.0.
fn leaves_behind(version: Version, tm_mad: &str) -> bool {
    let local = matches!(tm_mad, "ssh" | "local");
    local || version < Version::V7_0 && matches!(tm_mad, "fs_lvm_ssh" | "lvm")
}

/// Drivers that want something of the dead host although the VM is UNKNOWN. Source: the same, before 6.4.
fn asks_the_dead(version: Version, tm_mad: &str) -> bool {
    version < Version::V6_4 && matches!(tm_mad, "fs_lvm" | "fs_lvm_ssh" | "lvm")
}

impl Cloud {
    pub(crate) fn driver_done(&mut self, id: VmId, number: u64, waited: bool) {
        let Some(vm) = self.state.vms.get(&id).filter(|vm| vm.step == number) else {
            return;
        };
        let VmState::Active(lcm) = vm.state else { return };
        let Some(step) = step(lcm) else { return };
        let reached = needs(self.version, vm, step).into_iter().all(|host| self.physics.reachable(host));
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
        let disks = vm.template.vectors("DISK").filter_map(|disk| disk.get("TM_MAD_SYSTEM"));
        let mut drivers = disks.map(String::as_str).chain([tm_mad]);
        let left = drivers.any(|driver| leaves_behind(self.version, driver));
        if stage == Stage::Boot && left && vm.disks_on != host {
            return false;
        }
        if stage == Stage::Boot && host.is_some_and(|host| self.lost_a_disk(id, host)) {
            return false;
        }
        if stage == Stage::Boot && host.is_some_and(|host| !self.can_run(id, host)) {
            return false;
        }
        let on_host = host.filter(|_| stage == Stage::Boot).and_then(|host| self.host_drivers.get_mut(&host));
        on_host.is_none_or(works_once) && self.drivers.get_mut(&(id, stage)).is_none_or(works_once)
    }

    /// oned asks for none of this, and the driver fails: another hypervisor, a CPU model, machine type or slice of a device that
    /// is not there. What a host does not say it has.
    fn can_run(&self, id: VmId, host: HostId) -> bool {
        let (Some(vm), Some(host)) = (self.state.vms.get(&id), self.state.hosts.get(&host)) else {
            return true;
        };
        let listed = |attribute: &str, vector: &str, name: &str| {
            let known = host.template.get(attribute);
            let mut asked = vm.template.vectors(vector).filter_map(|vector| vector.get(name));
            known.is_none_or(|known| {
                asked.all(|asked| {
                    asked.starts_with("host-") || known.split_whitespace().any(|one| one == asked)
                })
            })
        };
        let sliced = |request: &BTreeMap<String, String>| {
            let profile = request.get("PROFILE").filter(|profile| !profile.is_empty());
            let mut own = host.pci.iter().filter(|device| device.vm == Some(id));
            profile.is_none_or(|profile| {
                own.any(|device| {
                    device.profiles.split(',').any(|one| one.split_whitespace().next() == Some(profile))
                })
            })
        };
        vm.history.first().is_none_or(|first| first.vm_mad == host.vm_mad())
            && listed("KVM_CPU_MODELS", "CPU_MODEL", "MODEL")
            && listed("KVM_MACHINES", "OS", "MACHINE")
            && vm.template.vectors("PCI").all(sliced)
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
            let disks = self.disks(vm);
            self.physics.start(vm, host, now, &disks);
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

    /// Drivers that were at work on a host that has just died; they will notice at their time-out.
    pub(crate) fn strand(&mut self, host: HostId) {
        let idle = |vm: &&Vm| {
            let working = matches!(vm.state, VmState::Active(lcm) if step(lcm).is_some());
            working && !vm.busy && vm.torn.is_none() && vm.host() == Some(host)
        };
        let events: Vec<Event> = self
            .state
            .vms
            .values()
            .filter(idle)
            .map(|vm| Event::DriverDone { vm: vm.id, step: vm.step, waited: true })
            .collect();
        let wait = self.timings.ssh_timeout;
        for event in events {
            self.after(wait, event);
        }
    }
}

/// The hosts that a driver must reach for this step.
fn needs(version: Version, vm: &Vm, step: Step) -> Vec<HostId> {
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
    } else if lcm == LcmState::PrologMigrateUnknown {
        both(source.filter(|record| asks_the_dead(version, &record.tm_mad)))
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
