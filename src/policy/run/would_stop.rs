//! `--dry-run`: how the real run would end.

use super::Run;
use crate::policy::notes::Phase;
use crate::policy::port::Failure;
use crate::policy::report::Outcome;

/// How the real run would end before it touches a VM.
#[derive(Default)]
pub(in crate::policy) struct WouldStop(Option<Outcome>);

impl WouldStop {
    /// The first trouble counts, and trouble counts more than a host that has nothing to recover today.
    pub(in crate::policy) fn with(&mut self, outcome: Outcome) {
        if matches!(self.0, None | Some(Outcome::NothingToDo(_))) {
            self.0 = Some(outcome);
        }
    }

    pub(in crate::policy) fn outcome(self) -> Option<Outcome> {
        self.0
    }

    /// Would it end because the host is well?
    pub(in crate::policy) fn is_well(&self) -> bool {
        matches!(self.0, Some(Outcome::NothingToDo(_)))
    }
}

/// Say where the real run would stop.
pub(in crate::policy) fn says(
    run: &Run,
    stop: &mut WouldStop,
    phase: Phase,
    failure: Failure,
    end: fn(Failure) -> Outcome,
) {
    run.note(phase, format!("WOULD STOP HERE: {}; {}", failure.what, failure.advice));
    stop.with(end(failure));
}
