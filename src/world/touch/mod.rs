//! The ssh ports of many hosts: a connection to each in every round, its banner read, by one thread that polls.
//!
//! A connection that says nothing goes on in the next round beside a new one, until it is as old as the silence that counts: so a
//! banner that is late is heard, and a packet that was lost is sent again by the kernel. No host has more than two. What silence
//! means is for the policy.

mod attempt;
mod names;
#[cfg(test)]
mod tests;

use super::clock::now;
use super::ssh::Ssh;
use super::ssh_config;
use crate::config::Config;
use crate::model::{Heard, HostId, Peer};
use attempt::Attempt;
use names::{Name, Names};
use rustix::event::{PollFd, Timespec, poll};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The connections of a round begin in so many groups.
const GROUPS: u32 = 40;

/// The ports, with what is open to them.
#[derive(Debug)]
pub(super) struct Ports {
    port: u16,
    give_up: Duration,
    ssh: Ssh,
    names: Names,
    open: BTreeMap<HostId, Vec<Attempt>>,
    turn: usize,
}

impl Ports {
    pub(super) fn new(config: &Config) -> Self {
        more_files();
        Self {
            port: u16::try_from(config.watch.port).unwrap_or(22),
            give_up: config.watch.silence,
            ssh: Ssh::new(config),
            names: Names::new(ssh_config::program(config)),
            open: BTreeMap::new(),
            turn: 0,
        }
    }

    /// One round of this length: what was heard. Nothing is heard of a host that is missing.
    pub(super) fn round(&mut self, hosts: &[Peer], listen: Duration) -> Vec<(HostId, Heard)> {
        let (began, mut heard) = (now(), BTreeMap::new());
        let ids: BTreeSet<_> = hosts.iter().map(|host| host.id).collect();
        self.open.retain(|host, _| ids.contains(host));
        self.turn = self.turn.wrapping_add(1);
        let mut addresses = Vec::with_capacity(hosts.len());
        for host in hosts {
            match self.ssh.address_of(host.id, &host.name) {
                Ok(address) if self.ssh.is_declared(host.id, &host.name) => {
                    addresses.push((host.id, Name::Address(address)));
                }
                Ok(name) => addresses.push((host.id, Name::Host(name))),
                Err(why) => hear(&mut heard, host.id, Heard::NotAsked(why)),
            }
        }
        self.names.ask(addresses.iter().map(|(_, name)| name), began + listen);
        let size = addresses.len().div_ceil(GROUPS as usize).max(1);
        let mut groups = addresses.chunks(size);
        for group in 1..=GROUPS {
            for (host, name) in groups.next().unwrap_or_default() {
                self.begin(*host, name, &mut heard);
            }
            self.listen(began + listen / GROUPS * group, &mut heard);
        }
        heard.into_iter().collect()
    }

    fn begin(&mut self, host: HostId, name: &Name, heard: &mut BTreeMap<HostId, Heard>) {
        let open = self.open.entry(host).or_default();
        open.retain(|attempt| attempt.began.elapsed() < self.give_up);
        open.truncate(1);
        let address = self.names.find(name, self.port, self.turn);
        match address.map_err(Heard::NotAsked).and_then(Attempt::begin) {
            Ok(attempt) => open.push(attempt),
            Err(said) => hear(heard, host, said),
        }
    }

    /// Read what comes until then.
    fn listen(&mut self, until: Instant, heard: &mut BTreeMap<HostId, Heard>) {
        loop {
            let left = until.saturating_duration_since(now());
            let ready = self.wait(left);
            for (host, place) in ready.iter().rev() {
                let Some(open) = self.open.get_mut(host) else { continue };
                let Some(said) = open.get_mut(*place).and_then(Attempt::goes_on) else { continue };
                if said == Heard::Banner {
                    open.clear();
                } else {
                    open.remove(*place);
                }
                hear(heard, *host, said);
            }
            if left.is_zero() {
                return;
            }
        }
    }

    /// The connections to which something has come.
    fn wait(&self, left: Duration) -> Vec<(HostId, usize)> {
        let all = self.open.iter().flat_map(|(host, open)| {
            open.iter().enumerate().map(move |(place, attempt)| ((*host, place), attempt.event()))
        });
        let (of, mut events): (Vec<_>, Vec<PollFd<'_>>) = all.unzip();
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut events, Some(&left)) {
            Ok(_) => {
                let ready = of.iter().zip(&events).filter(|(_, event)| !event.revents().is_empty());
                ready.map(|(of, _)| *of).collect()
            }
            Err(_) => Vec::new(),
        }
    }
}

/// What says more of a host counts.
fn hear(heard: &mut BTreeMap<HostId, Heard>, host: HostId, said: Heard) {
    let weight = |said: &Heard| match said {
        Heard::Nothing => 0,
        Heard::NotAsked(_) => 1,
        Heard::Refused => 2,
        Heard::Banner => 3,
    };
    if heard.get(&host).is_none_or(|old| weight(old) < weight(&said)) {
        heard.insert(host, said);
    }
}

/// As many files as this process may have: two connections for each host.
fn more_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
}
