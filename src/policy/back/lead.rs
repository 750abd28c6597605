//! Does this front-end lead its zone? Asked before the host is claimed.

use super::case::Case;
use super::look::Claiming;
use super::{Step, wait};
use crate::model::{Moment, WhoLeads};
use crate::policy::case::Failure;
use crate::policy::lead::{Leads, leads};
use crate::policy::notes::{Entry, Phase};
use crate::policy::report::Outcome;

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

    /// What the front-end says it is. A follower claims nothing: what it sees may be old, and the leader has a run of its
    /// own.
    #[must_use]
    pub fn answer(mut self, now: Moment, lead: &WhoLeads) -> Step {
        let failure = match leads(lead) {
            Leads::Yes => return Claiming::step(self.case),
            Leads::Unclear(failure) => match self.case.diary.silence(now, Phase::Claim, failure) {
                Ok(pause) => return wait(pause, Step::Lead(self)),
                Err(outcome) => return self.case.end(now, outcome),
            },
            Leads::No(failure) => failure,
        };
        let advice = format!("{}: `host_back --host {}`", failure.advice, self.case.subject.name);
        self.case.end(now, Outcome::Held(Failure { advice, ..failure }))
    }
}
