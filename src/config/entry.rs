//! `[[host]]`: one table, checked against the devices.

use super::device::{Device, Driver, checked_parameters};
use super::file;
use super::host::HostEntry;
use super::parameter::canonical;
use super::redfish::{self, Controller};
use crate::model::{DeviceName, HostId};
use crate::section::check_address;
use std::collections::BTreeMap;

/// What can be known of an entry when its host is known.
pub(super) fn whole(entry: &HostEntry, devices: &BTreeMap<DeviceName, Device>) -> Result<(), String> {
    let name = &entry.name;
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
        return Err(format!("{name:?} is not the name of a host"));
    }
    entry.can_be_filled(devices)?;
    for (key, place) in [("address", &entry.address), ("consul_node", &entry.consul_node)] {
        place.iter().try_for_each(|place| check_address(key, place))?;
    }
    entry.devices().try_for_each(|name| require_target(entry, name, devices))
}

/// What can be known of an entry before its host is.
pub(super) fn host(
    raw: file::Host,
    id: HostId,
    name: String,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<HostEntry, String> {
    let levels = levels(raw.devices, raw.levels, devices)?;
    let names: Vec<_> = levels.iter().flatten().cloned().collect();
    let mut params = BTreeMap::new();
    for (name, own) in raw.params {
        let name = DeviceName(name);
        if !names.contains(&name) {
            return Err(format!("[host.params.{name}] is for a device that is not one of this host's"));
        }
        host_parameters(&own, devices.get(&name)).map_err(|why| format!("[host.params.{name}]: {why}"))?;
        params.insert(name, own);
    }
    Ok(HostEntry {
        id,
        name,
        levels,
        address: raw.address,
        consul_node: raw.consul_node,
        same_power_accepted: raw.same_power_accepted,
        params,
        pattern: None,
    })
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
