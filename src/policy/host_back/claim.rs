//! May this run work on the host: does its front-end lead the zone, and does no other run work on it?

use super::close::hand_over;
use super::look::{gone, look_while_busy};
use super::remember::read_memory;
use super::run::Run;
use crate::model::{Holder, HostState};
use crate::policy::healthy::{self, Claimed};
use crate::policy::holder::{by, is_held_by};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble, World};
use crate::policy::report::Outcome;
use crate::policy::settings::HandOver;

/// A follower claims nothing: what it sees may be old, and the leader has a run of its own.
pub(super) async fn must_lead(run: &Run) -> Result<(), Outcome> {
    if !run.policy.leader || run.rehearses() {
        return Ok(());
    }
    healthy::must_lead(run, run.policy.wait, &run.command()).await
}

/// No other run works on the host, by the same lock that `host_error` takes.
pub(super) async fn claim(run: &mut Run) -> Result<(), Outcome> {
    let (id, began) = (run.id, run.now());
    let mut said = false;
    loop {
        let question = move |world: &mut dyn World, over: &[Holder]| world.claim(id, over);
        let locked = match healthy::claim(run, &run.host.name, &run.command(), question).await? {
            Claimed::Ours => break,
            Claimed::Busy(locked) => locked,
        };
        let another = format!("another run is working on this host{}", by(&locked));
        // It does the same.
        if is_held_by(&locked, "host_back") || run.rehearses() {
            let show = format!("{another}; `onerescue show {}` says what it does", run.host.name);
            return Err(Outcome::NothingToDo(show));
        }
        if run.policy.hand_over == HandOver::Yes || run.now().since(began) >= run.policy.back.stable {
            return Err(leave_word(run, another).await);
        }
        if !std::mem::replace(&mut said, true) {
            run.note(Phase::Claim, format!("{another}; waiting for its end"));
        }
        run.wait(run.policy.wait.look).await;
        look_while_busy(run).await?;
    }
    // A DISABLED one may be in our own quarantine.
    if !matches!(run.host.state, HostState::Monitored | HostState::Init | HostState::Disabled) {
        return Err(gone(run));
    }
    let monitored = run.host.state == HostState::Monitored;
    run.since = monitored.then(|| (run.now(), run.host.monitored_at));
    Ok(())
}

/// The run at work is about the host's failure, and may end without a look at what that has left: a later run looks.
async fn leave_word(run: &mut Run, another: String) -> Outcome {
    run.since = Some((run.now(), run.host.monitored_at));
    if let Err(outcome) = read_memory(run).await {
        return outcome;
    }
    run.note(Phase::Claim, another.clone());
    run.policy.hand_over = HandOver::Yes;
    match hand_over(run, run.policy.back.stable).await {
        Err(outcome) => outcome,
        Ok(()) => Outcome::Held(Failure {
            trouble: Trouble::Unreachable,
            what: format!("{another}, and nobody will look after the host then"),
            advice: format!("when that has ended: `{}`", run.command()),
        }),
    }
}
