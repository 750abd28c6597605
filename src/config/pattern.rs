//! `[[host]] names = "kvm*"`, `clusters = ["prod"]`: one table for many hosts.
//!
//! It comes to devices where the settings meet the hosts of OpenNebula, each with its id, its name and its cluster. From
//! there on it is an entry like those with `id` and `name`, and whoever uses one cannot tell. What would power off
//! another machine is refused there, host by host: no host is in doubt because another one is.

use super::device::Device;
use super::entry::{host, whole};
use super::file;
use super::host::HostEntry;
use super::outlet::{outlets_of, same_machine};
use super::placeholder;
use crate::model::{Cluster, DeviceName, Host, HostId};
use crate::policy::plan::glob;
use crate::section::check_address;
use std::collections::BTreeMap;

/// `[[host]]` with `names` or `clusters`: which devices power off every host that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    names: Vec<String>,
    clusters: Vec<String>,
    /// That of every host, but for id and name.
    entry: HostEntry,
}

/// The hosts of OpenNebula and their entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Met {
    /// Those with id and name, and what the patterns come to.
    pub(crate) entries: BTreeMap<HostId, HostEntry>,
    /// Why a host's devices are not used.
    pub(crate) refused: BTreeMap<HostId, String>,
}

/// How errors call a table: `[[host]] names = "kvm*" (line 12)`.
fn label(line: usize, raw: &file::Host) -> String {
    let said =
        |key: &str, globs: &Option<file::Globs>| Some(format!("{key} = {}", globs.as_ref()?.written()));
    let said = [said("names", &raw.names), said("clusters", &raw.clusters)];
    format!("[[host]] {} (line {line})", said.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// The pattern of a table for many hosts.
pub(super) fn many_hosts(
    line: usize,
    mut raw: file::Host,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<Pattern, String> {
    let label = label(line, &raw);
    let (names, clusters) = (raw.names.take(), raw.clusters.take());
    let entry = host(raw, HostId(0), String::new(), devices).map_err(|why| format!("{label}: {why}"))?;
    let entry = HostEntry { pattern: Some(label.clone()), ..entry };
    pattern(names, clusters, entry, devices).map_err(|why| format!("{label}: {why}"))
}

/// Check what can be known of a pattern before any host is.
fn pattern(
    names: Option<file::Globs>,
    clusters: Option<file::Globs>,
    entry: HostEntry,
    devices: &BTreeMap<DeviceName, Device>,
) -> Result<Pattern, String> {
    let list = |key: &str, globs: Option<file::Globs>| match globs.map(file::Globs::list) {
        Some(list) if list.is_empty() || list.iter().any(String::is_empty) => {
            Err(format!("`{key}` has an empty entry"))
        }
        list => Ok(list.unwrap_or_default()),
    };
    entry.placeholders_are_known(devices)?;
    for (key, given) in [("address", &entry.address), ("consul_node", &entry.consul_node)] {
        if given.as_ref().is_some_and(|text| !placeholder::differs(text)) {
            return Err(format!(
                "`{key}` would be the same for every host: put {{host}}, {{id}} or {{n}} into it"
            ));
        }
    }
    Ok(Pattern { names: list("names", names)?, clusters: list("clusters", clusters)?, entry })
}

impl Pattern {
    /// Does it ask for the names of clusters?
    pub(crate) fn has_clusters(&self) -> bool {
        !self.clusters.is_empty()
    }

    /// Does it say this of its hosts?
    pub(crate) fn says(&self, of: fn(&HostEntry) -> Option<&String>) -> bool {
        of(&self.entry).is_some()
    }

    /// Is it for a host of this name, whatever cluster that is in?
    pub(crate) fn may_match(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|pattern| glob(pattern, name))
    }

    /// How errors call it.
    pub(crate) fn label(&self) -> String {
        self.entry.label()
    }

    /// Where both are given, both must match.
    fn matches(&self, host: &Host, clusters: &[Cluster]) -> bool {
        let any = |globs: &[String], text: &str| {
            globs.is_empty() || globs.iter().any(|pattern| glob(pattern, text))
        };
        let cluster = clusters.iter().find(|cluster| cluster.id == host.cluster);
        let inside = cluster.map_or(self.clusters.is_empty(), |cluster| any(&self.clusters, &cluster.name));
        inside && self.may_match(&host.name)
    }

    /// Its entry for this host.
    fn entry(&self, host: &Host, devices: &BTreeMap<DeviceName, Device>) -> Result<HostEntry, String> {
        let why = |why| format!("{}: {why}", self.entry.label());
        // It becomes a part of addresses, and of the names of files.
        check_address("the name", &host.name).map_err(why)?;
        let entry = HostEntry { id: host.id, name: host.name.clone(), ..self.entry.clone() };
        let entry = entry.found().map_err(why)?;
        whole(&entry, devices).map_err(why)?;
        Ok(entry)
    }
}

/// What the settings come to for these hosts. Two behind one outlet are refused, both of them.
pub(crate) fn meet(
    declared: &BTreeMap<HostId, HostEntry>,
    patterns: &[Pattern],
    devices: &BTreeMap<DeviceName, Device>,
    hosts: &[Host],
    clusters: &[Cluster],
) -> Met {
    let mut met = Met { entries: declared.clone(), refused: BTreeMap::new() };
    for host in hosts.iter().filter(|host| !declared.contains_key(&host.id)) {
        match entry_of(declared, patterns, devices, host, clusters) {
            Ok(Some(entry)) => drop(met.entries.insert(host.id, entry)),
            Ok(None) => {}
            Err(why) => drop(met.refused.insert(host.id, why)),
        }
    }
    places::one_each(&mut met, hosts);
    let mut outlets: BTreeMap<_, &HostEntry> = BTreeMap::new();
    for entry in met.entries.values() {
        for name in entry.devices() {
            for outlet in outlets_of(entry, name, devices) {
                let Some(other) = outlets.insert(outlet, entry).filter(|other| other.id != entry.id) else {
                    continue;
                };
                for (one, other) in [(entry, other), (other, entry)] {
                    let why = || format!("{}: {}", one.label(), same_machine(name, other.id));
                    met.refused.entry(one.id).or_insert_with(why);
                }
            }
        }
    }
    met
}

/// The entry that a pattern has for a host, if one matches.
fn entry_of(
    declared: &BTreeMap<HostId, HostEntry>,
    patterns: &[Pattern],
    devices: &BTreeMap<DeviceName, Device>,
    host: &Host,
    clusters: &[Cluster],
) -> Result<Option<HostEntry>, String> {
    let matching: Vec<_> = patterns.iter().filter(|pattern| pattern.matches(host, clusters)).collect();
    let [pattern] = matching.as_slice() else {
        let labels: Vec<_> = matching.iter().map(|pattern| pattern.entry.label()).collect();
        return if labels.is_empty() { Ok(None) } else { Err(format!("{} match it", labels.join(" and "))) };
    };
    if let Some(other) = declared.values().find(|entry| entry.name == host.name) {
        return Err(format!("[[host]] id = {} has its name, and its id is {}", other.id.0, host.id.0));
    }
    pattern.entry(host, devices).map(Some)
}

mod places;
#[cfg(test)]
mod tests;
