//! Is it down by a crash, and may it be started? Asked before and after the wait.

use super::Step;
use super::case::Case;
use super::host::LookingAtHost;
use crate::model::{Moment, Vm, VmId, VmState};
use crate::policy::case::Failure;
use crate::policy::notes::{Entry, Phase};
use crate::policy::plan::{excluded, locked};
use crate::policy::tend::{Fallen, PERSON, fallen, may_run_elsewhere};

/// See [`Step::Look`].
#[derive(Debug)]
pub struct Looking {
    case: Box<Case>,
    ids: [VmId; 1],
}

impl Looking {
    pub(super) fn new(case: Box<Case>) -> Self {
        let ids = [case.subject.vm];
        Self { case, ids }
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VM to read, with its whole history.
    #[must_use]
    pub fn ids(&self) -> &[VmId] {
        &self.ids
    }

    /// The VM, or nothing if there is none any more.
    #[must_use]
    pub fn answer(self, now: Moment, vms: Result<Vec<Vm>, Failure>) -> Step {
        let vms = match vms {
            Ok(vms) => vms,
            Err(failure) => {
                return self
                    .case
                    .unread(now, Phase::Observe, failure, |case| Step::Look(Self { case, ..self }));
            }
        };
        let mut case = self.case;
        case.diary.answered();
        let Some(vm) = vms.into_iter().find(|vm| vm.id == case.subject.vm) else {
            return case.leave(now, "it does not exist any more");
        };
        case.read(vm);
        judged(case, now)
    }
}

fn judged(case: Box<Case>, now: Moment) -> Step {
    let Some(vm) = &case.vm else {
        return case.leave(now, "it does not exist any more");
    };
    let fallen = match fallen(vm) {
        // What this run has started and failed is off by our own call.
        Fallen::NotOurs(_) if case.made > 0 && by_us(vm) => Fallen::Crashed(None),
        other @ (Fallen::NotOurs(_) | Fallen::Failed(_) | Fallen::Lost | Fallen::Crashed(_)) => other,
    };
    match fallen {
        Fallen::NotOurs(why) => return case.leave(now, why),
        Fallen::Failed(why) => return case.hold(now, why),
        Fallen::Lost | Fallen::Crashed(_) => {}
    }
    if vm.attributes.get("HA_POLICY").is_some_and(|policy| policy.eq_ignore_ascii_case("none")) {
        return case.leave(now, "its HA_POLICY is NONE");
    }
    if let Some(why) = excluded(vm, &case.policy.rules.plan.exclude) {
        return case.leave(now, why);
    }
    if let Some(why) = locked(vm) {
        return case.hold(now, why);
    }
    let Some(host) = vm.host else {
        return case.hold(now, "oned does not say on which host it was");
    };
    if may_run_elsewhere(vm, host) {
        let why =
            "a live migration of it failed, and it may run on the other host; look there with `virsh list`";
        return case.hold(now, why);
    }
    LookingAtHost::step(case, host)
}

fn by_us(vm: &Vm) -> bool {
    vm.state == VmState::Poweroff && vm.last_action.is_some_and(|action| !PERSON.contains(&action))
}
