//! Write the incident down, where every front-end finds it, and go on.
//!
//! Before a fence the record must be written: without it nobody would know of the fence. Afterwards a record that
//! cannot be written is noted and stops nothing.

use super::case::{Case, Failure, Trouble};
use super::fence::{Fencing, confirmed};
use super::incident::{Step, wait};
use super::notes::{Entry, Phase};
use super::observe::{Observing, begin_to_wait};
use super::proof::Proof;
use super::recover::{Proven, Surveying};
use super::remember::Remembering;
use super::report::Outcome;
use super::settings::Purpose;
use crate::model::{DocumentId, Incident, Moment};
use std::time::Duration;

/// What follows when the record is written.
#[derive(Debug)]
pub(super) enum After {
    /// The incident is open: wait for the host to come back.
    Opened,
    /// It is held: look again after this time.
    Held(Duration),
    /// A fence begins.
    Fencing(Box<Fencing>),
    /// A person's word is used up.
    Confirmed(Proof),
    /// The host is proven off.
    Proven(Proof),
    /// It is over.
    Ended(Outcome, Option<Proof>),
}

impl After {
    /// Must the record be written before this?
    fn needs_it(&self) -> bool {
        match self {
            Self::Opened | Self::Fencing(_) | Self::Confirmed(_) => true,
            Self::Held(_) | Self::Proven(_) | Self::Ended(..) => false,
        }
    }

    fn go_on(self, case: Box<Case>, now: Moment) -> Step {
        match self {
            Self::Opened => begin_to_wait(case, now),
            Self::Held(pause) => wait(pause, Observing::held(case)),
            Self::Fencing(fence) => fence.begin_device(case, now),
            Self::Confirmed(proof) => confirmed(case, now, proof),
            Self::Proven(proof) => match case.policy.purpose {
                Purpose::Fence => case.end(now, Outcome::Fenced, Some(proof)),
                Purpose::Recover | Purpose::Rehearse => {
                    Step::Survey(Surveying::new(Proven { case, proof, checked: now, surveyed: now }))
                }
            },
            Self::Ended(outcome, proof) => case.report(now, outcome, proof),
        }
    }
}

/// See [`Step::Record`].
#[derive(Debug)]
pub struct Recording {
    case: Box<Case>,
    incident: Incident,
    after: After,
}

/// Write the case's incident, if there is one and it has changed; then go on.
pub(super) fn write(mut case: Box<Case>, now: Moment, after: After) -> Step {
    let at = case.epoch(now);
    let unchanged = case.incident == case.written && case.document.is_some();
    let Some(incident) = case.incident.as_mut().filter(|_| !unchanged) else {
        return after.go_on(case, now);
    };
    incident.updated = at;
    let incident = incident.clone();
    Step::Record(Recording { case, incident, after })
}

impl Recording {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.trail
    }

    /// The document to write over; `None` makes a new one.
    #[must_use]
    pub fn document(&self) -> Option<DocumentId> {
        self.case.document
    }

    /// What to write.
    #[must_use]
    pub fn incident(&self) -> &Incident {
        &self.incident
    }

    /// Where it was written, or why it may not have been.
    #[must_use]
    pub fn answer(self, now: Moment, written: Result<DocumentId, Failure>) -> Step {
        let Self { mut case, incident, after } = self;
        match written {
            Ok(document) => {
                case.answered();
                case.document = Some(document);
                case.written = Some(incident);
                after.go_on(case, now)
            }
            Err(failure) => unwritten(case, now, failure, after),
        }
    }
}

fn unwritten(mut case: Box<Case>, now: Moment, failure: Failure, after: After) -> Step {
    if !after.needs_it() {
        let text = format!("the record could not be written: {}; going on without", failure.what);
        case.note(now, Phase::Report, text);
        return after.go_on(case, now);
    }
    if failure.trouble == Trouble::Gone && case.document.is_some() {
        case.note(now, Phase::Claim, "somebody has deleted the record; beginning a new one");
        case.document = None;
        return write(case, now, after);
    }
    let Some(pause) = case.patience(now, Phase::Claim, &failure) else {
        // Not tried once more at the end.
        case.incident = None;
        let what = format!("the incident cannot be written down, so nothing is fenced: {}", failure.what);
        return case.stop(now, Outcome::NoCloud(Failure { what, ..failure }));
    };
    let incident = case.incident.clone().filter(|_| case.document.is_some());
    let again = match incident {
        Some(incident) => Step::Record(Recording { case, incident, after }),
        // Names are not unique: the call whose answer was lost may have made the document.
        None => Remembering::find(case, after),
    };
    wait(pause, again)
}
