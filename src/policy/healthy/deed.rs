//! What is asked of oned for VMs and hosts that are not dead.

use crate::model::{HostId, VmId};
use crate::policy::order::MigrationType;
use std::fmt;

/// One call that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// `one.vm.action(resume)`: a POWEROFF or UNKNOWN VM boots on the host that it has.
    Resume {
        /// The VM.
        vm: VmId,
    },
    /// `one.vm.migrate` of a POWEROFF VM: its disks go to another host, and it stays POWEROFF.
    Move {
        /// The VM.
        vm: VmId,
        /// Where to.
        to: HostId,
        /// How.
        kind: MigrationType,
    },
    /// `one.vm.migrate(live=true)` of a RUNNING VM.
    Live {
        /// The VM.
        vm: VmId,
        /// Where to.
        to: HostId,
    },
    /// `one.vm.update`, merged into its user template.
    NoteVm {
        /// The VM.
        vm: VmId,
        /// Names and values.
        attributes: Vec<(&'static str, String)>,
    },
    /// `one.vm.exec`: the guest agent runs a command; what became of it stands in the VM's template later.
    Execute {
        /// The VM.
        vm: VmId,
        /// The command, of the settings.
        command: String,
    },
    /// `one.host.update`, merged into its template.
    NoteHost {
        /// The host.
        host: HostId,
        /// Names and values.
        attributes: Vec<(&'static str, String)>,
    },
    /// `one.host.status(1)`
    Disable {
        /// The host.
        host: HostId,
    },
    /// `one.host.status(2)`: monitoring forgets the host until it is enabled.
    Offline {
        /// The host.
        host: HostId,
    },
    /// `one.host.status(0)`
    Enable {
        /// The host.
        host: HostId,
    },
}

impl Deed {
    /// The VM that it starts or moves; `None` where no VM is touched but for a note.
    #[must_use]
    pub fn vm(&self) -> Option<VmId> {
        match self {
            Self::Resume { vm } | Self::Move { vm, .. } | Self::Live { vm, .. } => Some(*vm),
            Self::NoteVm { .. }
            | Self::Execute { .. }
            | Self::NoteHost { .. }
            | Self::Disable { .. }
            | Self::Offline { .. }
            | Self::Enable { .. } => None,
        }
    }
}

/// `resume vm 4`
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notes = |attributes: &[(&str, String)]| {
            let words: Vec<_> =
                attributes.iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
            words.join(", ")
        };
        match self {
            Self::Resume { vm } => write!(f, "resume {vm}"),
            Self::Move { vm, to, .. } => write!(f, "move {vm} to {to}"),
            Self::Live { vm, to } => write!(f, "migrate {vm} live to {to}"),
            Self::NoteVm { vm, attributes } => write!(f, "write {} into {vm}", notes(attributes)),
            Self::Execute { vm, command } => write!(f, "run {command:?} in the guest of {vm}"),
            Self::NoteHost { host, attributes } => write!(f, "write {} into {host}", notes(attributes)),
            Self::Disable { host } => write!(f, "disable {host}"),
            Self::Offline { host } => write!(f, "set {host} OFFLINE"),
            Self::Enable { host } => write!(f, "enable {host}"),
        }
    }
}
