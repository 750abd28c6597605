//! The record is given back: unlocked, and documents that nobody needs any more are deleted.

use super::lease::{is_twin, standing};
use crate::model::{DocumentId, HostId, Incident, Memory, Progress};
use crate::policy::notes::Phase;
use crate::policy::record::contents::TAIL;
use crate::policy::rules::{BrakeRules, RecordRules};
use crate::policy::run::Run;
use std::collections::BTreeSet;

/// More than this are not deleted by one run.
const MOST: usize = 20;

/// The end of a run that has written its record for the last time.
pub(in crate::policy) async fn release(run: &mut Run) {
    // Whoever has taken it over keeps its lock.
    let ours = run.record.document.filter(|_| run.record.incident.is_some());
    let closed = run.record.incident.as_ref().is_some_and(|incident| incident.progress == Progress::Closed);
    let forget = if closed { run.record.old.clone() } else { Vec::new() };
    if ours.is_some() || !forget.is_empty() {
        leave(run, ours, forget).await;
    }
}

/// This run has made a record although another one counts.
pub(in crate::policy) async fn drop_own(run: &mut Run) {
    let own = run.record.document.take();
    (run.record.incident, run.record.written) = (None, None);
    leave(run, own, own.into_iter().collect()).await;
}

/// What is not done here is done by the next run.
async fn leave(run: &Run, unlock: Option<DocumentId>, forget: Vec<DocumentId>) {
    let host = run.subject.host;
    let done = run.ask(move |world| world.leave(host, unlock, &forget)).await;
    if let Err(failure) = done {
        run.detail(Phase::Report, format!("the record was not tidied up: {}", failure.what));
    }
}

/// The documents that nobody needs any more once this run's incident is closed: further records of this host, those
/// that say no more than a closed one, and closed ones that are old or many. What is open otherwise, or a brake counts,
/// stays.
pub(in crate::policy) fn old(
    memory: &Memory,
    host: HostId,
    rules: &RecordRules,
    brake: &BrakeRules,
) -> Vec<DocumentId> {
    let counts = standing(memory, host).map(|(document, _)| *document);
    let twice = memory.incidents.iter().filter(|(document, incident)| {
        let further = incident.host == host && Some(*document) != counts;
        incident.progress != Progress::Closed && (further || is_twin(memory, incident))
    });
    let twice = twice.map(|(document, _)| *document);
    let longest = brake.short.max(brake.long).max(brake.flap_time).max(TAIL);
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
