//! `[[host]]`: which devices power off which host.
//!
//! An entry that would power off another machine is refused here: a device that is not declared, two hosts
//! behind one outlet, a controller whose system is not named.

use super::device::{Device, Driver, checked_parameters};
use super::file;
use super::parameter::canonical;
use crate::model::{DeviceName, HostId};
use std::collections::BTreeMap;

/// `[[host]]`: which devices power off a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// The host's id; it must belong to `name`, or nothing is done.
    pub id: HostId,
    /// The host's name.
    pub name: String,
    /// Every one of these must prove that the host is off.
    pub devices: Vec<DeviceName>,
    /// `[host.params.DEVICE]`: what differs from host to host.
    pub params: BTreeMap<DeviceName, BTreeMap<String, String>>,
}

impl HostEntry {
    /// The parameters that an agent gets for this host: the device's, then the host's own, which win. By their
    /// canonical name, with the name that the operator wrote and the value.
    pub(crate) fn parameters<'a>(
        &'a self,
        device: &DeviceName,
        shared: &'a BTreeMap<String, String>,
    ) -> BTreeMap<String, (&'a str, &'a str)> {
        let own = self.params.get(device).into_iter().flatten();
        let all = shared.iter().chain(own);
        all.map(|(key, value)| (canonical(key), (key.as_str(), value.as_str()))).collect()
    }
}

/// Check `[[host]]` against the devices.
pub(super) fn hosts(
    raw: Vec<file::Host>,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<BTreeMap<HostId, HostEntry>, String> {
    let mut hosts: BTreeMap<HostId, HostEntry> = BTreeMap::new();
    let mut outlets: BTreeMap<(DeviceName, Vec<String>), HostId> = BTreeMap::new();
    for raw in raw {
        let label = format!("[[host]] id = {}", raw.id);
        let entry = host(raw, devices).map_err(|why| format!("{label}: {why}"))?;
        for name in &entry.devices {
            let Some(outlet) = outlet(&entry, name, devices) else {
                continue;
            };
            if let Some(other) = outlets.insert((name.clone(), outlet), entry.id) {
                return Err(format!(
                    "{label}: device \"{name}\" would power off the same machine for {other}: \
                     give each its own ip or plug in [host.params.{name}]"
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
    if raw.devices.is_empty() {
        return Err("`devices` is empty: name at least one".to_owned());
    }
    let mut names: Vec<DeviceName> = Vec::new();
    for name in raw.devices.into_iter().map(DeviceName) {
        if !devices.contains_key(&name) {
            return Err(format!("there is no [device.{name}]"));
        }
        if names.contains(&name) {
            return Err(format!("device \"{name}\" is named twice"));
        }
        names.push(name);
    }
    let mut params = BTreeMap::new();
    for (name, own) in raw.params {
        let name = DeviceName(name);
        if !names.contains(&name) {
            return Err(format!("[host.params.{name}] is for a device that is not in `devices`"));
        }
        host_parameters(&own, devices.get(&name)).map_err(|why| format!("[host.params.{name}]: {why}"))?;
        params.insert(name, own);
    }
    let entry = HostEntry { id: HostId(raw.id), name: raw.name, devices: names, params };
    for name in &entry.devices {
        require_target(&entry, name, devices)?;
    }
    Ok(entry)
}

fn host_parameters(own: &BTreeMap<String, String>, device: Option<&Device>) -> Result<(), String> {
    let names = checked_parameters(own)?;
    match device.map(|device| &device.driver) {
        Some(Driver::Agent { secrets, .. }) => {
            match secrets.keys().find(|key| names.contains(&canonical(key))) {
                Some(key) => Err(format!("`{key}` already comes from a secret file")),
                None => Ok(()),
            }
        }
        Some(Driver::Command { .. }) | None => {
            Err("a command takes no parameters; it reads the HOST document".to_owned())
        }
    }
}

/// Without `systems_uri`, `fence_redfish` powers off the last system that the controller lists.
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
        Some(Driver::Agent { .. } | Driver::Command { .. }) | None => Ok(()),
    }
}

/// What tells one machine behind an agent from another; `None` for a command, which gets the host itself.
fn outlet(
    entry: &HostEntry,
    name: &DeviceName,
    devices: &BTreeMap<DeviceName, Device>,
) -> Option<Vec<String>> {
    let Driver::Agent { params, .. } = &devices.get(name)?.driver else {
        return None;
    };
    let parameters = entry.parameters(name, params);
    let value = |key: &str| parameters.get(key).map(|(_, value)| value.to_ascii_lowercase());
    let plug = value("plug").or_else(|| value("port"));
    let fixed = ["ip", "ipport", "systems_uri", "uuid", "target", "switch", "devices", "key"].map(value);
    Some(fixed.into_iter().chain([plug]).map(Option::unwrap_or_default).collect())
}
