//! What is left on one host, counted down as VMs are placed there.

use super::devices::devices_for;
use super::numa;
use crate::model::{ClusterId, Host, HostId, HostState, NumaNode, PciDevice, Pin, Topology, Vm};

/// CPU in hundredths of a core, memory in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) cpu: i64,
    pub(super) memory: i64,
}

/// One host as a target.
pub(super) struct Room {
    pub(super) host: HostId,
    pub(super) cluster: ClusterId,
    max: Size,
    pub(super) free: Size,
    pci: Vec<PciDevice>,
    numa: Vec<NumaNode>,
    /// It takes pinned VMs, and only those.
    pinned: bool,
    pub(super) standby: bool,
    /// `Err` is its state, for a host that takes no VM at all.
    pub(super) usable: Result<(), HostState>,
    /// What is left on it is known.
    pub(super) readable: bool,
}

/// What a VM is short of on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// CPU or memory.
    Capacity,
    /// A PCI device.
    Device,
    /// Cores, threads or huge pages for a pinned VM.
    Cores,
}

/// VMs that go to one host together, mostly one.
pub(super) struct Load<'a> {
    pub(super) vms: Vec<&'a Vm>,
    pub(super) size: Size,
}

impl<'a> Load<'a> {
    pub(super) fn of(vms: Vec<&'a Vm>) -> Self {
        let add = |sum: Size, vm: &&Vm| Size {
            cpu: sum.cpu.saturating_add(vm.cpu),
            memory: sum.memory.saturating_add(vm.memory_kib),
        };
        Self { size: vms.iter().fold(Size::default(), add), vms }
    }
}

impl Room {
    pub(super) fn new(host: &Host) -> Self {
        let capacity = host.capacity;
        let says = |name: &str, word: &str| {
            host.attributes.get(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
        };
        Self {
            host: host.id,
            cluster: host.cluster,
            max: Size { cpu: capacity.max_cpu, memory: capacity.max_memory_kib },
            free: Size {
                cpu: capacity.max_cpu.saturating_sub(capacity.used_cpu),
                memory: capacity.max_memory_kib.saturating_sub(capacity.used_memory_kib),
            },
            pci: host.pci.iter().filter(|device| device.vm.is_none()).cloned().collect(),
            numa: host.numa.clone(),
            pinned: says("PIN_POLICY", "PINNED"),
            standby: says("HA_STANDBY", "YES"),
            readable: host.unreadable.is_none(),
            usable: match host.state {
                HostState::Monitored => Ok(()),
                HostState::Init
                | HostState::MonitoringMonitored
                | HostState::Error
                | HostState::Disabled
                | HostState::MonitoringError
                | HostState::MonitoringInit
                | HostState::MonitoringDisabled
                | HostState::Offline
                | HostState::Unknown(_) => Err(host.state),
            },
        }
    }

    /// The permille left of the scarcer resource after these VMs, or what is short.
    pub(super) fn fits(&self, load: &Load<'_>) -> Result<i64, Short> {
        let cpu = self.free.cpu.saturating_sub(load.size.cpu);
        let memory = self.free.memory.saturating_sub(load.size.memory);
        if cpu < 0 || memory < 0 {
            return Err(Short::Capacity);
        }
        if load.vms.iter().any(|vm| !vm.pci.is_empty()) {
            let requests = load.vms.iter().flat_map(|vm| &vm.pci);
            devices_for(requests, &self.pci).ok_or(Short::Device)?;
        }
        self.pins(load)?;
        let share = |left: i64, max: i64| left.saturating_mul(1000) / max.max(1);
        Ok(share(cpu, self.max.cpu).min(share(memory, self.max.memory)))
    }

    /// Pinned VMs need a pinned host with room on its nodes; the others stay off such a host.
    fn pins(&self, load: &Load<'_>) -> Result<(), Short> {
        let mut topologies = load.vms.iter().filter_map(|vm| vm.needs.topology.as_ref()).peekable();
        let pinned = |topology: &&Topology| topology.pin != Pin::None;
        let all =
            load.vms.iter().all(|vm| vm.needs.topology.as_ref().is_some_and(|topology| pinned(&topology)));
        if self.pinned != all && (self.pinned || topologies.clone().any(|topology| pinned(&topology))) {
            return Err(Short::Cores);
        }
        if topologies.peek().is_none() {
            return Ok(());
        }
        let mut nodes = self.numa.clone();
        if topologies.all(|topology| numa::take(&mut nodes, topology)) { Ok(()) } else { Err(Short::Cores) }
    }

    pub(super) fn take(&mut self, load: &Load<'_>) {
        self.free.cpu = self.free.cpu.saturating_sub(load.size.cpu);
        self.free.memory = self.free.memory.saturating_sub(load.size.memory);
        for vm in &load.vms {
            let mut taken = devices_for(vm.pci.iter(), &self.pci).unwrap_or_default();
            taken.sort_unstable();
            for index in taken.into_iter().rev() {
                self.pci.remove(index);
            }
            if let Some(topology) = &vm.needs.topology {
                numa::take(&mut self.numa, topology);
            }
        }
    }
}
