//! Which record of an evacuation counts, and whether its run may be at work.

use super::lease::front_end;
use crate::model::{Abort, DocumentId, Emptying, Evacuation, HostId, Memory};
use crate::policy::moments::CLOCKS;
use crate::policy::timings::LEASE;

/// The evacuation of this host that is not over: of two that were made by accident the first.
#[must_use]
pub fn standing(memory: &Memory, host: HostId) -> Option<&(DocumentId, Evacuation)> {
    let mut all = memory.evacuations.iter();
    all.find(|(_, evacuation)| evacuation.host == host && evacuation.stage != Emptying::Over)
}

/// Is a run to go on with it? Nobody asks for that twice.
#[must_use]
pub fn is_open(evacuation: &Evacuation) -> bool {
    match evacuation.stage {
        Emptying::Under | Emptying::GivenBack | Emptying::Restoring => true,
        Emptying::Done | Emptying::Over => false,
    }
}

/// May its run be at work? Who asks has the lock of the host on this front-end, so one of this front-end is dead; one of
/// another has until the end of its lease.
pub(in crate::policy) fn may_live(memory: &Memory, evacuation: &Evacuation) -> bool {
    let elsewhere = front_end(&evacuation.owner) != front_end(&memory.me);
    let silent = memory.now.since(evacuation.updated);
    // One that has said how it ended is at work no more.
    is_open(evacuation) && evacuation.outcome.is_none() && elsewhere && silent < LEASE.saturating_add(CLOCKS)
}

/// A person's word that it is to end, since a person asked for it last.
#[must_use]
pub fn ended_by<'a>(memory: &'a Memory, document: DocumentId, evacuation: &Evacuation) -> Option<&'a Abort> {
    let ends = |word: &&Abort| word.incident == document && word.at >= evacuation.asked;
    memory.aborts.iter().find(ends)
}
