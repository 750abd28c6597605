//! The cloud's locks on our documents, and the end of documents that nobody needs.
//!
//! `one.document.lock` with `test` is oned's only test-and-set. It goes through raft, so of several front-ends one wins,
//! and it survives the leader's death. Source: recordings 76 and 77, `raft/08`; OpenNebula 7.5.80 and 6.10.

use super::Zone;
use super::oned::Transport;
use super::zone::to_failure;
use crate::error::{OnedError, Refusal};
use crate::model::{DocumentId, DocumentLock, Hold};
use crate::policy::{Failure, Taken, Trouble};

impl<T: Transport> Zone<T> {
    /// See [`super::World::take`].
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn take(&self, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure> {
        if let Some(over) = over {
            let there = self.oned().document(document)?;
            if there.lock.is_some_and(|lock| hold(&lock) == Some(over)) {
                self.oned().unlock_document(document).map_err(to_failure("one.document.unlock"))?;
            }
        }
        let ours = match self.oned().lock_document(document) {
            Ok(()) => true,
            Err(OnedError::Refused { kind: Refusal::Action, .. }) => false,
            Err(error) => return Err(to_failure("one.document.lock")(error)),
        };
        let there = self.oned().document(document)?;
        match there.lock {
            Some(lock) if ours => {
                self.closed(&there)?;
                hold(&lock).map(Taken::Ours).ok_or_else(nameless)
            }
            Some(lock) => Ok(Taken::Held { lock, user: there.user }),
            None => Err(nameless()),
        }
    }

    /// See [`super::World::leave`].
    ///
    /// # Errors
    /// The first [`Failure`].
    pub fn leave(&self, unlock: Option<DocumentId>, forget: &[DocumentId]) -> Result<(), Failure> {
        let unlocked = unlock.map_or(Ok(()), |document| self.oned().unlock_document(document));
        let unlocked = unlocked.map_err(to_failure("one.document.unlock"));
        let delete = |document: &DocumentId| match self.oned().delete_document(*document) {
            // Another run was faster.
            Ok(()) | Err(OnedError::Refused { kind: Refusal::NoExists, .. }) => Ok(()),
            Err(error) => Err(to_failure("one.document.delete")(error)),
        };
        let deleted: Vec<_> = forget.iter().map(delete).collect();
        deleted.into_iter().fold(unlocked, Result::and)
    }
}

impl<T: Transport> Zone<T> {
    /// Take this lock off a document, and no other; whichever there is where it is not known which.
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn free(&self, document: DocumentId, lock: Option<Hold>) -> Result<(), Failure> {
        let there = self.oned().document(document)?;
        let ours = there.lock.filter(|there| lock.is_none() || hold(there) == lock);
        ours.map_or(Ok(()), |_| self.leave(Some(document), &[]))
    }
}

fn hold(lock: &DocumentLock) -> Option<Hold> {
    Some(Hold { time: lock.taken_at?, request: lock.request? })
}

/// Somebody has unlocked it at this moment, or oned does not show its locks: look again.
fn nameless() -> Failure {
    Failure {
        trouble: Trouble::Unreachable,
        what: "one.document.lock: the lock is not there any more, or has no time and no request".to_owned(),
        advice: "look at it over the API: `one.document.info`".to_owned(),
    }
}
