//! Which host takes a VM: it fits, it sees the disks, and it has the most room left.
//!
//! `enforce` makes oned check capacity and devices again; cluster, datastore and the state of the host are
//! checked here only, because oned's migrate looks at none of them.

use super::super::recover::Survey;
use crate::model::{ClusterId, Datastore, Host, HostId, HostState, PciDevice, PciRequest, Vm};
use std::fmt;

/// The room that is left on each host, counted down as VMs are placed.
pub(super) struct Rooms {
    cluster: Option<ClusterId>,
    rooms: Vec<Room>,
}

struct Room {
    host: HostId,
    cluster: ClusterId,
    max: Size,
    free: Size,
    pci: Vec<PciDevice>,
    usable: Result<(), Unfit>,
}

/// CPU in hundredths of a core, memory in KiB.
#[derive(Clone, Copy)]
struct Size {
    cpu: i64,
    memory: i64,
}

/// Why one host does not take a VM.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unfit {
    Dead,
    NotMonitored,
    OtherCluster,
    NoDatastore,
    Refused,
    Full,
    NoDevice,
}

/// A target, and how much of it is left in per cent of the scarcer resource.
pub(super) struct Target {
    pub(super) host: HostId,
    pub(super) left: Left,
}

pub(super) struct Left(i64);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0 / 10)
    }
}

impl Rooms {
    pub(super) fn new(survey: &Survey, dead: Option<&Host>) -> Self {
        let mut rooms: Vec<_> = survey.hosts.iter().map(|host| Room::new(host, dead)).collect();
        rooms.sort_by_key(|room| room.host);
        Self { cluster: dead.map(|host| host.cluster), rooms }
    }

    /// Leave room for a VM that is on its way to this host and is not charged to it yet.
    pub(super) fn keep_free(&mut self, vm: &Vm, to: HostId, survey: &Survey) {
        let charged = survey.hosts.iter().any(|host| host.id == to && host.vms.contains(&vm.id));
        if let Some(room) = self.rooms.iter_mut().find(|room| room.host == to && !charged) {
            room.take(vm);
        }
    }

    /// Place a VM on the fitting host with the most room left after it; equal hosts go by id.
    pub(super) fn place(
        &mut self,
        vm: &Vm,
        datastore: &Datastore,
        refused: &[HostId],
    ) -> Result<Target, String> {
        let cluster = self.cluster;
        let mut best: Option<(i64, usize)> = None;
        let mut unfit = Vec::new();
        for (index, room) in self.rooms.iter().enumerate() {
            match room.fits(vm, cluster, datastore, refused) {
                Ok(left) if best.is_none_or(|(most, _)| left > most) => best = Some((left, index)),
                Ok(_) => {}
                Err(reason) => unfit.push(reason),
            }
        }
        let Some((left, index)) = best else {
            return Err(nowhere(vm, &unfit));
        };
        let Some(room) = self.rooms.get_mut(index) else {
            return Err(nowhere(vm, &unfit));
        };
        room.take(vm);
        Ok(Target { host: room.host, left: Left(left) })
    }
}

impl Room {
    fn new(host: &Host, dead: Option<&Host>) -> Self {
        let capacity = host.capacity;
        let usable = match host.state {
            _ if dead.is_some_and(|dead| dead.id == host.id) => Err(Unfit::Dead),
            HostState::Monitored => Ok(()),
            HostState::Init
            | HostState::MonitoringMonitored
            | HostState::Error
            | HostState::Disabled
            | HostState::MonitoringError
            | HostState::MonitoringInit
            | HostState::MonitoringDisabled
            | HostState::Offline
            | HostState::Unknown(_) => Err(Unfit::NotMonitored),
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
            usable,
        }
    }

    /// The permille left of the scarcer resource after this VM.
    fn fits(
        &self,
        vm: &Vm,
        cluster: Option<ClusterId>,
        datastore: &Datastore,
        refused: &[HostId],
    ) -> Result<i64, Unfit> {
        self.usable?;
        if cluster != Some(self.cluster) {
            return Err(Unfit::OtherCluster);
        }
        if !datastore.clusters.contains(&self.cluster) {
            return Err(Unfit::NoDatastore);
        }
        if refused.contains(&self.host) {
            return Err(Unfit::Refused);
        }
        let cpu = self.free.cpu.saturating_sub(vm.cpu);
        let memory = self.free.memory.saturating_sub(vm.memory_kib);
        if cpu < 0 || memory < 0 {
            return Err(Unfit::Full);
        }
        if devices_for(&vm.pci, &self.pci).is_none() {
            return Err(Unfit::NoDevice);
        }
        let share = |left: i64, max: i64| left.saturating_mul(1000) / max.max(1);
        Ok(share(cpu, self.max.cpu).min(share(memory, self.max.memory)))
    }

    fn take(&mut self, vm: &Vm) {
        self.free.cpu = self.free.cpu.saturating_sub(vm.cpu);
        self.free.memory = self.free.memory.saturating_sub(vm.memory_kib);
        let mut taken = devices_for(&vm.pci, &self.pci).unwrap_or_default();
        taken.sort_unstable();
        for index in taken.into_iter().rev() {
            self.pci.remove(index);
        }
    }
}

/// A free device for every request, by index. Requests that name an address are served first.
fn devices_for(requests: &[PciRequest], free: &[PciDevice]) -> Option<Vec<usize>> {
    let mut taken: Vec<usize> = Vec::new();
    let mut requests: Vec<_> = requests.iter().collect();
    requests.sort_by_key(|request| !by_address(request));
    for request in requests {
        let matching =
            |(index, device): &(usize, &PciDevice)| !taken.contains(index) && matches(request, device);
        let (index, _) = free.iter().enumerate().find(matching)?;
        taken.push(index);
    }
    Some(taken)
}

fn by_address(request: &PciRequest) -> bool {
    request.vendor.is_empty() && request.device.is_empty() && request.class.is_empty()
}

fn matches(request: &PciRequest, device: &PciDevice) -> bool {
    if by_address(request) {
        return request.short_address.is_empty() || request.short_address == device.short_address;
    }
    let same = |want: &str, have: &str| want.is_empty() || want.eq_ignore_ascii_case(have);
    same(&request.vendor, &device.vendor)
        && same(&request.device, &device.device)
        && same(&request.class, &device.class)
}

/// `no host takes 2.00 CPU and 4096 MiB: 2 full, 1 in another cluster`
fn nowhere(vm: &Vm, unfit: &[Unfit]) -> String {
    let words = [
        (Unfit::Full, "full"),
        (Unfit::NoDevice, "without a free PCI device of its kind"),
        (Unfit::Refused, "refused it"),
        (Unfit::NotMonitored, "not MONITORED"),
        (Unfit::OtherCluster, "in another cluster"),
        (Unfit::NoDatastore, "without its system datastore"),
    ];
    let count = |kind| unfit.iter().filter(|reason| **reason == kind).count();
    let figures: Vec<_> = words
        .iter()
        .map(|(kind, word)| (count(*kind), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let figures = if figures.is_empty() { "there is no other host".to_owned() } else { figures.join(", ") };
    let (cores, hundredths) = (vm.cpu / 100, vm.cpu % 100);
    format!("no host takes {cores}.{hundredths:02} CPU and {} MiB: {figures}", vm.memory_kib / 1024)
}
