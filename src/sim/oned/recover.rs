//! `one.vm.recover`: 0 failure, 1 success, 2 retry, 3 delete, 4 delete-recreate, 5 delete-db.
//! Source: `src/dm/DispatchManagerActions.cc`, `src/lcm/LifeCycleStates.cc`.

use super::{Args, Done, Fail, Right, bad_action, check_lock, int};
use crate::model::{LcmState, VmId, VmState};
use crate::sim::cloud::Cloud;
use crate::sim::drivers::{End, Said};
use crate::sim::life::retry_of;
use crate::sim::physics::Breach;
use crate::sim::queue::{Event, Queued};
use crate::sim::steps;
use crate::sim::version::Version;
use LcmState as L;

/// `HISTORY/ACTION` of delete and delete-recreate.
const DELETE: i64 = 13;
const DELETE_RECREATE: i64 = 14;

impl Cloud {
    pub(super) fn vm_recover(&mut self, args: &Args<'_>) -> Done {
        let operation = args.int(1)?;
        if !(0..=5).contains(&operation) {
            return Err(bad_action("Wrong recovery operation code"));
        }
        let (id, vm) = self.vm(args)?;
        check_lock(vm.lock, Right::Admin, "VM", id.0)?;
        let state = vm.state;
        match operation {
            0..=2 => self.recover_step(id, state, operation)?,
            4 => self.recover_recreate(id, state)?,
            _ => self.recover_delete(id, state, operation)?,
        }
        int(id.0)
    }

    fn recover_step(&mut self, id: VmId, state: VmState, operation: i64) -> Result<(), Fail> {
        let VmState::Active(lcm) = state else {
            let verb = if operation == 2 { "retry" } else { "recover" };
            return Err(bad_action(format!(
                "Could not perform a {verb} operation on VM {}, wrong state {state}.",
                id.0
            )));
        };
        if operation == 2 {
            self.second_driver(id, lcm);
            if let Some(again) = retry_of(lcm).or_else(|| steps::step(lcm).map(|step| step.lcm)) {
                self.enter(id, again);
            }
            return Ok(());
        }
        if lcm == L::Unknown {
            self.set_state(id, VmState::RUNNING);
            return Ok(());
        }
        if steps::step(lcm).is_some() {
            let end = if operation == 1 { End::Good } else { End::Bad };
            self.finish(id, end, Said::ByRecover);
            return Ok(());
        }
        let Some(step) = steps::failed_step(lcm) else {
            return Ok(());
        };
        if operation == 1 {
            self.arrive(id, step.good);
        } else {
            self.go_back(id, step.lcm);
        }
        Ok(())
    }

    /// oned asks nobody whether a driver is still at work.
    fn second_driver(&mut self, id: VmId, lcm: LcmState) {
        let busy = self.state.vms.get(&id).is_some_and(|vm| vm.busy);
        if busy && steps::step(lcm).is_some() {
            let at = self.now;
            self.physics.breaches.push(Breach::TwoDrivers { vm: id, at });
        }
    }

    /// recover 0 of a failed migration: to the previous host, and on from there, even if that host is dead.
    fn go_back(&mut self, id: VmId, lcm: LcmState) {
        let back = [
            (L::PrologMigrate, VmState::Active(L::BootMigrate)),
            (L::PrologMigrateUnknown, VmState::Active(L::Boot)),
            (L::PrologMigratePoweroff, VmState::Poweroff),
            (L::PrologMigrateSuspend, VmState::Suspended),
        ];
        let Some((_, next)) = back.into_iter().find(|(failed, _)| *failed == lcm) else {
            return;
        };
        let now = self.epoch();
        let Some(vm) = self.state.vms.get_mut(&id) else {
            return;
        };
        let Some(mut back) = vm.previous().cloned() else {
            return;
        };
        (back.stime, back.etime, back.rstime, back.retime) = (now, 0, 0, 0);
        let Some(failed) = vm.history.last_mut() else {
            return;
        };
        failed.close(now);
        let (from, to) = (failed.host, back.host);
        vm.history.push(back);
        self.state.release(from, id);
        self.state.charge(to, id);
        self.arrive(id, next);
    }

    fn recover_delete(&mut self, id: VmId, state: VmState, operation: i64) -> Result<(), Fail> {
        if state == VmState::Done {
            return Err(bad_action("Cannot delete a VM already deleted"));
        }
        let (delay, request) = (self.timings.action, self.request_id());
        let mut host = None;
        self.with_vm(id, |vm| {
            host = vm.host();
            if let Some(record) = vm.history.last_mut() {
                record.act(DELETE, request);
            }
        });
        if let Some(host) = host.filter(|_| operation == 3) {
            self.after(delay, Event::Destroy { vm: id, host });
        }
        self.arrive(id, VmState::Done);
        Ok(())
    }

    fn recover_recreate(&mut self, id: VmId, state: VmState) -> Result<(), Fail> {
        match state {
            VmState::Init | VmState::Pending | VmState::Cloning | VmState::CloningFailure => Ok(()),
            VmState::Hold | VmState::Stopped | VmState::Undeployed => {
                self.arrive(id, VmState::Pending);
                Ok(())
            }
            VmState::Active(L::CleanupResubmit) => {
                self.finish(id, End::Good, Said::ByRecover);
                Ok(())
            }
            VmState::Poweroff if self.version < Version::V6_10 => {
                Err(bad_action("Cannot delete-recreate a powered off VM. Resume it first"))
            }
            VmState::Suspended if self.version < Version::V6_10 => {
                Err(bad_action("Cannot delete-recreate a suspended VM. Resume it first"))
            }
            VmState::Active(_) | VmState::Poweroff | VmState::Suspended => {
                self.clean_up(id);
                Ok(())
            }
            VmState::Done | VmState::Failed | VmState::Unknown(_) => {
                Err(bad_action("Cannot delete-recreate a VM already deleted"))
            }
        }
    }

    /// The capacity is free at once; the drivers then try the old host for as long as they like.
    fn clean_up(&mut self, id: VmId) {
        let (now, request) = (self.epoch(), self.request_id());
        let mut hosts = Vec::new();
        self.with_vm(id, |vm| {
            hosts = vm.history.iter().rev().take(2).map(|record| record.host).collect();
            vm.resched = false;
            if let Some(record) = vm.history.last_mut() {
                record.act(DELETE_RECREATE, request);
                record.close(now);
                record.retime = now;
            }
        });
        for host in hosts {
            self.state.release(host, id);
        }
        let queued = Queued::Enter { lcm: L::CleanupResubmit, action: 0, request };
        self.queue_action(id, queued);
    }
}
