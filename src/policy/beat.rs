//! While a run waits it shows that it is alive, so that no other takes its incident over; and while it waits for its
//! host it looks whether a person has ended the incident. Every other wait ends at a question that sees that too.

use super::FRESH;
use super::case::Case;
use super::incident::Step;
use super::lead::Leading;
use super::notes::Phase;
use super::own::{abort_of, leave_to, lost, overwritten};
use super::port::Failure;
use super::standing::BEAT;
use crate::model::{DocumentId, Incident, Memory, Moment};

/// See [`Step::Check`].
#[derive(Debug)]
pub struct Checking {
    then: Box<Step>,
}

/// See [`Step::Beat`].
#[derive(Debug)]
pub struct Beating {
    then: Box<Step>,
    document: DocumentId,
    incident: Box<Incident>,
}

/// Go on with `then`; first show that the run is alive, or look at what people say, if that is due.
pub(super) fn alive(then: Step, now: Moment) -> Step {
    let due = then.case().is_some_and(|case| {
        let word = waits_for_host(&then) && now.since(case.wrote.max(case.owned)) >= FRESH;
        case.document.is_some() && case.incident.is_some() && (word || now.since(case.wrote) >= BEAT)
    });
    if due { Step::Check(Checking { then: Box::new(then) }) } else { then }
}

/// Each look of that wait costs oned one call, and each second one another.
fn waits_for_host(step: &Step) -> bool {
    matches!(step, Step::Observe(ask) if ask.waits())
}

/// The case of a step that is given up.
pub(super) fn case_of(step: &mut Step) -> Option<Box<Case>> {
    let case = step.case_mut()?;
    let empty = Case::new(case.subject.clone(), case.policy.clone());
    Some(std::mem::replace(case, empty))
}

impl Checking {
    pub(super) fn then(&self) -> &Step {
        &self.then
    }

    pub(super) fn then_mut(&mut self) -> &mut Step {
        &mut self.then
    }

    /// What is remembered. If it cannot be read the run goes on: whatever it does next asks oned too.
    #[must_use]
    pub fn answer(self, now: Moment, memory: Result<Memory, Failure>) -> Step {
        let Self { mut then } = self;
        let waits = waits_for_host(&then);
        let Some(case) = then.case_mut() else { return *then };
        let Ok(memory) = memory else {
            case.wrote = now;
            return *then;
        };
        if let Some(lost) = lost(case, &memory) {
            return match case_of(&mut then) {
                Some(case) => leave_to(case, now, &lost),
                None => *then,
            };
        }
        case.owned = now;
        let due = overwritten(case, now, &memory) || now.since(case.wrote) >= BEAT;
        if let Some(word) = abort_of(case, &memory).filter(|_| waits) {
            return match case_of(&mut then) {
                Some(case) => case.abort(now, word),
                None => *then,
            };
        }
        let written = due.then(|| (case.document, case.standing_record(now)));
        if let Some((Some(document), Some(incident))) = written {
            return Step::Beat(Beating { then, document, incident: Box::new(incident) });
        }
        // A host that is waited for is nobody's but the leader's.
        if waits { Leading::before(*then) } else { *then }
    }
}

impl Beating {
    pub(super) fn then(&self) -> &Step {
        &self.then
    }

    pub(super) fn then_mut(&mut self) -> &mut Step {
        &mut self.then
    }

    /// The document to write over.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.document
    }

    /// What to write.
    #[must_use]
    pub fn incident(&self) -> &Incident {
        &self.incident
    }

    /// Whether it was written. If not, the run goes on.
    #[must_use]
    pub fn answer(self, now: Moment, written: Result<DocumentId, Failure>) -> Step {
        let Self { mut then, incident, .. } = self;
        if let Some(case) = then.case_mut() {
            case.wrote = now;
            match written {
                Ok(_) => case.is_written(*incident),
                Err(failure) => case.detail(
                    now,
                    Phase::Claim,
                    format!("the record could not be written: {}; going on", failure.what),
                ),
            }
        }
        *then
    }
}
