//! What dies with an oned that leads: its drivers, and what it had accepted and not taken up.
//!
//! As seen on live front-ends after a SIGKILL in a batch of migrates: a VM whose driver was at work stays in its state; of
//! an accepted migrate the record of the target is there, with or without the times that the life-cycle manager sets, or
//! only its row in the table of history records, which the next leader cannot write over. Each in turn.

use super::cloud::Cloud;
use super::queue::{Event, Queued, Storm};
use super::state::{Torn, Vm};
use crate::model::{VmId, VmState};

/// How much of an accepted migrate the next oned finds.
#[derive(Clone, Copy)]
enum Found {
    /// The record of the target, and nothing of what follows.
    Record,
    /// The times of both records, and the capacity.
    Times,
    /// The row of the record.
    Row,
}

impl Cloud {
    /// The oned that led is gone, or leads no more.
    pub(super) fn tear(&mut self) {
        self.storm = Storm::default();
        for (key, event) in std::mem::take(&mut self.queue) {
            match event {
                Event::DriverDone { .. } => {}
                Event::Lcm { vm, step, queued } => self.tear_action(vm, step, queued),
                Event::FailedMonitor { .. }
                | Event::MonitorDone { .. }
                | Event::HostReport(_)
                | Event::VmReport(_)
                | Event::Destroy { .. }
                | Event::Scheduler
                | Event::Election
                | Event::LateCall { .. } => drop(self.queue.insert(key, event)),
            }
        }
        let busy: Vec<VmId> = self.state.vms.values().filter(|vm| vm.busy).map(|vm| vm.id).collect();
        for id in busy {
            if let Some(vm) = self.state.vms.get_mut(&id) {
                vm.busy = false;
                vm.torn = vm.torn.or(Some(Torn::Driver));
            }
        }
    }

    fn tear_action(&mut self, id: VmId, step: u64, queued: Queued) {
        let Queued::Migrate { .. } = queued else { return };
        let now = self.epoch();
        let found = self.found();
        let Some(vm) = self.state.vms.get_mut(&id).filter(|vm| vm.step == step) else { return };
        // The action of a VM that runs is known to the old oned alone.
        let found = if vm.state == VmState::UNKNOWN { found } else { Found::Row };
        let (to, from) = (vm.host(), vm.previous().map(|record| record.host));
        match found {
            Found::Record => reopen(vm),
            Found::Times => {
                let mut records = vm.history.iter_mut().rev();
                if let (Some(new), Some(old)) = (records.next(), records.next()) {
                    (new.stime, new.pstime, old.etime, old.retime) = (now, now, now, now);
                }
                if let (Some(to), Some(from)) = (to, from) {
                    self.state.release(from, id);
                    self.state.charge(to, id);
                }
            }
            Found::Row => {
                let torn = (vm.state == VmState::UNKNOWN).then_some(Torn::Row);
                vm.history.pop();
                vm.torn = torn;
                if let Some(last) = vm.history.last_mut() {
                    (last.etime, last.retime) = (0, 0);
                }
            }
        }
    }

    fn found(&mut self) -> Found {
        let turn = self.tears;
        self.tears += 1;
        match turn % if self.front.is_solo() { 2 } else { 3 } {
            0 => Found::Record,
            1 => Found::Times,
            _ => Found::Row,
        }
    }
}

/// The record before the last one was never closed.
fn reopen(vm: &mut Vm) {
    if let Some(old) = vm.history.iter_mut().rev().nth(1) {
        (old.etime, old.retime) = (0, 0);
    }
}
