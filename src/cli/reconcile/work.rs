//! The runs: several hosts at the same time, each with a world of its own.
//!
//! A host is worked on once; what another process has begun meanwhile ends at the incident's lock. While runs go on,
//! the zone is looked at again, so a host that dies then does not wait for the slowest of them.

use super::super::hook::zone;
use super::look::{Desk, Looked};
use super::tell::Told;
use crate::error::{Error, Result};
use crate::finish;
use crate::policy::reconcile::{Decision, Todo};
use crate::policy::{Failure, Policy, Report, Subject};
use crate::world::Live;
use crate::{run, trail};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, Scope};
use std::time::Duration;

/// The time between two looks while runs go on. A look costs oned two calls.
const LOOK: Duration = Duration::from_secs(15);

type Done = (Decision, Result<Report>);

/// Work until nothing is left to be begun and every run has ended.
///
/// # Errors
/// A [`Failure`] if the zone cannot be looked at and no run goes on.
pub(super) fn off(desk: &Desk, told: &mut Told, json: bool) -> Result<(), Failure> {
    let (sender, done) = channel::<Done>();
    let most = usize::try_from(desk.config.reconcile.rules.parallel).unwrap_or(1);
    std::thread::scope(|scope| {
        let mut begun = BTreeSet::new();
        let mut running = 0_usize;
        loop {
            match desk.look() {
                Ok(looked) => {
                    told.decided(&looked);
                    let new = looked.decisions.iter().filter(|one| one.todo != Todo::Leave);
                    for decision in new {
                        if running < most && begun.insert(decision.host) {
                            running += 1;
                            begin(scope, desk, &looked, decision, &sender);
                        }
                    }
                }
                Err(failure) if running == 0 => return Err(failure),
                Err(failure) => log::warn!("reconcile: {}; looking again", failure.what),
            }
            if running == 0 {
                return Ok(());
            }
            let first = done.recv_timeout(LOOK).ok();
            for (decision, report) in first.into_iter().chain(done.try_iter()) {
                running = running.saturating_sub(1);
                let text = told.ended(&decision, &report);
                if !json {
                    finish::say(&text);
                }
            }
        }
    })
}

fn begin<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    desk: &'env Desk,
    looked: &Looked,
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
    let policy = desk.policy(looked.incident(decision.host), decision.waited);
    let (again, decision) = (sender.clone(), decision.clone());
    let kept = decision.clone();
    let work = move || {
        trail::about_in_thread(decision.host);
        let report = policy.and_then(|policy| {
            let ended = catch_unwind(AssertUnwindSafe(|| one(desk, subject, &policy)));
            ended
                .unwrap_or_else(|_| Err(Error::Usage("the run ended in an error of this program".to_owned())))
        });
        // Nobody listens any more only if this process ends.
        let _ = sender.send((decision, report));
    };
    if let Err(error) = Builder::new().name("reconcile".to_owned()).spawn_scoped(scope, work) {
        let _ = again.send((kept, Err(Error::Usage(format!("no thread can be had: {error}")))));
    }
}

fn one(desk: &Desk, subject: Subject, policy: &Policy) -> Result<Report> {
    let zone = zone(&desk.config, &desk.environment)?;
    let mut world = Live::new(zone, &desk.config);
    Ok(run(&mut world, subject, policy.clone()))
}
