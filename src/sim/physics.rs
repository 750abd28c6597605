//! What is really true: power and network of the machines, and which domain runs on which of them.
//!
//! oned does not see any of this; it learns of it through monitoring and drivers. Nothing here decides.

use crate::model::{DatastoreId, HostId, VmId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// How a host dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// No power: its domains are gone.
    PowerLoss,
    /// Nobody reaches it, but its domains go on.
    NetworkCut,
    /// The kernel hangs: it answers nobody, yet its domains may come back to life at any time.
    Hang,
    /// Only the front-end does not reach it: other hosts do, and its domains go on.
    FrontEndCut,
}

/// Is there power?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Yes.
    On,
    /// No.
    Off,
}

/// A VM was put in danger of two writers, or started where it cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A VM was started on a second host while its first domain still ran.
    DoubleStart {
        /// The VM.
        vm: VmId,
        /// Where it ran.
        first: HostId,
        /// Where it was started as well.
        second: HostId,
        /// When, since the simulation began.
        at: Duration,
    },
    /// A VM was sent to a host without power that oned itself did not show as MONITORED.
    SentToDeadHost {
        /// The VM.
        vm: VmId,
        /// The host.
        host: HostId,
        /// When, since the simulation began.
        at: Duration,
    },
    /// A connection that was for a VM went to none of its addresses.
    ConnectedElsewhere {
        /// The VM.
        vm: VmId,
        /// Where it went.
        to: SocketAddr,
    },
    /// A driver was started for a VM that another one was still working on.
    TwoDrivers {
        /// The VM.
        vm: VmId,
        /// When, since the simulation began.
        at: Duration,
    },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoubleStart { vm, first, second, .. } => {
                write!(f, "{vm} was started on {second} while it ran on {first}")
            }
            Self::ConnectedElsewhere { vm, to } => write!(f, "the front-end connected to {to} for {vm}"),
            Self::TwoDrivers { vm, .. } => write!(f, "a second driver was started for {vm}"),
            Self::SentToDeadHost { vm, host, .. } => write!(f, "{vm} was sent to {host}, which has no power"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Machine {
    power: Power,
    network: bool,
    /// The way from the front-end to it.
    front_end: bool,
    hung: bool,
    /// Since when it answers no other host.
    silent: Option<Duration>,
}

impl Machine {
    /// Does it answer other hosts?
    fn answers(&self) -> bool {
        self.power == Power::On && self.network && !self.hung
    }
}

/// The machines and the domains on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Physics {
    machines: BTreeMap<HostId, Machine>,
    domains: BTreeMap<VmId, BTreeSet<HostId>>,
    /// The datastores that a host is cut off from.
    cuts: BTreeMap<HostId, BTreeSet<DatastoreId>>,
    /// From when until when a crashed host saves its dump.
    pub(super) dumps: BTreeMap<HostId, (Duration, Duration)>,
    pub(crate) breaches: Vec<Breach>,
}

/// The time between two messages of a host that saves its crash dump.
pub(super) const SAYS_SO: Duration = Duration::from_secs(10);

impl Physics {
    /// Since when this host saves its crash dump at this moment.
    pub(super) fn dumps_since(&self, host: HostId, now: Duration) -> Option<Duration> {
        let (from, until) = self.dumps.get(&host).copied()?;
        (from <= now && now < until && self.has_crashed(host)).then_some(from)
    }

    /// A crashed host runs nothing but the kernel that saves its memory.
    fn has_crashed(&self, host: HostId) -> bool {
        self.machines.get(&host).is_some_and(|machine| machine.power == Power::On && machine.hung)
    }

    /// When a host says next, at this moment or later, that it saves its crash dump.
    pub(super) fn says_that_it_dumps(&self, host: HostId, now: Duration) -> Option<Duration> {
        let (from, until) = self.dumps.get(&host).copied()?;
        let passed = now.saturating_sub(from).as_millis().div_ceil(SAYS_SO.as_millis());
        let next = from.saturating_add(SAYS_SO.saturating_mul(u32::try_from(passed).unwrap_or(u32::MAX)));
        Some(next.max(from)).filter(|next| self.has_crashed(host) && *next < until)
    }

    pub(crate) fn add(&mut self, host: HostId) {
        let machine = Machine { power: Power::On, network: true, front_end: true, hung: false, silent: None };
        self.machines.insert(host, machine);
    }

    pub(crate) fn power(&self, host: HostId) -> Power {
        self.machines.get(&host).map_or(Power::Off, |machine| machine.power)
    }

    /// Can the front-end reach it over ssh?
    pub(crate) fn reachable(&self, host: HostId) -> bool {
        self.machines.get(&host).is_some_and(|machine| machine.answers() && machine.front_end)
    }

    /// Does it answer another host that is well?
    pub(crate) fn answers(&self, host: HostId) -> bool {
        self.machines.get(&host).is_some_and(Machine::answers)
    }

    /// How long it has answered no other host; `None` if it does.
    pub(crate) fn silent_for(&self, host: HostId, now: Duration) -> Option<Duration> {
        let since = self.machines.get(&host)?.silent?;
        Some(now.saturating_sub(since))
    }

    /// Write down since when each machine has been silent.
    pub(crate) fn note_silence(&mut self, now: Duration) {
        for machine in self.machines.values_mut() {
            machine.silent = if machine.answers() { None } else { machine.silent.or(Some(now)) };
        }
    }

    pub(crate) fn die(&mut self, host: HostId, death: Death) {
        match death {
            Death::PowerLoss => self.switch(host, Power::Off),
            Death::NetworkCut => self.change(host, |machine| machine.network = false),
            Death::Hang => self.change(host, |machine| machine.hung = true),
            Death::FrontEndCut => self.change(host, |machine| machine.front_end = false),
        }
    }

    /// The network is back and the kernel runs; power is left alone.
    pub(crate) fn heal(&mut self, host: HostId) {
        self.change(host, |machine| {
            machine.network = true;
            machine.front_end = true;
            machine.hung = false;
        });
    }

    /// Switch the power. Off ends every domain on it; on boots an empty host.
    pub(crate) fn switch(&mut self, host: HostId, power: Power) {
        if self.power(host) == power {
            return;
        }
        self.change(host, |machine| {
            machine.power = power;
            machine.hung = false;
        });
        for hosts in self.domains.values_mut() {
            hosts.remove(&host);
        }
    }

    fn change(&mut self, host: HostId, change: impl FnOnce(&mut Machine)) {
        if let Some(machine) = self.machines.get_mut(&host) {
            change(machine);
        }
    }

    /// A domain starts. One that still runs elsewhere makes it a double start, unless it is cut off from all of the
    /// VM's disks.
    pub(crate) fn start(&mut self, vm: VmId, host: HostId, at: Duration, disks: &[DatastoreId]) {
        let writes = |first: &HostId| *first != host && !self.is_cut(*first, disks);
        let others: Vec<_> = self.hosts_of(vm).filter(writes).collect();
        let breach = |first| Breach::DoubleStart { vm, first, second: host, at };
        self.breaches.extend(others.into_iter().map(breach));
        self.domains.entry(vm).or_default().insert(host);
    }

    /// A domain has been there for long: that is nobody's breach.
    pub(crate) fn runs_too(&mut self, vm: VmId, host: HostId) {
        self.domains.entry(vm).or_default().insert(host);
    }

    /// Is the host cut off from all of these, and is there any?
    pub(crate) fn is_cut(&self, host: HostId, datastores: &[DatastoreId]) -> bool {
        let cut = |datastore: &DatastoreId| self.cuts.get(&host).is_some_and(|cuts| cuts.contains(datastore));
        !datastores.is_empty() && datastores.iter().all(cut)
    }

    pub(crate) fn cut(&mut self, host: HostId, datastores: &[DatastoreId]) {
        self.cuts.entry(host).or_default().extend(datastores);
    }

    /// Give a host its datastores back. What went on elsewhere meanwhile has two writers now.
    pub(crate) fn reconnect(&mut self, vms: &[(VmId, Vec<DatastoreId>)], host: HostId, at: Duration) {
        let harmless = vms.iter().filter(|(vm, disks)| self.runs(*vm, host) && self.is_cut(host, disks));
        let twice = harmless.filter_map(|(vm, _)| {
            let second = self.hosts_of(*vm).find(|other| *other != host)?;
            Some(Breach::DoubleStart { vm: *vm, first: host, second, at })
        });
        let twice: Vec<_> = twice.collect();
        self.breaches.extend(twice);
        self.cuts.remove(&host);
    }

    pub(crate) fn stop(&mut self, vm: VmId, host: HostId) {
        if let Some(hosts) = self.domains.get_mut(&vm) {
            hosts.remove(&host);
        }
    }

    pub(crate) fn runs(&self, vm: VmId, host: HostId) -> bool {
        self.domains.get(&vm).is_some_and(|hosts| hosts.contains(&host))
    }

    pub(crate) fn hosts_of(&self, vm: VmId) -> impl Iterator<Item = HostId> + '_ {
        self.domains.get(&vm).into_iter().flatten().copied()
    }

    pub(crate) fn domains_on(&self, host: HostId) -> impl Iterator<Item = VmId> + '_ {
        self.domains.iter().filter(move |(_, hosts)| hosts.contains(&host)).map(|(vm, _)| *vm)
    }
}
