//! Which VMs are in which layer, and on which host each of them is.

use super::whose::{self, Whose};
use crate::model::{GroupId, GroupPolicy, HostId, LcmState, Role, Vm, VmGroup, VmId, VmState};
use crate::policy::LayerScope;
use crate::policy::states::{Class, class};
use std::collections::{BTreeMap, BTreeSet};

/// The VM attribute of a layer where VM groups are not used.
pub const ATTRIBUTE: &str = "HA_LAYER";

/// What holds a layer together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A role of a VM group with `POLICY = ANTI_AFFINED`.
    Role {
        /// The VM group.
        group: GroupId,
        /// The role's name.
        role: String,
        /// Whether the group has this role only, so that the group is the layer.
        alone: bool,
    },
    /// The attribute [`ATTRIBUTE`] in the members' user templates.
    Attribute(Whose),
}

/// VMs that must not share a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `web`: the VM group's name, or the attribute's value. `database/master` for a role of a group with several.
    /// Names are not unique: two users may have a VM group of one name.
    pub name: String,
    /// What holds it together.
    pub kind: Kind,
    /// By id.
    pub members: Vec<Member>,
    /// VMs of administrators with the same value, which its members keep away from and which are in a layer of their own.
    pub beside: Vec<Member>,
}

/// A VM of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The VM.
    pub vm: VmId,
    /// `VM/NAME`; empty for one that could not be read.
    pub name: String,
    /// `VM/STATE`; `None` for one that could not be read.
    pub state: Option<VmState>,
    /// Where it is.
    pub place: Place,
}

/// Where a VM is, as anti-affinity sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has a domain on this host, or a driver is at work there.
    On(HostId),
    /// POWEROFF or SUSPENDED: it starts again on this host, which is charged for it. oned's own scheduler keeps
    /// others away from it too.
    Last(HostId),
    /// It moves live: it may be on this host, or still on the one before.
    Moving(HostId),
    /// On no host: it is placed anew when it starts.
    Nowhere,
    /// The VM could not be read, or is in a state that this version does not know.
    Unknown,
}

impl Place {
    /// The host that an anti-affined VM has to keep away from.
    #[must_use]
    pub fn host(self) -> Option<HostId> {
        match self {
            Self::On(host) | Self::Last(host) | Self::Moving(host) => Some(host),
            Self::Nowhere | Self::Unknown => None,
        }
    }

    /// The host on which it has a domain, or may have one.
    #[must_use]
    pub fn deployed(self) -> Option<HostId> {
        match self {
            Self::On(host) | Self::Moving(host) => Some(host),
            Self::Last(_) | Self::Nowhere | Self::Unknown => None,
        }
    }
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() { self.vm.fmt(f) } else { write!(f, "{} ({})", self.name, self.vm) }
    }
}

/// `web (vm group 3)`, `web (HA_LAYER)`
impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::Role { group, .. } => write!(f, "{} ({group})", self.name),
            Kind::Attribute(whose) => write!(f, "{} ({ATTRIBUTE}{whose})", self.name),
        }
    }
}

impl Layer {
    /// The member that is this VM.
    #[must_use]
    pub fn member(&self, vm: VmId) -> Option<&Member> {
        self.members.iter().find(|member| member.vm == vm)
    }

    /// The members, and those beside them.
    pub fn all(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().chain(&self.beside)
    }
}

/// Where this VM is. Only the last history record is looked at.
#[must_use]
pub fn place(vm: &Vm) -> Place {
    match (class(vm.state), vm.host) {
        (Class::Done | Class::NotPlaced, _) | (Class::Stopped, None) => Place::Nowhere,
        (Class::Strange, _) => Place::Unknown,
        (Class::Stopped, Some(host)) => Place::Last(host),
        (Class::Lost | Class::Running | Class::Transient | Class::Failure | Class::Resubmit, host) => {
            match host {
                Some(host) if vm.state == VmState::Active(LcmState::Migrate) => Place::Moving(host),
                Some(host) => Place::On(host),
                None => Place::Unknown,
            }
        }
    }
}

/// A VM as the member of a layer.
#[must_use]
pub fn member(vm: &Vm) -> Member {
    Member { vm: vm.id, name: vm.name.clone(), state: Some(vm.state), place: place(vm) }
}

/// The value of [`ATTRIBUTE`], if the VM has one that is not blank. Shape: `web`; case matters.
#[must_use]
pub fn attribute(vm: &Vm) -> Option<&str> {
    vm.layer()
}

/// Every layer, by name, VM groups before attributes. A VM group's layers may be empty; the others are made of their
/// members. VMs that are DONE are in none.
#[must_use]
pub fn layers(groups: &[VmGroup], vms: &[Vm], scope: LayerScope) -> Vec<Layer> {
    let by_id: BTreeMap<VmId, &Vm> = vms.iter().map(|vm| (vm.id, vm)).collect();
    let mut layers = Vec::new();
    for group in groups {
        let roles = group.roles.iter().filter(|role| role.policy == GroupPolicy::AntiAffined);
        layers.extend(roles.map(|role| layer(group, role, &by_id)));
    }
    let mut named: BTreeMap<&str, Vec<&Vm>> = BTreeMap::new();
    for vm in by_id.values().filter(|vm| class(vm.state) != Class::Done) {
        if let Some(name) = attribute(vm) {
            named.entry(name).or_default().push(vm);
        }
    }
    layers.extend(named.iter().flat_map(|(name, vms)| whose::layers(name, vms, scope)));
    layers.sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    layers
}

fn layer(group: &VmGroup, role: &Role, by_id: &BTreeMap<VmId, &Vm>) -> Layer {
    let alone = group.roles.len() == 1;
    Layer {
        name: if alone { group.name.clone() } else { format!("{}/{}", group.name, role.name) },
        kind: Kind::Role { group: group.id, role: role.name.clone(), alone },
        members: of_role(role, by_id),
        beside: Vec::new(),
    }
}

/// The VMs of a role, by id; without those that are DONE.
pub(super) fn of_role(role: &Role, by_id: &BTreeMap<VmId, &Vm>) -> Vec<Member> {
    let unread = |vm: VmId| Member { vm, name: String::new(), state: None, place: Place::Unknown };
    let ids: BTreeSet<VmId> = role.vms.iter().copied().collect();
    let alive = ids.into_iter().map(|id| (id, by_id.get(&id)));
    let alive = alive.filter(|(_, vm)| vm.is_none_or(|vm| class(vm.state) != Class::Done));
    alive.map(|(id, vm)| vm.map_or_else(|| unread(id), |vm| member(vm))).collect()
}
