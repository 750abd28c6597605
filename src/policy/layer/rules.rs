//! What an operator may change about layers. Each refusal says the rule, and the way round it.

use super::name::{listed, valid};
use super::{Kind, Layer, Member, Place, Survey, member};
use crate::model::{Vm, VmGroup, VmId};
use crate::policy::states::{Class, class};

/// The first version whose VM groups a VM can join and leave: 7.4, whose development versions are 7.3.80 and up.
const JOINABLE: [u32; 3] = [7, 3, 80];

/// A rule says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The rule, with the objects.
    pub rule: String,
    /// The way round it.
    pub way: String,
}

/// How this version of oned keeps layers that are made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// VM groups that VMs can join and leave at any time.
    Groups,
    /// The attribute `HA_LAYER`: a VM group's members are fixed when they are made.
    Attributes,
}

impl Means {
    /// The means of a version. Shape: `7.5.80`; what cannot be read counts as old.
    #[must_use]
    pub fn of(version: &str) -> Means {
        let mut numbers = version.trim().split('.').map(str::parse::<u32>);
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
        if [next(), next(), next()] >= JOINABLE { Self::Groups } else { Self::Attributes }
    }
}

fn no<T>(rule: impl Into<String>, way: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { rule: rule.into(), way: way.into() })
}

/// May this VM join? `others` are the members that the layer will have then; `None` for `target` is a new layer.
///
/// # Errors
/// [`Refused`], by the first of: the VM exists, it is in no other layer, the layer can be joined, and it shares no
/// host with another member.
pub fn may_join(survey: &Survey, target: Option<&Layer>, others: &[Member], vm: &Vm) -> Result<(), Refused> {
    if class(vm.state) == Class::Done {
        return no(format!("{vm} is {}: it is in no layer any more", vm.state), "give a VM that exists");
    }
    if let Some(other) = survey.layers.iter().find(|layer| layer.member(vm.id).is_some()) {
        return no(
            format!("{vm} is in layer {other} already: there is no direct move between layers"),
            format!("first `onerescue layer remove {} {}`, then this again", quoted(&other.name), vm.id.0),
        );
    }
    let kind = target.map(|layer| &layer.kind);
    if let Some(layer) =
        target.filter(|layer| matches!(layer.kind, Kind::Attribute(_)) && valid(&layer.name).is_err())
    {
        return no(
            format!("the name of {layer} has characters that are not written to other VMs"),
            "rename it first, with its members powered off: `onerescue layer rename`",
        );
    }
    let role = match (kind, survey.means) {
        (Some(Kind::Role { .. }), Means::Attributes) => {
            return no(
                "before OpenNebula 7.4 a VM group's members are fixed when they are made",
                "make a layer of another name with `onerescue layer create`; it uses HA_LAYER",
            );
        }
        (Some(Kind::Role { .. }) | None, Means::Groups) => true,
        (Some(Kind::Attribute(_)), Means::Groups | Means::Attributes) | (None, Means::Attributes) => false,
    };
    if let Some(other) = others.iter().find(|other| !role && !both_bound(survey, vm, other.vm)) {
        return no(
            format!(
                "{vm} is of another owner and group than {other}, a member: HA_LAYER would not keep the two apart \
                 (plan.layer_scope)"
            ),
            format!(
                "use a VM group, or give both one group with `onevm chgrp {} GROUP`, or set layer_scope = \"all\"",
                vm.id.0
            ),
        );
    }
    if let Some(group) = survey.groups.iter().find(|group| role && holds(group, vm)) {
        return no(
            format!("{vm} is in {} ({}) already: a VM can be in one VM group only", group.name, group.id),
            format!("first `onevm vmgroup-del {}`, then this again", vm.id.0),
        );
    }
    keeps_apart(survey, others, &member(vm))
}

/// Do the two keep away from each other if they have the attribute?
fn both_bound(survey: &Survey, vm: &Vm, other: VmId) -> bool {
    let other = survey.vms.iter().find(|read| read.id == other).map(|read| read.owner);
    other.is_none_or(|other| survey.scope.binds(vm.owner, other) && survey.scope.binds(other, vm.owner))
}

fn holds(group: &VmGroup, vm: &Vm) -> bool {
    group.roles.iter().any(|role| role.vms.contains(&vm.id))
}

/// May all of these join, one after the other? Shape: `target` as in [`may_join`].
///
/// # Errors
/// [`Refused`] by the first that may not.
pub fn may_all_join(survey: &Survey, target: Option<&Layer>, vms: &[VmId]) -> Result<(), Refused> {
    let mut members = target.map(|layer| layer.members.clone()).unwrap_or_default();
    let beside = target.map(|layer| layer.beside.as_slice()).unwrap_or_default();
    for vm in survey.vms.iter().filter(|vm| vms.contains(&vm.id)) {
        may_join(survey, target, &members, vm)?;
        keeps_apart(survey, beside, &member(vm))?;
        members.push(member(vm));
    }
    Ok(())
}

/// A VM that is on no host may always join: it is placed anew when it starts.
fn keeps_apart(survey: &Survey, others: &[Member], vm: &Member) -> Result<(), Refused> {
    let place = match vm.place {
        Place::Nowhere => return Ok(()),
        Place::On(host) | Place::Last(host) => host,
        Place::Moving(_) => {
            return no(
                format!("{vm} is moving to another host"),
                "wait until it is RUNNING, then this again",
            );
        }
        Place::Unknown => {
            return no(format!("it is not known where {vm} is"), format!("look at `onevm show {}`", vm.vm.0));
        }
    };
    for other in others {
        match other.place {
            Place::Moving(_) => {
                return no(
                    format!("{other}, a member, is moving to another host"),
                    "wait until it is RUNNING, then this again",
                );
            }
            Place::Unknown => {
                return no(
                    format!("it is not known where {other}, a member, is"),
                    format!("look at `onevm show {}`", other.vm.0),
                );
            }
            Place::On(host) | Place::Last(host) if host == place => {
                return shares(vm, other, &survey.host(host));
            }
            Place::On(_) | Place::Last(_) | Place::Nowhere => {}
        }
    }
    Ok(())
}

fn shares(vm: &Member, other: &Member, host: &str) -> Result<(), Refused> {
    let theirs = match other.place {
        Place::Last(_) => "the last host of",
        Place::On(_) | Place::Moving(_) | Place::Nowhere | Place::Unknown => "the host of",
    };
    match vm.place {
        Place::Last(_) => no(
            format!("the last host of {vm} is {host}, {theirs} member {other}: it would start there again"),
            format!("migrate it to another host, then this again: `onevm migrate {} HOST`", vm.vm.0),
        ),
        Place::On(_) | Place::Moving(_) | Place::Nowhere | Place::Unknown => no(
            format!("{vm} is on {host}, {theirs} member {other}: a layer's VMs must not share a host"),
            format!(
                "migrate one of the two to another host, then this again: `onevm migrate {} HOST`",
                vm.vm.0
            ),
        ),
    }
}

/// May members be taken out of this layer?
///
/// # Errors
/// [`Refused`] for a VM group of an oned that cannot do that.
pub fn may_leave(layer: &Layer, means: Means) -> Result<(), Refused> {
    match (&layer.kind, means) {
        (Kind::Attribute(_), _) | (Kind::Role { .. }, Means::Groups) => Ok(()),
        (Kind::Role { .. }, Means::Attributes) => no(
            format!("{layer}: before OpenNebula 7.4 a VM group's members are fixed when they are made"),
            "upgrade, or make the VM again without its VMGROUP",
        ),
    }
}

/// May this layer get another name? That the name is free is another question.
///
/// # Errors
/// [`Refused`] while a member is deployed, and for one role of several in a VM group.
pub fn may_rename(layer: &Layer) -> Result<(), Refused> {
    whole(layer, "onevmgroup role-update")?;
    let deployed = layer.members.iter().find(|member| match member.place {
        Place::On(_) | Place::Moving(_) | Place::Unknown => true,
        Place::Last(_) | Place::Nowhere => false,
    });
    match deployed {
        None => Ok(()),
        Some(member) => no(
            format!("{member}, a member of {layer}, is deployed: a layer keeps its name while members are"),
            "power its members off first; or make a new layer, remove the VMs from this one and add them there",
        ),
    }
}

/// May this layer be deleted?
///
/// # Errors
/// [`Refused`] with more than one member left, with one that cannot leave, and for one role of several.
pub fn may_delete(layer: &Layer, means: Means) -> Result<(), Refused> {
    whole(layer, "onevmgroup role-delete")?;
    match layer.members.as_slice() {
        [] => Ok(()),
        [_] => may_leave(layer, means),
        [_, rest @ ..] => no(
            format!("{layer} has {} members: only a layer with at most one is deleted", layer.members.len()),
            format!(
                "first `onerescue layer remove {} {}`, then this again",
                quoted(&layer.name),
                listed(rest.iter().map(|member| member.vm))
            ),
        ),
    }
}

fn whole(layer: &Layer, command: &str) -> Result<(), Refused> {
    match &layer.kind {
        Kind::Attribute(_) | Kind::Role { alone: true, .. } => Ok(()),
        Kind::Role { group, alone: false, .. } => no(
            format!("{layer} is one of several roles of {group}, which have a meaning together"),
            format!("change it with OpenNebula's own command: `{command}`"),
        ),
    }
}

/// May a layer be made? On an old oned it exists in its members only.
///
/// # Errors
/// [`Refused`] where at least one VM has to be named.
pub fn may_create(means: Means, members: usize) -> Result<(), Refused> {
    match means {
        Means::Attributes if members == 0 => no(
            "before OpenNebula 7.4 a layer exists in its members only",
            "name at least one VM: `onerescue layer create NAME VM…`",
        ),
        Means::Groups | Means::Attributes => Ok(()),
    }
}

/// A name as a shell takes it: `HA_LAYER` is written by owners of VMs, and this is pasted by administrators.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}
