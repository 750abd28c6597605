//! The fence devices of the settings, asked and told one at a time.
//!
//! Nothing here decides: whether a host counts as off, how often to ask and when to give up is up to the
//! policy. An order's success is information; only a status that was read back can become a proof.

mod agent;
mod command;
mod ipmi;
mod kdump;
mod queue;
pub(super) mod redfish;
pub(crate) mod scan;
pub(super) mod secret;
mod verdict;

use super::runner;
use super::ssh::Ssh;
use crate::config::{Config, Device, Driver, HostEntry, Met, Pattern, meet};
use crate::error::{Error, Result};
use crate::model::{Cluster, DeviceName, FenceDevice, Host, HostId, Level, NotOff, Peer, PowerState};
use crate::policy::FRESH;
use agent::{Agent, Declared};
use command::Program;
pub(crate) use kdump::KDUMP;
use queue::Queue;
use redfish::Redfish;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Every fence device and which hosts it is for.
#[derive(Clone, Debug)]
pub struct Fence {
    file: PathBuf,
    queue: Queue,
    agents_dir: Vec<PathBuf>,
    devices: BTreeMap<DeviceName, Device>,
    /// The entries with id and name.
    declared: BTreeMap<HostId, HostEntry>,
    patterns: Vec<Pattern>,
    /// Those, and what the patterns come to.
    met: Met,
    ssh: Ssh,
    /// UUIDs with turned bytes that count.
    turned: BTreeMap<(HostId, DeviceName), String>,
}

impl Fence {
    /// The devices of these settings.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            file: config.file.clone(),
            queue: Queue::new(config.paths.run_dir.clone()),
            agents_dir: config.fence.agents_dir.clone(),
            devices: config.devices.clone(),
            declared: config.hosts.clone(),
            patterns: config.patterns.clone(),
            met: Met { entries: config.hosts.clone(), refused: BTreeMap::new() },
            ssh: Ssh::new(config),
            turned: BTreeMap::new(),
        }
    }

    /// Whether entries follow from what OpenNebula has, and whether from the names of its clusters.
    pub(crate) fn has_patterns(&self) -> (bool, bool) {
        (!self.patterns.is_empty(), self.patterns.iter().any(Pattern::has_clusters))
    }

    /// From here on each of these hosts has the entry that the settings come to for it, as it is now. A host that is renamed
    /// or changes its cluster later keeps it, and is no longer the host of that entry.
    pub fn meet(&mut self, hosts: &[Host], clusters: &[Cluster]) {
        self.met = self.come_to(hosts, clusters);
        self.ssh.meet(&self.met, hosts);
    }

    /// What the settings come to for these hosts; what was met stays.
    pub(in crate::world) fn come_to(&self, hosts: &[Host], clusters: &[Cluster]) -> Met {
        meet(&self.declared, &self.patterns, &self.devices, hosts, clusters)
    }

    /// From here on a machine that shows this UUID, with turned bytes, counts as this host at this device.
    pub fn recognise(&mut self, host: HostId, turned: &[(DeviceName, String)]) {
        self.turned.extend(turned.iter().map(|(device, uuid)| ((host, device.clone()), uuid.clone())));
    }

    /// The devices of this host, level by level. Nothing is sent to them yet, but their programs, parameters and
    /// secrets are looked at, so that nothing is powered off when a proof is out of reach.
    ///
    /// # Errors
    /// [`Error::FenceNotConfigured`] if no entry has the host's id, [`Error::FenceWrongHost`] if the entry's
    /// name is not the host's, [`Error::FencePattern`] if a pattern does not come to devices for it, [`Error::FenceDevice`] if a device's program, parameters or secret cannot
    /// be used.
    pub fn plan(&self, host: &Host) -> Result<Vec<Level>> {
        let entry = self.entry(host)?;
        let level = |names: &Vec<DeviceName>| {
            names.iter().map(|name| self.planned(entry, name)).collect::<Result<Vec<_>>>().map(Level)
        };
        entry.levels.iter().map(level).collect()
    }

    fn planned(&self, entry: &HostEntry, name: &DeviceName) -> Result<FenceDevice> {
        let device = self.device(entry, name).and_then(|device| {
            self.check(entry, name, device)?;
            Ok(device)
        });
        let device =
            device.map_err(|why| Error::FenceDevice { device: name.clone(), host: entry.id, why })?;
        Ok(FenceDevice {
            name: name.clone(),
            read_back: device.read_back(),
            scope: device.scope(),
            power: device.power,
            route: device.route,
            target: entry.target(name, device),
            off_anyway: device.off_anyway,
        })
    }

    /// Tell one device to power the host off, when it is our turn. `document` is the HOST element as oned gave it, for programs of
    /// the operator. Success is information, not a proof.
    ///
    /// # Errors
    /// Why the device thinks that it did not work, or why nothing was sent to it: one line, at most 200 characters, without
    /// secrets.
    pub fn off(
        &self,
        host: &Host,
        document: &str,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> Result<(), NotOff> {
        let told = self.declared(host, device).map_err(NotOff::not_sent).and_then(|(entry, declared)| {
            let controller = entry.controller(device, declared);
            let turn = self.queue.turn(&controller, declared.concurrency, declared.timeout);
            let turn = turn.map_err(NotOff::not_sent)?;
            // Everything was looked at before it was waited for: the host may be back.
            let waited = declared.timeout.saturating_sub(turn.left);
            if waited >= FRESH {
                return Err(NotOff::not_sent(format!("{} s passed until it was its turn", waited.as_secs())));
            }
            let rest = Device { timeout: turn.left, ..declared.clone() };
            match self.driver(entry, device, &rest).map_err(NotOff::not_sent)? {
                Ready::Agent(agent) => agent.off(via),
                Ready::Redfish(redfish) => redfish.off(self.turned(host.id, device)),
                Ready::Command { off, .. } => off.off(document),
            }
        });
        told.map_err(|failed| failed.map(|why| verdict::one_line(&why)))
    }

    /// Ask one device for the host's power, when it is our turn. Whatever keeps it from answering plainly makes the answer
    /// unknown, with the reason: one line, at most 200 characters, without secrets.
    #[must_use]
    pub fn status(&self, host: &Host, document: &str, device: &DeviceName, via: Option<&Peer>) -> PowerState {
        match self.look(host, document, device, via) {
            (PowerState::On | PowerState::Off, Some(uuid)) if self.turned(host.id, device) != Some(&uuid) => {
                PowerState::Unknown(verdict::one_line(&redfish::unmet(&uuid)))
            }
            (state, _) => state,
        }
    }

    fn turned(&self, host: HostId, device: &DeviceName) -> Option<&String> {
        self.turned.get(&(host, device.clone()))
    }

    /// The same, and the UUID that the machine shows if it is the one of the settings with turned bytes, whether it counts or not.
    #[must_use]
    pub fn look(
        &self,
        host: &Host,
        document: &str,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> (PowerState, Option<String>) {
        let mut turned = None;
        let asked = self.declared(host, device).and_then(|(entry, declared)| {
            let controller = entry.controller(device, declared);
            let turn = self.queue.turn(&controller, declared.concurrency, declared.timeout)?;
            let rest = Device { timeout: turn.left, ..declared.clone() };
            match self.driver(entry, device, &rest)? {
                Ready::Agent(agent) => Ok(agent.status(via)),
                Ready::Redfish(redfish) => Ok(redfish.status(&mut turned)),
                Ready::Command { status: Some(status), .. } => Ok(status.status(document)),
                Ready::Command { status: None, .. } => Err("the device has no status program".to_owned()),
            }
        });
        (asked.unwrap_or_else(|why| PowerState::Unknown(verdict::one_line(&why))), turned)
    }

    /// The entry of exactly this host: a device must never be used for another one that got its id or name.
    pub(crate) fn entry(&self, host: &Host) -> Result<&HostEntry> {
        if let Some(why) = self.met.refused.get(&host.id) {
            let (name, file, why) = (host.name.clone(), self.file.clone(), why.clone());
            return Err(Error::FencePattern { host: host.id, name, file, why });
        }
        match self.met.entries.get(&host.id) {
            Some(entry) if entry.name == host.name => Ok(entry),
            Some(entry) => Err(Error::FenceWrongHost {
                host: host.id,
                name: host.name.clone(),
                declared: entry.name.clone(),
                file: self.file.clone(),
            }),
            None => Err(Error::FenceNotConfigured {
                host: host.id,
                name: host.name.clone(),
                file: self.file.clone(),
            }),
        }
    }

    fn declared(&self, host: &Host, name: &DeviceName) -> Result<(&HostEntry, &Device), String> {
        let entry = self.entry(host).map_err(|error| error.chain())?;
        Ok((entry, self.device(entry, name)?))
    }

    fn device(&self, entry: &HostEntry, name: &DeviceName) -> Result<&Device, String> {
        let named = entry.devices().any(|known| known == name);
        let device = self.devices.get(name).filter(|_| named);
        device.ok_or_else(|| format!("device \"{name}\" is not one of {}", entry.name))
    }

    fn check(&self, entry: &HostEntry, name: &DeviceName, device: &Device) -> Result<(), String> {
        match self.driver(entry, name, device)? {
            Ready::Agent(agent) => agent.check(),
            Ready::Redfish(_) => Ok(()),
            Ready::Command { off, status } => {
                off.check()?;
                status.map_or(Ok(()), |status| status.check())
            }
        }
    }

    fn driver<'a>(
        &'a self,
        entry: &HostEntry,
        name: &DeviceName,
        device: &'a Device,
    ) -> Result<Ready<'a>, String> {
        let timeout = device.timeout;
        match &device.driver {
            Driver::Agent { agent, params, secrets, ca_file } => {
                let (ca_file, route) = (ca_file.as_deref(), device.route);
                let declared = Declared { agent, params, secrets, ca_file, timeout, route };
                Agent::prepare(declared, &self.agents_dir, &self.ssh, name, entry).map(Ready::Agent)
            }
            Driver::Command { off, status, .. } => Ok(Ready::Command {
                off: Program { words: off, timeout },
                status: status.as_deref().map(|words| Program { words, timeout }),
            }),
            Driver::Storage { off, status, .. } => Ok(Ready::Command {
                off: Program { words: off, timeout },
                status: Some(Program { words: status, timeout }),
            }),
            Driver::Redfish { params, secrets } => {
                let parameters = entry.parameters(name, params);
                Redfish::prepare(&parameters, secrets, timeout, entry).map(Box::new).map(Ready::Redfish)
            }
        }
    }
}

/// A device that can be used for one host.
enum Ready<'a> {
    Agent(Agent<'a>),
    Redfish(Box<Redfish>),
    Command { off: Program<'a>, status: Option<Program<'a>> },
}

#[cfg(test)]
mod tests;
