//! One owner: take the lock of a record, and look whether it is still ours.

use super::case::Case;
use super::closing::aborted;
use super::ending::{call_off, give_up};
use super::incident::{Step, wait};
use super::notes::Phase;
use super::port::Taken;
use super::port::{Failure, Trouble};
use super::record::{After, write_now};
use super::recover::Proven;
use super::remember::{Remembering, taken};
use super::report::Outcome;
use super::standing::{Watch, Whose, ended_by, is_left, whose};
use super::still::{Effect, look};
use crate::model::{Abort, DocumentId, DocumentLock, Hold, HostId, Incident, Memory, Moment};
use std::time::Duration;

/// See [`Step::Take`].
#[derive(Debug)]
pub struct Taking {
    case: Box<Case>,
    document: DocumentId,
    /// The lock of an owner that is gone.
    over: Option<Hold>,
    watch: Watch,
}

impl Taking {
    /// Take this record; the case has it as it was read.
    pub(super) fn step(case: Box<Case>, document: DocumentId, over: Option<Hold>, watch: Watch) -> Step {
        Step::Take(Self { case, document, over, watch })
    }

    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// The host whose record it is.
    #[must_use]
    pub fn host(&self) -> HostId {
        self.case.subject.host
    }

    /// The record to lock.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.document
    }

    /// The lock that may be taken away, if it is still the one that is there.
    #[must_use]
    pub fn over(&self) -> Option<Hold> {
        self.over
    }

    /// Whose it is now.
    #[must_use]
    pub fn answer(self, now: Moment, taken_up: Result<Taken, Failure>) -> Step {
        let Self { mut case, document, over, mut watch } = self;
        let (lock, user) = match taken_up {
            Ok(Taken::Ours(hold)) => {
                case.answered();
                return taken(case, now, document, hold);
            }
            Ok(Taken::Held { lock, user }) => (lock, user),
            Err(failure) => {
                // Deleted by somebody: look again what there is.
                let pause = if failure.trouble == Trouble::Gone {
                    Some(case.policy.wait.look)
                } else {
                    case.patience(now, Phase::Claim, &failure)
                };
                if failure.trouble == Trouble::Unreachable {
                    case.asked_to_lock = Some(document);
                }
                case.incident = None;
                return match pause {
                    Some(pause) => wait(pause, Remembering::open_again(case, Some(watch))),
                    None => case.stop(now, Outcome::NoCloud(failure)),
                };
            }
        };
        case.answered();
        match whose(&case, document, &lock, user) {
            Whose::Predecessor(hold) if over != Some(hold) => Self::step(case, document, Some(hold), watch),
            Whose::Predecessor(hold) | Whose::Run(hold) => {
                watch.is_locked(now, hold);
                let nobodys = is_left(case.epoch(now), hold, case.unchanged)
                    || watch.is_quiet(now, &case, document, hold);
                match nobodys {
                    true if over != Some(hold) => Self::step(case, document, Some(hold), watch),
                    true => Remembering::later(case, now, watch, "it has locked the record"),
                    false => Remembering::soon(case, now, watch),
                }
            }
            Whose::Person => {
                let failure = locked(&case, document, &lock);
                case.incident = None;
                case.stop(now, Outcome::Held(failure))
            }
        }
    }
}

/// A lock of a person is not fought.
fn locked(case: &Case, document: DocumentId, lock: &DocumentLock) -> Failure {
    let who = lock.owner.map_or_else(|| "somebody".to_owned(), |user| format!("user {user}"));
    let what = format!(
        "{document}, the record of {}, is locked by {who}, and not as a run of onerescue does it",
        case.host()
    );
    let advice = format!(
        "ask them to unlock it (`one.document.unlock {}`), then run `{}`",
        document.0,
        case.command()
    );
    Failure { trouble: Trouble::Refused, what, advice }
}

/// The record as it was read now.
fn own<'a>(case: &Case, memory: &'a Memory) -> Option<&'a (DocumentId, Incident)> {
    memory.incidents.iter().find(|(document, _)| Some(*document) == case.document)
}

/// This run is not the one any more that works on the host.
pub(super) struct Lost {
    owner: String,
    /// The record is still ours, and a newer one counts.
    keeps: bool,
}

/// Whose the record is now, if it is not ours any more. The owner whose incident this run goes on with, and who is dead,
/// is nobody: a write that it had on its way has landed late. Who looks again at a closed record gives way to the record of
/// a newer failure, too.
pub(super) fn lost(case: &Case, memory: &Memory) -> Option<Lost> {
    let (document, own) = own(case, memory)?;
    let dead = |(owner, run): &(String, _)| *owner == own.owner && *run == own.run;
    if !own.is_owned_as(case.incident.as_ref()?) && !case.dead_owner.as_ref().is_some_and(dead) {
        return Some(Lost { owner: own.owner.clone(), keeps: false });
    }
    let looks = case.incident.as_ref()?.waiting.as_ref().filter(|_| case.retry.is_look());
    let since = looks?.since;
    let newer = |(other, incident): &&(DocumentId, Incident)| {
        incident.host == own.host && other > document && incident.opened >= since
    };
    let (_, newer) = memory.incidents.iter().find(newer)?;
    Some(Lost { owner: newer.owner.clone(), keeps: true })
}

/// Is the record not as this run has written it last? Then a write that was on its way for long, ours or that of a run
/// that is dead, has landed over it, or ours never arrived.
pub(super) fn overwritten(case: &mut Case, now: Moment, memory: &Memory) -> bool {
    let (Some((_, there)), Some(last)) = (own(case, memory), &case.written) else { return false };
    let same = there.is_owned_as(last) && there.updated == last.updated && there.progress == last.progress;
    if !same {
        case.written = None;
        case.note(now, Phase::Claim, "the record is not as it was written last; writing it again");
    }
    !same
}

/// Another run goes on with it: leave everything to that one.
pub(super) fn leave_to(mut case: Box<Case>, now: Moment, lost: &Lost) -> Step {
    let reason = format!("another run has taken this incident over: {}", lost.owner);
    if lost.keeps {
        // It is written once more, whatever is newer.
        case.owned = now;
    } else {
        case.incident = None;
    }
    give_up(&mut case, &reason);
    case.end(now, Outcome::NothingToDo(reason), None)
}

/// A person's word that this incident is to end.
pub(super) fn abort_of(case: &Case, memory: &Memory) -> Option<Abort> {
    ended_by(memory, case.subject.host, case.document?).cloned()
}

/// See [`Step::Own`].
#[derive(Debug)]
pub struct Owning {
    proven: Proven,
    effect: Effect,
    /// How old the last look at the power may be.
    within: Duration,
}

impl Owning {
    /// Look whether the record is still ours, then look at the power, unless that was done within this time; then do it.
    pub(super) fn step(proven: Proven, effect: Effect, within: Duration) -> Step {
        Step::Own(Self { proven, effect, within })
    }

    pub(super) fn case(&self) -> &Case {
        &self.proven.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.proven.case
    }

    /// What is remembered, or why it cannot be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, memory: Result<Memory, Failure>) -> Step {
        let memory = match memory {
            Ok(memory) => memory,
            Err(failure) => {
                if let Some(pause) = self.proven.case.patience(now, Phase::Act, &failure) {
                    return wait(pause, Step::Own(self));
                }
                return call_off(self.proven, now, failure);
            }
        };
        let Self { mut proven, effect, within } = self;
        proven.case.answered();
        if let Some(lost) = lost(&proven.case, &memory) {
            return leave_to(proven.case, now, &lost);
        }
        if let Some(word) = abort_of(&proven.case, &memory) {
            let failure = aborted(&mut proven.case, word);
            return call_off(proven, now, failure);
        }
        proven.case.owned = now;
        if overwritten(&mut proven.case, now, &memory) {
            let Proven { case, proof, checked, surveyed } = proven;
            return write_now(case, now, After::Change { effect, proof, checked, surveyed });
        }
        look(proven, now, effect, within)
    }
}
