//! The NUMA nodes of a host.

use serde::{Deserialize, Serialize};

/// One `HOST_SHARE/NUMA_NODES/NODE`. Source: `src/host/HostShareNUMA.cc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumaNode {
    /// `NODE_ID`
    pub id: u32,
    /// `CORE`
    pub cores: Vec<NumaCore>,
    /// `HUGEPAGE`
    pub hugepages: Vec<HugePages>,
    /// `MEMORY/TOTAL`: KiB.
    pub memory_kib: i64,
    /// `MEMORY/USAGE`: KiB charged by VMs.
    pub used_memory_kib: i64,
}

/// One `CORE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumaCore {
    /// How many hardware threads it has: the entries of `CPUS`, `0:-1,1:-1`.
    pub threads: i64,
    /// `FREE`: hardware threads that no VM has.
    pub free: i64,
    /// `DEDICATED` is YES: a VM has all of it.
    pub dedicated: bool,
}

/// One `HUGEPAGE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HugePages {
    /// `SIZE`: KiB of one page.
    pub size_kib: i64,
    /// `PAGES`
    pub pages: i64,
    /// `USAGE`: those that VMs have.
    pub used: i64,
}
