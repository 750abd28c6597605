//! What will happen: the entries of the event queue, the actions that wait in it, and what too many of them do.

use crate::model::{HostId, LcmState, VmId};
use crate::wire::xmlrpc::Call;

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
    /// It is looked what has become of the guest of a VM.
    Guest(VmId),
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

/// Is the domain to keep running while it moves?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Live {
    Yes,
    No,
}

/// Of too many, so many are moved before nothing goes on. Measured on 7.5.80: the pipe of the scheduler's driver is full
/// and the life-cycle manager waits behind it, until oned is started again.
const MOVED_OF_TOO_MANY: u32 = 25;

/// What too many RESCHED VMs do to a front-end of 7.x.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    /// Moved since it began.
    pub(super) moved: Option<u32>,
    /// Accepted actions that nobody takes up.
    pub(super) waiting: Vec<(VmId, u64, Queued)>,
}

impl Storm {
    pub(super) fn is_stuck(&self) -> bool {
        self.moved.is_some_and(|moved| moved >= MOVED_OF_TOO_MANY)
    }

    /// Does the life-cycle manager never see this action?
    pub(crate) fn stuck(&mut self, vm: VmId, step: u64, queued: Queued) -> bool {
        let stuck = self.is_stuck();
        if stuck {
            self.waiting.push((vm, step, queued));
        }
        stuck
    }
}
