//! What a VM asks of the host that runs it, besides CPU, memory and PCI devices.

use super::{DatastoreId, GroupId, NetworkId};
use serde::{Deserialize, Serialize};

/// What a VM's template asks of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// `TEMPLATE/DISK`.
    pub disks: Vec<Disk>,
    /// `TEMPLATE/NIC/NETWORK_ID` and those of `NIC_ALIAS`, by id.
    pub networks: Vec<NetworkId>,
    /// `TEMPLATE/VMGROUP`.
    pub group: Option<Membership>,
    /// `TEMPLATE/AUTOMATIC_REQUIREMENTS`, oned's own; the owner's are `SCHED_REQUIREMENTS` of the user template.
    pub automatic: Option<String>,
    /// `TEMPLATE/TOPOLOGY`, where it pins the VM or asks for huge pages.
    pub topology: Option<Topology>,
    /// `TEMPLATE/TPM` is there: the state of its TPM is saved by an orderly shutdown only.
    pub tpm: bool,
    /// `TEMPLATE/OS/FIRMWARE` is a UEFI: its variables are a file in the VM's directory.
    pub uefi: bool,
    /// `TEMPLATE/CPU_MODEL/MODEL`, where it is a model and no word for whatever the host has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// `TEMPLATE/OS/MACHINE`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
}

/// One `TEMPLATE/DISK`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// `DISK_ID`.
    pub id: u32,
    /// `DATASTORE_ID`: where its image is; a volatile disk has none.
    pub datastore: Option<DatastoreId>,
    /// `TM_MAD`: the driver of its image.
    pub tm_mad: String,
    /// `TM_MAD_SYSTEM`: the driver that holds its copy on the system datastore, where that is another one.
    pub tm_mad_system: String,
    /// `RECOVERY_SNAPSHOT_FREQ`: seconds between two copies to the replica host; 0 is none.
    pub replicated_every: i64,
}

/// `TEMPLATE/VMGROUP`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// `VMGROUP_ID`
    pub group: GroupId,
    /// `ROLE`, a role's name.
    pub role: String,
}

/// `TEMPLATE/TOPOLOGY` with the VM's own NUMA nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// `PIN_POLICY`
    pub pin: Pin,
    /// `THREADS` of one core; 0 leaves it to the host.
    pub threads: i64,
    /// `HUGEPAGE_SIZE` in MiB; 0 is none.
    pub hugepage_mib: i64,
    /// `TEMPLATE/NUMA_NODE`; one with all of the VM where the template has none.
    pub nodes: Vec<VirtualNode>,
}

/// `TOPOLOGY/PIN_POLICY`. Source: `src/host/HostShareNUMA.cc`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pin {
    /// `NONE`, or absent.
    None,
    /// `THREAD`: each virtual CPU on a hardware thread of its own.
    Thread,
    /// `CORE`: each virtual core on a whole core that nobody else has.
    Core,
    /// `SHARED`: on a pinned host, on CPUs shared with others of this kind.
    Shared,
    /// Text that this version does not know.
    Unknown(String),
}

/// One `TEMPLATE/NUMA_NODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualNode {
    /// `TOTAL_CPUS`: virtual CPUs.
    pub cpus: i64,
    /// `MEMORY`: KiB.
    pub memory_kib: i64,
}
