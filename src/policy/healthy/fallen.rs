//! Has this VM crashed, or does a person want it to be off?

use crate::model::{HostId, LcmState, Record, Vm, VmState};
use crate::policy::states::{self, Class};
use std::time::Duration;

/// `HISTORY/ACTION` that oned's own monitoring writes: the domain is gone and nobody asked for that. A guest that
/// shuts itself down looks the same. Measured on a live front-end; a person's `poweroff-hard` is 20.
pub(in crate::policy) const MONITOR: i64 = 44;
/// A new record, and one that a cold migration opened: the record before says why the VM is off.
pub(in crate::policy) const NONE: i64 = 0;
pub(in crate::policy) const MIGRATE: i64 = 1;
const LIVE: i64 = 2;

/// A start, by a person or by `vm_down`.
pub(in crate::policy) const RESUME: i64 = 11;

/// The VM's user template: the moments of the attempts of `vm_down` in epoch seconds, and what they have led to.
pub(in crate::policy) const RESTARTS: &str = "HA_RESTARTS";
pub(in crate::policy) const STATE: &str = "HA_STATE";
/// An attempt on its own host, and one elsewhere.
pub(in crate::policy) const RESTARTING: &str = "RESTARTING";
pub(in crate::policy) const MOVING: &str = "MOVING";
const BEGUN: [&str; 2] = [RESTARTING, MOVING];
/// When a VM went down that `vm_down` holds and looks at again, in epoch seconds: that crash is nobody's wish, however old it is.
pub(in crate::policy) const DOWN: &str = "HA_DOWN";

/// A person's `poweroff` and `poweroff-hard`, also one that was scheduled.
pub(in crate::policy) const PERSON: [i64; 2] = [19, 20];

/// What a VM that does not run tells about why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Fallen {
    /// UNKNOWN: its host has stopped reporting it. It may run there all the same.
    Lost,
    /// POWEROFF, as its host has reported, or because a start has failed; with the time in epoch seconds where oned says it.
    Crashed(Option<i64>),
    /// A person's wish, or somebody else's business; the reason.
    NotOurs(String),
    /// A driver has failed; the reason.
    Failed(String),
}

/// Judge one VM. Its whole history is needed where it was moved while it was off.
pub(in crate::policy) fn fallen(vm: &Vm) -> Fallen {
    match vm.state {
        VmState::Active(LcmState::Unknown) => return Fallen::Lost,
        VmState::Active(LcmState::Running) => return Fallen::NotOurs("RUNNING".to_owned()),
        VmState::Poweroff => {}
        VmState::Init
        | VmState::Pending
        | VmState::Hold
        | VmState::Active(_)
        | VmState::Stopped
        | VmState::Suspended
        | VmState::Done
        | VmState::Failed
        | VmState::Undeployed
        | VmState::Cloning
        | VmState::CloningFailure
        | VmState::Unknown(_) => return at_work(vm),
    }
    match ended_by(vm) {
        // Nobody wants a VM to be off whose start has failed.
        Some((MONITOR | RESUME, at)) => Fallen::Crashed(at),
        Some((action, _)) => {
            Fallen::NotOurs(format!("POWEROFF by a person (its last action is {action}, not {MONITOR})"))
        }
        None => Fallen::NotOurs("POWEROFF, and oned does not say by what".to_owned()),
    }
}

/// Has this VM fallen with its host? oned's monitoring has found it powered off since this moment (epoch seconds), or a
/// start of it has failed since then: no person has switched it off. And one that went down before that is still to be
/// started by `vm_down`, or was held by it. Of a VM in a pool only the last record is known.
pub(in crate::policy) fn fell_since(vm: &Vm, since: i64) -> bool {
    let down = match ended_by(vm) {
        Some((MONITOR | RESUME, Some(at))) if at >= since => return vm.state == VmState::Poweroff,
        Some((MONITOR | RESUME, Some(at))) if is_known_down(vm, at) => return vm.state == VmState::Poweroff,
        Some((MONITOR | RESUME, at)) => at,
        Some(_) => None,
        // It was moved while it was off: when that was is when the record begins.
        None => {
            vm.history.last().filter(|record| record.action == Some(MIGRATE)).and_then(|record| record.ended)
        }
    };
    vm.state == VmState::Poweroff && down.is_some_and(|at| is_being_started(vm, at))
}

/// Has `vm_down` held it because of this crash?
pub(in crate::policy) fn is_known_down(vm: &Vm, at: i64) -> bool {
    vm.attributes.get(DOWN).is_some_and(|down| down.parse() == Ok(at))
}

/// oned has carried out what `vm_down` has sent by then.
const TAKEN_UP: i64 = 120;

/// Has `vm_down` begun to start a VM that went down, or was moved, at this moment, and not ended that? An attempt is written
/// down before it is made.
fn is_being_started(vm: &Vm, at: i64) -> bool {
    let begun = is_begun(vm);
    let moments = vm.attributes.get(RESTARTS).map_or("", String::as_str).split_whitespace();
    let last = moments.filter_map(|moment| moment.parse::<i64>().ok()).max();
    begun && last.is_some_and(|last| last.saturating_add(TAKEN_UP) >= at)
}

/// Has `vm_down` written down an attempt, and not what became of it?
fn is_begun(vm: &Vm) -> bool {
    vm.attributes.get(STATE).is_some_and(|state| BEGUN.contains(&state.as_str()))
}

/// Is a driver at work for an attempt of `vm_down`?
pub(in crate::policy) fn is_on_its_way(vm: &Vm) -> bool {
    is_begun(vm) && states::class(vm.state) == Class::Transient
}

/// `still BOOT_POWEROFF after 600 s; `onevm recover --failure 4` ends what its driver has left half done`
pub(in crate::policy) fn still(vm: &Vm, after: Duration) -> String {
    let text = format!("still {} after {} s", vm.state, after.as_secs());
    if states::class(vm.state) != Class::Transient {
        return text;
    }
    format!("{text}; `onevm recover --failure {}` ends what its driver has left half done", vm.id.0)
}

/// A VM in any other state.
fn at_work(vm: &Vm) -> Fallen {
    if states::class(vm.state) == Class::Failure {
        let text = format!(
            "{}: a driver has failed; when its host is well, `onevm recover --retry {}`",
            vm.state, vm.id.0
        );
        return Fallen::Failed(text);
    }
    Fallen::NotOurs(format!("{}: not down by a crash", vm.state))
}

/// The action that ended the domain, and when. A VM that was moved while it was off has that in an earlier record.
fn ended_by(vm: &Vm) -> Option<(i64, Option<i64>)> {
    let mut records = vm.history.iter().rev();
    let mut record: &Record = records.next()?;
    loop {
        match record.action? {
            NONE | MIGRATE => record = records.next()?,
            action => return Some((action, record.ended)),
        }
    }
}

/// Was it moved live to another host, and did oned put it back onto this one? Its domain may run there without oned
/// knowing. A stay that a migration has ended was a real one. Needs the whole history.
pub(in crate::policy) fn may_run_elsewhere(vm: &Vm, host: HostId) -> bool {
    let there = vm.history.iter().rev().nth(1);
    moved_live(vm, host) && !there.is_some_and(|there| matches!(there.action, Some(MIGRATE | LIVE)))
}

/// From the dead host to another one and back, and not saved for it.
pub(in crate::policy) fn moved_live(vm: &Vm, dead: HostId) -> bool {
    let mut records = vm.history.iter().rev().skip(1);
    match (records.next(), records.next()) {
        (Some(there), Some(before)) => {
            there.host != Some(dead) && before.host == Some(dead) && before.action != Some(MIGRATE)
        }
        // Moved here just before the host died: the domain ended with the host.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::documents::read;
    use crate::wire::xml::Limits;

    fn vm(state: &str, records: &[(u32, i64, i64)]) -> Vm {
        let records: Vec<String> = records
            .iter()
            .enumerate()
            .map(|(seq, (host, action, ended))| {
                format!(
                    "<HISTORY><SEQ>{seq}</SEQ><HID>{host}</HID><RETIME>{ended}</RETIME><ACTION>{action}</ACTION></HISTORY>"
                )
            })
            .collect();
        let xml =
            format!("<VM><ID>4</ID>{state}<HISTORY_RECORDS>{}</HISTORY_RECORDS></VM>", records.concat());
        read(&xml, Limits::HOOK).unwrap()
    }

    const POWEROFF: &str = "<STATE>8</STATE><LCM_STATE>0</LCM_STATE>";

    #[test]
    fn only_what_monitoring_or_a_start_ended_has_crashed() {
        assert_eq!(fallen(&vm(POWEROFF, &[(0, 1, 5), (1, 44, 9)])), Fallen::Crashed(Some(9)));
        assert_eq!(fallen(&vm(POWEROFF, &[(1, 44, 7), (1, 11, 9)])), Fallen::Crashed(Some(9)));
        for action in [19, 20, 5, 2] {
            let judged = fallen(&vm(POWEROFF, &[(1, 44, 9), (1, action, 9)]));
            assert!(matches!(judged, Fallen::NotOurs(_)), "{action}: {judged:?}");
        }
        assert!(matches!(fallen(&vm(POWEROFF, &[])), Fallen::NotOurs(_)));
        assert_eq!(fallen(&vm("<STATE>3</STATE><LCM_STATE>16</LCM_STATE>", &[(1, 0, 0)])), Fallen::Lost);
    }

    #[test]
    fn a_move_while_it_is_off_does_not_hide_who_switched_it_off() {
        assert_eq!(fallen(&vm(POWEROFF, &[(0, 44, 9), (1, 0, 0)])), Fallen::Crashed(Some(9)));
        assert_eq!(fallen(&vm(POWEROFF, &[(0, 44, 9), (1, 1, 12), (2, 0, 0)])), Fallen::Crashed(Some(9)));
        assert!(matches!(fallen(&vm(POWEROFF, &[(0, 20, 9), (1, 1, 12)])), Fallen::NotOurs(_)));
    }

    #[test]
    fn what_monitoring_found_off_lately_fell_with_its_host() {
        for (records, expected) in [
            (&[(0, 20, 5), (1, 44, 9)][..], true),
            (&[(1, 44, 8)], true),
            (&[(1, 44, 7)], false),
            (&[(1, 44, 0)], false),
            (&[(1, 20, 9)], false),
            (&[(1, 19, 9)], false),
            (&[(1, 11, 9)], true),
            (&[(0, 44, 9), (1, 0, 0)], true),
            (&[(0, 20, 9), (1, 1, 12)], false),
            (&[], false),
        ] {
            assert_eq!(fell_since(&vm(POWEROFF, records), 8), expected, "{records:?}");
        }
        assert!(!fell_since(&vm("<STATE>5</STATE>", &[(1, 44, 9)]), 8));
    }

    #[test]
    fn what_vm_down_has_begun_to_start_fell_whenever_it_crashed() {
        let with = |records: &[(u32, i64, i64)], state: &str, restarts: &str| {
            let words = [(STATE, state), (RESTARTS, restarts)];
            let attributes = words.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            fell_since(&Vm { attributes, ..vm(POWEROFF, records) }, 9000)
        };
        let moved = &[(1, 1, 1000)];
        assert!(with(moved, "MOVING", "400 700 999") && with(&[(1, 44, 990)], "RESTARTING", "999"));
        let held = |at: &str, records: &[(u32, i64, i64)]| {
            let attributes = [(DOWN.to_owned(), at.to_owned())].into();
            fell_since(&Vm { attributes, ..vm(POWEROFF, records) }, 9000)
        };
        assert!(held("990", &[(1, 44, 990)]));
        assert!(!held("980", &[(1, 44, 990)]) && !held("990", &[(1, 20, 990)]));
        // Another crash, or one that was given up; and a person's wish.
        assert!(!with(moved, "MOVING", "400 700") && !with(moved, "CRASH_LOOP", "999"));
        assert!(!with(&[(1, 20, 990)], "MOVING", "999") && !with(&[(1, 0, 1000)], "", "999"));
    }

    #[test]
    fn the_recorded_documents_are_judged_right() {
        use base64::Engine as _;
        for (text, expected) in [
            (include_str!("../../../tests/corpus/hook/vm-poweroff-crash.stdin"), "crash"),
            (include_str!("../../../tests/corpus/hook/vm-poweroff-by-user.stdin"), "person"),
            (include_str!("../../../tests/corpus/hook/vm-unknown.stdin"), "lost"),
        ] {
            let word = text.split(' ').next().unwrap();
            let xml = String::from_utf8(base64::prelude::BASE64_STANDARD.decode(word).unwrap()).unwrap();
            let is = match fallen(&read::<Vm>(&xml, Limits::HOOK).unwrap()) {
                Fallen::Crashed(Some(_)) => "crash",
                Fallen::NotOurs(_) => "person",
                Fallen::Lost => "lost",
                Fallen::Crashed(None) | Fallen::Failed(_) => "odd",
            };
            assert_eq!(is, expected);
        }
    }

    #[test]
    fn a_live_migration_that_came_back_is_doubted() {
        let off = "<STATE>8</STATE>";
        assert!(may_run_elsewhere(&vm(off, &[(1, 2, 3), (2, 0, 4), (1, 44, 9)]), HostId(1)));
        assert!(!may_run_elsewhere(&vm(off, &[(1, 1, 3), (2, 0, 4), (1, 44, 9)]), HostId(1)));
        assert!(!may_run_elsewhere(&vm(off, &[(1, 2, 3), (2, 2, 4), (1, 44, 9)]), HostId(1)));
        assert!(!may_run_elsewhere(&vm(off, &[(2, 2, 4), (1, 44, 9)]), HostId(1)));
    }
}
