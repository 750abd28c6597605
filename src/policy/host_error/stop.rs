//! Why a recovery stops where it is: an end, or something that is looked at again.

use crate::model::Abort;
use crate::policy::port::{Failure, Trouble};
use crate::policy::record::ownership::Lost;
use crate::policy::report::Outcome;
use crate::policy::run::Run;

/// Why a step of a recovery is not followed by the next one.
pub(in crate::policy) enum Stop {
    /// The run is over, and the host is not proven off by it.
    Ended(Outcome),
    /// Another run has taken the incident over.
    Lost(Lost),
    /// Something keeps the run from fencing: it is looked at again later, and then the run ends so.
    Held(Failure, fn(Failure) -> Outcome),
    /// Another record of this incident counts: this run goes on with that one.
    OtherRecord,
}

impl Stop {
    /// There is nothing to do, for this reason.
    pub(in crate::policy) fn nothing(reason: impl Into<String>) -> Self {
        Self::Ended(Outcome::NothingToDo(reason.into()))
    }

    /// A brake or a sign of life.
    pub(in crate::policy) fn held(failure: Failure) -> Self {
        Self::Held(failure, Outcome::Held)
    }
}

/// A person has ended this incident: nothing more is sent.
pub(in crate::policy) fn aborted(run: &mut Run, word: Abort) -> Failure {
    let what = format!("the incident was aborted by {}: {}", word.by, word.reason);
    let advice = format!("when it is to go on after all, run `{}`", run.command());
    run.record.aborted = Some(word);
    Failure { trouble: Trouble::Refused, what, advice }
}

/// The same before the fence: the run is over.
pub(in crate::policy) fn abort(run: &mut Run, word: Abort) -> Stop {
    Stop::Ended(Outcome::Held(aborted(run, word)))
}
