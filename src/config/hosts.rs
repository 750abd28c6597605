//! `[[host]]`: every table.
//!
//! An entry that would power off another machine is refused here: a device that is not declared, two hosts
//! behind one outlet, a controller whose system is not named. What that is for many hosts is known where they are
//! ([`super::pattern`]).

use super::device::Device;
use super::entry::{host, whole};
use super::file;
use super::host::HostEntry;
use super::outlet::{Outlet, outlets_of, same_machine};
use super::pattern::{Pattern, many_hosts};
use crate::model::{DeviceName, HostId};
use std::collections::BTreeMap;

/// Check `[[host]]` against the devices.
pub(super) fn hosts(
    raw: Vec<(usize, file::Host)>,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<(BTreeMap<HostId, HostEntry>, Vec<Pattern>), String> {
    let mut hosts: BTreeMap<HostId, HostEntry> = BTreeMap::new();
    let mut patterns = Vec::new();
    let mut outlets: BTreeMap<Outlet, HostId> = BTreeMap::new();
    for (line, raw) in raw {
        let Some((id, name)) = one_host(line, &raw)? else {
            patterns.push(many_hosts(line, raw, devices)?);
            continue;
        };
        let label = format!("[[host]] id = {id}");
        let entry = host(raw, HostId(id), name, devices).map_err(|why| format!("{label}: {why}"))?;
        let entry = entry.found().map_err(|why| format!("{label}: {why}"))?;
        whole(&entry, devices).map_err(|why| format!("{label}: {why}"))?;
        for name in entry.devices() {
            for outlet in outlets_of(&entry, name, devices) {
                let Some(other) = outlets.insert(outlet, entry.id).filter(|other| *other != entry.id) else {
                    continue;
                };
                return Err(format!("{label}: {}", same_machine(name, other)));
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
    Ok((hosts, patterns))
}

/// Id and name, unless it is for every host that matches.
fn one_host(line: usize, raw: &file::Host) -> Result<Option<(u32, String)>, String> {
    let many = raw.names.is_some() || raw.clusters.is_some();
    match (raw.id, &raw.name) {
        (Some(id), Some(name)) if !many => Ok(Some((id, name.clone()))),
        (None, None) if many => Ok(None),
        (Some(_), _) | (_, Some(_)) | (None, None) => Err(format!(
            "[[host]] in line {line}: give it `id` and `name` of one host, or `names` or `clusters` for many"
        )),
    }
}
