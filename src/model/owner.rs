//! Whose a VM is, and who belongs together.

use super::VmId;
use serde::{Deserialize, Serialize};

/// The group of those who administer OpenNebula, `oneadmin`. Source: `GroupPool::ONEADMIN_ID`.
const ONEADMIN: u32 = 0;

/// The group of everybody who was given no other, `users`. Source: `GroupPool::USERS_ID`.
const USERS: u32 = 1;

/// `UID` and `GID` of a VM; a document without them is oneadmin's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The user.
    pub user: u32,
    /// The group of users.
    pub group: u32,
}

impl Owner {
    /// Is it of the group `oneadmin`? Only its members give a VM to that group.
    #[must_use]
    pub fn is_admin(self) -> bool {
        self.group == ONEADMIN
    }

    /// The group, if its members are people who were put together: in `users` are strangers.
    #[must_use]
    pub fn team(self) -> Option<u32> {
        Some(self.group).filter(|group| *group != USERS)
    }

    /// Have these VMs an owner, or a group other than `users`, in common?
    #[must_use]
    pub fn belongs_with(self, other: Owner) -> bool {
        self.user == other.user || self.team().is_some_and(|team| Some(team) == other.team())
    }
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

/// A VM as far as anti-affinity sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layered {
    /// `VM/ID`
    pub id: VmId,
    /// Whose it is.
    pub owner: Owner,
    /// `HA_LAYER`, as [`super::Vm::layer`] has it.
    pub layer: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn strangers_in_the_group_users_do_not_belong_together() {
        let of = |user, group| Owner { user, group };
        assert!(of(2, 1).belongs_with(of(2, 100)), "one owner");
        assert!(of(2, 100).belongs_with(of(3, 100)), "one group");
        assert!(of(0, 0).belongs_with(of(4, 0)), "admins");
        assert!(!of(2, 1).belongs_with(of(3, 1)), "everybody is in users");
        assert!(!of(2, 100).belongs_with(of(3, 101)));
        assert!(!of(0, 0).belongs_with(of(3, 100)), "an admin's is nobody else's");
    }
}
