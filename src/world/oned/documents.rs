//! The calls about our own documents.

use super::calls::{during, id};
use super::leader::{decode, text};
use super::{Oned, Transport};
use crate::error::{OnedError, Result};
use crate::model::{Document, DocumentId, Raft};
use crate::wire::documents::Pool;
use crate::wire::xmlrpc::Value;

/// Whose documents are read. The filters are oned's. Source: `PoolSQL::usr_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Everybody's.
    Everybody,
    /// Those of everybody, but no more than this many.
    EverybodyAtMost(u32),
    /// Those of the session's user, and those that belong to one of his groups.
    OurGroups,
    /// Those of the session's user.
    Ourselves,
}

impl<T: Transport> Oned<T> {
    /// `one.documentpool.info` for documents of this type; without their locks.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn documents(&self, kind: i64, of: Of) -> Result<Pool<Document>> {
        let (filter, start, end) = match of {
            Of::Everybody => (-2, -1, -1),
            Of::OurGroups => (-1, -1, -1),
            Of::Ourselves => (-3, -1, -1),
            Of::EverybodyAtMost(page) => (-2, 0, -i64::from(page)),
        };
        let all = [filter, start, end, kind].map(Value::Int);
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

    /// `one.document.chmod`: only its owner may see and change it, and the users of the oneadmin group, who may do
    /// everything.
    ///
    /// # Errors
    /// [`OnedError`].
    pub fn close_document(&self, document: DocumentId) -> Result<(), OnedError> {
        let rights = [1, 1, 0, 0, 0, 0, 0, 0, 0].map(Value::Int);
        let params: Vec<_> = std::iter::once(id(document.0)).chain(rights).collect();
        self.write("one.document.chmod", &params).map(drop)
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

    /// `one.zone.raftstatus` of the configured front-end itself, not of the one that leads; `None` from one that
    /// does not tell.
    ///
    /// # Errors
    /// [`crate::error::Error::Oned`].
    pub fn raft(&self) -> Result<Option<Raft>> {
        self.own_status().map_err(during("one.zone.raftstatus"))
    }
}
