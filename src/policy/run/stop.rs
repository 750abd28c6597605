//! Why a recovery stops where it is: an end, or something that is looked at again.

use crate::policy::port::Failure;
use crate::policy::report::Outcome;

/// This run is not the one any more that works on the host.
pub(in crate::policy) struct Lost {
    pub(in crate::policy) owner: String,
    /// The record is still ours, and a newer one counts.
    pub(in crate::policy) keeps: bool,
}

/// Why a step of a recovery is not followed by the next one.
pub(in crate::policy) enum Stop {
    /// The run is over, and the host is not proven off by it.
    Ended(Outcome),
    /// Another run has taken the incident over.
    Lost(Lost),
    /// Something keeps the run from fencing: it is looked at again later, and then the run ends so.
    Held(Failure, fn(Failure) -> Outcome),
    /// A person has written something: everything is looked at anew.
    Again,
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
