//! The runs: several hosts at the same time, each with a world of its own.
//!
//! What another process has begun meanwhile ends at the incident's lock. While runs go on, the zone is looked at again, so
//! a host that dies then does not wait for the slowest of them. Whose turn it is is decided in `policy::reconcile`.

use super::super::hook::{recorded, zone};
use super::downs;
use super::look::{Desk, Looked};
use super::tell::{Ended, Told};
use super::tick::ticked;
use crate::error::{Error, Result};
use crate::finish;
use crate::model::Incident;
use crate::policy::reconcile::{Decision, LOOK, Turns, stays};
use crate::policy::{Failure, Subject, Trouble, evacuate, watch};
use crate::run::Run;
use crate::world::{Live, Places, clock, sweep};
use crate::{run_back, run_evacuate, trail};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, Scope};
use std::time::Duration;

type Done = (Decision, Result<Ended>);

/// Work until nothing is left to be begun and every run has ended; then, while an incident waits, until `stay` is over.
///
/// # Errors
/// A [`Failure`] if the zone cannot be looked at and no run goes on.
pub(super) fn off(desk: &Desk, told: &mut Told, json: bool, stay: Duration) -> Result<(), Failure> {
    let began = clock::since_boot();
    let (sender, done) = channel::<Done>();
    sweep(&desk.config.paths.run_dir);
    let vms = Mutex::new(downs::due(desk));
    let mut left = vms.lock().map_or(0, |vms| vms.len());
    let parallel = desk.config.reconcile.rules.parallel;
    let places = Places::new(parallel);
    std::thread::scope(|scope| {
        let mut turns = Turns::default();
        let tended = downs::begin(scope, desk, &vms);
        let mut waits = false;
        loop {
            match desk.look() {
                Ok(looked) => {
                    told.decided(&looked);
                    ticked(desk, Some(&looked));
                    if looked.has_left_looks() {
                        enable(desk);
                    }
                    waits = stays(&looked.decisions, clock::since_boot().saturating_sub(began), stay);
                    for decision in &looked.decisions {
                        if turns.begins(decision, parallel, clock::wall_clock()) {
                            begin(scope, desk, (&looked, &places), decision, &sender);
                        }
                    }
                }
                Err(failure) if turns.is_idle() && left == 0 => return Err(failure),
                Err(failure) => log::warn!("reconcile: {}; looking again", failure.what),
            }
            left = left.saturating_sub(tell_vms(&tended, told, json));
            if turns.is_idle() && left == 0 && !waits {
                return Ok(());
            }
            if turns.is_idle() && left > 0 {
                // Nothing else can end first.
                match tended.recv_timeout(LOOK) {
                    Ok(ended) => {
                        tell_vm(&ended, told, json);
                        left = left.saturating_sub(1);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    // No thread could be had for them: the timer comes again.
                    Err(RecvTimeoutError::Disconnected) => left = 0,
                }
                continue;
            }
            let first = done.recv_timeout(LOOK).ok();
            for (decision, report) in first.into_iter().chain(done.try_iter()) {
                turns.ended(decision.host, clock::wall_clock());
                let text = told.ended(&decision, &report);
                if !json {
                    finish::say(&text);
                }
            }
        }
    })
}

/// Enable the hosts that a watcher has left OFFLINE. What fails is tried again by the next look.
fn enable(desk: &Desk) {
    let policy = watch::Policy::of(desk.config.watch, &desk.config.rules);
    match zone(&desk.config, &desk.environment) {
        Ok(zone) => drop(Run::mend_looks(policy).to_the_end(&mut Live::new(zone, &desk.config))),
        Err(error) => log::warn!("reconcile: {}", error.chain()),
    }
}

/// Tell of those that have ended meanwhile; how many.
fn tell_vms(ended: &Receiver<downs::Done>, told: &mut Told, json: bool) -> usize {
    ended.try_iter().map(|ended| tell_vm(&ended, told, json)).count()
}

fn tell_vm((vm, was_held, ended): &downs::Done, told: &mut Told, json: bool) {
    let text = told.tended(*vm, *was_held, ended);
    if !json && !text.is_empty() {
        finish::say(&text);
    }
}

fn begin<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    desk: &'env Desk,
    (looked, places): (&Looked, &Places),
    decision: &Decision,
    sender: &Sender<Done>,
) {
    log::info!(
        "reconcile: {} ({}): {}: {}",
        decision.name,
        decision.host,
        decision.todo.name(),
        decision.why
    );
    let (subject, sender) = (looked.subject(decision), sender.clone());
    let incident = looked.incident(decision).cloned();
    let emptied = looked.evacuation(decision).map(|evacuation| desk.evacuate_policy(evacuation));
    let (again, decision) = (sender.clone(), decision.clone());
    let (kept, places) = (decision.clone(), places.clone());
    let work = move || {
        trail::about_in_thread(decision.host);
        let ended = catch_unwind(AssertUnwindSafe(|| match emptied {
            Some(policy) => empty(desk, &subject, policy),
            None => one(desk, subject, &decision, incident.as_ref(), &places),
        }));
        let report = ended.unwrap_or_else(|_| Err(ended_in_a_panic()));
        // Nobody listens any more only if this process ends.
        let _ = sender.send((decision, report));
    };
    if let Err(error) = Builder::new().name("reconcile".to_owned()).spawn_scoped(scope, work) {
        let _ = again.send((
            kept,
            Err(Error::instead(
                format!("no thread can be had: {error}"),
                "nothing: the next `onerescue reconcile` goes on",
            )),
        ));
    }
}

/// A run ended in an error of this program.
pub(super) fn ended_in_a_panic() -> Error {
    let advice = "report that, with the log; the next `onerescue reconcile` goes on with the same incident";
    Error::instead("the run ended in an error of this program", advice)
}

/// Go on with an evacuation.
fn empty(desk: &Desk, subject: &Subject, policy: evacuate::Policy) -> Result<Ended> {
    let mut world = Live::new(zone(&desk.config, &desk.environment)?, &desk.config);
    Ok(run_evacuate(&mut world, subject, policy).into())
}

fn one(
    desk: &Desk,
    subject: Subject,
    decision: &Decision,
    incident: Option<&Incident>,
    places: &Places,
) -> Result<Ended> {
    let world = || Ok::<_, Error>(Live::new(zone(&desk.config, &desk.environment)?, &desk.config));
    if decision.todo.is_back() {
        return Ok(run_back(&mut world()?, subject, desk.back_policy()).into());
    }
    let policy = match desk.policy(decision, incident) {
        Ok(policy) => policy,
        Err(failure) if failure.trouble == Trouble::Settings => {
            return Err(Error::Settings { file: desk.config.file.clone(), why: failure.what });
        }
        Err(failure) => return Ok(Ended::held(decision, failure)),
    };
    Ok(recorded(world()?.among(places), &desk.config, subject, policy).into())
}
