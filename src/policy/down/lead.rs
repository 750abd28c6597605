//! Does this front-end lead its zone? Asked before the VM is claimed.

use super::case::Case;
use super::look::Claiming;
use super::{Step, wait};
use crate::model::{Moment, WhoLeads};
use crate::policy::notes::Entry;
use crate::policy::report::Outcome;

/// See [`Step::Lead`].
#[derive(Debug)]
pub struct Leading {
    case: Box<Case>,
}

impl Leading {
    pub(super) fn step(case: Box<Case>) -> Step {
        Step::Lead(Self { case })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// What the front-end says it is.
    #[must_use]
    pub fn answer(mut self, now: Moment, lead: &WhoLeads) -> Step {
        let command = format!("vm_down --vm {}", self.case.subject.vm.0);
        match self.case.diary.lead(now, lead, &command) {
            Ok(None) => Claiming::step(self.case),
            Ok(Some(pause)) => wait(pause, Step::Lead(self)),
            Err(Outcome::Held(failure)) => self.case.held(now, failure),
            Err(outcome) => self.case.given_up(now, outcome),
        }
    }
}
