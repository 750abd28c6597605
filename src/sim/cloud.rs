//! The cloud as a whole: objects, machines, front-ends and one clock that only moves when it is told to.

use super::front::FrontEnd;
use super::guest::Inside;
use super::physics::{Breach, Physics, Power};
use super::queue::{Event, Storm};
use super::render;
use super::sshd::Sshd;
use super::standpoint::Standpoint;
use super::state::{State, Vm};
use super::timings::{Driver, Stage, Timings};
use super::torn::Left;
use super::version::Version;
use crate::model::{HostId, HostState, VmId, VmState};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Epoch seconds at which every simulation begins: Fri Nov 20 09:00:00 2026 UTC.
pub const EPOCH: i64 = 1_795_165_200;

/// A simulated OpenNebula zone.
///
/// ```
/// use onerescue::sim::{Cloud, Death, HostSpec, Version, VmSpec};
/// use std::time::Duration;
///
/// let mut cloud = Cloud::new(Version::V7_5);
/// let host = cloud.add_host(HostSpec::new("node0"));
/// let vm = cloud.add_vm(VmSpec::new("web", host));
/// cloud.host_dies(host, Death::PowerLoss);
/// cloud.advance(Duration::from_secs(300));
/// assert_eq!(cloud.vm_state(vm).map(|state| state.to_string()), Some("UNKNOWN".to_owned()));
/// ```
#[derive(Debug)]
pub struct Cloud {
    /// How long things take from now on.
    pub timings: Timings,
    pub(crate) version: Version,
    pub(crate) session: String,
    pub(crate) state: State,
    pub(crate) physics: Physics,
    pub(crate) front: FrontEnd,
    pub(crate) standpoint: Standpoint,
    pub(crate) now: Duration,
    pub(crate) queue: BTreeMap<(Duration, u64), Event>,
    pub(crate) drivers: BTreeMap<(VmId, Stage), Driver>,
    pub(crate) host_drivers: BTreeMap<HostId, Driver>,
    /// Hosts whose libvirt is down: their domains run, and nobody there can say so.
    pub(crate) no_libvirt: BTreeSet<HostId>,
    pub(crate) sshd: BTreeMap<HostId, Sshd>,
    /// Guests of which it is said how they are.
    pub(crate) guests: BTreeMap<VmId, Inside>,
    /// Hosts that a person has set OFFLINE.
    pub(crate) persons: BTreeSet<HostId>,
    pub(crate) scheduler_on: bool,
    pub(crate) scheduler_armed: bool,
    pub(crate) storm: Storm,
    pub(crate) log: Vec<Happening>,
    pub(crate) carried_out: Vec<Carried>,
    /// How many accepted migrates an oned that was gone had left.
    pub(super) tears: usize,
    pub(super) left: Vec<(VmId, Left)>,
    sequence: u64,
    random: u64,
}

/// Something that changed, as oned saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When, since the simulation began.
    pub at: Duration,
    /// What.
    pub change: Change,
}

/// A write that oned has carried out, whatever its client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// When, since the simulation began.
    pub at: Duration,
    /// Which: `one.vm.migrate 3 2`.
    pub call: String,
}

/// What can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A host's state; ERROR and MONITORED are where hooks start.
    Host(HostId, HostState),
    /// A VM's state, with the host of its last history record.
    Vm(VmId, VmState, Option<HostId>),
    /// A machine was switched.
    Power(HostId, Power),
    /// A front-end became the leader.
    Leader(usize),
}

impl Cloud {
    pub(crate) fn empty(version: Version) -> Cloud {
        Cloud {
            timings: Timings::default(),
            version,
            session: "oneadmin:password".to_owned(),
            state: State::default(),
            physics: Physics::default(),
            front: FrontEnd::default(),
            standpoint: Standpoint::default(),
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            drivers: BTreeMap::new(),
            host_drivers: BTreeMap::new(),
            no_libvirt: BTreeSet::new(),
            sshd: BTreeMap::new(),
            guests: BTreeMap::new(),
            persons: BTreeSet::new(),
            scheduler_on: true,
            scheduler_armed: false,
            storm: Storm::default(),
            log: Vec::new(),
            carried_out: Vec::new(),
            tears: 0,
            left: Vec::new(),
            sequence: 0,
            random: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// The time since the simulation began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The same as epoch seconds.
    #[must_use]
    pub fn epoch(&self) -> i64 {
        EPOCH + i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX - EPOCH)
    }

    /// Let this much time pass, with everything that happens in it.
    pub fn advance(&mut self, time: Duration) {
        self.advance_to(self.now.saturating_add(time));
    }

    /// Let time pass until `end` since the simulation began; does nothing if that is past.
    pub fn advance_to(&mut self, end: Duration) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(event);
            self.front.remember(self.now, self.timings.follower_lag, &self.state);
        }
        self.now = self.now.max(end);
    }

    /// The state of a VM.
    #[must_use]
    pub fn vm_state(&self, vm: VmId) -> Option<VmState> {
        self.state.vms.get(&vm).map(|vm| vm.state)
    }

    /// The host of a VM's last history record.
    #[must_use]
    pub fn vm_host(&self, vm: VmId) -> Option<HostId> {
        self.state.vms.get(&vm).and_then(Vm::host)
    }

    /// The state of a host as oned has it.
    #[must_use]
    pub fn host_state(&self, host: HostId) -> Option<HostState> {
        self.state.hosts.get(&host).map(|host| host.state)
    }

    /// A host's HOST document, as a hook gets it before it is put into base64.
    #[must_use]
    pub fn host_xml(&self, host: HostId) -> Option<String> {
        self.state.hosts.get(&host).map(|host| render::host_for_hook(&self.state, host))
    }

    /// A VM's VM document, as a hook gets it before it is put into base64.
    #[must_use]
    pub fn vm_xml(&self, vm: VmId) -> Option<String> {
        self.state.vms.get(&vm).map(|vm| render::vm_for_hook(self.version, vm))
    }

    /// The hosts on which the VM's domain really runs; more than one is a double start. A domain that is cut off
    /// from all of its disks can do no harm and does not count.
    #[must_use]
    pub fn domain_hosts(&self, vm: VmId) -> Vec<HostId> {
        let disks = self.disks(vm);
        self.physics.hosts_of(vm).filter(|host| !self.physics.is_cut(*host, &disks)).collect()
    }

    /// Is the VM's RESCHED flag set?
    #[must_use]
    pub fn is_resched(&self, vm: VmId) -> bool {
        self.state.vms.get(&vm).is_some_and(|vm| vm.resched)
    }

    /// Is the host's power really on?
    #[must_use]
    pub fn power(&self, host: HostId) -> Power {
        self.physics.power(host)
    }

    /// Everything that endangered data so far. A good recovery leaves this empty.
    #[must_use]
    pub fn breaches(&self) -> &[Breach] {
        &self.physics.breaches
    }

    /// Every write that was carried out so far, in order.
    #[must_use]
    pub fn carried_out(&self) -> &[Carried] {
        &self.carried_out
    }

    /// Every change so far, in order.
    #[must_use]
    pub fn happenings(&self) -> &[Happening] {
        &self.log
    }

    /// How the driver treats this VM from now on.
    pub fn set_driver(&mut self, vm: VmId, stage: Stage, driver: Driver) {
        self.drivers.insert((vm, stage), driver);
    }

    /// How domains start on this host from now on, whatever the VM.
    pub fn set_host_driver(&mut self, host: HostId, driver: Driver) {
        self.host_drivers.insert(host, driver);
    }

    /// The host's libvirt ends; its domains run on.
    pub fn end_libvirt(&mut self, host: HostId) {
        self.no_libvirt.insert(host);
        self.set_host_driver(host, Driver::Fails);
        self.vm_report(host);
    }

    /// Stop the scheduler: PENDING and RESCHED VMs stay where they are.
    pub fn stop_scheduler(&mut self) {
        self.scheduler_on = false;
    }

    /// Start it again.
    pub fn start_scheduler(&mut self) {
        self.scheduler_on = true;
        self.arm_scheduler();
    }

    /// The session that oned accepts, `oneadmin:password`; every other one is refused.
    pub fn set_session(&mut self, session: &str) {
        session.clone_into(&mut self.session);
    }

    pub(crate) fn after(&mut self, delay: Duration, event: Event) {
        self.sequence += 1;
        self.queue.insert((self.now.saturating_add(delay), self.sequence), event);
    }

    pub(crate) fn happened(&mut self, change: Change) {
        self.log.push(Happening { at: self.now, change });
    }

    /// Next number of a splitmix64 generator with a fixed seed.
    pub(crate) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The id that oned gives a request, below 10,000 as recorded.
    pub(crate) fn request_id(&mut self) -> i64 {
        i64::try_from(self.random() % 10_000).unwrap_or_default()
    }
}
