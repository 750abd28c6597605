//! What the operator chose: the flags of one run and the rules of the settings file.

use std::time::Duration;

/// What happens to the VMs of a dead host. Exactly one is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `-m`: the same VM, with its disks, on another host.
    Migrate,
    /// `-r`: the VM from its images again; what was not saved is lost.
    Recreate,
    /// `-d`: the VM is deleted.
    Delete,
}

/// Whether SUSPENDED and POWEROFF VMs are touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// Without `-f` no mode touches them.
    RunningOnly,
    /// `-f`
    AlsoStopped,
}

/// Whether the host must be proven off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fencing {
    /// The default: no VM is touched without a proof.
    Required,
    /// `-u`: the operator takes that on; every report says so.
    Waived,
}

/// Whether this run acts or only says what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The real thing.
    Recover,
    /// `--dry-run`: read, plan, tell; send nothing.
    Rehearse,
    /// `fence_host`: power the host off, prove it, and leave its VMs to the caller.
    Fence,
}

/// What a host in ERROR with a failed probe's text means: such a text was sent by a live host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeError {
    /// The host is alive: do not fence.
    Hold,
    /// The operator trusts the ERROR state alone.
    Fence,
}

/// How long a host may come back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitRules {
    /// `-p N`: cycles to wait. The stock hook's default is 2.
    pub cycles: u32,
    /// The length of a cycle. 60 s, as the stock hook effectively has it.
    pub cycle: Duration,
    /// The time between two looks at the host, and between two looks at VMs on their way.
    pub look: Duration,
    /// How long oned may be away before the run gives up.
    pub oned: Duration,
}

/// How a host is powered off and proven off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FenceRules {
    /// Consecutive "off" answers that make a proof.
    pub samples: u32,
    /// The time between two samples.
    pub interval: Duration,
    /// How often `off` is sent to a device in all.
    pub attempts: u32,
    /// How long after `off` a device may take until it says off, before `off` is sent again.
    pub patience: Duration,
    /// The end of all attempts together.
    pub deadline: Duration,
    /// What a failed probe's text means.
    pub probe_error: ProbeError,
}

/// How VM actions are made and watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettleRules {
    /// Calls at the same time. oned has 15 connections for everybody.
    pub parallel: u32,
    /// Hosts that one VM is offered to in all.
    pub targets: u32,
    /// How often a VM in a failure state is retried where that is safe.
    pub retries: u32,
    /// How long a VM may take from the call to RUNNING elsewhere.
    pub deadline: Duration,
    /// How long VMs on the dead host may stay RUNNING or in a transient state after the fence, before they
    /// are held. A failed monitoring cycle takes about 195 s.
    pub unknown: Duration,
    /// How long a recreated VM may sit in `CLEANUP_RESUBMIT` before the call is repeated.
    pub cleanup: Duration,
}

/// Everything the operator chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `-m`, `-r` or `-d`.
    pub mode: Mode,
    /// `-f`
    pub force: Force,
    /// `-u`
    pub fencing: Fencing,
    /// `--dry-run`
    pub purpose: Purpose,
    /// `[wait]`
    pub wait: WaitRules,
    /// `[fence]`
    pub fence: FenceRules,
    /// `[settle]`
    pub settle: SettleRules,
}

impl Default for WaitRules {
    fn default() -> Self {
        Self {
            cycles: 2,
            cycle: Duration::from_secs(60),
            look: Duration::from_secs(5),
            oned: Duration::from_secs(300),
        }
    }
}

impl Default for FenceRules {
    fn default() -> Self {
        Self {
            samples: 3,
            interval: Duration::from_secs(2),
            attempts: 3,
            patience: Duration::from_secs(30),
            deadline: Duration::from_secs(300),
            probe_error: ProbeError::Hold,
        }
    }
}

impl Default for SettleRules {
    fn default() -> Self {
        Self {
            parallel: 4,
            targets: 3,
            retries: 1,
            deadline: Duration::from_secs(600),
            unknown: Duration::from_secs(400),
            cleanup: Duration::from_secs(60),
        }
    }
}

impl Policy {
    /// The defaults with this mode.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            force: Force::RunningOnly,
            fencing: Fencing::Required,
            purpose: Purpose::Recover,
            wait: WaitRules::default(),
            fence: FenceRules::default(),
            settle: SettleRules::default(),
        }
    }
}
