//! Why a change was not made, what to do instead, and the exit code.

use super::{FAULTY, REFUSED};
use crate::finish;
use crate::policy::layer::{NotFound, Refused, Write};
use crate::policy::{Failure, Trouble};

/// Why something was not done.
pub(super) enum No {
    /// A name names nothing, or several things.
    NotFound(NotFound),
    /// A rule says no; nothing was written, or all of it was taken back.
    Refused(Refused),
    /// oned did not do it; what was written before was taken back.
    Failed(Failure),
    /// What was written could not all be taken back.
    Left(Failure),
}

impl No {
    /// Say it, and the exit code.
    pub(super) fn tell(self) -> u8 {
        let of = |trouble, what, advice| Failure { trouble, what, advice };
        match self {
            Self::NotFound(missing) => finish::refused(&of(Trouble::Gone, missing.what, missing.advice)),
            Self::Refused(refused) => {
                finish::refused(&of(Trouble::Refused, refused.rule, refused.way));
                REFUSED
            }
            Self::Failed(failure) => finish::refused(&failure),
            Self::Left(failure) => {
                finish::refused(&failure);
                FAULTY
            }
        }
    }
}

impl From<NotFound> for No {
    fn from(missing: NotFound) -> Self {
        Self::NotFound(missing)
    }
}

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

pub(super) fn not_done(write: &Write, why: &str, advice: &str) -> Failure {
    let what = format!("oned refused to {write}: {why}");
    Failure { trouble: Trouble::Refused, what, advice: advice.to_owned() }
}

pub(super) fn unreached(write: &Write, why: &str) -> Failure {
    Failure {
        trouble: Trouble::Unreachable,
        what: format!("oned gave no answer to \"{write}\": {why}"),
        advice: "look at `onerescue layer list`; if it is not there after some minutes, run this again"
            .to_owned(),
    }
}

pub(super) fn unread(failure: &Failure) -> Failure {
    Failure {
        trouble: failure.trouble,
        what: format!("written, but it cannot be read back: {}", failure.what),
        advice: "look at `onerescue layer check` as soon as oned answers".to_owned(),
    }
}

pub(super) fn changed(what: &str) -> Failure {
    Failure {
        trouble: Trouble::Unreachable,
        what: format!("{what}: somebody else has changed it at the same time"),
        advice: "look at `onerescue layer list`, then decide again".to_owned(),
    }
}
