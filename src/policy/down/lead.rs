//! Does this front-end lead its zone? Asked before the VM is claimed.

use super::case::Case;
use super::look::Claiming;
use super::{Step, wait};
use crate::model::{Moment, WhoLeads};
use crate::policy::case::Failure;
use crate::policy::lead::{Leads, leads};
use crate::policy::notes::{Entry, Phase};

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

    /// What the front-end says it is. A follower claims nothing: what it sees may be old, and the leader has a run of its
    /// own.
    #[must_use]
    pub fn answer(mut self, now: Moment, lead: &WhoLeads) -> Step {
        let failure = match leads(lead) {
            Leads::Yes => return Claiming::step(self.case),
            Leads::Unclear(failure) => match self.case.diary.silence(now, Phase::Claim, failure) {
                Ok(pause) => return wait(pause, Step::Lead(self)),
                Err(outcome) => return self.case.given_up(now, outcome),
            },
            Leads::No(failure) => failure,
        };
        let advice = format!("{}: `vm_down --vm {}`", failure.advice, self.case.subject.vm.0);
        self.case.held(now, Failure { advice, ..failure })
    }
}
