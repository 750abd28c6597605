//! Whose a VM is.

use super::VmId;
use serde::{Deserialize, Serialize};

/// `UID` and `GID` of a VM; a document without them is oneadmin's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The user.
    pub user: u32,
    /// The group of users.
    pub group: u32,
}

/// A VM as far as it is known to one who looks for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `VM/ID`
    pub id: VmId,
    /// `VM/NAME`
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
}
