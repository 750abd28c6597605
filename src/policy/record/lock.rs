//! Take the lock of a record: one owner.

use super::lease::{Watch, is_left};
use super::opening::Opening;
use crate::model::{DocumentId, DocumentLock, Epoch, Hold, Incident};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Taken, Trouble};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::timings::PREDECESSOR;

/// The level of our locks: oneadmin may still update the document.
const LEVEL: i64 = 3;

/// What became of a try to take a record's lock.
pub(super) enum Took {
    Ours(Hold),
    /// Somebody may have it who has not written himself down yet: look again soon.
    LookSoon(Watch),
    /// Somebody may be at work on it: look again later.
    LookLater(Watch),
    /// Look again what there is; it was waited for that.
    LookAgain(Watch),
}

/// Take this record; the run has it as it was read. `over` is the lock of an owner that is gone.
pub(super) async fn take(
    run: &mut Run,
    opening: &mut Opening,
    document: DocumentId,
    mut over: Option<Hold>,
    mut watch: Watch,
) -> Result<Took, Stop> {
    loop {
        let host = run.subject.host;
        let (lock, user) = match run.ask(move |world| world.take(host, document, over)).await {
            Ok(Taken::Ours(hold)) => {
                run.answered();
                return Ok(Took::Ours(hold));
            }
            Ok(Taken::Held { lock, user }) => (lock, user),
            Err(failure) => {
                not_taken(run, opening, document, failure).await?;
                return Ok(Took::LookAgain(watch));
            }
        };
        run.answered();
        let hold = match whose(run, opening, document, &lock, user) {
            Whose::Predecessor(hold) if over != Some(hold) => {
                over = Some(hold);
                continue;
            }
            Whose::Predecessor(hold) | Whose::Run(hold) => hold,
            Whose::Person => {
                run.record.incident = None;
                return Err(Stop::Ended(Outcome::Held(locked(run, document, &lock))));
            }
        };
        let now = run.now();
        watch.is_locked(now, hold);
        let nobodys = is_left(run.epoch(), hold, opening.unchanged)
            || watch.is_quiet(now, is_probably_left(run, opening, document, hold));
        match nobodys {
            true if over != Some(hold) => over = Some(hold),
            true => return Ok(Took::LookLater(watch)),
            false => return Ok(Took::LookSoon(watch)),
        }
    }
}

/// oned did not say whether it is locked: wait, if it is worth that, to look again what there is.
async fn not_taken(
    run: &mut Run,
    opening: &mut Opening,
    document: DocumentId,
    failure: Failure,
) -> Result<(), Stop> {
    // Deleted by somebody.
    let pause = if failure.trouble == Trouble::Gone {
        Some(run.policy.wait.look)
    } else {
        run.patience(run.policy.wait, Phase::Claim, &failure)
    };
    if failure.trouble == Trouble::Unreachable {
        opening.asked_to_lock = Some(document);
    }
    run.record.incident = None;
    match pause {
        Some(pause) => run.pause(pause).await,
        None => Err(Stop::Ended(Outcome::NoCloud(failure))),
    }
}

/// A lock of a person is not fought.
fn locked(run: &Run, document: DocumentId, lock: &DocumentLock) -> Failure {
    let who = lock.owner.map_or_else(|| "somebody".to_owned(), |user| format!("user {user}"));
    let what = format!(
        "{document}, the record of {}, is locked by {who}, and not as a run of onerescue does it",
        run.host()
    );
    let advice =
        format!("ask them to unlock it (`one.document.unlock {}`), then run `{}`", document.0, run.command());
    Failure { trouble: Trouble::Refused, what, advice }
}

/// Was this lock, which the record does not name, probably left behind? This run has asked for one and got no answer, or it
/// is older than the word of the record's owner that it has let go.
fn is_probably_left(run: &Run, opening: &Opening, document: DocumentId, lock: Hold) -> bool {
    let let_go = |incident: &Incident| {
        let word = incident.outcome.is_some() || incident.interrupted.is_some();
        word && incident.lock.is_none() && Epoch(lock.time) <= incident.updated
    };
    opening.asked_to_lock == Some(document) || run.record.incident.as_ref().is_some_and(let_go)
}

/// What a lock on a record means.
enum Whose {
    /// A run took it that is dead, or that has let go of the record.
    Predecessor(Hold),
    /// A run that has not written itself down yet, or is dead.
    Run(Hold),
    /// Another user, or another level: not ours to touch.
    Person,
}

/// Whose is a lock that is not the one in the record? `user` owns the document, so it is who we are.
fn whose(
    run: &Run,
    opening: &Opening,
    document: DocumentId,
    lock: &DocumentLock,
    user: Option<i64>,
) -> Whose {
    let (Some(time), Some(request)) = (lock.taken_at, lock.request) else { return Whose::Person };
    if lock.level.0 != LEVEL || lock.owner != user {
        return Whose::Person;
    }
    let hold = Hold { time, request };
    let young = opening
        .predecessor
        .is_some_and(|wrote| Epoch(time).since(wrote) < PREDECESSOR && Epoch(time) >= wrote);
    let released = run.record.incident.as_ref().is_some_and(|incident| incident.released == Some(hold));
    if young || released || opening.left_behind == Some(document) {
        Whose::Predecessor(hold)
    } else {
        Whose::Run(hold)
    }
}
