//! Documents and hooks of OpenNebula, as far as a recovery keeps its record there or checks its set-up.

use super::{DocumentId, HookId, Lock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `DOCUMENT/LOCK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentLock {
    /// `LOCK/LOCKED`: level 3 still lets oneadmin update the document, level 4 does not.
    pub level: Lock,
    /// `LOCK/TIME`: epoch seconds at which the lock was taken.
    pub taken_at: Option<i64>,
    /// `LOCK/OWNER`: the user who holds it.
    pub owner: Option<i64>,
    /// `LOCK/REQ_ID`: the request that took it.
    pub request: Option<i64>,
}

/// A document, from `one.document.info` or `one.documentpool.info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// `DOCUMENT/ID`.
    pub id: DocumentId,
    /// `DOCUMENT/NAME`; not unique.
    pub name: String,
    /// `DOCUMENT/TYPE`: a number that its user chose.
    pub kind: i64,
    /// `DOCUMENT/UID`: the user who made it.
    pub user: Option<i64>,
    /// `DOCUMENT/LOCK`; replies for a pool leave it out.
    pub lock: Option<DocumentLock>,
    /// The single values of `DOCUMENT/TEMPLATE`.
    pub attributes: BTreeMap<String, String>,
}

/// A hook, from `one.hook.info` or `one.hookpool.info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `HOOK/ID`.
    pub id: HookId,
    /// `HOOK/NAME`.
    pub name: String,
    /// `HOOK/TYPE`: `state` or `api`.
    pub kind: String,
    /// The single values of `HOOK/TEMPLATE`: `COMMAND`, `ARGUMENTS`, `RESOURCE`, `STATE` …
    pub attributes: BTreeMap<String, String>,
}
