//! Where the hosts of patterns are looked for: no two of them at one address, or by one name in Consul.

use super::Met;
use crate::config::HostEntry;
use crate::model::{Host, HostId};
use std::collections::BTreeMap;

/// Refuse hosts whose pattern says what is another host's too, by its entry or because it is that one's name. A witness
/// would take one for the other.
pub(super) fn one_each(met: &mut Met, hosts: &[Host]) {
    let address: fn(&HostEntry) -> Option<&String> = |entry| entry.address.as_ref();
    let node: fn(&HostEntry) -> Option<&String> = |entry| entry.consul_node.as_ref();
    for (key, of) in [("address", address), ("consul_node", node)] {
        let said = |host: &Host| met.entries.get(&host.id).and_then(of);
        let mut places: BTreeMap<String, Vec<HostId>> = BTreeMap::new();
        for host in hosts {
            let place = said(host).unwrap_or(&host.name).to_ascii_lowercase();
            places.entry(place).or_default().push(host.id);
        }
        for (place, ids) in places.into_iter().filter(|(_, ids)| ids.len() > 1) {
            for id in &ids {
                let entry =
                    met.entries.get(id).filter(|entry| entry.pattern.is_some() && of(entry).is_some());
                let other = ids.iter().find(|other| *other != id);
                if let (Some(entry), Some(other)) = (entry, other) {
                    let why = format!("{}: `{key}` is {place} for {other} too", entry.label());
                    met.refused.entry(*id).or_insert(why);
                }
            }
        }
    }
}
