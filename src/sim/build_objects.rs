//! Setting up datastores and VM groups.

use super::cloud::Cloud;
use super::spec::DatastoreSpec;
use super::state::{Datastore, Group, Role};
use super::template::{Attribute, Template};
use super::version::Version;
use crate::model::{DatastoreId, GroupId, HostId, VmGroup};
use std::collections::BTreeSet;

impl Cloud {
    /// Add a datastore; the first new id is 100.
    pub fn add_datastore(&mut self, spec: DatastoreSpec) -> DatastoreId {
        let last = self.state.datastores.keys().next_back().map_or(0, |id| id.0);
        let id = DatastoreId((last + 1).max(100));
        self.insert_datastore(id, spec, Template::default());
        id
    }

    pub(crate) fn insert_datastore(&mut self, id: DatastoreId, spec: DatastoreSpec, more: Template) {
        let mut template = driver_attributes(self.version, &spec);
        template.merge(more);
        for (name, value) in &spec.attributes {
            template.set(name, value);
        }
        match spec.shared.as_deref() {
            Some("") => drop(template.remove("SHARED")),
            Some(text) => template.set("SHARED", text),
            None => {}
        }
        let ds_mad = match spec.kind {
            1 => "-",
            2 => "fs",
            _ => "dummy",
        };
        let datastore = Datastore {
            id,
            name: spec.name,
            ds_mad: ds_mad.to_owned(),
            tm_mad: spec.tm_mad,
            kind: spec.kind,
            disabled: spec.disabled,
            clusters: spec.clusters.into_iter().collect(),
            template,
        };
        self.state.datastores.insert(id, datastore);
    }

    /// Add a VM group; its id and the members in its roles are ignored, VMs join by [`super::VmSpec::group`].
    pub fn add_vm_group(&mut self, group: &VmGroup) -> GroupId {
        let mut template = Template::default();
        for (name, sets) in [("AFFINED", &group.affined), ("ANTI_AFFINED", &group.anti_affined)] {
            for roles in sets {
                template.push(name, Attribute::Single(roles.join(",")));
            }
        }
        let roles = group.roles.iter().enumerate().map(role).collect();
        self.insert_group(&group.name, roles, template)
    }

    pub(crate) fn insert_group(&mut self, name: &str, roles: Vec<Role>, template: Template) -> GroupId {
        let id = GroupId(self.state.groups.keys().next_back().map_or(0, |id| id.0 + 1));
        let group = Group { name: name.to_owned(), roles, template, lock: None };
        self.state.groups.insert(id, group);
        id
    }
}

/// What oned copies from `TM_MAD_CONF` into a datastore. SHARED follows the driver, whatever the client says.
pub(crate) fn driver_attributes(version: Version, spec: &DatastoreSpec) -> Template {
    let mut template = Template::default();
    let local = matches!(spec.tm_mad.as_str(), "ssh" | "local");
    let mut pairs = vec![
        ("ALLOW_ORPHANS", if spec.kind == 2 { "FORMAT" } else { "NO" }),
        ("RESTRICTED_DIRS", "/"),
        ("SAFE_DIRS", "/var/tmp"),
        ("TM_MAD", spec.tm_mad.as_str()),
        (
            "TYPE",
            ["IMAGE_DS", "SYSTEM_DS", "FILE_DS"]
                .get(usize::try_from(spec.kind).unwrap_or(9))
                .unwrap_or(&"BACKUP_DS"),
        ),
    ];
    if version >= Version::V7_0 {
        pairs.push(("PERSISTENT_SNAPSHOTS", "YES"));
    }
    if spec.kind != 2 {
        pairs.push(("DISK_TYPE", "FILE"));
    }
    if spec.kind == 1 {
        pairs.extend([("DS_MIGRATE", "YES"), ("SHARED", if local { "NO" } else { "YES" })]);
        if version >= Version::V7_0 {
            pairs.extend([("DS_LIVE_MIGRATE", "YES"), ("DS_MIGRATE_SNAP", "YES")]);
        }
    } else {
        let links = if spec.kind == 2 { "SYSTEM" } else { "NONE" };
        let driver = if spec.kind == 2 { "fs" } else { "dummy" };
        pairs.extend([("CLONE_TARGET", "SYSTEM"), ("LN_TARGET", links), ("DS_MAD", driver)]);
    }
    for (name, value) in pairs {
        template.set(name, value);
    }
    template
}

fn role((at, role): (usize, &crate::model::Role)) -> Role {
    let ids = |hosts: &[HostId]| {
        let ids: Vec<String> = hosts.iter().map(|host| host.0.to_string()).collect();
        ids.join(",")
    };
    let policy = match &role.policy {
        crate::model::GroupPolicy::None => String::new(),
        crate::model::GroupPolicy::Affined => "AFFINED".to_owned(),
        crate::model::GroupPolicy::AntiAffined => "ANTI_AFFINED".to_owned(),
        crate::model::GroupPolicy::Unknown(text) => text.clone(),
    };
    let attributes = [
        ("ID", at.to_string()),
        ("NAME", role.name.clone()),
        ("POLICY", policy),
        ("HOST_AFFINED", ids(&role.host_affined)),
        ("HOST_ANTI_AFFINED", ids(&role.host_anti_affined)),
    ];
    Role {
        attributes: attributes
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        vms: BTreeSet::new(),
    }
}
