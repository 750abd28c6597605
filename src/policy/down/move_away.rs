//! Place it elsewhere, as the planner would.

use super::act::Acting;
use super::case::Case;
use super::{Step, wait};
use crate::model::{HostId, Moment, VmId};
use crate::policy::notes::{Entry, Phase};
use crate::policy::port::Failure;
use crate::policy::port::Survey;
use crate::policy::report::{Fate, Outcome};
use crate::policy::tend::place;

/// See [`Step::Survey`].
#[derive(Debug)]
pub struct Surveying {
    case: Box<Case>,
    also: [VmId; 1],
}

impl Surveying {
    pub(super) fn new(case: Box<Case>) -> Self {
        let also = [case.subject.vm];
        Self { case, also }
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> HostId {
        // A VM without a host never gets here.
        self.case.subject.host.unwrap_or(HostId(u32::MAX))
    }

    /// The VM itself.
    #[must_use]
    pub fn also(&self) -> &[VmId] {
        &self.also
    }

    /// The cloud, or why it could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, survey: Result<Survey, Failure>) -> Step {
        let survey = match survey {
            Ok(survey) => survey,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Survey, failure) {
                    Ok(pause) => wait(pause, Step::Survey(self)),
                    Err(outcome) => self.case.given_up(now, outcome),
                };
            }
        };
        let from = self.host();
        let mut case = self.case;
        case.diary.answered();
        let vm = case.subject.vm;
        let placed = place(&survey, vm, from, &case.refused, None, &case.policy.rules);
        match placed {
            Err(why) => case.hold(now, why),
            Ok(place) => {
                case.diary.note(now, Phase::Plan, format!("{}: {}", case.named(), place.said));
                if case.rehearses() {
                    let planned = case.fate(Fate::Planned(place.said));
                    return case.end(now, Outcome::Rehearsed(None), Some(planned));
                }
                // A host that it was sent to is not tried again in this run.
                case.refused.push(place.to);
                Acting::move_to(case, now, place.to, place.kind)
            }
        }
    }
}
