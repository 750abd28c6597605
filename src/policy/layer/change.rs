//! A change of layers as single writes, and what their outcome means once everything is read back.

use super::{Kind, Layer, Place, Survey, Whose, valid};
use crate::model::{GroupId, VmId};

/// The role of a VM group that is a layer of its own.
pub const ROLE: &str = "layer";

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// A VM group with the one role [`ROLE`].
    Make {
        /// Its name.
        name: String,
    },
    /// Into a role of a VM group.
    Join {
        /// The VM.
        vm: VmId,
        /// The group.
        group: GroupId,
        /// Its role.
        role: String,
    },
    /// Out of its VM group, which is this one.
    Leave {
        /// The VM.
        vm: VmId,
        /// The group.
        group: GroupId,
        /// The role that it is in.
        role: String,
    },
    /// The attribute of a VM; an empty value takes it out of its layer.
    Mark {
        /// The VM.
        vm: VmId,
        /// The value before.
        from: String,
        /// The value after.
        to: String,
    },
    /// Another name for a VM group.
    Rename {
        /// The group.
        group: GroupId,
        /// The name before.
        from: String,
        /// The name after.
        to: String,
    },
    /// A VM group without VMs goes.
    Delete {
        /// The group.
        group: GroupId,
        /// Its name.
        name: String,
    },
}

impl Write {
    /// The write that takes this one back. None for a group that was deleted, which was empty; for one that was made,
    /// whose id this does not know; and for a value that an owner wrote and that a layer's name cannot be: nothing like
    /// that is written by us.
    #[must_use]
    pub fn undo(&self) -> Option<Write> {
        Some(match self.clone() {
            Self::Join { vm, group, role } => Self::Leave { vm, group, role },
            Self::Leave { vm, group, role } => Self::Join { vm, group, role },
            Self::Mark { from, .. } if !from.is_empty() && valid(&from).is_err() => return None,
            Self::Mark { vm, from, to } => Self::Mark { vm, from: to, to: from },
            Self::Rename { group, from, to } => Self::Rename { group, from: to, to: from },
            Self::Make { .. } | Self::Delete { .. } => return None,
        })
    }

    /// Whether the cloud is as this write wants it.
    #[must_use]
    pub fn is_done(&self, survey: &Survey) -> bool {
        let (groups, layers) = (&survey.groups, &survey.layers);
        match self {
            Self::Make { name } => groups.iter().any(|group| group.name == *name),
            Self::Join { vm, group, role } => in_role(layers, *vm, *group, role),
            Self::Leave { vm, group, role } => !in_role(layers, *vm, *group, role),
            Self::Mark { vm, to, .. } => marked(layers, *vm) == to.as_str(),
            Self::Rename { group, to, .. } => {
                groups.iter().any(|other| other.id == *group && other.name == *to)
            }
            Self::Delete { group, .. } => !groups.iter().any(|other| other.id == *group),
        }
    }
}

impl std::fmt::Display for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Make { name } => write!(f, "make VM group {name}"),
            Self::Join { vm, group, role } => write!(f, "add {vm} to role {role} of {group}"),
            Self::Leave { vm, group, .. } => write!(f, "take {vm} out of {group}"),
            Self::Mark { vm, to, .. } if to.is_empty() => write!(f, "empty HA_LAYER of {vm}"),
            Self::Mark { vm, to, .. } => write!(f, "set HA_LAYER of {vm} to {to}"),
            Self::Rename { group, to, .. } => write!(f, "rename {group} to {to}"),
            Self::Delete { group, name } => write!(f, "delete {group}, {name}"),
        }
    }
}

fn in_role(layers: &[Layer], vm: VmId, wanted: GroupId, named: &str) -> bool {
    layers.iter().any(|layer| match &layer.kind {
        Kind::Role { group, role, .. } => *group == wanted && role == named && layer.member(vm).is_some(),
        Kind::Attribute(_) => false,
    })
}

fn marked(layers: &[Layer], vm: VmId) -> &str {
    let of = |layer: &&Layer| matches!(layer.kind, Kind::Attribute(_)) && layer.member(vm).is_some();
    layers.iter().find(of).map_or("", |layer| layer.name.as_str())
}

/// The write that makes a VM a member of this layer.
#[must_use]
pub fn join(layer: &Layer, vm: VmId) -> Write {
    match &layer.kind {
        Kind::Role { group, role, .. } => Write::Join { vm, group: *group, role: role.clone() },
        Kind::Attribute(_) => Write::Mark { vm, from: String::new(), to: layer.name.clone() },
    }
}

/// The write that takes a VM out of this layer.
#[must_use]
pub fn leave(layer: &Layer, vm: VmId) -> Write {
    match &layer.kind {
        Kind::Role { group, role, .. } => Write::Leave { vm, group: *group, role: role.clone() },
        Kind::Attribute(_) => Write::Mark { vm, from: layer.name.clone(), to: String::new() },
    }
}

/// The writes that give a layer another name.
#[must_use]
pub fn rename(layer: &Layer, to: &str) -> Vec<Write> {
    match &layer.kind {
        Kind::Role { group, .. } => {
            vec![Write::Rename { group: *group, from: layer.name.clone(), to: to.to_owned() }]
        }
        Kind::Attribute(_) => {
            let mark = |vm| Write::Mark { vm, from: layer.name.clone(), to: to.to_owned() };
            layer.members.iter().map(|member| mark(member.vm)).collect()
        }
    }
}

/// The writes that end a layer with at most one member.
#[must_use]
pub fn delete(layer: &Layer) -> Vec<Write> {
    let mut writes: Vec<_> = layer.members.iter().map(|member| leave(layer, member.vm)).collect();
    match &layer.kind {
        Kind::Role { group, .. } => writes.push(Write::Delete { group: *group, name: layer.name.clone() }),
        Kind::Attribute(_) => {}
    }
    writes
}

/// A layer of the attribute, before it has members.
#[must_use]
pub fn of_attribute(name: &str) -> Layer {
    let kind = Kind::Attribute(Whose::All);
    Layer { name: name.to_owned(), kind, members: Vec::new(), beside: Vec::new() }
}

/// This layer as it is after these VMs have joined it.
#[must_use]
pub fn joined<'a>(survey: &'a Survey, to: &Layer, vms: &[VmId]) -> Option<&'a Layer> {
    let same = |layer: &&Layer| match (&layer.kind, &to.kind) {
        // Whose it is may be another's name now.
        (Kind::Attribute(_), Kind::Attribute(_)) => vms.iter().any(|vm| layer.member(*vm).is_some()),
        (one, other) => one == other,
    };
    survey.layers.iter().filter(|layer| layer.name == to.name).find(same)
}

/// The layer that [`Write::Make`] has made, once it is read back.
#[must_use]
pub fn made<'a>(survey: &'a Survey, name: &str) -> Option<&'a Layer> {
    survey.layers.iter().find(|layer| match &layer.kind {
        Kind::Role { role, alone, .. } => *alone && role == ROLE && layer.name == name,
        Kind::Attribute(_) => false,
    })
}

/// Pairs of these new members and another member that share a host now, though they were let in: somebody else added
/// or moved a VM at the same time.
#[must_use]
pub fn collisions(survey: &Survey, layer: &Layer, new: &[VmId]) -> Vec<String> {
    let mut told = Vec::new();
    let joined = layer.members.iter().filter(|member| new.contains(&member.vm));
    for member in joined {
        for other in layer.all().filter(|other| other.vm != member.vm) {
            if let (Some(host), Some(there)) = (member.place.host(), other.place.host())
                && host == there
                && !(new.contains(&other.vm) && other.vm < member.vm)
            {
                told.push(format!("{member} and {other} are both on {}", survey.host(host)));
            }
        }
        if member.place == Place::Unknown {
            told.push(format!("it is not known where {member} is"));
        }
    }
    told
}
