//! Whose a layer of the attribute is: a value means something among the VMs of one owner or team only.

use super::{Kind, Layer, Member, member};
use crate::model::{Owner, Vm};
use crate::policy::LayerScope;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Whose VMs are the members of a layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// The administrators', or everybody's where the settings say so.
    All,
    /// Those of this user.
    User(u32),
    /// Those of users who have this group in common, by its id and name.
    Team(u32, String),
}

/// Nothing, ` of user 5`, ` of group shop`
impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::User(id) => write!(f, " of user {id}"),
            Self::Team(id, name) if name.is_empty() => write!(f, " of group {id}"),
            Self::Team(_, name) => write!(f, " of group {name}"),
        }
    }
}

/// VMs whose owners, one to the next, have a user or a team in common.
#[derive(Default)]
struct Circle<'a> {
    users: BTreeSet<u32>,
    teams: BTreeMap<u32, &'a str>,
    vms: Vec<&'a Vm>,
}

impl<'a> Circle<'a> {
    fn of(vm: &'a Vm, scope: LayerScope) -> Self {
        let Owner { user, .. } = vm.owner;
        let team = vm.owner.team().filter(|_| scope != LayerScope::Owner);
        let teams = team.map(|team| (team, vm.gname.as_str())).into_iter().collect();
        Self { users: BTreeSet::from([user]), teams, vms: vec![vm] }
    }

    fn meets(&self, other: &Self) -> bool {
        !self.users.is_disjoint(&other.users) || self.teams.keys().any(|team| other.teams.contains_key(team))
    }

    fn join(&mut self, other: Self) {
        self.users.extend(other.users);
        self.teams.extend(other.teams);
        self.vms.extend(other.vms);
    }

    fn whose(&self) -> Whose {
        match (self.users.first(), self.teams.first_key_value()) {
            (Some(user), _) if self.users.len() == 1 => Whose::User(*user),
            (_, Some((team, name))) => Whose::Team(*team, (*name).to_owned()),
            (user, None) => user.map_or(Whose::All, |user| Whose::User(*user)),
        }
    }
}

/// The layers of these VMs, which all have this value.
pub(super) fn layers(name: &str, vms: &[&Vm], scope: LayerScope) -> Vec<Layer> {
    let layer = |whose, members, beside| Layer {
        name: name.to_owned(),
        kind: Kind::Attribute(whose),
        members,
        beside,
    };
    let members = |vms: &[&Vm]| -> Vec<Member> {
        let by_id: BTreeMap<_, _> = vms.iter().map(|vm| (vm.id, *vm)).collect();
        by_id.into_values().map(member).collect()
    };
    if scope == LayerScope::All {
        return vec![layer(Whose::All, members(vms), Vec::new())];
    }
    let (admins, others): (Vec<&Vm>, Vec<&Vm>) = vms.iter().partition(|vm| vm.owner.is_admin());
    let mut circles: Vec<Circle<'_>> = Vec::new();
    for vm in others {
        let mut circle = Circle::of(vm, scope);
        let (met, rest): (Vec<_>, Vec<_>) = circles.into_iter().partition(|other| other.meets(&circle));
        for other in met {
            circle.join(other);
        }
        circles = rest;
        circles.push(circle);
    }
    let admins = members(&admins);
    let tenants = circles.iter().map(|circle| layer(circle.whose(), members(&circle.vms), admins.clone()));
    let mut layers: Vec<Layer> = tenants.collect();
    if !admins.is_empty() {
        layers.push(layer(Whose::All, admins, Vec::new()));
    }
    layers
}
