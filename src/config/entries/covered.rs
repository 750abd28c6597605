//! Hosts that a pattern is for. What it gives them already is not written again; an entry that differs wins over it.

use super::Wanted;
use crate::config::parameter::canonical;
use crate::config::{Config, Driver, HostEntry, Met};
use crate::model::{DeviceName, HostId};
use std::collections::BTreeMap;

/// What a list wants, as far as patterns are concerned.
#[derive(Debug, Default)]
pub(super) struct Sorted<'a> {
    /// What is to be written, or stands in an entry of its own.
    pub(super) left: Vec<&'a Wanted>,
    /// What a pattern gives already.
    pub(super) covered: Vec<(HostId, DeviceName)>,
    /// Both in words.
    pub(super) told: Vec<String>,
}

/// Leave out what patterns give already.
pub(super) fn sort<'a>(wanted: &'a [Wanted], config: &Config, met: &Met) -> Sorted<'a> {
    let mut hosts: BTreeMap<u32, Vec<&Wanted>> = BTreeMap::new();
    for one in wanted {
        hosts.entry(one.host).or_default().push(one);
    }
    let mut sorted = Sorted::default();
    for devices in hosts.into_values() {
        let Some(first) = devices.first() else { continue };
        let (id, host) = (HostId(first.host), format!("{} (host {})", first.name, first.host));
        if config.hosts.contains_key(&id) {
            sorted.left.extend(devices);
            continue;
        }
        match (met.refused.get(&id), met.entries.get(&id)) {
            (Some(why), _) => {
                sorted.told.push(format!(
                    "{host}: its own entry wins over a pattern, of which nothing was used: {why}"
                ));
                sorted.left.extend(devices);
            }
            (None, Some(entry)) if devices.iter().all(|one| gives(entry, one, config)) => {
                sorted
                    .told
                    .push(format!("{host}: {} gives it exactly this, so nothing is written", entry.label()));
                let names = devices.iter().map(|one| (id, DeviceName(one.device.clone())));
                sorted.covered.extend(names);
            }
            (None, Some(entry)) => {
                sorted.told.push(format!(
                    "{host}: its own entry wins over {}, which {}",
                    entry.label(),
                    gave(entry, config)
                ));
                sorted.left.extend(devices);
            }
            (None, None) => sorted.left.extend(devices),
        }
    }
    sorted
}

/// Does the entry have this device, with these parameters?
fn gives(entry: &HostEntry, wanted: &Wanted, config: &Config) -> bool {
    let name = DeviceName(wanted.device.clone());
    let device = config.devices.get(&name).filter(|_| entry.devices().any(|own| *own == name));
    let params = match device.map(|device| &device.driver) {
        Some(Driver::Agent { params, .. } | Driver::Redfish { params, .. }) => params,
        Some(Driver::Command { .. } | Driver::Storage { .. }) => return wanted.params.is_empty(),
        None => return false,
    };
    let has = entry.parameters(&name, params);
    wanted
        .params
        .iter()
        .all(|(key, value)| has.get(&canonical(key)).is_some_and(|(_, own)| *own == entry.filled(value)))
}

/// What the host has no longer.
fn gave(entry: &HostEntry, config: &Config) -> String {
    let target = |name| Some(format!("{name}: {}", entry.target(name, config.devices.get(name)?)));
    let targets: Vec<_> = entry.devices().filter_map(target).collect();
    let more = [
        entry.address.as_ref().map(|address| format!("the address {address}")),
        entry.consul_node.as_ref().map(|node| format!("the consul_node {node}")),
        entry.same_power_accepted.then(|| "same_power_accepted".to_owned()),
    ];
    let all: Vec<_> = targets.into_iter().chain(more.into_iter().flatten()).collect();
    format!("gave it {}", all.join("; "))
}
