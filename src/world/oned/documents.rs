//! The calls about our own documents, and about the hooks that start us.

use super::calls::{during, id};
use super::leader::{decode, text};
use super::{Oned, Transport};
use crate::error::{OnedError, Result};
use crate::model::{Document, DocumentId, Hook, Raft};
use crate::wire::documents::Pool;
use crate::wire::xmlrpc::Value;

impl<T: Transport> Oned<T> {
    /// `one.documentpool.info` for all documents of this type, whoever owns them; without their locks.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn documents(&self, kind: i64) -> Result<Pool<Document>> {
        let all = [Value::Int(-2), Value::Int(-1), Value::Int(-1), Value::Int(kind)];
        self.read_pool("one.documentpool.info", &all)
    }

    /// `one.document.allocate`. Names are not unique: a call whose answer was lost may have made one.
    ///
    /// # Errors
    /// [`OnedError`], as for every write.
    pub fn allocate_document(&self, template: &str, kind: i64) -> Result<DocumentId, OnedError> {
        let method = "one.document.allocate";
        let answer = self.write(method, &[Value::Text(template.to_owned()), Value::Int(kind)])?;
        match answer {
            Value::Int(number) | Value::Long(number) => u32::try_from(number)
                .map(DocumentId)
                .map_err(|_| OnedError::Unknown(format!("{method} answered with the id {number}"))),
            Value::Bool(_) | Value::Text(_) | Value::Array(_) | Value::Struct(_) => {
                Err(OnedError::Unknown(format!("{method} answered with no id")))
            }
        }
    }

    /// `one.document.update`: the whole template is replaced, so it may be repeated.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn update_document(&self, document: DocumentId, template: &str) -> Result<(), OnedError> {
        let replace = Value::Int(0);
        let params = [id(document.0), Value::Text(template.to_owned()), replace];
        self.write("one.document.update", &params).map(drop)
    }

    /// `one.document.info`, with its lock.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn document(&self, document: DocumentId) -> Result<Document> {
        let method = "one.document.info";
        let xml = self.read(method, &[id(document.0), Value::Bool(false)]).and_then(text);
        xml.and_then(|xml| decode(&xml)).map_err(during(method))
    }

    /// `one.document.lock` as a test-and-set, at level 3 (ADMIN), which still lets oneadmin update the document. A
    /// lock that is there is refused with [`crate::error::Refusal::Action`].
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn lock_document(&self, document: DocumentId) -> Result<(), OnedError> {
        let params = [id(document.0), Value::Int(3), Value::Bool(true)];
        self.write("one.document.lock", &params).map(drop)
    }

    /// `one.document.unlock`, whoever holds the lock.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn unlock_document(&self, document: DocumentId) -> Result<(), OnedError> {
        self.write("one.document.unlock", &[id(document.0)]).map(drop)
    }

    /// `one.document.delete`.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn delete_document(&self, document: DocumentId) -> Result<(), OnedError> {
        self.write("one.document.delete", &[id(document.0)]).map(drop)
    }

    /// `one.hookpool.info`.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn hooks(&self) -> Result<Pool<Hook>> {
        let all = [Value::Int(-2), Value::Int(-1), Value::Int(-1)];
        self.read_pool("one.hookpool.info", &all)
    }

    /// `one.zone.raftstatus` of the configured front-end itself, not of the one that leads; `None` from one that
    /// does not tell.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn raft(&self) -> Result<Option<Raft>> {
        self.own_status().map_err(during("one.zone.raftstatus"))
    }
}
