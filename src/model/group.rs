//! Clusters and VM groups.

use super::{ClusterId, DatastoreId, GroupId, HostId, VmId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A cluster, from `one.clusterpool.info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// `CLUSTER/ID`.
    pub id: ClusterId,
    /// `CLUSTER/NAME`.
    pub name: String,
    /// `CLUSTER/HOSTS/ID`.
    pub hosts: Vec<HostId>,
    /// `CLUSTER/DATASTORES/ID`.
    pub datastores: Vec<DatastoreId>,
    /// The single values of `CLUSTER/TEMPLATE`; written by administrators only.
    #[serde(serialize_with = "super::attributes::harmless")]
    pub attributes: BTreeMap<String, String>,
}

/// `ROLE/POLICY`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupPolicy {
    /// No policy inside the role.
    None,
    /// `AFFINED`: all VMs of the role on one host.
    Affined,
    /// `ANTI_AFFINED`: each VM of the role on a host of its own.
    AntiAffined,
    /// Text that this version does not know.
    Unknown(String),
}

/// One `VM_GROUP/ROLES/ROLE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// `ROLE/NAME`.
    pub name: String,
    /// `ROLE/POLICY`.
    pub policy: GroupPolicy,
    /// `ROLE/VMS`, `"2,3"` in the document.
    pub vms: Vec<VmId>,
    /// `ROLE/HOST_AFFINED`.
    pub host_affined: Vec<HostId>,
    /// `ROLE/HOST_ANTI_AFFINED`.
    pub host_anti_affined: Vec<HostId>,
}

/// A VM group, from `one.vmgrouppool.info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmGroup {
    /// `VM_GROUP/ID`.
    pub id: GroupId,
    /// `VM_GROUP/NAME`.
    pub name: String,
    /// `VM_GROUP/ROLES/ROLE`.
    pub roles: Vec<Role>,
    /// `TEMPLATE/AFFINED`, each a set of role names that share a host.
    pub affined: Vec<Vec<String>>,
    /// `TEMPLATE/ANTI_AFFINED`, each a set of role names that keep apart.
    pub anti_affined: Vec<Vec<String>>,
}
