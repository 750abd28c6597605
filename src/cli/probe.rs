//! Asking the fence devices of many hosts at the same time, a few at once, and no device more than it takes.

use crate::config::Config;
use crate::error::Error;
use crate::model::{Cluster, DeviceName, FenceDevice, Host, Level, Outlook, PowerState, ReadBack, Route};
use crate::policy::check::{Entry, HostFacts};
use crate::policy::peers::peers;
use crate::policy::{Failure, Trouble};
use crate::world::Zone;
use crate::world::clock::now;
use crate::world::fence::Fence;
use crate::world::oned::Http;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Hosts that are asked about at the same time; oned has 15 connections for everybody.
const WORKERS: usize = 4;

/// Calls that a device still takes.
struct Gate {
    free: Mutex<u32>,
    left: Condvar,
}

impl Gate {
    fn new(most: u32) -> Self {
        Self { free: Mutex::new(most), left: Condvar::new() }
    }

    /// Make this call when the device takes one more.
    fn through<T>(&self, call: impl FnOnce() -> T) -> T {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.left.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        drop(free);
        let answer = call();
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.left.notify_one();
        answer
    }
}

struct Asker<'a> {
    zone: &'a Zone<Http>,
    fence: Fence,
    /// Every host of the zone, for peers.
    all: &'a [Host],
    gates: BTreeMap<DeviceName, Gate>,
}

/// Ask about the power of these hosts. Every one of them is in the answer, in this order.
pub(super) fn ask(zone: &Zone<Http>, config: &Config, outlook: &Outlook, hosts: &[Host]) -> Vec<HostFacts> {
    let gates = config.devices.iter().map(|(name, device)| (name.clone(), Gate::new(device.concurrency)));
    let mut fence = Fence::new(config);
    fence.meet(&outlook.hosts, &outlook.clusters);
    let asker = Asker { zone, fence, all: &outlook.hosts, gates: gates.collect() };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((at, host)) = take(&next, hosts) {
            done.push((at, asker.host(host)));
        }
        done
    };
    let mut done: BTreeMap<usize, HostFacts> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS.min(hosts.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let lost = |host: &Host| {
        let what = format!("{host} was not asked: the thread ended");
        let failure = Failure { trouble: Trouble::Settings, what, advice: "run this again".to_owned() };
        HostFacts::unasked(host.clone(), asker.entry(host), Err(failure))
    };
    hosts.iter().enumerate().map(|(at, host)| done.remove(&at).unwrap_or_else(|| lost(host))).collect()
}

/// The same of every host with its devices, of which none is asked.
pub(super) fn unasked(
    zone: &Zone<Http>,
    config: &Config,
    hosts: &[Host],
    clusters: &[Cluster],
) -> Vec<HostFacts> {
    let mut fence = Fence::new(config);
    fence.meet(hosts, clusters);
    let asker = Asker { zone, fence, all: hosts, gates: BTreeMap::new() };
    let one = |host: &Host| {
        let levels = asker.fence.plan(host).map_err(Failure::from);
        HostFacts::unasked(host.clone(), asker.entry(host), levels)
    };
    hosts.iter().map(one).collect()
}

fn take<'a>(next: &AtomicUsize, hosts: &'a [Host]) -> Option<(usize, &'a Host)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    hosts.get(at).map(|host| (at, host))
}

impl Asker<'_> {
    fn entry(&self, host: &Host) -> Entry {
        match self.fence.entry(host) {
            Ok(entry) => Entry::Declared {
                same_power_accepted: entry.same_power_accepted,
                pattern: entry.pattern.clone(),
            },
            Err(Error::FenceNotConfigured { .. }) => Entry::None,
            Err(Error::FenceWrongHost { declared, .. }) => Entry::OtherName(declared),
            Err(error) => Entry::Refused(error.into()),
        }
    }

    /// The host is read again just before its devices are asked: what they say is worth something only if it is
    /// healthy then.
    fn host(&self, known: &Host) -> HostFacts {
        let entry = self.entry(known);
        if !matches!(entry, Entry::Declared { .. }) {
            let unknown = Error::NoHost(known.name.clone());
            return HostFacts::unasked(known.clone(), entry, Err(unknown.into()));
        }
        let levels = self.fence.plan(known).map_err(Failure::from);
        let Ok((host, document)) = self.zone.oned().host(known.id) else {
            return HostFacts::unasked(known.clone(), entry, levels);
        };
        // It may have been renamed a moment ago.
        let entry = self.entry(&host);
        let power = levels.iter().flatten().flat_map(|Level(devices)| devices);
        let power = power.filter(|device| device.read_back == ReadBack::Status);
        let (mut turned, mut slowest) = (BTreeMap::new(), None);
        let power = power.map(|device| {
            let (state, uuid, took) = self.device(&host, &document, device);
            if matches!(state, PowerState::On | PowerState::Off) {
                slowest = slowest.max(took);
            }
            turned.extend(uuid.map(|uuid| (device.name.clone(), uuid)));
            (device.name.clone(), state)
        });
        let power = power.collect();
        HostFacts { host, entry, levels, power, slowest, turned }
    }

    /// What it says, as which machine, and how long that took.
    fn device(
        &self,
        host: &Host,
        document: &str,
        device: &FenceDevice,
    ) -> (PowerState, Option<String>, Option<Duration>) {
        let chance = u64::from(host.id.0);
        let peer = match device.route {
            Route::FrontEnd => None,
            Route::Peer => {
                let Some(peer) = peers(self.all, host.id, 1, chance).pop() else {
                    let why = "no other host of its cluster can ask it".to_owned();
                    return (PowerState::Unknown(why), None, None);
                };
                Some(peer)
            }
        };
        let look = || {
            let begun = now();
            let (state, uuid) = self.fence.look(host, document, &device.name, peer.as_ref());
            (state, uuid, Some(now() - begun))
        };
        match self.gates.get(&device.name) {
            Some(gate) => gate.through(look),
            None => look(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_never_has_more_calls_than_it_takes() {
        let gate = Gate::new(2);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        gate.through(|| {
                            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            std::thread::yield_now();
                            now.fetch_sub(1, Ordering::SeqCst);
                        });
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }
}
