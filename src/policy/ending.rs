//! What comes after a step of the recovery: send, look again, or stop.

use super::act::Acting;
use super::case::Case;
use super::course::Stage;
use super::incident::Step;
use super::notes::Phase;
use super::order::Order;
use super::port::{Failure, Trouble};
use super::record::{After, write};
use super::recover::{Proven, Surveying};
use super::report::{Fate, Outcome};
use super::settings::Mode;
use super::settle::Settling;
use super::still::{Effect, before_more};
use crate::model::Moment;
use std::time::Duration;

/// oned gives up 1,000 VMs of a dead host within 40 s; VMs that it has not given up by then need help.
const GRACE: Duration = Duration::from_secs(60);

/// Send these orders, after one more look at the power.
pub(super) fn send(proven: Proven, now: Moment, orders: Vec<Order>) -> Step {
    if orders.is_empty() {
        return next(proven, now);
    }
    // Written down first, so that no later run forgets a VM that was touched.
    let Proven { mut case, proof, checked, surveyed } = proven;
    case.begins_to_retry(now, &proof);
    write(case, now, After::Change { effect: Effect::Orders(orders), proof, checked, surveyed })
}

/// How old a survey may be when orders of its plan are sent: targets die and fill up too.
const CURRENT: Duration = Duration::from_secs(30);

/// Send the rest of a round, after one more look at the power: somebody may have switched the host on since the last
/// few VMs. A plan that is too old is made again.
pub(super) fn send_on(mut proven: Proven, now: Moment, orders: Vec<Order>) -> Step {
    if orders.iter().any(|order| matches!(order, Order::Unresched { .. })) {
        return Acting::begin(proven, orders);
    }
    if !orders.is_empty() && now.since(proven.surveyed) >= CURRENT {
        for order in orders {
            if let Some(course) = proven.case.courses.get_mut(&order.vm()) {
                course.reopen(now);
            }
        }
        return next(proven, now);
    }
    if orders.is_empty() {
        return next(proven, now);
    }
    // The first of a round has written all of them down.
    before_more(proven, Effect::Orders(orders))
}

/// What is next when no order is waiting to be sent.
pub(super) fn next(proven: Proven, now: Moment) -> Step {
    let case = &proven.case;
    if case.halted.is_none() && case.courses.values().any(|course| course.stage == Stage::Open) {
        return Step::Survey(Surveying::new(proven));
    }
    if case.courses.is_empty() {
        return all_done(proven, now);
    }
    // A recreate or delete takes VMs that oned calls RUNNING; only a migration needs oned to give them up.
    let stuck = case.policy.mode == Mode::Migrate
        && case.courses.values().any(|course| matches!(course.stage, Stage::Awaiting { here: true, .. }));
    if stuck && !case.disable_tried && case.halted.is_none() && now >= Moment(GRACE) {
        return Surveying::to_disable(proven);
    }
    Settling::later(proven)
}

fn all_done(proven: Proven, now: Moment) -> Step {
    let case = &proven.case;
    let count = |of: fn(&Fate) -> bool| case.vms.values().filter(|vm| of(&vm.fate)).count();
    let partly = count(|fate| matches!(fate, Fate::Held(_) | Fate::Failed(_)));
    let outcome = match &case.halted {
        Some(failure) if !case.touched => Outcome::Held(failure.clone()),
        None if partly == 0 => Outcome::Recovered,
        Some(_) | None => Outcome::Partly,
    };
    proven.stop(now, outcome)
}

/// Send nothing more. What was sent already is still read back.
pub(super) fn call_off(mut proven: Proven, now: Moment, failure: Failure) -> Step {
    let case = &mut proven.case;
    case.note(now, Phase::Settle, format!("{}; nothing more is sent; {}", failure.what, failure.advice));
    for (vm, course) in std::mem::take(&mut case.courses) {
        if course.to_take_back() {
            let mut course = course;
            course.take_back(vm, now, Some(Fate::Failed(failure.what.clone())));
            case.courses.insert(vm, course);
        } else if matches!(course.stage, Stage::Moving { .. }) && course.calls > 0 {
            case.courses.insert(vm, course);
        } else {
            let why = failure.what.clone();
            let fate = if course.calls > 0 { Fate::Failed(why) } else { Fate::Held(why) };
            case.settle(vm, &course.name, fate);
        }
    }
    case.halted = Some(failure);
    next(proven, now)
}

/// The host was being fenced again, with VMs on their way, and that ended without a proof.
pub(super) fn stopped_again(proven: Proven, now: Moment, outcome: Outcome) -> Step {
    let what = format!("{} was proven off and was on again", proven.case.host());
    let advice = "power it off and keep it off, then run the same command again".to_owned();
    let failure = match outcome {
        Outcome::NoCloud(failure) => return no_cloud(proven, now, failure),
        Outcome::NotStarted(failure) | Outcome::NotFenced(failure) | Outcome::Held(failure) => failure,
        Outcome::NothingToDo(reason) | Outcome::HandedOver(reason) => {
            Failure { trouble: Trouble::Refused, what: format!("{what}: {reason}"), advice }
        }
        Outcome::Recovered | Outcome::Fenced | Outcome::Rehearsed(_) | Outcome::Partly => {
            Failure { trouble: Trouble::Refused, what, advice }
        }
    };
    call_off(proven, now, failure)
}

/// oned has been silent for too long.
pub(super) fn no_cloud(mut proven: Proven, now: Moment, failure: Failure) -> Step {
    give_up(&mut proven.case, "oned gives no answer");
    proven.stop(now, Outcome::NoCloud(failure))
}

/// Every VM on its way gets an outcome, because this run sees no more of it.
pub(super) fn give_up(case: &mut Case, why: &str) {
    for (vm, course) in std::mem::take(&mut case.courses) {
        let fate = match course.stage {
            Stage::Moving { .. } if course.calls > 0 => {
                Fate::Failed(format!("oned was asked, and the outcome was not seen: {why}"))
            }
            Stage::Open | Stage::Awaiting { .. } | Stage::Waiting { .. } | Stage::Moving { .. }
                if course.calls > 0 =>
            {
                Fate::Failed(format!("it was touched before: {why}"))
            }
            Stage::Open | Stage::Awaiting { .. } | Stage::Waiting { .. } | Stage::Moving { .. } => {
                Fate::Held(why.to_owned())
            }
        };
        let fate = course.said_with_flag(vm, fate);
        case.settle(vm, &course.name, fate);
    }
}
