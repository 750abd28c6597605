//! Every bond of the VMs that are planned, from their VM groups and layers and from where the other members are.

use super::super::view::View;
use super::{Apart, Bonds, Side};
use crate::model::{GroupId, GroupPolicy, HostId, Owner, Role, Vm, VmGroup, VmId, VmState};
use std::collections::{BTreeMap, BTreeSet};

impl Bonds {
    /// The bonds of these VMs, which have no place yet.
    pub(in crate::policy::plan) fn new(vms: &[&Vm], view: &View<'_>) -> Self {
        let mut bonds = Self::default();
        if vms.iter().all(|vm| vm.needs.group.is_none() && vm.layer().is_none()) {
            return bonds;
        }
        let homeless: BTreeSet<VmId> = vms.iter().map(|vm| vm.id).collect();
        let places = places(view, &homeless);
        // They ask for nobody.
        let at_rest = view.survey.needed.iter().filter(|vm| !matches!(vm.state, VmState::Active(_)));
        let at_rest: BTreeSet<VmId> = at_rest.map(|vm| vm.id).collect();
        bonds.add_layers(vms, view, &places);
        let mut groups = BTreeMap::new();
        for vm in vms {
            let Some(member) = &vm.needs.group else { continue };
            let known = view.groups.get(&member.group).and_then(|group| {
                let at = group.roles.iter().position(|role| role.name == member.role)?;
                Some((*group, at))
            });
            match known {
                Some((group, at)) => {
                    let first =
                        groups.entry(group.id).or_insert_with(|| bonds.add_group(group, &places, &at_rest));
                    bonds.join(vm.id, group, at, *first);
                }
                None if view.groups.contains_key(&member.group) => {
                    let why = format!("its {} has no role {}", member.group, member.role);
                    bonds.unknown.insert(vm.id, why);
                }
                None => {
                    let why = view.survey.groups.absent(member.group.0);
                    bonds.unknown.insert(vm.id, format!("its {} {why}", member.group));
                }
            }
        }
        bonds
    }

    /// A rule for each layer and owner: what strangers write into their VMs is in none of his.
    fn add_layers(&mut self, vms: &[&Vm], view: &View<'_>, places: &BTreeMap<VmId, Vec<HostId>>) {
        let (scope, list) = (view.request.policy.plan.layer_scope, &view.survey.layers);
        let mut rules: BTreeMap<&str, BTreeMap<Owner, usize>> = BTreeMap::new();
        for vm in vms {
            let Some(layer) = vm.layer() else { continue };
            let rule = *rules.entry(layer).or_default().entry(vm.owner).or_insert_with(|| {
                self.rules.push(Apart { name: format!("layer {layer}"), occupied: Vec::new() });
                self.rules.len() - 1
            });
            self.of.entry(vm.id).or_default().apart.push((rule, Side::Alone(vm.id)));
        }
        let bound = |of_layer: Option<&BTreeMap<Owner, usize>>, to: Option<Owner>| -> Vec<(Owner, usize)> {
            let all = of_layer.into_iter().flatten();
            let bound = all.filter(|(one, _)| to.is_none_or(|to| scope.binds(**one, to)));
            bound.map(|(one, rule)| (*one, *rule)).collect()
        };
        for vm in vms {
            let Some(layer) = vm.layer() else { continue };
            let others = bound(rules.get(layer), Some(vm.owner)).into_iter();
            let others = others.filter(|(one, _)| *one != vm.owner);
            let beside = others.map(|(_, rule)| (rule, Side::Alone(vm.id)));
            self.of.entry(vm.id).or_default().beside.extend(beside);
        }
        let here = view.survey.vms.iter().filter_map(|vm| Some((vm.id, (vm.layer()?, vm.owner))));
        // What was recorded before owners were read has none: it counts for all, as it did then.
        let owner = |vm: &VmId| list.owners.get(vm).copied().unwrap_or_default();
        let listed = list.members.iter().map(|(vm, layer)| (*vm, (layer.as_str(), owner(vm))));
        let members: BTreeMap<VmId, (&str, Owner)> = listed.chain(here).collect();
        for (vm, (layer, owner)) in members {
            let bound = bound(rules.get(layer), Some(owner));
            self.occupy(bound, vm, places, Side::Alone(vm));
        }
        for vm in &list.unreadable {
            let owner = list.owners.get(vm).copied();
            let bound = rules.values().flat_map(|of_layer| bound(Some(of_layer), owner)).collect();
            self.occupy(bound, *vm, places, Side::Unknown);
        }
    }

    /// The VM is where it is, for each of these rules.
    fn occupy(
        &mut self,
        rules: Vec<(Owner, usize)>,
        vm: VmId,
        places: &BTreeMap<VmId, Vec<HostId>>,
        side: Side,
    ) {
        for (_, rule) in rules {
            if let Some(rule) = self.rules.get_mut(rule) {
                let hosts = places.get(&vm).into_iter().flatten();
                rule.occupied.extend(hosts.map(|host| (*host, vm, side)));
            }
        }
    }

    /// The rules of a group, with the members that have a place. Gives the index of the first one: a rule for each role,
    /// then one for each set that is `ANTI_AFFINED`.
    fn add_group(
        &mut self,
        group: &VmGroup,
        places: &BTreeMap<VmId, Vec<HostId>>,
        at_rest: &BTreeSet<VmId>,
    ) -> usize {
        let first = self.rules.len();
        for (at, role) in group.roles.iter().enumerate() {
            let name = format!("layer {}/{} ({})", group.name, role.name, group.id);
            self.rules.push(Apart { name, occupied: occupied(role, places, Side::Alone) });
            let active = role.vms.iter().filter(|vm| !at_rest.contains(vm));
            let here = active.filter_map(|vm| places.get(vm)).flatten().copied();
            if let Some(set) = together(group, at) {
                self.fixed.entry((group.id.0, set)).or_default().extend(here);
            }
        }
        for set in &group.anti_affined {
            let roles = group.roles.iter().enumerate().filter(|(_, role)| set.contains(&role.name));
            let occupied = roles.flat_map(|(at, role)| occupied(role, places, |_| Side::Role(at))).collect();
            let name = format!("layer {} ({}, {} apart)", group.name, group.id, set.join(" and "));
            self.rules.push(Apart { name, occupied });
        }
        first
    }

    fn join(&mut self, vm: VmId, group: &VmGroup, at: usize, first: usize) {
        let Some(role) = group.roles.get(at) else { return };
        if let GroupPolicy::Unknown(word) = &role.policy {
            let why = format!(
                "role {} of its {} has the policy {word}, which nobody here knows",
                role.name, group.id
            );
            self.unknown.insert(vm, why);
        }
        let bond = self.of.entry(vm).or_default();
        if role.policy == GroupPolicy::AntiAffined {
            bond.apart.push((first + at, Side::Alone(vm)));
        }
        for (number, set) in group.anti_affined.iter().enumerate() {
            if set.contains(&role.name) {
                bond.apart.push((first + group.roles.len() + number, Side::Role(at)));
            }
        }
        bond.together = together(group, at).map(|set| (group.id.0, set));
        if !role.host_affined.is_empty() {
            bond.only = Some(role.host_affined.iter().copied().collect());
        }
        bond.never.extend(&role.host_anti_affined);
    }
}

/// The members of a role that have a place.
fn occupied(
    role: &Role,
    places: &BTreeMap<VmId, Vec<HostId>>,
    side: impl Fn(VmId) -> Side,
) -> Vec<(HostId, VmId, Side)> {
    let mut occupied = Vec::new();
    for vm in &role.vms {
        let hosts = places.get(vm).into_iter().flatten();
        occupied.extend(hosts.map(|host| (*host, *vm, side(*vm))));
    }
    occupied
}

/// The VMs that these are kept together with, wherever they are, each with its VM group: whether one is ACTIVE says whether
/// it is to be followed.
#[must_use]
pub fn kept_with(vms: &[Vm], groups: &[VmGroup]) -> BTreeSet<(GroupId, VmId)> {
    let mut members: BTreeMap<GroupId, BTreeSet<&str>> = BTreeMap::new();
    for member in vms.iter().filter_map(|vm| vm.needs.group.as_ref()) {
        members.entry(member.group).or_default().insert(&member.role);
    }
    let mut kept = BTreeSet::new();
    for group in groups {
        let Some(names) = members.get(&group.id) else { continue };
        let set = |at: usize, role: &Role| {
            names.contains(role.name.as_str()).then(|| together(group, at)).flatten()
        };
        let sets: BTreeSet<usize> =
            group.roles.iter().enumerate().filter_map(|(at, role)| set(at, role)).collect();
        let roles = group.roles.iter().enumerate();
        let roles = roles.filter(|(at, _)| together(group, *at).is_some_and(|set| sets.contains(&set)));
        kept.extend(roles.flat_map(|(_, role)| &role.vms).map(|vm| (group.id, *vm)));
    }
    kept
}

/// The first role of the set that shares a host with this role, if one does: sets that have a role in common are one.
fn together(group: &VmGroup, at: usize) -> Option<usize> {
    let name = |at: usize| group.roles.get(at).map(|role| &role.name);
    let alone = group.roles.get(at).is_some_and(|role| role.policy == GroupPolicy::Affined);
    let mut names: BTreeSet<&String> = name(at).into_iter().collect();
    for _ in 0..group.affined.len() {
        for set in &group.affined {
            if set.iter().any(|name| names.contains(name)) {
                names.extend(set);
            }
        }
    }
    let first = (0..group.roles.len()).find(|role| name(*role).is_some_and(|name| names.contains(name)))?;
    (alone || names.len() > 1).then_some(first)
}

/// Where every VM is that has a place: on the hosts that oned charges it to, and where it was sent.
fn places(view: &View<'_>, homeless: &BTreeSet<VmId>) -> BTreeMap<VmId, Vec<HostId>> {
    let mut places: BTreeMap<VmId, Vec<HostId>> = BTreeMap::new();
    let others = view.hosts.values().filter(|host| host.id != view.request.host);
    let charged = others.flat_map(|host| host.vms.iter().map(|vm| (*vm, host.id)));
    let sent = view.request.moving.iter().map(|(vm, host)| (*vm, *host));
    let read = view.survey.vms.iter().filter_map(|vm| Some((vm.id, vm.host?)));
    for (vm, host) in charged.chain(sent).chain(read) {
        if host != view.request.host && !homeless.contains(&vm) {
            let hosts = places.entry(vm).or_default();
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    places
}
