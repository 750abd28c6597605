//! Why an operator's command ends early: an error, or what oned did not do.

use crate::error::{Error, Result};
use crate::finish;
use crate::policy::Failure;

pub(super) enum Stop {
    Error(Error),
    Failed(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Say what failed; the exit code.
pub(super) fn end(result: std::result::Result<u8, Stop>) -> Result<u8> {
    match result {
        Ok(code) => Ok(code),
        Err(Stop::Failed(failure)) => Ok(finish::refused(&failure)),
        Err(Stop::Error(error)) => Err(error),
    }
}
