//! What is asked of oned for one VM, and what oned may say to it.

use crate::model::{HostId, Refusal, VmId};
use serde::{Deserialize, Serialize};

/// The last parameter of `one.vm.migrate`. It only matters for RUNNING VMs and for the check on PCI VMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MigrationType {
    /// 0
    Save,
    /// 1: what oned insists on for VMs with PCI devices.
    Poweroff,
}

/// One call that changes a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// `one.vm.migrate(vm, to, live=false, enforce=true, ds=-1, type)`
    Migrate {
        /// The VM.
        vm: VmId,
        /// Where to.
        to: HostId,
        /// How.
        kind: MigrationType,
    },
    /// `one.vm.recover(vm, 4)`: delete and create again.
    Recreate {
        /// The VM.
        vm: VmId,
    },
    /// `one.vm.recover(vm, 3)`
    Delete {
        /// The VM.
        vm: VmId,
    },
    /// `one.vm.recover(vm, 2)`: the step that failed, once more, on the same host.
    Retry {
        /// The VM.
        vm: VmId,
    },
    /// `one.vm.recover(vm, 0)`: say for a driver that is gone that it has failed.
    Fail {
        /// The VM.
        vm: VmId,
    },
    /// `one.vm.action("resume", vm)`: start it on the host of its last history record.
    Resume {
        /// The VM.
        vm: VmId,
    },
    /// `one.vm.action("resched", vm)`: a wish; the scheduler migrates it when and where it likes.
    Resched {
        /// The VM.
        vm: VmId,
    },
    /// `one.vm.action("unresched", vm)`: that is wished no more. A flag that is left behind moves a healthy VM later.
    Unresched {
        /// The VM.
        vm: VmId,
    },
}

impl Order {
    /// The VM that it changes.
    #[must_use]
    pub fn vm(&self) -> VmId {
        match self {
            Self::Migrate { vm, .. }
            | Self::Recreate { vm }
            | Self::Delete { vm }
            | Self::Retry { vm }
            | Self::Resume { vm }
            | Self::Fail { vm }
            | Self::Resched { vm }
            | Self::Unresched { vm } => *vm,
        }
    }
}

impl Reply {
    /// `accepted`, `refused: …`
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Accepted => "accepted".to_owned(),
            Self::Refused(_, text) => format!("refused: {text}"),
            Self::NotSent(why) => format!("not sent: {why}"),
            Self::Unknown(why) => format!("sent, and the answer was lost: {why}"),
        }
    }
}

/// What oned said to an order. Acceptance means queued, not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Queued.
    Accepted,
    /// No, and nothing was changed.
    Refused(Refusal, String),
    /// The call provably did not leave.
    NotSent(String),
    /// The call may have been executed, or may still be.
    Unknown(String),
}
