//! One round of planning: take up each decision, and note it.

use super::case::Case;
use super::course::{Course, Stage};
use super::notes::Phase;
use super::order::Order;
use super::plan::{self, Decision, Request, Verdict};
use super::port::Survey;
use super::proof::Proof;
use super::report::Fate;
use super::resume::resume;
use super::scheduler::left_to_it;
use super::settings::Purpose;
use super::states::{self, Class};
use super::waiting::{named, unmet};
use crate::model::{LcmState, Moment, VmId, VmState};

/// Moving live between two hosts; the domain may be on either.
const MIGRATING: VmState = VmState::Active(LcmState::Migrate);

/// Decide about every VM that is not decided yet, and note each decision.
pub(super) fn plan_round(case: &mut Case, now: Moment, survey: &Survey, proof: &Proof) -> Vec<Order> {
    let request = Request {
        host: case.subject.host,
        policy: &case.policy,
        scope: proof.scope(),
        reservation: proof.reservation(),
        closed: case.closed(),
        live: case.live.clone(),
        moving: case.sent.clone(),
        refused: case.courses.iter().map(|(vm, course)| (*vm, course.refused.clone())).collect(),
        waited: case.courses.iter().filter(|(_, course)| course.waited).map(|(vm, _)| *vm).collect(),
    };
    let decisions = plan::plan(survey, &request);
    case.undecided.clear();
    case.unmoved.clear();
    case.live.extend(survey.vms.iter().filter(|vm| vm.state == MIGRATING).map(|vm| vm.id));
    case.layered = survey.vms.iter().filter(|vm| vm.layer().is_some()).map(|vm| vm.id).collect();
    // A look that was for VMs on their way only.
    if !decisions.is_empty() || case.courses.is_empty() {
        case.note(now, Phase::Plan, summary(&decisions));
    }
    let rehearsal = case.policy.purpose == Purpose::Rehearse;
    let orders = decisions
        .into_iter()
        .filter_map(|decision| {
            if !rehearsal && resume(case, now, &decision) {
                return None;
            }
            let text = format!("{} {}: {}", decision.vm, decision.name, decision.verdict);
            case.detail(now, Phase::Plan, text);
            if rehearsal { tell(case, now, decision) } else { take(case, now, decision) }
        })
        .collect();
    let open = case.courses.iter().filter(|(_, course)| course.stage == Stage::Open);
    let gone: Vec<_> = open.map(|(vm, course)| (*vm, course.name.clone())).collect();
    for (vm, name) in gone {
        close(case, now, vm, &name, Fate::Left("it does not exist any more".to_owned()));
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

fn tell(case: &mut Case, now: Moment, decision: Decision) -> Option<Order> {
    let fate = match decision.verdict {
        Verdict::Act(_, text) | Verdict::Await(text) => Fate::Planned(text),
        Verdict::Hold(reason) => Fate::Held(reason),
        Verdict::Leave(reason) => Fate::Left(reason),
    };
    close(case, now, decision.vm, &decision.name, fate);
    None
}

fn take(case: &mut Case, now: Moment, decision: Decision) -> Option<Order> {
    let Decision { vm, name, state, host, after, verdict } = decision;
    let elsewhere = host.is_some_and(|host| host != case.subject.host);
    // An order whose answer was lost has been executed after all.
    if elsewhere && case.courses.get_mut(&vm).is_some_and(|course| course.follow(now)) {
        return None;
    }
    match verdict {
        Verdict::Act(order, _) => match left_to_it(case, order, state) {
            Ok(order) => return act(case, now, (vm, name, state), order, &after),
            Err(reason) => close(case, now, vm, &name, Fate::Held(reason)),
        },
        Verdict::Await(_) => {
            let course = case.courses.entry(vm).or_insert_with(|| Course::new(name, state));
            course.wait_for_oned(now, !elsewhere);
        }
        Verdict::Hold(reason) => hold(case, now, vm, &name, reason),
        Verdict::Leave(_)
            if !elsewhere && was_running(case, vm) && states::class(state) == Class::Stopped =>
        {
            let reason = format!(
                "{state}: it was running when this run began; its host has booted since, or somebody stopped it \
                 (`onevm resume {}` starts it again)",
                vm.0
            );
            close(case, now, vm, &name, Fate::Held(reason));
        }
        Verdict::Leave(reason) => close(case, now, vm, &name, Fate::Left(reason)),
    }
    None
}

/// Send it, or wait until others run.
fn act(
    case: &mut Case,
    now: Moment,
    (vm, name, state): (VmId, String, VmState),
    order: Order,
    after: &[VmId],
) -> Option<Order> {
    let needs = unmet(&order, after);
    let text = format!("{vm} {name} waits for {}", named(case, &needs));
    let course = case.courses.entry(vm).or_insert_with(|| Course::new(name, state));
    if !course.waited && !needs.is_empty() {
        let first = course.needs.is_empty();
        course.wait_for(now, needs);
        if first {
            case.detail(now, Phase::Plan, text);
        }
        return None;
    }
    course.send(order, now);
    if let Order::Resched { .. } = order {
        let others = case.courses.values().any(|course| course.flagged);
        case.scheduling.begin(now, others);
        case.detail(now, Phase::Plan, format!("{vm}: left to the scheduler, by its RESCHED flag"));
    }
    Some(order)
}

/// It stays where it is: untouched, or not where it should be.
pub(super) fn hold(case: &mut Case, now: Moment, vm: VmId, name: &str, reason: String) {
    let touched = case.courses.get(&vm).is_some_and(|course| course.calls > 0);
    close(case, now, vm, name, if touched { Fate::Failed(reason) } else { Fate::Held(reason) });
}

/// The end of a VM that is on its way. A flag that this run has set is taken back first.
pub(super) fn give_up(case: &mut Case, now: Moment, vm: VmId, fate: Fate) {
    let Some(course) = case.courses.get_mut(&vm) else { return };
    if course.to_take_back() {
        course.take_back(vm, now, Some(fate));
        return;
    }
    let fate = course.said_with_flag(vm, fate);
    let name = course.name.clone();
    case.detail(now, Phase::Settle, format!("{vm} {name}: {fate}"));
    case.courses.remove(&vm);
    case.settle(vm, &name, fate);
}

/// Was this VM on its way in this run, and not stopped when it was first seen?
fn was_running(case: &Case, vm: VmId) -> bool {
    case.courses.get(&vm).is_some_and(|course| states::class(course.from) != Class::Stopped)
}

fn close(case: &mut Case, now: Moment, vm: VmId, name: &str, fate: Fate) {
    if case.courses.get(&vm).is_some_and(Course::to_take_back) {
        return give_up(case, now, vm, fate);
    }
    case.courses.remove(&vm);
    case.settle(vm, name, fate);
}
