//! What a run makes sure of before it looks at anything: this front-end leads its zone, and no other run holds the lock.

use crate::model::{Holder, Locked};
use crate::policy::desk::Desk;
use crate::policy::holder::{Holds, LONGEST, holds, stuck};
use crate::policy::lead::{Leads, leads};
use crate::policy::notes::Phase;
use crate::policy::port::{Claim, Failure, World};
use crate::policy::report::Outcome;
use crate::policy::rules::WaitRules;

/// A follower claims nothing: what it sees may be old, and the leader has a run of its own. `command` is this run, to be
/// begun there.
///
/// # Errors
/// How the run ends.
pub(in crate::policy) async fn must_lead(
    desk: &Desk,
    rules: WaitRules,
    command: &str,
) -> Result<(), Outcome> {
    loop {
        let failure = match leads(&desk.ask(|world| world.lead()).await) {
            Leads::Yes => return Ok(()),
            Leads::Unclear(failure) => failure,
            Leads::No(failure) => {
                let advice = format!("{}: `{command}`", failure.advice);
                return Err(Outcome::Held(Failure { advice, ..failure }));
            }
        };
        let Some(pause) = desk.patience(rules, Phase::Claim, &failure) else {
            return Err(Outcome::NoCloud(failure));
        };
        desk.wait(pause).await;
    }
}

/// What came of a claim.
pub(in crate::policy) enum Claimed {
    Ours,
    /// Another run works on the same.
    Busy(Locked),
}

/// No other run works on the same, which has this name. From those who hold the lock and are no runs it is taken.
///
/// # Errors
/// How the run ends.
pub(in crate::policy) async fn claim(
    desk: &Desk,
    name: &str,
    command: &str,
    question: impl Fn(&mut dyn World, &[Holder]) -> Result<Claim, Failure> + Clone + 'static,
) -> Result<Claimed, Outcome> {
    let mut over: Vec<Holder> = Vec::new();
    loop {
        let (question, from) = (question.clone(), over.clone());
        let locked = match desk.ask(move |world| question(world, &from)).await {
            Ok(Claim::Ours(_) | Claim::Stopped(_)) => return Ok(Claimed::Ours),
            Ok(Claim::Others | Claim::Fencing { .. }) => return Ok(Claimed::Busy(Locked::default())),
            Ok(Claim::Held(locked)) => locked,
            Err(failure) => return Err(Outcome::NotStarted(failure)),
        };
        match holds(&locked) {
            Holds::Strangers if over != locked.holders => over = locked.holders,
            Holds::Run | Holds::OldRun if locked.since.is_none_or(|since| since < LONGEST) => {
                return Ok(Claimed::Busy(locked));
            }
            Holds::Run | Holds::OldRun | Holds::Strangers => {
                return Err(Outcome::Held(stuck(&locked, name, command)));
            }
        }
    }
}
