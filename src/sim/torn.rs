//! What dies with an oned that leads: its drivers, and what it had accepted and not taken up.
//!
//! As seen on live front-ends after a SIGKILL in a batch of migrates: a VM whose driver was at work stays in its state; of
//! an accepted migrate the record of the target is there, with or without the times that the life-cycle manager sets, or
//! only its row in the table of history records, which the next leader cannot write over. Each in turn.

use super::cloud::Cloud;
use super::queue::{Event, Queued, Storm};
use super::state::{Torn, Vm};
use crate::model::{VmId, VmState};
use std::collections::BTreeSet;

/// What an oned that is gone has left of its work on a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Of an accepted migrate the record of the target, and nothing of what follows.
    Record,
    /// The times of both records too, and the capacity.
    Times,
    /// Only the row of the record.
    Row,
    /// Of an accepted order nothing.
    Nothing,
    /// The state in which a driver was at work.
    Work,
}

impl Cloud {
    /// The oned that led is gone, or leads no more.
    pub(super) fn tear(&mut self) {
        self.storm = Storm::default();
        let before = self.left.len();
        let mut busy: BTreeSet<VmId> = self.state.vms.values().filter(|vm| vm.busy).map(|vm| vm.id).collect();
        for (key, event) in std::mem::take(&mut self.queue) {
            match event {
                // One that was at work on a host that has died.
                Event::DriverDone { vm, step, .. } => {
                    busy.extend(self.state.vms.get(&vm).filter(|vm| vm.step == step).map(|vm| vm.id));
                }
                Event::Lcm { vm, step, queued } => {
                    let left = self.tear_action(vm, step, queued);
                    self.left.extend(left.map(|left| (vm, left)));
                }
                Event::FailedMonitor { .. }
                | Event::MonitorDone { .. }
                | Event::HostReport(_)
                | Event::VmReport(_)
                | Event::Destroy { .. }
                | Event::Guest(_)
                | Event::Scheduler
                | Event::Election
                | Event::LateCall { .. } => drop(self.queue.insert(key, event)),
            }
        }
        let mut begun = self.left.split_off(before);
        for id in busy {
            if let Some(vm) = self.state.vms.get_mut(&id) {
                vm.busy = false;
                vm.torn = vm.torn.or(Some(Torn::Driver));
            }
            if !begun.iter().any(|(vm, _)| *vm == id) {
                begun.push((id, Left::Work));
            }
        }
        self.left.extend(begun);
    }

    /// What is left of the next migrate that is torn; of those after it the next kind, in turn.
    pub fn leaves(&mut self, left: Left) {
        self.tears = match left {
            Left::Record | Left::Nothing | Left::Work => 0,
            Left::Times => 1,
            Left::Row => 2,
        };
    }

    /// What was left of work, in order.
    #[must_use]
    pub fn left(&self) -> &[(VmId, Left)] {
        &self.left
    }

    /// Has the VM's history such a row?
    pub(crate) fn has_torn_row(&self, vm: VmId) -> bool {
        self.state.vms.get(&vm).is_some_and(|vm| vm.torn == Some(Torn::Row))
    }

    /// With oned stopped, a person deletes the row of a VM's history that its document does not have.
    pub fn row_is_deleted(&mut self, vm: VmId) {
        if let Some(vm) = self.state.vms.get_mut(&vm) {
            vm.torn = vm.torn.filter(|torn| *torn != Torn::Row);
        }
    }

    fn tear_action(&mut self, id: VmId, step: u64, queued: Queued) -> Option<Left> {
        let Queued::Migrate { .. } = queued else { return Some(Left::Nothing) };
        let now = self.epoch();
        let found = self.found();
        let vm = self.state.vms.get_mut(&id).filter(|vm| vm.step == step)?;
        // The action of a VM that runs is known to the old oned alone.
        let found = if vm.state == VmState::UNKNOWN { found } else { Left::Nothing };
        let (to, from) = (vm.host(), vm.previous().map(|record| record.host));
        match found {
            Left::Work => {}
            Left::Record => reopen(vm),
            Left::Times => {
                let mut records = vm.history.iter_mut().rev();
                if let (Some(new), Some(old)) = (records.next(), records.next()) {
                    (new.stime, new.pstime, old.etime, old.retime) = (now, now, now, now);
                }
                if let (Some(to), Some(from)) = (to, from) {
                    self.state.release(from, id);
                    self.state.charge(to, id);
                }
            }
            Left::Row | Left::Nothing => {
                vm.history.pop();
                vm.torn = (found == Left::Row).then_some(Torn::Row);
                if let Some(last) = vm.history.last_mut() {
                    (last.etime, last.retime) = (0, 0);
                }
            }
        }
        Some(found)
    }

    fn found(&mut self) -> Left {
        let turn = self.tears;
        self.tears += 1;
        match turn % if self.front.is_solo() { 2 } else { 3 } {
            0 => Left::Record,
            1 => Left::Times,
            _ => Left::Row,
        }
    }
}

/// The record before the last one was never closed.
fn reopen(vm: &mut Vm) {
    if let Some(old) = vm.history.iter_mut().rev().nth(1) {
        (old.etime, old.retime) = (0, 0);
    }
}
