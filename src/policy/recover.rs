//! The survey: a fresh look at the cloud, and what it means for the host itself.

use super::case::Case;
use super::closing::aborted;
use super::ending::{call_off, next, no_cloud, send};
use super::hold::pause;
use super::incident::{Step, wait};
use super::limits::disarmed;
use super::notes::Phase;
use super::observe::not_dead;
use super::own::{abort_of, leave_to, lost, overwritten};
use super::port::Survey;
use super::port::{Failure, Subject, Trouble};
use super::proof::Proof;
use super::record::{After, write};
use super::report::{Fate, Outcome};
use super::round::plan_round;
use super::settings::{Fencing, Purpose};
use super::settle::judge_with_hosts;
use super::still::Effect;
use super::trace::Tracing;
use super::weigh::{refused, weighs};
use crate::model::{HostState, Moment, VmId};
use std::collections::BTreeSet;

/// A run whose host is proven off. Everything that changes a VM starts from here.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) case: Box<Case>,
    pub(super) proof: Proof,
    /// When the power was read last.
    pub(super) checked: Moment,
    /// When the cloud was surveyed last.
    pub(super) surveyed: Moment,
}

impl Proven {
    pub(super) fn stop(self, now: Moment, outcome: Outcome) -> Step {
        self.case.end(now, outcome, Some(self.proof))
    }
}

/// See [`Step::Survey`].
#[derive(Debug)]
pub struct Surveying {
    proven: Proven,
    intent: Intent,
}

/// What a survey is for, besides planning what can be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Plan,
    /// The host is to be disabled, if it is still there and nobody else has taken it out of service.
    Disable,
    /// How are the hosts that VMs were sent to?
    Targets,
}

impl Surveying {
    pub(super) fn case(&self) -> &Case {
        &self.proven.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.proven.case
    }

    pub(super) fn new(proven: Proven) -> Self {
        Self { proven, intent: Intent::Plan }
    }

    /// Look again, and disable the host if nothing else can be done.
    pub(super) fn to_disable(proven: Proven) -> Step {
        Step::Survey(Self { proven, intent: Intent::Disable })
    }

    /// Look at the hosts that VMs were sent to.
    pub(super) fn to_see_targets(proven: Proven) -> Step {
        Step::Survey(Self { proven, intent: Intent::Targets })
    }

    /// The dead host, and the VMs that the event had on it.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.proven.case.subject
    }

    /// The VMs to read besides those that are charged to the dead host.
    #[must_use]
    pub fn also(&self) -> Vec<VmId> {
        let case = &self.proven.case;
        let ids: BTreeSet<_> =
            case.subject.vms.iter().chain(case.courses.keys()).chain(case.sent.keys()).copied().collect();
        ids.into_iter().collect()
    }

    /// The cloud, or why it could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, survey: Result<Survey, Failure>) -> Step {
        let survey = match survey {
            Ok(survey) => survey,
            Err(failure) => {
                if let Some(pause) = self.proven.case.patience(now, Phase::Survey, &failure) {
                    return wait(pause, Step::Survey(self));
                }
                return no_cloud(self.proven, now, failure);
            }
        };
        let Self { mut proven, intent } = self;
        let case = &mut proven.case;
        case.answered();
        if let Some(lost) = lost(case, &survey.memory) {
            return leave_to(proven.case, now, &lost);
        }
        case.owned = now;
        // Written with what is decided now.
        overwritten(case, now, &survey.memory);
        case.hosts = survey.hosts.iter().map(|host| (host.id, host.name.clone())).collect();
        case.looked = Some(now);
        case.states = survey.hosts.iter().map(|host| (host.id, host.state)).collect();
        if let Some(reason) = came_back(case, now, &survey) {
            return returned(proven, now, reason, &survey);
        }
        if let Some(word) = abort_of(case, &survey.memory) {
            let failure = aborted(case, word);
            hold_all(case, &survey, &failure.what);
            return call_off(proven, now, failure);
        }
        if let Some(failure) = disarmed(&survey.memory.disarmed, case.cluster, &[])
            && case.policy.purpose == Purpose::Recover
        {
            // Before any order it can wait; afterwards VMs on their way are read back.
            if !case.touched
                && let Some(pause) = pause(case, now, &failure)
            {
                return wait(pause, Step::Survey(Self { proven, intent }));
            }
            hold_all(case, &survey, &failure.what);
            return call_off(proven, now, failure);
        }
        let doubtful = Tracing::doubtful(case, &survey);
        if doubtful.is_empty() {
            return Self::surveyed(proven, now, &survey, intent);
        }
        Tracing::step(proven, survey, intent, doubtful)
    }

    /// The survey is complete: plan, and do what can be done.
    pub(super) fn surveyed(mut proven: Proven, now: Moment, survey: &Survey, intent: Intent) -> Step {
        proven.surveyed = now;
        let orders = plan_round(&mut proven.case, now, survey, &proven.proof);
        if proven.case.policy.purpose == Purpose::Rehearse {
            let case = &mut proven.case;
            let gains = case.vms.values().any(|vm| matches!(vm.fate, Fate::Planned(_)));
            if weighs(&case.policy) && !gains {
                let refused = refused(&case.host(), case.vms.values().map(|vm| &vm.fate));
                let stop = refused.map_or_else(Outcome::Held, Outcome::NothingToDo);
                case.note(now, Phase::Plan, format!("WOULD STOP HERE: {stop}"));
                case.stops_with(stop);
            }
            let held = proven.case.vms.values().any(|vm| matches!(vm.fate, Fate::Held(_)));
            let stop = proven.case.would_stop.take().or(held.then_some(Outcome::Partly));
            return proven.stop(now, Outcome::Rehearsed(stop.map(Box::new)));
        }
        match intent {
            Intent::Disable if orders.is_empty() => disable(proven, now, survey),
            Intent::Targets => judge_with_hosts(proven, now, survey, orders),
            Intent::Plan | Intent::Disable => send(proven, now, orders),
        }
    }
}

/// Disable the host, after one more look at its power; unless it is out of service already.
fn disable(mut proven: Proven, now: Moment, survey: &Survey) -> Step {
    let state = survey.hosts.iter().find(|host| host.id == proven.case.subject.host).map(|host| host.state);
    if matches!(state, Some(HostState::Disabled | HostState::Offline) | None) {
        proven.case.disable_tried = true;
        return next(proven, now);
    }
    // Written down first, so that no later run takes it for a person's doing and forgets its VMs.
    let Proven { mut case, proof, checked, surveyed } = proven;
    let at = case.epoch(now);
    if let Some(incident) = &mut case.incident {
        incident.disabled = Some(at);
    }
    write(case, now, After::Change { effect: Effect::Disable, proof, checked, surveyed })
}

/// Why the host is not dead any more, if it is not.
fn came_back(case: &mut Case, now: Moment, survey: &Survey) -> Option<String> {
    if case.policy.purpose == Purpose::Rehearse {
        return None;
    }
    let Some(host) = survey.hosts.iter().find(|host| host.id == case.subject.host) else {
        case.note(now, Phase::Survey, "the host was deleted meanwhile; its VMs are looked at all the same");
        return None;
    };
    // INIT is what `onehost enable` makes of a dead host, until monitoring fails again. It contradicts no proof.
    let waived = case.policy.fencing == Fencing::Waived;
    let back = host.state == HostState::Monitored || waived && host.state == HostState::Init;
    if back { not_dead(host) } else { None }
}

/// A host that is proven off cannot be MONITORED: somebody has powered it on, or the proof was about another
/// machine. Without a proof (`-u`) and before any order it has simply come back.
fn returned(mut proven: Proven, now: Moment, reason: String, survey: &Survey) -> Step {
    let case = &mut proven.case;
    if case.policy.fencing == Fencing::Waived && case.vms.is_empty() && case.courses.is_empty() {
        return proven.stop(now, Outcome::NothingToDo(reason));
    }
    let what = format!("{} was taken for dead, but {reason}", case.host());
    hold_all(case, survey, &what);
    let advice = "find out who enabled it or powered it on, or which machine the fence device really controls; keep it \
                  off and run the same command again"
        .to_owned();
    call_off(proven, now, Failure { trouble: Trouble::Refused, what, advice })
}

/// Every VM of the dead host that has no outcome and is not on its way yet is held.
fn hold_all(case: &mut Case, survey: &Survey, why: &str) {
    let dead = case.subject.host;
    let charged = survey.hosts.iter().filter(|host| host.id == dead).flat_map(|host| &host.vms);
    let charged: BTreeSet<_> = charged.copied().collect();
    let seen = survey.vms.iter().map(|vm| vm.id).chain(survey.unreadable.iter().map(|(id, _)| *id));
    let ids: BTreeSet<_> = seen.chain(charged.iter().copied()).collect();
    for id in ids {
        if case.vms.contains_key(&id) || case.courses.contains_key(&id) {
            continue;
        }
        let vm = survey.vms.iter().find(|vm| vm.id == id);
        let fate = match vm {
            Some(vm) if vm.host != Some(dead) && !charged.contains(&id) => {
                Fate::Left(format!("{}, not on the dead host", vm.state))
            }
            Some(_) | None => Fate::Held(why.to_owned()),
        };
        case.settle(id, vm.map_or("?", |vm| vm.name.as_str()), fate);
    }
}
