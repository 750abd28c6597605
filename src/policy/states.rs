//! What each state of a VM means when its host is proven off, and what each mode does with it.
//!
//! The table below is the code's own: a test writes it from [`verdict`] and compares.
//!
#![doc = include_str!("states.md")]

use super::settings::{Force, Mode};
use crate::model::{LcmState, VmState};

/// What a state means for a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// UNKNOWN: oned has given the VM up; the one state that migrates from a dead host.
    Lost,
    /// RUNNING: oned has not noticed yet, or a driver's action failed and oned fell back to it.
    Running,
    /// A driver is at work, or oned thinks so; it ends as RUNNING or as a failure.
    Transient,
    /// A driver has failed; a person or a retry has to decide.
    Failure,
    /// `CLEANUP_RESUBMIT`: delete-recreate has begun, and its clean-up waits for the dead host.
    Resubmit,
    /// SUSPENDED or POWEROFF: a person or the guest has stopped it.
    Stopped,
    /// Not on any host.
    NotPlaced,
    /// It is over.
    Done,
    /// A state that this version does not know.
    Strange,
}

/// What is done with a VM in some state, before its lock, storage and target are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The mode's call.
    Act,
    /// Wait, bounded, until oned changes the state.
    Await(&'static str),
    /// It should be recovered and cannot be.
    Hold(&'static str),
    /// Nobody asked for it.
    Leave(&'static str),
}

/// The class of a state.
#[must_use]
pub fn class(state: VmState) -> Class {
    match state {
        VmState::Active(lcm) => lcm_class(lcm),
        VmState::Suspended | VmState::Poweroff => Class::Stopped,
        VmState::Done | VmState::Failed => Class::Done,
        VmState::Init
        | VmState::Pending
        | VmState::Hold
        | VmState::Stopped
        | VmState::Undeployed
        | VmState::Cloning
        | VmState::CloningFailure => Class::NotPlaced,
        VmState::Unknown(_) => Class::Strange,
    }
}

/// Whether a VM in this failure state may be created again: it was to start, and has no domain anywhere; or why not.
///
/// # Errors
/// Why it is not to be created again.
pub fn may_start_anew(state: VmState) -> Result<(), &'static str> {
    use LcmState as L;
    let is = |some: &[LcmState]| some.iter().any(|lcm| state == VmState::Active(*lcm));
    if is(&[L::EpilogFailure, L::EpilogStopFailure, L::EpilogUndeployFailure]) {
        Err("it was being stopped or terminated: creating it again would start it")
    } else if is(&[L::PrologMigratePoweroffFailure, L::PrologMigrateSuspendFailure]) {
        Err("it was off: creating it again would start it")
    } else if is(&[L::PrologMigrateUnknownFailure]) {
        Err("it may still run on the host that it came from: look there first")
    } else if class(state) == Class::Failure {
        Ok(())
    } else {
        Err("no driver had failed")
    }
}

fn lcm_class(lcm: LcmState) -> Class {
    use LcmState as L;
    match lcm {
        L::Unknown => Class::Lost,
        L::Running => Class::Running,
        L::CleanupResubmit => Class::Resubmit,
        L::BootFailure
        | L::BootMigrateFailure
        | L::PrologMigrateFailure
        | L::PrologFailure
        | L::EpilogFailure
        | L::EpilogStopFailure
        | L::EpilogUndeployFailure
        | L::PrologMigratePoweroffFailure
        | L::PrologMigrateSuspendFailure
        | L::BootUndeployFailure
        | L::BootStoppedFailure
        | L::PrologResumeFailure
        | L::PrologUndeployFailure
        | L::PrologMigrateUnknownFailure => Class::Failure,
        L::LcmInit
        | L::Prolog
        | L::Boot
        | L::Migrate
        | L::SaveStop
        | L::SaveSuspend
        | L::SaveMigrate
        | L::PrologMigrate
        | L::PrologResume
        | L::EpilogStop
        | L::Epilog
        | L::Shutdown
        | L::Hotplug
        | L::ShutdownPoweroff
        | L::BootUnknown
        | L::BootPoweroff
        | L::BootSuspended
        | L::BootStopped
        | L::CleanupDelete
        | L::HotplugSnapshot
        | L::HotplugNic
        | L::HotplugSaveas
        | L::HotplugSaveasPoweroff
        | L::HotplugSaveasSuspended
        | L::ShutdownUndeploy
        | L::EpilogUndeploy
        | L::PrologUndeploy
        | L::BootUndeploy
        | L::HotplugPrologPoweroff
        | L::HotplugEpilogPoweroff
        | L::BootMigrate
        | L::PrologMigratePoweroff
        | L::PrologMigrateSuspend
        | L::DiskSnapshotPoweroff
        | L::DiskSnapshotRevertPoweroff
        | L::DiskSnapshotDeletePoweroff
        | L::DiskSnapshotSuspended
        | L::DiskSnapshotDeleteSuspended
        | L::DiskSnapshot
        | L::DiskSnapshotDelete
        | L::PrologMigrateUnknown
        | L::DiskResize
        | L::DiskResizePoweroff
        | L::DiskResizeUndeployed
        | L::HotplugNicPoweroff
        | L::HotplugResize
        | L::HotplugSaveasUndeployed
        | L::HotplugSaveasStopped
        | L::Backup
        | L::BackupPoweroff
        | L::Restore => Class::Transient,
        L::UnknownNumber(_) => Class::Strange,
    }
}

/// What a mode does with a VM in this state.
#[must_use]
pub fn verdict(state: VmState, mode: Mode, force: Force) -> Verdict {
    match (class(state), mode, force) {
        (Class::Lost, _, _)
        | (Class::Running | Class::Resubmit, Mode::Recreate, _)
        | (Class::Running, Mode::Delete, _)
        | (Class::Stopped, _, Force::AlsoStopped) => Verdict::Act,
        (Class::Running, Mode::Migrate, _) => {
            Verdict::Await("oned still calls it RUNNING and would try to save it on the dead host")
        }
        (Class::Transient, _, _) => {
            Verdict::Await("a driver was at work on the dead host; oned ends that by itself")
        }
        (Class::Failure, _, _) => Verdict::Hold(
            "a driver had failed; when its host is well, `onevm recover --retry ID` does its step again",
        ),
        (Class::Resubmit, Mode::Migrate | Mode::Delete, _) => {
            Verdict::Hold("somebody is recreating it; `onevm recover --recreate ID` ends a stuck clean-up")
        }
        (Class::Stopped, _, Force::RunningOnly) => Verdict::Leave("it was not running, and -f is not given"),
        (Class::NotPlaced, _, _) => Verdict::Leave("it is on no host"),
        (Class::Done, _, _) => Verdict::Leave("it has ended"),
        (Class::Strange, _, _) => Verdict::Hold("this version does not know its state"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn table() -> String {
        let mut text = String::from(
            "| STATE | LCM_STATE | class | `-m` | `-r` | `-d` | why |\n| --- | --- | --- | --- | --- | --- | --- |\n",
        );
        let plain = (0..=12).filter(|state| *state != 3).map(|state| VmState::from_numbers(state, 0));
        let active = LcmState::ALL.iter().map(|lcm| VmState::Active(*lcm));
        let strange = std::iter::once(VmState::Active(LcmState::UnknownNumber(72)));
        for state in plain.chain(active).chain(strange) {
            row(state, &mut text);
        }
        text
    }

    fn row(state: VmState, text: &mut String) {
        let (number, lcm) = state.numbers();
        let lcm = if number == 3 { format!("{lcm} {state}") } else { String::new() };
        let name = if number == 3 { "ACTIVE".to_owned() } else { state.to_string() };
        let _ = write!(text, "| {number} {name} | {lcm} | {:?} |", class(state));
        let mut reasons = Vec::new();
        for mode in [Mode::Migrate, Mode::Recreate, Mode::Delete] {
            let plain = verdict(state, mode, Force::RunningOnly);
            let forced = verdict(state, mode, Force::AlsoStopped);
            let (word, why) = word(plain);
            let with =
                if plain == forced { String::new() } else { format!(", with `-f` {}", self::word(forced).0) };
            let _ = write!(text, " {word}{with} |");
            if !why.is_empty() && !reasons.contains(&why) {
                reasons.push(why);
            }
        }
        let _ = writeln!(text, " {} |", reasons.join("; "));
    }

    fn word(verdict: Verdict) -> (&'static str, &'static str) {
        match verdict {
            Verdict::Act => ("act", ""),
            Verdict::Await(why) => ("wait", why),
            Verdict::Hold(why) => ("hold", why),
            Verdict::Leave(why) => ("leave", why),
        }
    }

    #[test]
    fn the_documented_table_is_the_code_s_own() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/policy/states.md");
        let written = std::fs::read_to_string(path).unwrap();
        if written != table() {
            std::fs::write(path, table()).unwrap();
            panic!("src/policy/states.md was out of date and has been written again: read it and commit it");
        }
    }
}
