//! What oned keeps in its database: the objects behind the documents. A follower answers from an older copy.
//!
//! Deliberately absent: time, events and what is really true; see `life` and `physics`.

use super::numa::Node;
use super::table::Table;
use super::template::Template;
use crate::model::{ClusterId, DatastoreId, GroupId, HostId, HostState, VmId, VmState};
use std::collections::{BTreeMap, BTreeSet};

/// Every object of the cloud.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) clusters: Table<ClusterId, Cluster>,
    pub(crate) hosts: Table<HostId, Host>,
    pub(crate) vms: Table<VmId, Vm>,
    pub(crate) datastores: Table<DatastoreId, Datastore>,
    pub(crate) groups: Table<GroupId, Group>,
    pub(crate) networks: Table<u32, Network>,
    pub(crate) documents: Table<u32, Document>,
    pub(crate) hooks: Table<u32, Hook>,
    pub(crate) next_document: u32,
    /// The rights of what is made from now on; `None` is OpenNebula's default.
    pub(crate) document_rights: Option<[u8; 9]>,
    pub(crate) next_hook: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) template: Template,
}

#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) id: HostId,
    pub(crate) name: String,
    pub(crate) state: HostState,
    /// The state before this one, which only hooks get to see.
    pub(crate) previous: HostState,
    pub(crate) cluster: ClusterId,
    pub(crate) cpu: i64,
    pub(crate) memory_kib: i64,
    pub(crate) used_cpu: i64,
    pub(crate) used_memory_kib: i64,
    pub(crate) vms: BTreeSet<VmId>,
    pub(crate) pci: Vec<HostPci>,
    pub(crate) numa: Vec<Node>,
    pub(crate) template: Template,
    /// Texts of `HOST_SHARE` that stand there instead of numbers.
    pub(crate) share: BTreeMap<String, String>,
    pub(crate) monitored_at: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct HostPci {
    pub(crate) vendor: String,
    pub(crate) device: String,
    pub(crate) class: String,
    pub(crate) short_address: String,
    pub(crate) profiles: String,
    pub(crate) vm: Option<VmId>,
}

/// `LOCK` of any object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockInfo {
    pub(crate) level: i64,
    pub(crate) time: i64,
    pub(crate) request: i64,
}

/// What an oned has left of a VM that it was working on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// Nobody is at work on the step that the VM is in.
    Driver,
    /// A row of its history that its document does not have.
    Row,
}

#[derive(Clone, Debug)]
pub(crate) struct Vm {
    pub(crate) id: VmId,
    pub(crate) name: String,
    /// `UID`
    pub(crate) owner: u32,
    /// `GNAME`, the group of its owner.
    pub(crate) owner_group: String,
    pub(crate) state: VmState,
    /// The state before this one, which only hooks get to see.
    pub(crate) before: VmState,
    /// Counts the changes of state, so that an event meant for an older one is recognised.
    pub(crate) step: u64,
    /// A driver or the life-cycle manager is about to change the state.
    pub(crate) busy: bool,
    /// What an oned that is gone has left of it.
    pub(crate) torn: Option<Torn>,
    pub(crate) resched: bool,
    pub(crate) stime: i64,
    pub(crate) etime: i64,
    pub(crate) deploy_id: String,
    pub(crate) lock: Option<LockInfo>,
    pub(crate) cpu: i64,
    pub(crate) memory_kib: i64,
    /// When it was monitored last, and whether its guest agent has answered then.
    pub(crate) monitoring: Option<(i64, bool)>,
    pub(crate) template: Template,
    pub(crate) user_template: Template,
    pub(crate) history: Vec<History>,
    /// Where the disks are, on a datastore that hosts do not share.
    pub(crate) disks_on: Option<HostId>,
}

/// One record; the times are epoch seconds, 0 is unset.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) host: HostId,
    pub(crate) hostname: String,
    pub(crate) cluster: ClusterId,
    pub(crate) datastore: DatastoreId,
    pub(crate) tm_mad: String,
    pub(crate) vm_mad: String,
    pub(crate) stime: i64,
    pub(crate) etime: i64,
    pub(crate) pstime: i64,
    pub(crate) petime: i64,
    pub(crate) rstime: i64,
    pub(crate) retime: i64,
    pub(crate) estime: i64,
    pub(crate) eetime: i64,
    pub(crate) action: i64,
    /// Who asked for the action: -1 for oned itself.
    pub(crate) by: i64,
    pub(crate) request: i64,
}

impl Host {
    /// Its driver for VMs.
    pub(crate) fn vm_mad(&self) -> &str {
        self.template.get("VM_MAD").unwrap_or_default()
    }
}

impl History {
    pub(crate) fn open(host: &Host, datastore: DatastoreId, tm_mad: &str) -> History {
        History {
            host: host.id,
            hostname: host.name.clone(),
            cluster: host.cluster,
            datastore,
            tm_mad: tm_mad.to_owned(),
            vm_mad: host.vm_mad().to_owned(),
            stime: 0,
            etime: 0,
            pstime: 0,
            petime: 0,
            rstime: 0,
            retime: 0,
            estime: 0,
            eetime: 0,
            action: 0,
            by: -1,
            request: -1,
        }
    }

    pub(crate) fn act(&mut self, action: i64, request: i64) {
        self.action = action;
        self.by = 0;
        self.request = request;
    }

    pub(crate) fn close(&mut self, now: i64) {
        self.etime = now;
        if self.retime == 0 && self.rstime != 0 {
            self.retime = now;
        }
    }
}

impl Vm {
    /// The host of the last record.
    pub(crate) fn host(&self) -> Option<HostId> {
        self.history.last().map(|record| record.host)
    }

    /// The record before the last one.
    pub(crate) fn previous(&self) -> Option<&History> {
        self.history.iter().rev().nth(1)
    }

    pub(crate) fn wants_pci(&self) -> bool {
        self.template.vectors("PCI").next().is_some()
    }

    /// The member of `group` in `role`, if it is one.
    pub(crate) fn group(&self) -> Option<(GroupId, &str)> {
        let group = self.template.vectors("VMGROUP").next()?;
        let id = group.get("VMGROUP_ID")?.parse().ok()?;
        Some((GroupId(id), group.get("ROLE").map_or("", String::as_str)))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Datastore {
    pub(crate) id: DatastoreId,
    pub(crate) name: String,
    pub(crate) ds_mad: String,
    pub(crate) tm_mad: String,
    pub(crate) kind: i64,
    pub(crate) disabled: bool,
    pub(crate) clusters: BTreeSet<ClusterId>,
    pub(crate) template: Template,
}

#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) clusters: BTreeSet<ClusterId>,
    pub(crate) template: Template,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) template: Template,
    pub(crate) lock: Option<LockInfo>,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) vms: BTreeSet<VmId>,
}

impl Role {
    pub(crate) fn name(&self) -> &str {
        self.attributes.get("NAME").map_or("", String::as_str)
    }

    /// `HOST_AFFINED` and `HOST_ANTI_AFFINED`.
    pub(crate) fn allows(&self, host: HostId) -> bool {
        let names = |list: &String| list.split(',').any(|id| id.trim() == host.0.to_string());
        self.attributes.get("HOST_AFFINED").is_none_or(names)
            && !self.attributes.get("HOST_ANTI_AFFINED").is_some_and(names)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) kind: i64,
    /// Its user, and the name of his group.
    pub(crate) owner: (u32, String),
    /// The nine rights in oned's order, owner first.
    pub(crate) rights: [u8; 9],
    pub(crate) lock: Option<LockInfo>,
    pub(crate) template: Template,
}

#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) template: Template,
    pub(crate) lock: Option<LockInfo>,
}
