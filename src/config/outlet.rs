//! What tells one machine behind a device from another: no two hosts have the same.

use super::device::{Device, Driver};
use super::host::HostEntry;
use super::redfish::{self, Controller};
use crate::model::{DeviceName, HostId};
use std::collections::BTreeMap;

/// One machine, as the settings name it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outlet {
    /// Of this device, with these parameters.
    Agent(DeviceName, Vec<String>),
    /// Whichever device asks: a system of a controller, or what a machine says of itself.
    Redfish(String),
}

/// Why two hosts must not be behind one outlet of this device, and what to do.
pub(super) fn same_machine(device: &DeviceName, other: HostId) -> String {
    format!(
        "device \"{device}\" would power off the same machine for {other}: \
         give each its own ip, plug, system or uuid in [host.params.{device}]"
    )
}

/// What tells one machine behind a device from another; nothing for a command, which gets the host itself.
pub(super) fn outlets_of(
    entry: &HostEntry,
    name: &DeviceName,
    devices: &BTreeMap<DeviceName, Device>,
) -> Vec<Outlet> {
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
