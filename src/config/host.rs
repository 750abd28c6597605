//! `[[host]]`: which devices power off which host.
//!
//! An entry that would power off another machine is refused here: a device that is not declared, two hosts
//! behind one outlet, a controller whose system is not named.

use super::device::{Device, Driver, checked_parameters};
use super::file;
use super::parameter::canonical;
use super::redfish::{self, Controller};
use crate::model::{DeviceName, HostId};
use crate::section::check_address;
use std::collections::BTreeMap;

/// `[[host]]`: which devices power off a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// The host's id; it must belong to `name`, or nothing is done.
    pub id: HostId,
    /// The host's name.
    pub name: String,
    /// Levels in the order in which they are tried. Every device of one level must prove that the host is off.
    pub levels: Vec<Vec<DeviceName>>,
    /// Where witnesses look for it, if not under its name.
    pub address: Option<String>,
    /// Its name in Consul, if not its name here.
    pub consul_node: Option<String>,
    /// The operator knows that all its devices share its power.
    pub same_power_accepted: bool,
    /// `[host.params.DEVICE]`: what differs from host to host.
    pub params: BTreeMap<DeviceName, BTreeMap<String, String>>,
}

impl HostEntry {
    /// Every device of every level.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceName> {
        self.levels.iter().flatten()
    }

    /// `{host}` and `{id}` in a text are the host's.
    pub(crate) fn filled(&self, text: &str) -> String {
        text.replace("{id}", &self.id.0.to_string()).replace("{host}", &self.name)
    }

    /// The parameters that a device gets for this host: the device's, then the host's own, which win. By their
    /// canonical name, with the name that the operator wrote and the value, in which `{host}` and `{id}` are the
    /// host's.
    pub(crate) fn parameters<'a>(
        &'a self,
        device: &DeviceName,
        shared: &'a BTreeMap<String, String>,
    ) -> BTreeMap<String, (&'a str, String)> {
        let own = self.params.get(device).into_iter().flatten();
        let all = shared.iter().chain(own);
        all.map(|(key, value)| (canonical(key), (key.as_str(), self.filled(value)))).collect()
    }
}

impl HostEntry {
    /// What a device switches for this host, without secrets: `fence_ipmilan ip=10.8.0.12 lanplus=1`.
    pub(crate) fn target(&self, name: &DeviceName, device: &Device) -> String {
        let (mut words, params) = match &device.driver {
            Driver::Agent { agent, params, .. } => (vec![agent.clone()], Some(params)),
            Driver::Redfish { params, .. } => (vec!["redfish".to_owned()], Some(params)),
            Driver::Command { off, .. } | Driver::Storage { off, .. } => (off.clone(), None),
        };
        let parameters = params.map(|params| self.parameters(name, params)).unwrap_or_default();
        words.extend(parameters.into_iter().map(|(key, (_, value))| format!("{key}={value}")));
        words.join(" ")
    }
}

impl HostEntry {
    /// The one controller that a device means for this host, as far as the settings tell: `pdu_a-10.9.0.11` is the
    /// same for every host, `ipmi-10.8.0.12` is this host's own, `script` is the operator's program.
    pub(crate) fn controller(&self, name: &DeviceName, device: &Device) -> String {
        let params = match &device.driver {
            Driver::Agent { params, .. } | Driver::Redfish { params, .. } => self.parameters(name, params),
            Driver::Command { .. } | Driver::Storage { .. } => BTreeMap::new(),
        };
        let address = ["ip", "ipport", "url"].iter().filter_map(|key| params.get(*key));
        let words = [name.0.as_str()].into_iter().chain(address.map(|(_, value)| value.as_str()));
        words.collect::<Vec<_>>().join("-")
    }
}

/// Check `[[host]]` against the devices.
pub(super) fn hosts(
    raw: Vec<file::Host>,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<BTreeMap<HostId, HostEntry>, String> {
    let mut hosts: BTreeMap<HostId, HostEntry> = BTreeMap::new();
    let mut outlets: BTreeMap<Outlet, HostId> = BTreeMap::new();
    for raw in raw {
        let label = format!("[[host]] id = {}", raw.id);
        let entry = host(raw, devices).map_err(|why| format!("{label}: {why}"))?;
        for name in entry.devices() {
            for outlet in outlets_of(&entry, name, devices) {
                let Some(other) = outlets.insert(outlet, entry.id).filter(|other| *other != entry.id) else {
                    continue;
                };
                return Err(format!(
                    "{label}: device \"{name}\" would power off the same machine for {other}: \
                     give each its own ip, plug, system or uuid in [host.params.{name}]"
                ));
            }
        }
        if let Some(twin) = hosts.values().find(|other| other.name == entry.name) {
            return Err(format!("{label}: {} has the name {:?} too", twin.id, twin.name));
        }
        if hosts.contains_key(&entry.id) {
            return Err(format!("{label} stands there twice"));
        }
        hosts.insert(entry.id, entry);
    }
    Ok(hosts)
}

fn host(raw: file::Host, devices: &BTreeMap<DeviceName, Device>) -> Result<HostEntry, String> {
    if raw.name.is_empty() || raw.name.starts_with('.') || raw.name.contains(['/', '\0']) {
        return Err(format!("{:?} is not the name of a host", raw.name));
    }
    let levels = levels(raw.devices, raw.levels, devices)?;
    let names: Vec<_> = levels.iter().flatten().cloned().collect();
    if let Some(address) = &raw.address {
        check_address("address", address)?;
    }
    if let Some(node) = &raw.consul_node {
        check_address("consul_node", node)?;
    }
    let mut params = BTreeMap::new();
    for (name, own) in raw.params {
        let name = DeviceName(name);
        if !names.contains(&name) {
            return Err(format!("[host.params.{name}] is for a device that is not one of this host's"));
        }
        host_parameters(&own, devices.get(&name)).map_err(|why| format!("[host.params.{name}]: {why}"))?;
        params.insert(name, own);
    }
    let entry = HostEntry {
        id: HostId(raw.id),
        name: raw.name,
        levels,
        address: raw.address,
        consul_node: raw.consul_node,
        same_power_accepted: raw.same_power_accepted,
        params,
    };
    for name in entry.devices() {
        require_target(&entry, name, devices)?;
    }
    Ok(entry)
}

/// `devices` is short for one level.
fn levels(
    one: Option<Vec<String>>,
    several: Option<Vec<Vec<String>>>,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<Vec<Vec<DeviceName>>, String> {
    let raw = match (one, several) {
        (Some(one), None) => vec![one],
        (None, Some(several)) => several,
        (Some(_), Some(_)) => {
            return Err("`devices` is one level and `levels` are several: give one".to_owned());
        }
        (None, None) => return Err("neither `devices` nor `levels` is given".to_owned()),
    };
    if raw.is_empty() || raw.iter().any(Vec::is_empty) {
        return Err("a level is empty: name at least one device".to_owned());
    }
    let mut seen: Vec<&str> = Vec::new();
    for name in raw.iter().flatten() {
        if !devices.contains_key(&DeviceName(name.clone())) {
            return Err(format!("there is no [device.{name}]"));
        }
        if seen.contains(&name.as_str()) {
            return Err(format!("device \"{name}\" is named twice"));
        }
        seen.push(name);
    }
    let levels: Vec<Vec<_>> =
        raw.iter().map(|level| level.iter().cloned().map(DeviceName).collect()).collect();
    for level in &levels {
        let storage = |name: &&DeviceName| {
            devices.get(*name).is_some_and(|device| matches!(device.driver, Driver::Storage { .. }))
        };
        let count = level.iter().filter(storage).count();
        if count > 0 && count < level.len() {
            return Err(
                "a level has devices for power and for storage: give each a level of its own".to_owned()
            );
        }
    }
    Ok(levels)
}

fn host_parameters(own: &BTreeMap<String, String>, device: Option<&Device>) -> Result<(), String> {
    let names = checked_parameters(own)?;
    if let Some(Driver::Redfish { .. }) = device.map(|device| &device.driver) {
        redfish::check_names(own.keys())?;
    }
    match device.map(|device| &device.driver) {
        Some(Driver::Agent { secrets, .. } | Driver::Redfish { secrets, .. }) => {
            match secrets.keys().find(|key| names.contains(&canonical(key))) {
                Some(key) => Err(format!("`{key}` already comes from a secret file")),
                None => Ok(()),
            }
        }
        Some(Driver::Command { .. } | Driver::Storage { .. }) | None => {
            Err("a command takes no parameters; it reads the HOST document".to_owned())
        }
    }
}

/// Without `systems_uri`, `fence_redfish` powers off the last system that the controller lists. Our own driver
/// needs to know everything about a controller, from the device or from the host.
fn require_target(
    entry: &HostEntry,
    name: &DeviceName,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<(), String> {
    match devices.get(name).map(|device| &device.driver) {
        Some(Driver::Agent { agent, params, .. })
            if agent == "fence_redfish" && !entry.parameters(name, params).contains_key("systems_uri") =>
        {
            Err(format!(
                "fence_redfish needs `systems_uri` in [host.params.{name}], \
                 or it takes the last system that the controller lists"
            ))
        }
        Some(Driver::Redfish { params, .. }) => Controller::read(&entry.parameters(name, params))
            .map(drop)
            .map_err(|why| format!("device \"{name}\": {why}")),
        Some(Driver::Agent { .. } | Driver::Command { .. } | Driver::Storage { .. }) | None => Ok(()),
    }
}

/// One machine, as the settings name it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Outlet {
    /// Of this device, with these parameters.
    Agent(DeviceName, Vec<String>),
    /// Whichever device asks: a system of a controller, or what a machine says of itself.
    Redfish(String),
}

/// What tells one machine behind a device from another; nothing for a command, which gets the host itself.
fn outlets_of(entry: &HostEntry, name: &DeviceName, devices: &BTreeMap<DeviceName, Device>) -> Vec<Outlet> {
    match devices.get(name).map(|device| &device.driver) {
        Some(Driver::Agent { params, .. }) => {
            vec![Outlet::Agent(name.clone(), outlet(entry, &entry.parameters(name, params)))]
        }
        Some(Driver::Redfish { params, .. }) => {
            let controller = Controller::read(&entry.parameters(name, params));
            let marks = controller.map(|controller| controller.marks()).unwrap_or_default();
            marks.into_iter().map(Outlet::Redfish).collect()
        }
        Some(Driver::Command { .. } | Driver::Storage { .. }) | None => Vec::new(),
    }
}

fn outlet(entry: &HostEntry, parameters: &redfish::Parameters<'_>) -> Vec<String> {
    let value = |key: &str| parameters.get(key).map(|(_, value)| entry.filled(value).to_ascii_lowercase());
    let plug = value("plug").or_else(|| value("port"));
    let fixed =
        ["ip", "ipport", "url", "system", "systems_uri", "uuid", "target", "switch", "devices", "key"]
            .map(value);
    fixed.into_iter().chain([plug]).map(Option::unwrap_or_default).collect()
}
