//! VM groups: making and changing them, and the VMs that join and leave. Source: `src/vm_group`.
//!
//! Where no recording has a refusal's text, its code is what counts.

use super::objects::parse;
use super::{Args, Done, Fail, Right, bad_action, check_lock, int, missing, refused};
use crate::model::{GroupId, VmState};
use crate::sim::cloud::Cloud;
use crate::sim::state::{Group, Role};
use crate::sim::template::Attribute;
use crate::sim::version::Version;
use std::collections::{BTreeMap, BTreeSet};

/// Source: `PoolObjectSQL::INVALID_NAME_CHARS`.
const INVALID_NAME_CHARS: &str = "&|:\\\";/'#{}$<>";
const MOST_ROLES: usize = 32;

/// Since when oned knows a method about groups; `None` for one that was always there.
pub(super) fn since(method: &str) -> Option<Version> {
    match method {
        "one.vmgroup.roleadd" => Some(Version::V6_10),
        "one.vm.vmgroupadd" | "one.vm.vmgroupdel" => Some(Version::V7_4),
        _ => None,
    }
}

impl Cloud {
    pub(super) fn group_allocate(&mut self, args: &Args<'_>) -> Done {
        let mut template = parse(args, 0)?;
        let name = template.get("NAME").unwrap_or_default().to_owned();
        self.check_group_name(&name, None)?;
        template.remove("NAME");
        let mut roles = Vec::new();
        for role in template.vectors("ROLE") {
            add_role(&mut roles, role)?;
        }
        template.remove("ROLE");
        int(self.insert_group(&name, roles, template).0)
    }

    pub(super) fn group_change(&mut self, verb: &str, args: &Args<'_>) -> Done {
        let id = GroupId(args.id(0, "vm group")?);
        let group = self.state.groups.get(&id).ok_or_else(|| missing("vm group", id.0.into()))?;
        let (old, vms) = (group.lock, members(group));
        match verb {
            "lock" => {
                let lock = self.lock(old, args)?;
                self.with_group(id, |group| group.lock = lock);
                return int(id.0);
            }
            "unlock" => {
                self.with_group(id, |group| group.lock = None);
                return int(id.0);
            }
            _ => check_lock(old, Right::Manage, "VM GROUP", id.0)?,
        }
        match verb {
            "rename" => {
                let name = args.text(1)?;
                self.check_group_name(name, Some(id))?;
                self.with_group(id, |group| name.clone_into(&mut group.name));
            }
            "roleadd" => {
                let role = parse(args, 1)?;
                let role = role.vectors("ROLE").next().cloned();
                let role = role.ok_or_else(|| bad_action("Missing ROLE in VM group role"))?;
                let mut roles = group.roles.clone();
                add_role(&mut roles, &role)?;
                self.with_group(id, |group| group.roles = roles);
            }
            _ if vms > 0 => return Err(bad_action(format!("VM Group has {vms} VMs"))),
            "update" => {
                let (new, append) = (parse(args, 1)?, args.int_or(2, 0)? == 1);
                self.with_group(id, |group| {
                    if !append {
                        group.template = crate::sim::template::Template::default();
                    }
                    group.template.merge(new);
                    group.template.remove("ROLE");
                });
            }
            _ => {
                self.state.groups.remove(&id);
            }
        }
        int(id.0)
    }

    /// `one.vm.vmgroupadd`. 7.4 lets a VM into a second group; later versions do not.
    pub(super) fn vm_group_join(&mut self, args: &Args<'_>) -> Done {
        let (id, vm) = self.vm(args)?;
        check_lock(vm.lock, Right::Manage, "VM", id.0)?;
        let wanted = GroupId(args.id(1, "vm group")?);
        let role = args.text(2)?.to_owned();
        let group = self.state.groups.get(&wanted).ok_or_else(|| missing("vm group", wanted.0.into()))?;
        if !group.roles.iter().any(|other| other.name() == role) {
            return Err(bad_action("Role does not exist in VM Group"));
        }
        if self.version >= Version::V7_5 && vm.group().is_some() {
            return Err(bad_action("VM already belongs to a VM Group"));
        }
        let mut joined = vm.clone();
        let pairs = [("ROLE", role.clone()), ("VMGROUP_ID", wanted.0.to_string())];
        let pairs: BTreeMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value)).into();
        joined.template.push("VMGROUP", Attribute::Vector(pairs));
        let host = joined.host().filter(|_| matches!(joined.state, VmState::Active(_)));
        let kept = host
            .and_then(|host| self.state.hosts.get(&host))
            .is_none_or(|host| self.keeps_groups(&joined, host));
        if !kept {
            return Err(bad_action("VM cannot be added, the affinity rules of the VM Group are not met"));
        }
        self.with_vm(id, |vm| vm.template = joined.template);
        self.with_group(wanted, |group| {
            for role in group.roles.iter_mut().filter(|other| other.name() == role) {
                role.vms.insert(id);
            }
        });
        int(id.0)
    }

    /// `one.vm.vmgroupdel`: out of the first group that its template names.
    pub(super) fn vm_group_leave(&mut self, args: &Args<'_>) -> Done {
        let (id, vm) = self.vm(args)?;
        check_lock(vm.lock, Right::Manage, "VM", id.0)?;
        if vm.group().is_none() {
            return Err(bad_action("VM doesn't belong to any VM Group"));
        }
        self.leave_group(id);
        self.with_vm(id, |vm| drop(vm.template.remove("VMGROUP")));
        int(id.0)
    }

    fn with_group(&mut self, id: GroupId, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.state.groups.get_mut(&id) {
            change(group);
        }
    }

    /// Names are unique for each owner, and everything here is oneadmin's.
    fn check_group_name(&self, name: &str, own: Option<GroupId>) -> Result<(), Fail> {
        if name.is_empty() || name.len() > 128 || name.contains(|c| INVALID_NAME_CHARS.contains(c)) {
            return Err(refused(0x2000, "Invalid NAME"));
        }
        let taken = self.state.groups.iter().find(|(id, group)| group.name == name && Some(**id) != own);
        match taken {
            Some((id, _)) => Err(refused(0x2000, format!("NAME is already taken by VMGroup {}.", id.0))),
            None => Ok(()),
        }
    }
}

fn members(group: &Group) -> usize {
    group.roles.iter().map(|role| role.vms.len()).sum()
}

fn add_role(roles: &mut Vec<Role>, role: &BTreeMap<String, String>) -> Result<(), Fail> {
    let name = role.get("NAME").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| bad_action("Missing NAME in VM group role"))?;
    if roles.iter().any(|other| other.name() == name) {
        return Err(bad_action("Role already exists"));
    }
    if roles.len() >= MOST_ROLES {
        return Err(bad_action("Maximum number of roles in a VM Group reached"));
    }
    let mut attributes = role.clone();
    attributes.insert("ID".to_owned(), roles.len().to_string());
    attributes.remove("VMS");
    roles.push(Role { attributes, vms: BTreeSet::new() });
    Ok(())
}
