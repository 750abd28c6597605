//! The record as it was written then and today.
//!
//! A run reads its own record again, to see whether somebody has written over it. What the recorded run has read is what
//! that one had written; today's may have written another moment, and would take that for a stranger's. So the record
//! of today stands in its place. What was written over then stays as it was read.

use super::question::Question;
use crate::model::{DocumentId, Epoch, Incident, Memory, Progress};

/// What was written last.
#[derive(Debug, Default)]
pub(super) struct Written {
    then: Option<(Epoch, Progress)>,
    today: Option<(DocumentId, Incident)>,
}

impl Written {
    /// That was asked then; `at` if it has written the record.
    pub(super) fn then(&mut self, asked: &Question, at: Option<Epoch>) {
        if let (Question::Record { progress, .. }, Some(at)) = (asked, at) {
            self.then = Some((at, *progress));
        }
    }

    pub(super) fn today(&mut self, document: DocumentId, incident: &Incident) {
        self.today = Some((document, incident.clone()));
    }

    /// Put today's record in the place of the recorded run's. The lock is oned's, and stays.
    pub(super) fn put_into(&self, memory: &mut Memory) {
        let (Some(then), Some((own, today))) = (self.then, &self.today) else { return };
        let as_then =
            |there: &Incident| there.owner == today.owner && (there.updated, there.progress) == then;
        for (_, there) in memory.incidents.iter_mut().filter(|(id, there)| id == own && as_then(there)) {
            *there = Incident { lock: there.lock, released: there.released, ..today.clone() };
        }
    }
}
