//! Do two hosts have devices that switch the same machine?
//!
//! Within one device the settings are refused for that already; here it is across devices. A program of the operator
//! is told which host is meant, so it may be the same for all.

use super::finding::{Finding, Item};
use super::host::HostFacts;
use crate::model::{FenceDevice, HostId};
use std::collections::{BTreeMap, BTreeSet};

/// Parameters that tell one machine from another.
const TELLING: [&str; 12] = [
    "ip",
    "ipport",
    "plug",
    "port",
    "url",
    "system",
    "systems_uri",
    "uuid",
    "target",
    "switch",
    "devices",
    "key",
];

pub(super) fn shared(hosts: &[HostFacts]) -> Vec<Finding> {
    let mut behind: BTreeMap<Vec<String>, BTreeSet<(HostId, String)>> = BTreeMap::new();
    for facts in hosts {
        for device in facts.devices() {
            if let Some(machine) = machine(device) {
                let who = (facts.host.id, format!("{}: {}", facts.host, device.name));
                behind.entry(machine).or_default().insert(who);
            }
        }
    }
    let finding = |(machine, who): (Vec<String>, BTreeSet<(HostId, String)>)| {
        let hosts: BTreeSet<_> = who.iter().map(|(host, _)| host).collect();
        let names: Vec<_> = who.iter().map(|(_, name)| name.as_str()).collect();
        let text = format!("{} hosts are behind one target: {}", hosts.len(), names.join(", "));
        let advice =
            "find out whose it is, and correct the entries of the others before one of them is switched off";
        (hosts.len() > 1).then(|| Finding::broken(Item::Target, machine.join(" "), text, advice))
    };
    behind.into_iter().filter_map(finding).collect()
}

/// What a device switches, without its agent and without what is not about the machine.
fn machine(device: &FenceDevice) -> Option<Vec<String>> {
    if device.target.starts_with('/') {
        return None;
    }
    let words = device.target.split(' ').filter_map(|word| word.split_once('='));
    let telling = words.filter(|(key, value)| TELLING.contains(key) && !value.is_empty());
    let machine: BTreeMap<_, _> =
        telling.map(|(key, value)| (if key == "port" { "plug" } else { key }, value)).collect();
    // The identity that a controller must confirm does not choose the machine.
    let controller = machine.contains_key("system") || machine.contains_key("url");
    let machine = machine.into_iter().filter(|(key, _)| !(controller && *key == "uuid"));
    let machine: Vec<_> =
        machine.map(|(key, value)| format!("{key}={}", value.to_ascii_lowercase())).collect();
    (!machine.is_empty()).then_some(machine)
}
