//! Does this front-end lead its zone? Asked before the host is claimed.

use super::case::Case;
use super::look::Claiming;
use super::{Step, wait};
use crate::model::{Moment, WhoLeads};
use crate::policy::notes::Entry;

/// See [`Step::Lead`].
#[derive(Debug)]
pub struct Leading {
    case: Box<Case>,
}

impl Leading {
    pub(super) fn before_claim(case: Box<Case>) -> Step {
        if case.policy.leader && !case.rehearses() {
            return Step::Lead(Self { case });
        }
        Claiming::step(case)
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// What the front-end says it is.
    #[must_use]
    pub fn answer(mut self, now: Moment, lead: &WhoLeads) -> Step {
        let command = format!("host_back --host {}", self.case.subject.name);
        match self.case.diary.lead(now, lead, &command) {
            Ok(None) => Claiming::step(self.case),
            Ok(Some(pause)) => wait(pause, Step::Lead(self)),
            Err(outcome) => self.case.end(now, outcome),
        }
    }
}
