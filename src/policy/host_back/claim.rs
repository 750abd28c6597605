//! May this run work on the host: does its front-end lead the zone, and does no other run work on it?

use super::look::gone;
use super::run::Run;
use crate::model::{HostState, Locked};
use crate::policy::holder::{Holds, LONGEST, holds, stuck, who};
use crate::policy::lead::{Leads, leads};
use crate::policy::notes::Phase;
use crate::policy::port::{Claim, Failure};
use crate::policy::report::Outcome;

/// A follower claims nothing: what it sees may be old, and the leader has a run of its own.
pub(super) async fn lead(run: &Run) -> Result<(), Outcome> {
    if !run.policy.leader || run.rehearses() {
        return Ok(());
    }
    loop {
        let failure = match leads(&run.ask(|world| world.lead()).await) {
            Leads::Yes => return Ok(()),
            Leads::Unclear(failure) => failure,
            Leads::No(failure) => {
                let advice = format!("{}: `{}`", failure.advice, command(run));
                return Err(Outcome::Held(Failure { advice, ..failure }));
            }
        };
        let Some(pause) = run.patience(run.policy.wait, Phase::Claim, &failure) else {
            return Err(Outcome::NoCloud(failure));
        };
        run.wait(pause).await;
    }
}

/// No other run works on the host, by the same lock that `host_error` takes.
pub(super) async fn claim(run: &mut Run) -> Result<(), Outcome> {
    let (id, mut over) = (run.id, Vec::new());
    loop {
        let strangers = over.clone();
        match run.ask(move |world| world.claim(id, &strangers)).await {
            Ok(Claim::Ours(_) | Claim::Stopped(_)) => break,
            Ok(Claim::Held(locked)) if holds(&locked) == Holds::Strangers && over != locked.holders => {
                over = locked.holders;
            }
            Ok(Claim::Held(locked)) => return Err(held(run, &locked)),
            Ok(Claim::Others | Claim::Fencing { .. }) => {
                return Err(Outcome::NothingToDo("another run works on this host".to_owned()));
            }
            Err(failure) => return Err(Outcome::NotStarted(failure)),
        }
    }
    // A DISABLED one may be in our own quarantine.
    if !matches!(run.host.state, HostState::Monitored | HostState::Init | HostState::Disabled) {
        return Err(gone(run));
    }
    let monitored = run.host.state == HostState::Monitored;
    run.since = monitored.then(|| (run.now(), run.host.monitored_at));
    Ok(())
}

/// Somebody holds the lock of the host on this front-end.
fn held(run: &Run, locked: &Locked) -> Outcome {
    let run_holds = holds(locked) != Holds::Strangers;
    if run_holds && locked.since.is_none_or(|since| since < LONGEST) {
        return Outcome::NothingToDo(format!("another run works on this host: {}", who(locked)));
    }
    Outcome::Held(stuck(locked, &run.host.name, &command(run)))
}

fn command(run: &Run) -> String {
    format!("host_back --host {}", run.host.name)
}
