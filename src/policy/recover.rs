//! Survey and plan, one round after the other, until no VM is left to do.

use super::act::{Acting, Disabling};
use super::case::{Case, Entry, Failure, Phase, Subject, Trouble};
use super::course::{Course, Stage};
use super::incident::{Step, not_dead, wait};
use super::order::Order;
use super::plan::{self, Decision, Request, Verdict};
use super::proof::Proof;
use super::prove::Proving;
use super::report::{Fate, Outcome};
use super::settings::{Fencing, Purpose};
use super::settle::Settling;
use crate::model::{Datastore, Host, HostState, LcmState, Moment, Vm, VmId, VmState};
use std::collections::BTreeSet;
use std::time::Duration;

/// Moving live between two hosts; the domain may be on either.
const MIGRATING: VmState = VmState::Active(LcmState::Migrate);

/// oned gives up 1,000 VMs of a dead host within 40 s; VMs that it has not given up by then need help.
const GRACE: Duration = Duration::from_secs(60);

/// A fresh look at the cloud.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Every host of the zone, the dead one among them.
    pub hosts: Vec<Host>,
    /// The VMs that were asked for and those charged to the dead host.
    pub vms: Vec<Vm>,
    /// VMs whose document cannot be read, and why.
    pub unreadable: Vec<(VmId, String)>,
    /// Every datastore.
    pub datastores: Vec<Datastore>,
}

/// A run whose host is proven off. Everything that changes a VM starts from here.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) case: Box<Case>,
    pub(super) proof: Proof,
    /// When the power was read last.
    pub(super) checked: Moment,
}

impl Proven {
    fn stop(self, now: Moment, outcome: Outcome) -> Step {
        self.case.end(now, outcome, Some(self.proof))
    }
}

/// See [`Step::Survey`].
#[derive(Debug)]
pub struct Surveying {
    proven: Proven,
}

impl Surveying {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.proven.case.trail
    }

    pub(super) fn new(proven: Proven) -> Self {
        Self { proven }
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
        let ids: BTreeSet<_> = case.subject.vms.iter().chain(case.courses.keys()).copied().collect();
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
        let Self { mut proven } = self;
        proven.case.heard();
        proven.case.hosts = survey.hosts.iter().map(|host| (host.id, host.name.clone())).collect();
        if let Some(reason) = came_back(&mut proven.case, now, &survey) {
            return returned(proven, now, reason, &survey);
        }
        let orders = plan_round(&mut proven.case, now, &survey);
        if proven.case.policy.purpose == Purpose::Rehearse {
            return proven.stop(now, Outcome::Rehearsed);
        }
        send(proven, now, orders)
    }
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
    let dead = case.subject.host;
    for vm in survey.vms.iter().filter(|vm| vm.host == Some(dead)) {
        if !case.vms.contains_key(&vm.id) && !case.courses.contains_key(&vm.id) {
            case.settle(vm.id, &vm.name, Fate::Held(what.clone()));
        }
    }
    let advice = "find out who powered it on, or which machine the fence device really controls".to_owned();
    call_off(proven, now, Failure { trouble: Trouble::Refused, what, advice })
}

/// Decide about every VM that is not decided yet, and note each decision.
fn plan_round(case: &mut Case, now: Moment, survey: &Survey) -> Vec<Order> {
    let request = Request {
        host: case.subject.host,
        policy: &case.policy,
        closed: case.closed(),
        live: case.live.clone(),
        moving: case.courses.iter().filter_map(|(vm, course)| Some((*vm, course.target()?))).collect(),
        refused: case.courses.iter().map(|(vm, course)| (*vm, course.refused.clone())).collect(),
    };
    let decisions = plan::plan(survey, &request);
    case.live.extend(survey.vms.iter().filter(|vm| vm.state == MIGRATING).map(|vm| vm.id));
    case.note(now, Phase::Plan, summary(&decisions));
    let rehearsal = case.policy.purpose == Purpose::Rehearse;
    let orders = decisions
        .into_iter()
        .filter_map(|decision| {
            case.detail(now, Phase::Plan, format!("{} {}: {}", decision.vm, decision.name, decision.verdict));
            if rehearsal { tell(case, decision) } else { take(case, now, decision) }
        })
        .collect();
    let gone: Vec<_> = case.courses.iter().filter(|(_, course)| course.stage == Stage::Open).collect();
    let gone: Vec<_> = gone.into_iter().map(|(vm, course)| (*vm, course.name.clone())).collect();
    for (vm, name) in gone {
        close(case, vm, &name, Fate::Left("it does not exist any more".to_owned()));
    }
    orders
}

fn summary(decisions: &[Decision]) -> String {
    let count = |of: fn(&Verdict) -> bool| decisions.iter().filter(|decision| of(&decision.verdict)).count();
    format!(
        "{} VMs: {} to act on, {} to wait for, {} held, {} left alone",
        decisions.len(),
        count(|verdict| matches!(verdict, Verdict::Act(..))),
        count(|verdict| matches!(verdict, Verdict::Await(_))),
        count(|verdict| matches!(verdict, Verdict::Hold(_))),
        count(|verdict| matches!(verdict, Verdict::Leave(_)))
    )
}

fn tell(case: &mut Case, decision: Decision) -> Option<Order> {
    let fate = match decision.verdict {
        Verdict::Act(_, text) | Verdict::Await(text) => Fate::Planned(text),
        Verdict::Hold(reason) => Fate::Held(reason),
        Verdict::Leave(reason) => Fate::Left(reason),
    };
    close(case, decision.vm, &decision.name, fate);
    None
}

fn take(case: &mut Case, now: Moment, decision: Decision) -> Option<Order> {
    let Decision { vm, name, state, host, verdict } = decision;
    let elsewhere = host.is_some_and(|host| host != case.subject.host);
    match verdict {
        Verdict::Act(order, _) => {
            let course = case.courses.entry(vm).or_insert_with(|| Course::new(name, state));
            course.send(order, now);
            return Some(order);
        }
        Verdict::Await(_) => {
            let course = case.courses.entry(vm).or_insert_with(|| Course::new(name, state));
            course.wait_for_oned(now);
        }
        Verdict::Hold(reason) => close(case, vm, &name, Fate::Held(reason)),
        Verdict::Leave(reason) => {
            // An order whose answer was lost has been executed after all.
            let follow = |course: &mut Course| elsewhere && course.follow(now);
            if !case.courses.get_mut(&vm).is_some_and(follow) {
                close(case, vm, &name, Fate::Left(reason));
            }
        }
    }
    None
}

pub(super) fn close(case: &mut Case, vm: VmId, name: &str, fate: Fate) {
    case.courses.remove(&vm);
    case.settle(vm, name, fate);
}

/// How old the last look at the power may be when orders are sent: a machine takes longer to boot.
const FRESH: Duration = Duration::from_secs(10);

/// Send these orders, after one more look at the power.
pub(super) fn send(proven: Proven, now: Moment, orders: Vec<Order>) -> Step {
    if orders.is_empty() { next(proven, now) } else { Proving::before(proven, orders) }
}

/// Send the rest of a round, after one more look at the power if the last one is not fresh.
pub(super) fn send_on(proven: Proven, now: Moment, orders: Vec<Order>) -> Step {
    if orders.is_empty() || now.since(proven.checked) >= FRESH {
        return send(proven, now, orders);
    }
    Acting::begin(proven, orders)
}

/// What is next when no order is waiting to be sent.
pub(super) fn next(proven: Proven, now: Moment) -> Step {
    let case = &proven.case;
    if case.courses.values().any(|course| course.stage == Stage::Open) {
        return Step::Survey(Surveying::new(proven));
    }
    if case.courses.is_empty() {
        let partly = case.vms.values().any(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_)));
        return proven.stop(now, if partly { Outcome::Partly } else { Outcome::Recovered });
    }
    let stuck = case.courses.values().any(|course| matches!(course.stage, Stage::Awaiting { .. }));
    if stuck && !case.disabled && now >= Moment(GRACE) {
        return Disabling::step(proven);
    }
    Settling::later(proven)
}

/// End the run although VMs are not done: nothing more is sent.
pub(super) fn call_off(mut proven: Proven, now: Moment, failure: Failure) -> Step {
    let case = &mut proven.case;
    give_up_courses(case, &failure.what);
    let touched = case.vms.values().any(|vm| matches!(vm.fate, Fate::Recovered(_) | Fate::Failed(_)));
    case.note(now, Phase::Settle, format!("{}; {}", failure.what, failure.advice));
    proven.stop(now, if touched { Outcome::Partly } else { Outcome::Held(failure) })
}

/// oned has been silent for too long.
pub(super) fn no_cloud(mut proven: Proven, now: Moment, failure: Failure) -> Step {
    give_up_courses(&mut proven.case, "oned gives no answer");
    proven.stop(now, Outcome::NoCloud(failure))
}

fn give_up_courses(case: &mut Case, why: &str) {
    for (vm, course) in std::mem::take(&mut case.courses) {
        let fate = match course.stage {
            Stage::Moving { .. } if course.calls > 0 => {
                Fate::Failed(format!("oned was asked, and the outcome was not seen: {why}"))
            }
            Stage::Open | Stage::Awaiting { .. } | Stage::Moving { .. } => Fate::Held(why.to_owned()),
        };
        case.settle(vm, &course.name, fate);
    }
}
