//! A drill of `onerescue watch`, told as a timeline: a watcher that may be killed, and what comes after it.

use super::timeline::{calls, timeline, whereabouts};
use crate::model::Moment;
use crate::policy::healthy::{Account, Hook};
use crate::policy::watch::{Known, Policy};
use crate::policy::{Fate, Outcome, VmReport};
use crate::run::Run;
use crate::sim::{Scenario, Then, audit_watch};
use crate::world::World as _;
use std::fmt::Write as _;
use std::time::Duration;

/// The name of the front-end that lives.
const ELSEWHERE: &str = "other";
/// `templates/onerescue-reconcile.timer`
const TIMER: Duration = Duration::from_secs(60);

/// Run a scenario of a watcher once and tell it, with every safety rule that was broken.
pub(super) fn play_watch(
    scenario: &mut Scenario,
    (policy, time): (Policy, Duration),
) -> (Account, String, Vec<String>) {
    let mut text = format!("{}\n\n", scenario.title);
    let first = !std::mem::replace(&mut scenario.played, true);
    let killed = scenario.killed.take();
    if let Some(after) = killed {
        scenario.world.begin_again();
        drive(scenario, policy, Known::default(), after.min(time));
        tell(scenario, &mut text);
        scenario.world.transport().begin_again();
        let _ = writeln!(text, "{} ..       the watcher is killed\n", scenario.world.now());
    }
    if !first || killed.is_some() {
        scenario.world.advance(scenario.rest);
        next(scenario);
    } else {
        scenario.world.begin_again();
    }
    let began = scenario.world.began();
    let by_timer = scenario.then == Then::Reconcile && (!first || killed.is_some());
    let known = if by_timer {
        reconcile(scenario, policy, time)
    } else {
        drive(scenario, policy, Known::default(), time)
    };
    tell(scenario, &mut text);
    let said = format!("{} looks were forced, {} hosts were enabled again", known.forced, known.mended);
    let _ = writeln!(text, "\n{said}, after {} calls of oned\n", calls(&scenario.world, began));
    let account = account(scenario, said);
    whereabouts(scenario, &account.vms, &mut text);
    let broken = audit_watch(&scenario.world);
    for rule in &broken {
        let _ = writeln!(text, "BROKEN {rule}");
    }
    if broken.is_empty() {
        text.push_str("every safety rule held\n");
    }
    (account, text, broken)
}

/// The process that comes after the first one.
fn next(scenario: &mut Scenario) {
    match scenario.then {
        Then::Again | Then::Reconcile => scenario.world.begin_again(),
        Then::Elsewhere => scenario.world.begin_elsewhere(ELSEWHERE),
        Then::Rebooted => scenario.world.begin_after_boot(),
        Then::Cloned => scenario.world.begin_on_clone(),
        Then::Leader => scenario.world.begin_on_the_leader(ELSEWHERE),
    }
}

/// Turn after turn, for so long or until a fault kills the process.
fn drive(scenario: &mut Scenario, policy: Policy, mut known: Known, time: Duration) -> Known {
    let over = |scenario: &mut Scenario| {
        scenario.world.now() >= Moment(time) || scenario.world.transport().is_dead()
    };
    while !over(scenario) {
        let mut run = Run::watch(known.clone(), policy);
        loop {
            if over(scenario) {
                return known;
            }
            run = match run.go_on(&mut scenario.world) {
                Ok(run) => run,
                Err(end) => {
                    known = *end;
                    break;
                }
            };
        }
    }
    known
}

/// What the timer of `onerescue reconcile` does about looks that were not ended.
fn reconcile(scenario: &mut Scenario, policy: Policy, time: Duration) -> Known {
    let mut known = Known::default();
    while scenario.world.now() < Moment(time) {
        scenario.world.advance(TIMER);
        known = Run::mend_looks(policy).to_the_end(&mut scenario.world);
        if known.mended > 0 {
            scenario.world.advance(TIMER);
            break;
        }
    }
    known
}

fn tell(scenario: &Scenario, text: &mut String) {
    let trail = scenario.world.told().to_vec();
    timeline(&scenario.world, &trail, text);
}

/// No VM is touched.
fn account(scenario: &mut Scenario, said: String) -> Account {
    let names = scenario.vms.iter().filter(|(_, id)| scenario.charged.contains(id));
    let left = |(name, id): (&String, &crate::model::VmId)| VmReport {
        id: *id,
        name: name.clone(),
        fate: Fate::Left("a watcher touches no VM".to_owned()),
    };
    Account {
        hook: Hook::Watch,
        about: format!("{} ({})", scenario.subject.name, scenario.subject.host),
        outcome: Outcome::NothingToDo(said),
        vms: names.map(left).collect(),
        trail: scenario.world.told().to_vec(),
        took: scenario.world.now(),
    }
}
