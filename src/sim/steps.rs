//! The life-cycle states in which a driver is at work, and where each ends, as a table.
//! Source: `src/lcm/LifeCycleStates.cc` and OpenNebula's state diagram.

use super::timings::Stage;
use crate::model::{LcmState, VmState};
use LcmState as L;

/// What a good end does to the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    Same,
    StartsHere,
    StopsHere,
    StopsAtSource,
    Moves,
}

/// One state: who works, what it does to the domain, where a good and a bad end lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) lcm: LcmState,
    pub(crate) stage: Stage,
    pub(crate) domain: Domain,
    pub(crate) good: VmState,
    pub(crate) bad: VmState,
}

const fn to(lcm: LcmState) -> VmState {
    VmState::Active(lcm)
}

const RUNNING: VmState = VmState::RUNNING;
const POWEROFF: VmState = VmState::Poweroff;
const SUSPENDED: VmState = VmState::Suspended;

macro_rules! steps {
    ($($lcm:ident $stage:ident $domain:ident => $good:expr, $bad:expr;)+) => {
        const STEPS: &[Step] = &[
            $(Step { lcm: L::$lcm, stage: Stage::$stage, domain: Domain::$domain, good: $good, bad: $bad },)+
        ];
    };
}

steps! {
    Prolog Transfer Same => to(L::Boot), to(L::PrologFailure);
    PrologResume Transfer Same => to(L::BootStopped), to(L::PrologResumeFailure);
    PrologUndeploy Transfer Same => to(L::BootUndeploy), to(L::PrologUndeployFailure);
    PrologMigrate Transfer Same => to(L::BootMigrate), to(L::PrologMigrateFailure);
    PrologMigratePoweroff Transfer Same => POWEROFF, to(L::PrologMigratePoweroffFailure);
    PrologMigrateSuspend Transfer Same => SUSPENDED, to(L::PrologMigrateSuspendFailure);
    PrologMigrateUnknown Transfer Same => to(L::Boot), to(L::PrologMigrateUnknownFailure);
    Epilog Transfer Same => VmState::Done, to(L::EpilogFailure);
    EpilogStop Transfer Same => VmState::Stopped, to(L::EpilogStopFailure);
    EpilogUndeploy Transfer Same => VmState::Undeployed, to(L::EpilogUndeployFailure);
    Boot Boot StartsHere => RUNNING, to(L::BootFailure);
    BootUnknown Boot StartsHere => RUNNING, VmState::UNKNOWN;
    BootPoweroff Boot StartsHere => RUNNING, POWEROFF;
    BootSuspended Boot StartsHere => RUNNING, SUSPENDED;
    BootStopped Boot StartsHere => RUNNING, to(L::BootStoppedFailure);
    BootUndeploy Boot StartsHere => RUNNING, to(L::BootUndeployFailure);
    BootMigrate Boot StartsHere => RUNNING, to(L::BootMigrateFailure);
    Migrate Save Moves => RUNNING, RUNNING;
    SaveMigrate Save StopsAtSource => to(L::PrologMigrate), RUNNING;
    SaveStop Save StopsHere => to(L::EpilogStop), RUNNING;
    SaveSuspend Save StopsHere => SUSPENDED, RUNNING;
    Shutdown Shutdown StopsHere => to(L::Epilog), RUNNING;
    ShutdownPoweroff Shutdown StopsHere => POWEROFF, RUNNING;
    ShutdownUndeploy Shutdown StopsHere => to(L::EpilogUndeploy), RUNNING;
    CleanupResubmit Cleanup StopsHere => VmState::Pending, VmState::Pending;
    CleanupDelete Cleanup StopsHere => VmState::Done, VmState::Done;
    Hotplug Other Same => RUNNING, RUNNING;
    HotplugSnapshot Other Same => RUNNING, RUNNING;
    HotplugNic Other Same => RUNNING, RUNNING;
    HotplugSaveas Other Same => RUNNING, RUNNING;
    HotplugResize Other Same => RUNNING, RUNNING;
    DiskSnapshot Other Same => RUNNING, RUNNING;
    DiskSnapshotDelete Other Same => RUNNING, RUNNING;
    DiskResize Other Same => RUNNING, RUNNING;
    Backup Other Same => RUNNING, RUNNING;
    HotplugSaveasPoweroff Other Same => POWEROFF, POWEROFF;
    HotplugPrologPoweroff Other Same => POWEROFF, POWEROFF;
    HotplugEpilogPoweroff Other Same => POWEROFF, POWEROFF;
    HotplugNicPoweroff Other Same => POWEROFF, POWEROFF;
    DiskSnapshotPoweroff Other Same => POWEROFF, POWEROFF;
    DiskSnapshotRevertPoweroff Other Same => POWEROFF, POWEROFF;
    DiskSnapshotDeletePoweroff Other Same => POWEROFF, POWEROFF;
    DiskResizePoweroff Other Same => POWEROFF, POWEROFF;
    BackupPoweroff Other Same => POWEROFF, POWEROFF;
    Restore Other Same => POWEROFF, POWEROFF;
    HotplugSaveasSuspended Other Same => SUSPENDED, SUSPENDED;
    DiskSnapshotSuspended Other Same => SUSPENDED, SUSPENDED;
    DiskSnapshotDeleteSuspended Other Same => SUSPENDED, SUSPENDED;
    HotplugSaveasUndeployed Other Same => VmState::Undeployed, VmState::Undeployed;
    HotplugSaveasStopped Other Same => VmState::Stopped, VmState::Stopped;
    DiskResizeUndeployed Other Same => VmState::Undeployed, VmState::Undeployed;
}

/// The step of a state in which a driver is at work.
pub(crate) fn step(lcm: LcmState) -> Option<Step> {
    STEPS.iter().find(|step| step.lcm == lcm).copied()
}

/// The state whose bad end this failure is.
pub(crate) fn failed_step(failure: LcmState) -> Option<Step> {
    STEPS
        .iter()
        .find(|step| step.bad == VmState::Active(failure))
        .copied()
        .filter(|_| failure != L::Running && failure != L::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_model_is_at_work_failed_or_at_rest() {
        for lcm in LcmState::ALL {
            let at_rest = matches!(lcm, L::LcmInit | L::Running | L::Unknown);
            let known = step(*lcm).is_some() || failed_step(*lcm).is_some();
            assert_ne!(at_rest, known, "{lcm}");
        }
    }
}
