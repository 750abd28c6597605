//! Let go: unlock the record, and delete what nobody needs any more.

use super::case::Case;
use super::incident::Step;
use super::notes::Phase;
use super::port::Failure;
use super::proof::Proof;
use super::remember::Remembering;
use super::report::Outcome;
use super::rules::{BrakeRules, RecordRules};
use super::standing::{is_twin, standing};
use crate::model::{DocumentId, HostId, Incident, Memory, Moment, Progress};
use std::collections::BTreeSet;

/// More than this are not deleted by one run.
const MOST: usize = 20;

#[derive(Debug)]
enum Then {
    /// It is over.
    Report(Outcome, Option<Proof>),
    /// Another record counts: begin with that one.
    Open,
}

/// See [`Step::Leave`].
#[derive(Debug)]
pub struct Leaving {
    case: Box<Case>,
    unlock: Option<DocumentId>,
    forget: Vec<DocumentId>,
    then: Then,
}

impl Leaving {
    /// The end of a run that has written its record for the last time.
    pub(super) fn end(case: Box<Case>, now: Moment, outcome: Outcome, proof: Option<Proof>) -> Step {
        // Whoever has taken it over keeps its lock.
        let ours = case.document.filter(|_| case.incident.is_some());
        let closed = case.incident.as_ref().is_some_and(|incident| incident.progress == Progress::Closed);
        let forget = if closed { case.old.clone() } else { Vec::new() };
        if ours.is_none() && forget.is_empty() {
            return case.report(now, outcome, proof);
        }
        Step::Leave(Self { case, unlock: ours, forget, then: Then::Report(outcome, proof) })
    }

    /// This run has made a record although another one counts.
    pub(super) fn again(mut case: Box<Case>, own: DocumentId) -> Step {
        (case.document, case.incident, case.written) = (None, None, None);
        Step::Leave(Self { case, unlock: Some(own), forget: vec![own], then: Then::Open })
    }

    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// The host whose incident this was.
    #[must_use]
    pub fn host(&self) -> HostId {
        self.case.subject.host
    }

    /// The record to unlock.
    #[must_use]
    pub fn unlock(&self) -> Option<DocumentId> {
        self.unlock
    }

    /// The documents to delete.
    #[must_use]
    pub fn forget(&self) -> &[DocumentId] {
        &self.forget
    }

    /// Whether that was done. What was not is done by the next run.
    #[must_use]
    pub fn answer(self, now: Moment, done: Result<(), Failure>) -> Step {
        let Self { mut case, then, .. } = self;
        if let Err(failure) = done {
            case.detail(now, Phase::Report, format!("the record was not tidied up: {}", failure.what));
        }
        match then {
            Then::Report(outcome, proof) => case.report(now, outcome, proof),
            Then::Open => Remembering::open_again(case, None),
        }
    }
}

/// The documents that nobody needs any more once this run's incident is closed: further records of this host, those
/// that say no more than a closed one, and closed ones that are old or many. What is open otherwise, or a brake counts,
/// stays.
pub(super) fn old(memory: &Memory, host: HostId, rules: &RecordRules, brake: &BrakeRules) -> Vec<DocumentId> {
    let counts = standing(memory, host).map(|(document, _)| *document);
    let twice = memory.incidents.iter().filter(|(document, incident)| {
        let further = incident.host == host && Some(*document) != counts;
        incident.progress != Progress::Closed && (further || is_twin(memory, incident))
    });
    let twice = twice.map(|(document, _)| *document);
    let longest = brake.short.time.max(brake.long.time).max(brake.flaps.time).max(super::kept::TAIL);
    let needed = |incident: &Incident| {
        incident.progress != Progress::Closed || memory.now.since(incident.updated) < longest
    };
    // The last one of each host says whether that host was dealt with.
    let mut seen = BTreeSet::new();
    let closed: Vec<_> = memory
        .incidents
        .iter()
        .rev()
        .filter(|(_, incident)| !seen.insert(incident.host) && !needed(incident))
        .collect();
    let keep = usize::try_from(rules.most).unwrap_or(usize::MAX);
    let others = memory.incidents.len().saturating_sub(closed.len());
    let room = keep.saturating_sub(others);
    let gone = closed
        .iter()
        .enumerate()
        .filter(|(at, (_, incident))| *at >= room || memory.now.since(incident.updated) >= rules.age);
    // The oldest first.
    twice
        .chain(gone.map(|(_, (document, _))| *document).collect::<Vec<_>>().into_iter().rev())
        .take(MOST)
        .collect()
}
