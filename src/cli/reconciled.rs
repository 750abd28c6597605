//! A scenario whose hook is killed or hands over: the timer ticks once a minute until reconcile works on its host.
//!
//! What it works on is decided by `policy::reconcile` from the simulated cloud; the run is the hook's.

use super::timeline::timeline;
use crate::model::{Moment, VmId};
use crate::policy::healthy::Account;
use crate::policy::lead::idle;
use crate::policy::moments::Bounds;
use crate::policy::reconcile::{Decision, LOOK, ReconcileRules, Todo, Waits, decide, left, options};
use crate::policy::stopping::By;
use crate::policy::{Disabled, HandOver, HoldRules, Outcome, Policy, Report, Rules, Source, host_back};
use crate::run::Run;
use crate::sim::{Job, Scenario, Then};
use crate::world::World as _;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// The name of the front-end that lives.
const ELSEWHERE: &str = "other";

/// Time after which a scenario has nothing left to reconcile.
const MOST: Duration = Duration::from_secs(30 * 60);

/// `templates/onerescue-reconcile.timer`: a pass begins at each full minute. While an incident waits it stays until the next,
/// and looks every 10 s.
const TIMER: Duration = Duration::from_secs(60);

/// What comes before the run that is played: a hook that is killed, ticks of the timer. The report if reconcile has
/// nothing to do.
pub(super) fn before(scenario: &mut Scenario, text: &mut String) -> Option<Report> {
    let first = !std::mem::replace(&mut scenario.played, true);
    if let Some(after) = scenario.killed.take() {
        let run = Run::begin(scenario.subject.clone(), scenario.policy.clone());
        kill(scenario, (run, |report| report.outcome.to_string()), after, text);
    } else if first {
        return None;
    }
    if scenario.then == Then::Again {
        return None;
    }
    let why = tick(scenario, text).err()?;
    Some(nothing(scenario, why))
}

/// The same for a hook on healthy hosts. How it ends if there is nothing to do.
pub(super) fn before_tended(scenario: &mut Scenario, text: &mut String) -> Option<Outcome> {
    let first = !std::mem::replace(&mut scenario.played, true) && scenario.killed.is_none();
    if let Job::Evacuate(policy) = &scenario.job
        && let Some(after) = scenario.killed
    {
        let run = Run::evacuate(&scenario.subject, (**policy).clone());
        scenario.killed = None;
        kill(scenario, (run, Account::said), after, text);
    }
    if let Job::Restore(policy) = &scenario.job
        && let Some(after) = scenario.killed
    {
        let run = Run::restore(&scenario.subject, (**policy).clone());
        scenario.killed = None;
        kill(scenario, (run, Account::said), after, text);
    }
    match (&scenario.job, scenario.then) {
        (_, Then::Again) => None,
        _ if first => None,
        (Job::VmDown(vm, policy), _) => {
            let (vm, hold) = (*vm, policy.rules.hold);
            look_again(scenario, vm, hold, text).err()
        }
        (Job::HostError | Job::HostBack(_) | Job::Evacuate(_) | Job::Restore(_) | Job::Watch(..), _) => {
            tick(scenario, text).err()
        }
    }
}

/// The timer's next tick, for a VM whose run has left its word.
///
/// # Errors
/// It has left none.
fn look_again(scenario: &mut Scenario, vm: VmId, hold: HoldRules, text: &mut String) -> Result<(), Outcome> {
    let kept = loop {
        wait(scenario, TIMER);
        let (at, now) = (scenario.world.now(), scenario.world.transport().cloud().wall_clock());
        let Some(kept) = scenario.world.is_looked_at_again().filter(|kept| kept.goes_on(&hold, now)) else {
            let _ = writeln!(text, "{at} timer    nothing to do\n");
            return Err(nothing_to_do("no run of vm_down has left its word"));
        };
        if kept.left(&hold, now).is_zero() {
            break kept.why(now);
        }
    };
    let _ = writeln!(text, "{} timer    {vm}: {kept}\n", scenario.world.now());
    scenario.subject.source = Source::Reconcile;
    Ok(())
}

/// Run it for this long, then forget it.
fn kill<E>(
    scenario: &mut Scenario,
    (mut run, ended): (Run<E>, fn(&E) -> String),
    after: Duration,
    text: &mut String,
) {
    scenario.world.begin_again();
    while scenario.world.now() < Moment(after) && !scenario.world.transport().is_dead() {
        run = match run.go_on(&mut scenario.world) {
            Ok(run) => run,
            Err(report) => {
                let _ = writeln!(text, "it had ended before it was killed: {}", ended(&report));
                return;
            }
        };
    }
    let trail = scenario.world.told().to_vec();
    timeline(&scenario.world, &trail, text);
    let transport = scenario.world.transport();
    let inside = transport.calls().pop().filter(|_| transport.is_dead());
    let inside = inside.map_or_else(String::new, |call| format!(" inside {}", call.method));
    transport.begin_again();
    let at = scenario.world.now();
    if let Some(by) = scenario.stopped {
        let said = scenario.world.let_go(by).unwrap_or_else(|why| why);
        let who = match by {
            By::Machine => "a signal",
            By::Person => "a person",
        };
        let _ = writeln!(text, "{at} ..       the hook is stopped by {who}: {said}\n");
    } else {
        let _ = writeln!(text, "{at} ..       the hook is killed{inside}\n");
    }
}

/// Let the timer tick until the host's turn comes.
///
/// # Errors
/// Why nothing is to be done.
fn tick(scenario: &mut Scenario, text: &mut String) -> Result<(), Outcome> {
    if scenario.world.transport().is_dead() {
        // A fault has killed the run before, and the timer begins another process.
        scenario.world.transport().begin_again();
    }
    match scenario.then {
        Then::Again | Then::Reconcile => {}
        Then::Elsewhere => scenario.world.begin_elsewhere(ELSEWHERE),
        Then::Rebooted => scenario.world.begin_after_boot(),
        Then::Cloned => scenario.world.begin_on_clone(),
        Then::Leader => follower(scenario, text),
    }
    let mut last: Option<String> = None;
    let (mut pace, began) = (TIMER, scenario.world.now());
    while scenario.world.now().since(began) < MOST {
        wait(scenario, pace);
        let begins = scenario.world.transport().cloud().epoch().rem_euclid(60) == 0;
        pace = TIMER;
        let at = scenario.world.now();
        // As reconcile asks before anything else.
        scenario.world.look_for_a_leader();
        if let Some(why) = follows(scenario) {
            if last.as_ref() != Some(&why) {
                let _ = writeln!(text, "{at} timer    nothing to do here: {why}");
            }
            last = Some(why);
            continue;
        }
        let Some(decision) = look(scenario) else {
            let _ = writeln!(text, "{at} timer    nothing to do\n");
            return Err(nothing_to_do("no host is in ERROR and no incident is open"));
        };
        if decision.todo != Todo::Leave || begins && last.as_ref() != Some(&decision.why) {
            let _ = writeln!(text, "{at} timer    {}: {}", decision.todo.name(), decision.why);
        }
        if decision.todo != Todo::Leave {
            text.push('\n');
            return take_up(scenario, &decision);
        }
        if decision.waits != Waits::No {
            pace = LOOK;
        }
        last = Some(decision.why);
    }
    text.push('\n');
    Err(nothing_to_do(&last.unwrap_or_default()))
}

/// Until the wall clock shows the next full multiple of this time.
fn wait(scenario: &mut Scenario, pace: Duration) {
    let pace = i64::try_from(pace.as_secs()).unwrap_or(60);
    let passed = scenario.world.transport().cloud().epoch().rem_euclid(pace);
    scenario.world.advance(Duration::from_secs(u64::try_from(pace - passed).unwrap_or(60)));
}

fn nothing_to_do(why: &str) -> Outcome {
    Outcome::NothingToDo(why.to_owned())
}

/// Why this front-end's timer has nothing to do.
fn follows(scenario: &Scenario) -> Option<String> {
    idle(&scenario.world.zone().lead(), scenario.policy.observer).unwrap_or_else(|failure| Some(failure.what))
}

/// The timer of the hook's front-end, which does not lead any more, at its next tick; the next one is the leader's.
fn follower(scenario: &mut Scenario, text: &mut String) {
    wait(scenario, TIMER);
    let at = scenario.world.now();
    let said = scenario.world.release().unwrap_or_else(|why| vec![why]);
    let said = if said.is_empty() { "nothing to release".to_owned() } else { said.join("; ") };
    let _ = writeln!(text, "{at} timer    on the front-end that follows: {said}");
    scenario.world.begin_on_the_leader(ELSEWHERE);
}

/// As reconcile does it: it has no event, so it knows the VMs that the host has now. The hook is registered with the
/// scenario's options, unless a person has started it.
///
/// # Errors
/// Why a machine does nothing.
fn take_up(scenario: &mut Scenario, decision: &Decision) -> Result<(), Outcome> {
    let host = scenario.subject.host;
    let hosts = scenario.world.zone().hosts().unwrap_or_default();
    scenario.subject.vms =
        hosts.into_iter().find(|known| known.id == host).map(|known| known.vms).unwrap_or_default();
    scenario.subject.source = Source::Reconcile;
    match &mut scenario.job {
        Job::HostError => {
            let asked = scenario.world.transport().cloud().open_incident(host);
            let asked = asked.and_then(|(_, incident)| incident.flags);
            let registered = || {
                let why = || "no hook is registered".to_owned();
                (!scenario.by_hand).then(|| scenario.policy.clone()).ok_or_else(why)
            };
            let Policy { mode, force, fencing, .. } =
                options(&decision.name, asked, &Rules::default(), registered).map_err(Outcome::Held)?;
            let wait = left(scenario.policy.wait, decision.waited);
            let hand_over = HandOver::Yes;
            scenario.policy = Policy { mode, force, fencing, hand_over, wait, ..scenario.policy.clone() };
        }
        Job::HostBack(policy) => policy.hand_over = HandOver::Yes,
        Job::VmDown(..) | Job::Evacuate(_) | Job::Restore(_) | Job::Watch(..) => {}
    }
    Ok(())
}

/// What is decided about the scenario's host.
fn look(scenario: &mut Scenario) -> Option<Decision> {
    let look = scenario.world.reconciles().ok()?;
    let Policy { wait, hold, .. } = &scenario.policy;
    let bounds = Bounds::new(*wait, *hold);
    let back = match &scenario.job {
        Job::HostBack(policy) => policy.back,
        Job::HostError | Job::VmDown(..) | Job::Evacuate(_) | Job::Restore(_) | Job::Watch(..) => {
            host_back::Rules::default()
        }
    };
    let rules = ReconcileRules { bounds, back, ..ReconcileRules::default() };
    let decisions = decide(look.view(&BTreeSet::new()), rules);
    decisions.into_iter().find(|decision| decision.host == scenario.subject.host)
}

fn nothing(scenario: &mut Scenario, outcome: Outcome) -> Report {
    let took = scenario.world.now();
    scenario.world.begin_again();
    Report {
        halted: None,
        again: String::new(),
        host: scenario.subject.host,
        name: scenario.subject.name.clone(),
        mode: scenario.policy.mode,
        purpose: scenario.policy.purpose,
        outcome,
        early: None,
        proof: None,
        vms: Vec::new(),
        trail: Vec::new(),
        took,
        disabled: Disabled::No,
    }
}
