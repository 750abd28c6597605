//! Is the record still this run's, and as this run has written it?

use super::lease::ended_by;
use crate::model::{Abort, DocumentId, Incident, Memory};
use crate::policy::notes::Phase;
use crate::policy::run::Run;
use crate::policy::run::stop::Lost;

/// The record as it was read now.
fn own<'a>(run: &Run, memory: &'a Memory) -> Option<&'a (DocumentId, Incident)> {
    memory.incidents.iter().find(|(document, _)| Some(*document) == run.record.document)
}

/// Whose the record is now, if it is not ours any more. The owner whose incident this run goes on with, and who is dead,
/// is nobody: a write that it had on its way has landed late. Who looks again at a closed record gives way to the record of
/// a newer failure, too.
pub(in crate::policy) fn lost(run: &Run, memory: &Memory) -> Option<Lost> {
    let (document, own) = own(run, memory)?;
    let ours = run.record.incident.as_ref()?;
    let dead = |(owner, id): &(String, _)| *owner == own.owner && *id == own.run;
    if !own.is_owned_as(ours) && !run.record.dead_owner.as_ref().is_some_and(dead) {
        return Some(Lost { owner: own.owner.clone(), keeps: false });
    }
    let looks = ours.waiting.as_ref().filter(|_| run.record.retry.is_look());
    let since = looks?.since;
    let newer = |(other, incident): &&(DocumentId, Incident)| {
        incident.host == own.host && other > document && incident.opened >= since
    };
    let (_, newer) = memory.incidents.iter().find(newer)?;
    Some(Lost { owner: newer.owner.clone(), keeps: true })
}

/// Is the record not as this run has written it last? Then a write that was on its way for long, ours or that of a run
/// that is dead, has landed over it, or ours never arrived.
pub(in crate::policy) fn overwritten(run: &mut Run, memory: &Memory) -> bool {
    let (Some((_, there)), Some(last)) = (own(run, memory), &run.record.written) else { return false };
    let same = there.is_owned_as(last) && there.updated == last.updated && there.progress == last.progress;
    if !same {
        run.record.written = None;
        run.note(Phase::Claim, "the record is not as it was written last; writing it again");
    }
    !same
}

/// A person's word that this incident is to end.
pub(in crate::policy) fn abort_of(run: &Run, memory: &Memory) -> Option<Abort> {
    ended_by(memory, run.subject.host, run.record.document?).cloned()
}
