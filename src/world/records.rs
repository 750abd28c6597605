//! Our documents: read those that count, name the others, and take back what lets others change ours.
//!
//! Which documents count is the policy's business, see [`crate::policy::authority`]. Only what belongs to us and to our
//! groups is asked for, so nobody else's documents make the reply longer, or unreadable.

use super::Zone;
use super::oned::{Of, Transport, User};
use super::zone::to_failure;
use crate::model::{Document, DocumentId, Foreign};
use crate::policy::authority::{ONEADMIN, Worth, worth};
use crate::policy::{Failure, Trouble};
use crate::wire::record::Record;
use std::sync::PoisonError;

/// Users whose groups are asked for in one run. There are as many people who look after a cloud.
const MOST_USERS: usize = 16;

/// Documents of everybody that are looked through for those that do not count, when somebody wants to know.
const PAGE: u32 = 100;

/// A record, or why it is none.
type Read = Result<Record, String>;

/// What one reading of the documents gave.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Each that counts.
    pub(super) records: Vec<(DocumentId, Read)>,
    /// Those that do not.
    pub(super) foreign: Vec<Foreign>,
    /// Those of ours that others could change until now.
    pub(super) widened: Vec<DocumentId>,
}

impl<T: Transport> Zone<T> {
    pub(super) fn records(&self) -> Result<Reading, Failure> {
        self.oned().forget_leader();
        let of =
            if self.oned().is_oneadmin() || self.me()?.is_oneadmin() { Of::OurGroups } else { Of::Ourselves };
        let pool = self.oned().documents(self.record_type, of)?;
        let mut reading = Reading::default();
        for document in &pool.good {
            let read = match self.worth(document)? {
                Worth::Foreign(foreign) => {
                    reading.foreign.push(foreign);
                    continue;
                }
                Worth::Ours => Record::read(document),
                Worth::Widened => {
                    reading.widened.push(document.id);
                    let Some(read) = self.mended(document) else { continue };
                    read
                }
            };
            reading.records.push((document.id, read));
        }
        let unread = |(id, why): (String, _)| Some((DocumentId(id.parse().ok()?), Err(why)));
        let bad = pool.bad.into_iter().map(|(id, why)| (id, why.to_string()));
        reading.records.extend(bad.filter_map(unread));
        Ok(reading)
    }

    /// Documents of our type that count for nothing, whoever made them, as far as one page of all documents shows them;
    /// for people. Nothing waits for this.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn foreign(&self) -> Result<Vec<Foreign>, Failure> {
        let pool = self.oned().documents(self.record_type, Of::EverybodyAtMost(PAGE))?;
        let mut foreign = Vec::new();
        for document in &pool.good {
            if let Worth::Foreign(one) = self.worth(document)? {
                foreign.push(one);
            }
        }
        foreign.sort_unstable();
        Ok(foreign)
    }

    /// A document that was just made or locked: see that nobody else may change it.
    ///
    /// # Errors
    /// A [`Failure`] if others may, and that cannot be taken back.
    pub(super) fn closed(&self, document: &Document) -> Result<(), Failure> {
        match self.worth(document)? {
            Worth::Widened => {
                log::warn!("{}: others could change it; from now on only its owner can", document.id);
                self.oned().close_document(document.id).map_err(to_failure("one.document.chmod"))
            }
            Worth::Ours | Worth::Foreign(_) => Ok(()),
        }
    }

    /// What one of ours says that others could change until now; `None` if it counts no more.
    fn mended(&self, document: &Document) -> Option<Read> {
        let id = document.id;
        match (self.closed(document), Record::read(document)) {
            (Err(failure), _) => {
                Some(Err(format!("others may change it, and that right cannot be removed: {}", failure.what)))
            }
            // It would be believed: the person says it again.
            (Ok(()), Ok(Record::Confirmation(word) | Record::Proceed(word))) => {
                self.believed_no_more(id, &word.by)
            }
            // So would that an OFFLINE host is ours to enable.
            (Ok(()), Ok(Record::Forced(forced))) => self.believed_no_more(id, &forced.by),
            // And that a host is to be emptied.
            (Ok(()), Ok(Record::Evacuation(evacuation))) => self.believed_no_more(id, &evacuation.by),
            (Ok(()), read) => Some(read),
        }
    }

    fn believed_no_more(&self, id: DocumentId, by: &str) -> Option<Read> {
        log::warn!("{id}: the word of {by} counts no more, because others could change it");
        let deleted = self.oned().delete_document(id);
        deleted.err().map(|error| Err(format!("others could change it, and it cannot be deleted: {error}")))
    }

    fn worth(&self, document: &Document) -> Result<Worth, Failure> {
        let stranger = document.user.is_some_and(|user| user != ONEADMIN);
        let me = if stranger { self.me()?.id } else { ONEADMIN };
        worth(document, me, |user| self.is_oneadmin(user))
    }

    /// Who we are; asked once.
    fn me(&self) -> Result<&User, Failure> {
        if let Some(me) = self.known.me.get() {
            return Ok(me);
        }
        let me = self.oned().user()?;
        Ok(self.known.me.get_or_init(|| me))
    }

    /// Is this user in the oneadmin group? One who does not exist any more is not.
    fn is_oneadmin(&self, user: i64) -> Result<bool, Failure> {
        let mut users = self.known.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = users.get(&user) {
            return Ok(*known);
        }
        if users.len() >= MOST_USERS {
            return Ok(false);
        }
        let found = match self.oned().user_of(user).map_err(Failure::from) {
            Ok(found) => found.is_oneadmin(),
            Err(failure) if failure.trouble == Trouble::Gone => false,
            Err(failure) => return Err(failure),
        };
        users.insert(user, found);
        Ok(found)
    }
}
