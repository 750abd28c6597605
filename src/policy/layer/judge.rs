//! What is wrong with the layers today, and what would be after the loss of one host.

use super::{Layer, Place, Survey};
use crate::model::{ClusterId, Host, HostId, HostState, VmId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It could become a violation.
    Warning,
    /// Two members are on one host now.
    Violation,
}

/// One thing that is wrong with one layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The layer: `web (vm group 3)`.
    pub layer: String,
    /// How bad it is.
    pub severity: Severity,
    /// The host that it is about.
    pub host: Option<HostId>,
    /// The cluster of that host.
    pub cluster: Option<ClusterId>,
    /// The VMs that it is about.
    pub vms: Vec<VmId>,
    /// One sentence.
    pub text: String,
    /// The one thing to do.
    pub advice: String,
}

/// Everything that is wrong, by layer and host, the worst of each layer first. Capacity is not looked at.
#[must_use]
pub fn judge(survey: &Survey, layers: &[Layer]) -> Vec<Fault> {
    let hosts: BTreeMap<HostId, &Host> = survey.hosts.iter().map(|host| (host.id, host)).collect();
    let mut usable: BTreeMap<ClusterId, BTreeSet<HostId>> = BTreeMap::new();
    for host in survey.hosts.iter().filter(|host| host.state == HostState::Monitored) {
        usable.entry(host.cluster).or_default().insert(host.id);
    }
    let mut faults = Vec::new();
    for layer in layers {
        faults.extend(unseen(layer));
        let places = places(layer);
        for (id, there) in &places {
            faults.extend(together(layer, &hosts, *id, there));
            if let Some(host) = hosts.get(id) {
                let usable = usable.get(&host.cluster).cloned().unwrap_or_default();
                faults.extend(after_loss(layer, host, &survey.cluster(host.cluster), &usable, &places));
            }
        }
    }
    faults.sort_by(|a, b| (&a.layer, b.severity, a.host).cmp(&(&b.layer, a.severity, b.host)));
    faults
}

/// The members that a host has, and those that will start on it again.
#[derive(Default)]
struct There {
    deployed: Vec<VmId>,
    parked: Vec<VmId>,
    /// VMs that are no members, and that members keep away from.
    beside: Vec<VmId>,
}

fn places(layer: &Layer) -> BTreeMap<HostId, There> {
    let mut places: BTreeMap<HostId, There> = BTreeMap::new();
    for member in &layer.members {
        match member.place {
            Place::On(host) | Place::Moving(host) => places.entry(host).or_default().deployed.push(member.vm),
            Place::Last(host) => places.entry(host).or_default().parked.push(member.vm),
            Place::Nowhere | Place::Unknown => {}
        }
    }
    for member in &layer.beside {
        if let Some(host) = member.place.host() {
            places.entry(host).or_default().beside.push(member.vm);
        }
    }
    places
}

fn named(layer: &Layer, vms: &[VmId]) -> String {
    let found = |vm: &VmId| layer.all().find(|member| member.vm == *vm);
    let name = |vm: &VmId| found(vm).map_or_else(|| vm.to_string(), ToString::to_string);
    vms.iter().map(name).collect::<Vec<_>>().join(", ")
}

pub(super) fn host_name(hosts: &BTreeMap<HostId, &Host>, id: HostId) -> String {
    hosts.get(&id).map_or_else(|| id.to_string(), ToString::to_string)
}

fn unseen(layer: &Layer) -> Option<Fault> {
    let unknown = layer.members.iter().filter(|member| member.place == Place::Unknown);
    let vms: Vec<_> = unknown.map(|member| member.vm).collect();
    let first = vms.first()?;
    Some(Fault {
        layer: layer.to_string(),
        severity: Severity::Warning,
        host: None,
        cluster: None,
        text: format!("it is not known where {} is", named(layer, &vms)),
        advice: format!("look at `onevm show {}`", first.0),
        vms,
    })
}

/// Members that share a host, or would after a start.
fn together(layer: &Layer, hosts: &BTreeMap<HostId, &Host>, id: HostId, there: &There) -> Option<Fault> {
    let own: Vec<_> = there.deployed.iter().chain(&there.parked).copied().collect();
    own.first()?;
    let vms: Vec<_> = there.beside.iter().copied().chain(own).collect();
    let [_, .., last] = vms.as_slice() else { return None };
    let (severity, verb) = if there.deployed.len() + there.beside.len().min(there.deployed.len()) > 1 {
        (Severity::Violation, "share")
    } else {
        (Severity::Warning, "would share, once started,")
    };
    let last = *last;
    Some(Fault {
        layer: layer.to_string(),
        severity,
        host: Some(id),
        cluster: hosts.get(&id).map(|host| host.cluster),
        text: format!("{} {verb} {}", named(layer, &vms), host_name(hosts, id)),
        advice: format!("migrate all but one to hosts without a member: `onevm migrate {} HOST`", last.0),
        vms,
    })
}

/// Whether each deployed VM of this host would find a host of its cluster without a member.
fn after_loss(
    layer: &Layer,
    host: &Host,
    cluster: &str,
    usable: &BTreeSet<HostId>,
    places: &BTreeMap<HostId, There>,
) -> Option<Fault> {
    let lost = &places.get(&host.id)?.deployed;
    let others = usable.iter().filter(|other| **other != host.id);
    let free = others.filter(|other| !places.contains_key(other)).count();
    if free >= lost.len() {
        return None;
    }
    let missing = lost.len() - free;
    let plural = if missing == 1 { "" } else { "s" };
    Some(Fault {
        layer: layer.to_string(),
        severity: Severity::Warning,
        host: Some(host.id),
        cluster: Some(host.cluster),
        text: format!(
            "if {host} failed, {} could not be kept apart: {free} of {} usable hosts in {cluster} would be left \
             without a member",
            named(layer, lost),
            usable.len(),
        ),
        advice: format!("add {missing} more host{plural} to {cluster}, or take a VM out of the layer"),
        vms: lost.clone(),
    })
}
