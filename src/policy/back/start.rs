//! Start a few VMs, read them back, then the next few.

use super::act::Acting;
use super::case::Case;
use super::judge::{Closed, Tail, Verdict};
use super::look::Observing;
use super::survey::RETURNED;
use super::{Step, wait};
use crate::model::{Moment, Vm, VmId, VmState};
use crate::policy::notes::{Entry, Phase};
use crate::policy::port::Failure;
use crate::policy::port::VmList;
use crate::policy::report::Fate;
use crate::policy::states::{self, Class};
use std::time::Duration;

/// oned takes an accepted action up within this time, however busy it is.
const TAKEN_UP: Duration = Duration::from_secs(120);

/// See [`Step::Trace`].
#[derive(Debug)]
pub struct Tracing {
    case: Box<Case>,
    vms: Vec<(VmId, String)>,
    ids: Vec<VmId>,
}

impl Tracing {
    /// The next few VMs, or the end.
    pub(super) fn next(mut case: Box<Case>, now: Moment) -> Step {
        let most = usize::try_from(case.policy.settle.parallel).unwrap_or(1).max(1).min(case.queue.len());
        let vms: Vec<_> = case.queue.drain(..most).collect();
        if vms.is_empty() {
            return Acting::close(case, now);
        }
        let ids = vms.iter().map(|(vm, _)| *vm).collect();
        Step::Trace(Self { case, vms, ids })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VMs whose whole history is needed.
    #[must_use]
    pub fn ids(&self) -> &[VmId] {
        &self.ids
    }

    /// Those VMs with all their records. They are judged again, by what is true now.
    #[must_use]
    pub fn answer(mut self, now: Moment, vms: Result<Vec<Vm>, Failure>) -> Step {
        let vms = match vms {
            Ok(vms) => vms,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Survey, failure) {
                    Ok(pause) => wait(pause, Step::Trace(self)),
                    Err(outcome) => {
                        for (vm, name) in self.vms {
                            self.case.settle(now, vm, &name, Fate::Held("it could not be read".to_owned()));
                        }
                        self.case.end(now, outcome)
                    }
                };
            }
        };
        let Self { mut case, vms: wanted, .. } = self;
        case.diary.answered();
        let incident = case.incident.clone();
        let closed = Closed::read(case.attribute(RETURNED));
        let exclude = case.policy.plan.exclude.clone();
        let (host, now_is) = (case.subject.host, case.epoch(now));
        let tail = Tail { host, incident: incident.as_ref(), closed, exclude: &exclude, now: now_is };
        let mut go = Vec::new();
        for (id, name) in wanted {
            let Some(vm) = vms.iter().find(|vm| vm.id == id) else {
                case.settle(now, id, &name, Fate::Left("it does not exist any more".to_owned()));
                continue;
            };
            match tail.judge(vm) {
                Verdict::Start => go.push(vm),
                Verdict::Leave(why) => case.settle(now, id, &name, Fate::Left(why)),
                Verdict::Hold(why) => case.settle(now, id, &name, Fate::Held(why)),
            }
        }
        if go.is_empty() { Self::next(case, now) } else { Acting::start(case, &go, now) }
    }
}

/// See [`Step::Settle`].
#[derive(Debug)]
pub struct Settling {
    case: Box<Case>,
    ids: Vec<VmId>,
}

impl Settling {
    pub(super) fn step(case: Box<Case>) -> Step {
        let ids = case.away.keys().copied().collect();
        Step::Settle(Self { case, ids })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VMs to read.
    #[must_use]
    pub fn ids(&self) -> &[VmId] {
        &self.ids
    }

    /// Those VMs, or why they could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, list: Result<VmList, Failure>) -> Step {
        let list = match list {
            Ok(list) => list,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Settle, failure) {
                    Ok(pause) => wait(pause, Step::Settle(self)),
                    Err(outcome) => self.case.end(now, outcome),
                };
            }
        };
        let mut case = self.case;
        case.diary.answered();
        for id in self.ids {
            let vm = list.vms.iter().find(|vm| vm.id == id);
            if vm.is_some_and(|vm| never_begun(&case, now, vm)) && case.again(now, id) {
                let text = format!("{id}: nothing has become of it, so it was not done; looking at it again");
                case.diary.note(now, Phase::Settle, text);
                continue;
            }
            if let Some(fate) = judge(&mut case, now, id, vm)
                && let Some(away) = case.away.remove(&id)
            {
                case.settle(now, id, &away.name, fate);
            }
        }
        if !case.away.is_empty() {
            let look = case.policy.wait.look;
            return wait(look, Self::step(case));
        }
        let more = !case.queue.is_empty() || case.guests.is_some();
        if more { Observing::between(case, now) } else { Acting::close(case, now) }
    }
}

/// Was the call whose answer was lost not carried out? Nothing has become of it for longer than oned needs.
fn never_begun(case: &Case, now: Moment, vm: &Vm) -> bool {
    let Some(away) = case.away.get(&vm.id).filter(|away| away.doubt && !away.begun) else { return false };
    let over = now.since(away.sent) >= TAKEN_UP.min(case.policy.settle.deadline);
    let still = match away.from {
        Some(from) => vm.host == Some(from) && vm.state == VmState::RUNNING,
        None => matches!(states::class(vm.state), Class::Lost | Class::Stopped),
    };
    over && still && vm.error == away.error
}

/// What became of a VM that was told to start; `None` while it is on its way.
fn judge(case: &mut Case, now: Moment, id: VmId, vm: Option<&Vm>) -> Option<Fate> {
    let (host, deadline) = (case.subject.host, case.policy.settle.deadline);
    let named = case.named();
    let away = case.away.get_mut(&id)?;
    let late = now.since(away.sent) >= deadline;
    let waits = !away.begun && now.since(away.sent) < TAKEN_UP.min(deadline);
    let Some(vm) = vm else {
        return Some(Fate::Left("it was deleted meanwhile".to_owned()));
    };
    if vm.host.is_some() && vm.host == away.from && vm.state == VmState::RUNNING {
        let error = vm.error.as_deref().unwrap_or("its driver gave no reason");
        return (!waits)
            .then(|| Fate::Left(format!("it stays where it was: its live migration failed: {error}")));
    }
    if vm.host != Some(host) && vm.host != away.from.or(Some(host)) {
        return Some(Fate::Left(format!("{}: somebody has moved it meanwhile", vm.state)));
    }
    match states::class(vm.state) {
        Class::Running => Some(Fate::Recovered(format!("RUNNING on {named}"))),
        Class::Transient | Class::Resubmit if !late => {
            away.begun = true;
            None
        }
        Class::Lost | Class::Stopped if waits && vm.error == away.error => None,
        Class::Transient | Class::Resubmit => {
            Some(Fate::Failed(format!("still {} after {} s", vm.state, deadline.as_secs())))
        }
        Class::Lost | Class::Stopped | Class::Failure | Class::Strange => {
            let error = vm.error.as_deref().unwrap_or("its driver gave no reason");
            Some(Fate::Failed(format!("{} again: {error}", vm.state)))
        }
        Class::NotPlaced | Class::Done => Some(Fate::Left(format!("{} meanwhile", vm.state))),
    }
}
