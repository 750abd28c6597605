//! What has become of a VM that was ordered away, as oned has it: a pure function of what was read back.
//!
//! oned opens another `HISTORY` record inside the call, with the target as its host, and the VM is RUNNING as before until the
//! life-cycle manager takes the order up: it writes `STIME` then. A migration that has failed leaves a third record, of
//! the host where the VM runs. Source: `src/lcm/LifeCycleStates.cc`.

use super::run::Sent;
use crate::model::{Host, HostId, Moment, Vm, VmState};
use crate::policy::healthy::still;
use crate::policy::report::Fate;
use crate::policy::states::{self, Class};
use std::time::Duration;

/// oned takes an accepted order up within this time, however busy it is.
const TAKEN_UP: Duration = Duration::from_secs(120);

/// What follows for a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is on its way.
    Stay,
    /// Nothing has become of its order.
    Nothing,
    /// It has its outcome.
    Ends(Fate),
}

/// When it is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) now: Moment,
    /// `[evacuate] deadline`
    pub(super) deadline: Duration,
    /// `[settle] deadline`
    pub(super) settle: Duration,
}

pub(super) fn judge(
    vm: Option<&Vm>,
    sent: &Sent,
    host: &Host,
    (when, named): (When, &dyn Fn(HostId) -> String),
) -> Judgement {
    let Some(vm) = vm else { return Judgement::Ends(Fate::Left("it was deleted meanwhile".to_owned())) };
    let passed = sent.passed(when.now);
    if matches!(states::class(vm.state), Class::Transient | Class::Resubmit) {
        return if passed < when.deadline {
            Judgement::Stay
        } else {
            Judgement::Ends(Fate::Failed(still(vm, when.deadline)))
        };
    }
    if vm.host == Some(host.id) {
        let noted = sent.sequence.zip(vm.history.last().map(|record| record.sequence));
        let untouched = noted.is_none_or(|(before, now)| now <= before);
        return match (untouched, passed < TAKEN_UP.min(when.settle)) {
            (true, true) => Judgement::Stay,
            (true, false) => Judgement::Nothing,
            (false, _) => Judgement::Ends(Fate::Failed(stays(vm, sent, (host, named)))),
        };
    }
    if vm.host != Some(sent.to) {
        return Judgement::Ends(Fate::Left(format!("{}: somebody has moved it meanwhile", place(vm, named))));
    }
    match states::class(vm.state) {
        _ if !taken_up(vm) && passed < when.deadline => Judgement::Stay,
        // The leader may have died between the two.
        Class::Running if !taken_up(vm) => Judgement::Ends(Fate::Failed(format!(
            "oned has it on {}, and has not begun to move it: it may still run on {host}; look at both with `virsh list`",
            named(sent.to)
        ))),
        Class::Running if sent.state == VmState::RUNNING => {
            Judgement::Ends(Fate::Recovered(place(vm, named)))
        }
        Class::Stopped if sent.state != VmState::RUNNING => {
            Judgement::Ends(Fate::Recovered(place(vm, named)))
        }
        // Somebody has started it meanwhile.
        Class::Running => Judgement::Ends(Fate::Recovered(place(vm, named))),
        Class::Done | Class::NotPlaced => Judgement::Ends(Fate::Left(format!("{} meanwhile", vm.state))),
        Class::Failure => Judgement::Ends(Fate::Failed(format!(
            "{}: {}; when that host is well, `onevm recover --retry {}`",
            place(vm, named),
            said(vm),
            vm.id.0
        ))),
        Class::Lost | Class::Stopped | Class::Strange | Class::Transient | Class::Resubmit => {
            Judgement::Ends(Fate::Failed(format!("{}: {}", place(vm, named), said(vm))))
        }
    }
}

/// Has the life-cycle manager begun with its last record?
pub(super) fn taken_up(vm: &Vm) -> bool {
    vm.history.last().and_then(|record| record.since).is_some_and(|since| since != 0)
}

/// It was ordered away and is where it was.
fn stays(vm: &Vm, sent: &Sent, (host, named): (&Host, &dyn Fn(HostId) -> String)) -> String {
    let how = if sent.state == VmState::RUNNING { "its live migration" } else { "its migration" };
    format!("{} on {host}, where it stays: {how} to {} failed: {}", vm.state, named(sent.to), said(vm))
}

fn said(vm: &Vm) -> &str {
    vm.error.as_deref().unwrap_or("its driver gave no reason")
}

/// `RUNNING on host 3`
fn place(vm: &Vm, named: &dyn Fn(HostId) -> String) -> String {
    let host = |host: HostId| format!("{} on {}", vm.state, named(host));
    vm.host.map_or_else(|| vm.state.to_string(), host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostState, LcmState, Record, VmId};

    const FROM: HostId = HostId(0);
    const TO: HostId = HostId(1);

    fn judged(state: VmState, records: &[(HostId, i64)], passed: u64) -> Judgement {
        let record = |(sequence, (host, since)): (i64, &(HostId, i64))| Record {
            sequence,
            host: Some(*host),
            since: Some(*since),
            ended: None,
            action: None,
        };
        let history: Vec<_> = (0..).zip(records).map(record).collect();
        let host = records.last().map(|(host, _)| *host);
        let vm = Vm { history, ..Vm::new(VmId(4), "web", state, host) };
        let sent = Sent {
            name: "web".to_owned(),
            to: TO,
            at: Moment::default(),
            before: Duration::ZERO,
            sequence: Some(0),
            state: VmState::RUNNING,
        };
        let now = Moment(Duration::from_secs(passed));
        let when = When { now, deadline: Duration::from_secs(3600), settle: Duration::from_secs(600) };
        judge(
            Some(&vm),
            &sent,
            &Host::new(FROM, "node0", HostState::Disabled),
            (when, &|host| host.to_string()),
        )
    }

    #[test]
    fn a_target_in_the_document_is_no_arrival_before_the_order_is_taken_up() {
        assert_eq!(judged(VmState::RUNNING, &[(FROM, 5), (TO, 0)], 1), Judgement::Stay);
        let arrived = judged(VmState::RUNNING, &[(FROM, 5), (TO, 9)], 1);
        assert_eq!(arrived, Judgement::Ends(Fate::Recovered("RUNNING on host 1".to_owned())));
        assert_eq!(judged(VmState::Active(LcmState::Migrate), &[(FROM, 5), (TO, 9)], 3599), Judgement::Stay);
        let late = judged(VmState::Active(LcmState::Migrate), &[(FROM, 5), (TO, 9)], 3600);
        assert!(matches!(late, Judgement::Ends(Fate::Failed(_))));
    }

    #[test]
    fn one_that_came_back_has_failed_and_one_that_never_left_was_not_ordered() {
        let back = judged(VmState::RUNNING, &[(FROM, 5), (TO, 9), (FROM, 9)], 1);
        assert!(matches!(back, Judgement::Ends(Fate::Failed(why)) if why.contains("where it stays")));
        assert_eq!(judged(VmState::RUNNING, &[(FROM, 5)], 119), Judgement::Stay);
        assert_eq!(judged(VmState::RUNNING, &[(FROM, 5)], 120), Judgement::Nothing);
        let elsewhere = judged(VmState::RUNNING, &[(FROM, 5), (HostId(2), 9)], 1);
        assert!(matches!(elsewhere, Judgement::Ends(Fate::Left(_))));
    }
}
