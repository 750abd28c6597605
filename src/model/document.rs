//! Documents and hooks of OpenNebula, as far as a recovery keeps its record there or checks its set-up.

use super::{DocumentId, HookId, Lock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

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
    /// `DOCUMENT/GID`: the group it belongs to, at first the first group of that user.
    pub group: Option<i64>,
    /// Who may change it beside its owner, by `DOCUMENT/PERMISSIONS`. `None` if it does not say.
    pub open_to: Option<OpenTo>,
    /// `DOCUMENT/LOCK`; replies for a pool leave it out.
    pub lock: Option<DocumentLock>,
    /// The single values of `DOCUMENT/TEMPLATE`.
    pub attributes: BTreeMap<String, String>,
}

/// Who may change an object beside its owner and the users of the oneadmin group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenTo {
    /// Nobody: as `umask` 177 has it, OpenNebula's default.
    Nobody,
    /// Others: one of `GROUP_M`, `GROUP_A`, `OTHER_M` and `OTHER_A` is 1.
    Others,
}

/// A document of our type that somebody made who has no right to: it counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Foreign {
    /// The document.
    pub document: DocumentId,
    /// `DOCUMENT/TYPE`: ours.
    pub kind: i64,
    /// `DOCUMENT/UID`, if it says one.
    pub user: Option<i64>,
}

/// `document 7 of type 7113 belongs to user 5: not read`
impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.map_or_else(|| "nobody that is known".to_owned(), |user| format!("user {user}"));
        write!(f, "{} of type {} belongs to {user}: not read", self.document, self.kind)
    }
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
