//! A hypervisor as oned sees it.

use super::{ClusterId, HostId, NumaNode, VmId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// `HOST/STATE`. Source: `include/Host.h`; 1, 5, 6 and 7 exist up to OpenNebula 5.10 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HostState {
    /// 0: new or just enabled, not monitored yet.
    Init,
    /// 1: being monitored, was MONITORED (up to 5.10).
    MonitoringMonitored,
    /// 2: monitored and usable.
    Monitored,
    /// 3: monitoring failed. This is not a proof of death.
    Error,
    /// 4: set aside by an operator, still monitored.
    Disabled,
    /// 5: being monitored, was ERROR (up to 5.10).
    MonitoringError,
    /// 6: being monitored, was INIT (up to 5.10).
    MonitoringInit,
    /// 7: being monitored, was DISABLED (up to 5.10).
    MonitoringDisabled,
    /// 8: taken out by an operator, not monitored.
    Offline,
    /// A number that this version does not know. It never leads to an action.
    Unknown(i64),
}

impl HostState {
    /// The state for `HOST/STATE`, for example 3 for ERROR.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Init,
            1 => Self::MonitoringMonitored,
            2 => Self::Monitored,
            3 => Self::Error,
            4 => Self::Disabled,
            5 => Self::MonitoringError,
            6 => Self::MonitoringInit,
            7 => Self::MonitoringDisabled,
            8 => Self::Offline,
            other => Self::Unknown(other),
        }
    }

    /// The number that oned writes for this state.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Init => 0,
            Self::MonitoringMonitored => 1,
            Self::Monitored => 2,
            Self::Error => 3,
            Self::Disabled => 4,
            Self::MonitoringError => 5,
            Self::MonitoringInit => 6,
            Self::MonitoringDisabled => 7,
            Self::Offline => 8,
            Self::Unknown(other) => other,
        }
    }
}

impl fmt::Display for HostState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Init => "INIT",
            Self::MonitoringMonitored => "MONITORING_MONITORED",
            Self::Monitored => "MONITORED",
            Self::Error => "ERROR",
            Self::Disabled => "DISABLED",
            Self::MonitoringError => "MONITORING_ERROR",
            Self::MonitoringInit => "MONITORING_INIT",
            Self::MonitoringDisabled => "MONITORING_DISABLED",
            Self::Offline => "OFFLINE",
            Self::Unknown(number) => return write!(f, "state {number}"),
        };
        f.write_str(name)
    }
}

/// What a host can carry and what is charged to it, from `HOST_SHARE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// `MAX_CPU`: hundredths of a core, 6400 is 64 cores.
    pub max_cpu: i64,
    /// `CPU_USAGE`: hundredths of a core charged by VMs.
    pub used_cpu: i64,
    /// `MAX_MEM`: KiB.
    pub max_memory_kib: i64,
    /// `MEM_USAGE`: KiB charged by VMs.
    pub used_memory_kib: i64,
}

/// One `HOST_SHARE/PCI_DEVICES/PCI`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PciDevice {
    /// Hexadecimal vendor, `10de`.
    pub vendor: String,
    /// Hexadecimal device, `2236`.
    pub device: String,
    /// Hexadecimal class, `0302`.
    pub class: String,
    /// `07:00.0`.
    pub short_address: String,
    /// `PROFILES`: how it can be cut up, `nvidia-558 (NVIDIA A10-1B)` with commas between them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profiles: String,
    /// The VM that holds it; `None` where oned writes -1.
    pub vm: Option<VmId>,
}

/// A host, from `one.host.info`, `one.hostpool.info` or a hook's template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// `HOST/ID`.
    pub id: HostId,
    /// `HOST/NAME`; may be renamed, so ids decide.
    pub name: String,
    /// `HOST/STATE`.
    pub state: HostState,
    /// `HOST/CLUSTER_ID`.
    pub cluster: ClusterId,
    /// `HOST/VM_MAD`: the driver that runs its VMs, `kvm` or `lxc`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vm_mad: String,
    /// `HOST/VMS/ID`: every VM whose capacity is charged to this host.
    pub vms: Vec<VmId>,
    /// `HOST/HOST_SHARE`.
    pub capacity: Capacity,
    /// `HOST/HOST_SHARE/PCI_DEVICES`.
    pub pci: Vec<PciDevice>,
    /// `HOST/HOST_SHARE/NUMA_NODES`.
    pub numa: Vec<NumaNode>,
    /// `HOST/TEMPLATE/ERROR`, for example
    /// `Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1): `.
    pub error: Option<String>,
    /// `HOST/MONITORING/TIMESTAMP`: epoch seconds of the last good report, where the reply has it.
    pub monitored_at: Option<i64>,
    /// The single values of `HOST/TEMPLATE`. A host's probes can write them: never trust them for fencing.
    #[serde(serialize_with = "super::attributes::harmless")]
    pub attributes: BTreeMap<String, String>,
    /// What of its room cannot be read, so that nothing is placed on it: `<MAX_CPU> is "6400.5"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

impl Host {
    /// A host of cluster 0 of which nothing else is known: no VMs, no capacity, never heard.
    #[must_use]
    pub fn new(id: HostId, name: &str, state: HostState) -> Self {
        Self {
            id,
            name: name.to_owned(),
            state,
            cluster: ClusterId(0),
            vm_mad: String::new(),
            vms: Vec::new(),
            capacity: Capacity::default(),
            pci: Vec::new(),
            numa: Vec::new(),
            error: None,
            monitored_at: None,
            attributes: BTreeMap::new(),
            unreadable: None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}
