//! What is really true: power and network of the machines, and which domain runs on which of them.
//!
//! oned does not see any of this; it learns of it through monitoring and drivers. Nothing here decides.

use crate::model::{HostId, VmId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
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
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoubleStart { vm, first, second, .. } => {
                write!(f, "{vm} was started on {second} while it ran on {first}")
            }
            Self::SentToDeadHost { vm, host, .. } => write!(f, "{vm} was sent to {host}, which has no power"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Machine {
    power: Power,
    network: bool,
    hung: bool,
}

/// The machines and the domains on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Physics {
    machines: BTreeMap<HostId, Machine>,
    domains: BTreeMap<VmId, BTreeSet<HostId>>,
    pub(crate) breaches: Vec<Breach>,
}

impl Physics {
    pub(crate) fn add(&mut self, host: HostId) {
        let machine = Machine { power: Power::On, network: true, hung: false };
        self.machines.insert(host, machine);
    }

    pub(crate) fn power(&self, host: HostId) -> Power {
        self.machines.get(&host).map_or(Power::Off, |machine| machine.power)
    }

    /// Can the front-end reach it over ssh?
    pub(crate) fn reachable(&self, host: HostId) -> bool {
        self.machines
            .get(&host)
            .is_some_and(|machine| machine.power == Power::On && machine.network && !machine.hung)
    }

    pub(crate) fn die(&mut self, host: HostId, death: Death) {
        match death {
            Death::PowerLoss => self.switch(host, Power::Off),
            Death::NetworkCut => self.change(host, |machine| machine.network = false),
            Death::Hang => self.change(host, |machine| machine.hung = true),
        }
    }

    /// The network is back and the kernel runs; power is left alone.
    pub(crate) fn heal(&mut self, host: HostId) {
        self.change(host, |machine| {
            machine.network = true;
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

    pub(crate) fn start(&mut self, vm: VmId, host: HostId, at: Duration) {
        let hosts = self.domains.entry(vm).or_default();
        for first in hosts.iter().filter(|first| **first != host) {
            self.breaches.push(Breach::DoubleStart { vm, first: *first, second: host, at });
        }
        hosts.insert(host);
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
