//! The record of devices that were seen ON: what it says after this check.

use super::ZoneFacts;
use super::device::healthy;
use crate::model::{DeviceName, HostId, PowerState, SeenOn};
use std::collections::BTreeMap;

/// All of the new record, or nothing if it is not this front-end's to write, or stays as it is. What other checks
/// have seen stays; what is about a host that does not exist any more goes.
pub(super) fn to_write(zone: &ZoneFacts) -> Option<Vec<SeenOn>> {
    if !zone.writes() {
        return None;
    }
    let memory = &zone.outlook.memory;
    let mut record: BTreeMap<(HostId, DeviceName), SeenOn> = BTreeMap::new();
    let exists = |seen: &&SeenOn| zone.outlook.hosts.iter().any(|host| host.id == seen.host);
    let key = |seen: &SeenOn| (seen.host, seen.device.clone());
    for seen in memory.seen_on.iter().filter(exists) {
        if record.get(&key(seen)).is_none_or(|old| old.at <= seen.at) {
            record.insert(key(seen), seen.clone());
        }
    }
    // What is seen now replaces even what another clock has dated later: its target may be another.
    record.extend(now(zone).into_iter().map(|seen| (key(&seen), seen)));
    let record: Vec<_> = record.into_values().collect();
    (record != memory.seen_on).then_some(record)
}

/// The devices that say ON now, of healthy hosts.
fn now(zone: &ZoneFacts) -> Vec<SeenOn> {
    let at = zone.outlook.memory.now;
    let mut seen = Vec::new();
    for facts in zone.hosts.iter().filter(|facts| healthy(&facts.host)) {
        for device in facts.devices() {
            let on =
                |(name, said): &(DeviceName, PowerState)| *name == device.name && *said == PowerState::On;
            if facts.power.iter().any(on) {
                let turned = facts.turned.get(&device.name).cloned();
                let (host, device, target) = (facts.host.id, device.name.clone(), device.target.clone());
                seen.push(SeenOn { host, device, target, turned, at });
            }
        }
    }
    seen
}
