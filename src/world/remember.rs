//! What is remembered, as documents of the zone.
//!
//! It reads and writes; what a record means, and which of two counts, is the policy's business.

use super::Zone;
use super::oned::Transport;
use super::records::Reading;
use super::zone::to_failure;
use crate::model::{
    Abort, Confirmation, Disarmed, DocumentId, Epoch, Evacuation, Forced, Incident, Memory, Notices, SeenOn,
};
use crate::policy::{Failure, Trouble};
use crate::wire::record::Record;

impl<T: Transport> Zone<T> {
    /// Everything that is remembered; one call.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn memory(&self, now: Epoch, me: &str) -> Result<Memory, Failure> {
        let Reading { records, foreign, widened } = self.records()?;
        let (me, here) = (me.to_owned(), self.here.clone());
        let mut memory = Memory { now, me, here, foreign, widened, ..Memory::default() };
        for (document, record) in records {
            match record {
                Ok(Record::Incident(incident)) => memory.incidents.push((document, *incident)),
                Ok(Record::Control { disarmed }) => memory.disarmed.extend(disarmed),
                Ok(Record::Confirmation(word)) => memory.confirmations.push(word),
                Ok(Record::Proceed(word)) => memory.proceeds.push(word),
                Ok(Record::Abort(word)) => memory.aborts.push(word),
                Ok(Record::SeenOn { devices }) => memory.seen_on.extend(devices),
                Ok(Record::Forced(forced)) => memory.forced.push((document, forced)),
                Ok(Record::Evacuation(evacuation)) => memory.evacuations.push((document, *evacuation)),
                // They are of another type, and no recovery goes by them.
                Ok(Record::Notices(_)) => {}
                Err(why) => memory.unreadable.push((document, why)),
            }
        }
        memory.incidents.sort_by_key(|(document, _)| *document);
        memory.evacuations.sort_by_key(|(document, _)| *document);
        Ok(memory)
    }

    /// Where nothing may be fenced.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn disarmed(&self) -> Result<Vec<Disarmed>, Failure> {
        Ok(self.memory(Epoch::default(), "")?.disarmed)
    }

    /// Write an incident: a new document, or all of an old one.
    ///
    /// # Errors
    /// A [`Failure`]; whether something was written is then unknown, unless it says that oned refused.
    pub fn record(&self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        self.write_record(document, &Record::Incident(Box::new(incident.clone())))
    }

    /// Write down where nothing may be fenced. Every control document gets the same: there may be two by accident.
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn record_disarmed(&self, disarmed: &[Disarmed]) -> Result<(), Failure> {
        let record = Record::Control { disarmed: disarmed.to_vec() };
        self.write_all(&record, |old| matches!(old, Record::Control { .. }))
    }

    /// Write down a person's word; it replaces an earlier one about the same host.
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn record_confirmation(&self, word: &Confirmation) -> Result<(), Failure> {
        let host = word.host;
        let same = |old: &Record| matches!(old, Record::Confirmation(old) if old.host == host);
        self.write_all(&Record::Confirmation(word.clone()), same)
    }

    /// Write down a person's word that the brakes do not hold an incident; it replaces an earlier one about the same host.
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn record_proceed(&self, word: &Confirmation) -> Result<(), Failure> {
        let host = word.host;
        let same = |old: &Record| matches!(old, Record::Proceed(old) if old.host == host);
        self.write_all(&Record::Proceed(word.clone()), same)
    }

    /// Write down that an incident is to end; it replaces an earlier word about the same host.
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn record_abort(&self, word: &Abort) -> Result<(), Failure> {
        let host = word.host;
        let same = |old: &Record| matches!(old, Record::Abort(old) if old.host == host);
        self.write_all(&Record::Abort(word.clone()), same)
    }

    /// Write down which devices were seen ON.
    ///
    /// # Errors
    /// A [`Failure`].
    pub fn record_seen_on(&self, devices: &[SeenOn]) -> Result<(), Failure> {
        let record = Record::SeenOn { devices: devices.to_vec() };
        self.write_all(&record, |old| matches!(old, Record::SeenOn { .. }))
    }

    /// Write down a look that oned is made to take at a host. A document that others may change is none.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been written nevertheless, unless oned refused.
    pub fn record_forced(
        &self,
        document: Option<DocumentId>,
        forced: &Forced,
    ) -> Result<DocumentId, Failure> {
        let written = self.write_record(document, &Record::Forced(forced.clone()))?;
        if document.is_none() {
            self.closed(&self.oned().document(written)?)?;
        }
        Ok(written)
    }

    /// Write down how far a host is emptied: a new document, or all of an old one.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been written nevertheless, unless oned refused.
    pub fn record_evacuation(
        &self,
        document: Option<DocumentId>,
        evacuation: &Evacuation,
    ) -> Result<DocumentId, Failure> {
        let written = self.write_record(document, &Record::Evacuation(Box::new(evacuation.clone())))?;
        if document.is_none() {
            self.closed(&self.oned().document(written)?)?;
        }
        Ok(written)
    }

    /// What each receiver was told, in a zone of their type; one call. Of two documents about one receiver the later counts.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn notices(&self) -> Result<Vec<(DocumentId, Notices)>, Failure> {
        let mut all = Vec::new();
        for (document, record) in self.records()?.records {
            match record {
                Ok(Record::Notices(notices)) => all.push((document, notices)),
                Ok(_) => {}
                Err(why) => log::warn!("{document}: what a receiver was told cannot be read: {why}"),
            }
        }
        all.sort_by_key(|(document, _)| *document);
        Ok(all)
    }

    /// Write down what a receiver was told: a new document, or all of an old one.
    ///
    /// # Errors
    /// A [`Failure`]; it may have been written nevertheless, unless oned refused.
    pub fn record_notices(
        &self,
        document: Option<DocumentId>,
        notices: &Notices,
    ) -> Result<DocumentId, Failure> {
        let written = self.write_record(document, &Record::Notices(notices.clone()))?;
        if document.is_none() {
            self.closed(&self.oned().document(written)?)?;
        }
        Ok(written)
    }

    fn write_all(&self, record: &Record, same: impl Fn(&Record) -> bool) -> Result<(), Failure> {
        let old: Vec<_> = self
            .records()?
            .records
            .into_iter()
            .filter(|(_, old)| old.as_ref().is_ok_and(&same))
            .map(|(id, _)| id)
            .collect();
        if old.is_empty() {
            let made = self.write_record(None, record)?;
            // Who may change it is checked with what is read back; for what people write that is now.
            self.closed(&self.oned().document(made)?)?;
        }
        for document in old {
            self.write_record(Some(document), record)?;
        }
        Ok(())
    }

    fn write_record(&self, document: Option<DocumentId>, record: &Record) -> Result<DocumentId, Failure> {
        let template = record.write().map_err(|why| Failure {
            trouble: Trouble::Refused,
            what: format!("the record {} cannot be written: {why}", record.name()),
            advice: "report this: a record is kept small enough".to_owned(),
        })?;
        self.write(document, &template).map_err(|failure| self.advise(document, failure))
    }

    fn write(&self, document: Option<DocumentId>, template: &str) -> Result<DocumentId, Failure> {
        match document {
            Some(document) => {
                let written = self.oned().update_document(document, template);
                written.map_err(to_failure("one.document.update"))?;
                Ok(document)
            }
            None => self
                .oned()
                .allocate_document(template, self.record_type)
                .map_err(to_failure("one.document.allocate")),
        }
    }

    /// oned's own advice is about VMs.
    fn advise(&self, document: Option<DocumentId>, failure: Failure) -> Failure {
        if failure.trouble != Trouble::Refused {
            return failure;
        }
        let object = document.map_or_else(
            || format!("may create documents of type {}", self.record_type),
            |document| format!("may change {document}, and that nobody has locked it"),
        );
        let advice =
            format!("see that the user of ONE_AUTH {object} (oneadmin may); /var/log/one/oned.log has more");
        Failure { advice, ..failure }
    }
}
