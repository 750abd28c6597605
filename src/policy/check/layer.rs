//! Are the layers of a cluster kept apart, today and after the loss of any one host? One finding for each cluster.

use super::finding::{Finding, Item};
use super::{Scope, ZoneFacts, cluster};
use crate::model::{ClusterId, HostId};
use crate::policy::layer::{self, Fault, Layer, Severity, Survey};
use std::collections::{BTreeMap, BTreeSet};

/// A single host says nothing about layers, so then there is no finding. A cluster without layers has none either.
pub(super) fn judge(scope: Scope, zone: &ZoneFacts) -> Vec<Finding> {
    let Some(survey) = &zone.layers else { return Vec::new() };
    let inside = |id: &ClusterId| match scope {
        Scope::Zone => true,
        Scope::Cluster(wanted) => wanted == *id,
        Scope::Host(_) => false,
    };
    let faults = layer::judge(survey, &survey.layers);
    let counts = counts(survey).into_iter().filter(|(id, _)| inside(id));
    let mut findings: Vec<_> = counts
        .map(|(id, count)| {
            let here: Vec<_> = faults.iter().filter(|fault| fault.cluster == Some(id)).collect();
            one(cluster::name(zone, id), count, &here)
        })
        .collect();
    if scope == Scope::Zone {
        findings.extend(nowhere(survey, &faults));
    }
    findings
}

/// How many layers have a VM in each cluster.
fn counts(survey: &Survey) -> BTreeMap<ClusterId, usize> {
    let clusters: BTreeMap<HostId, ClusterId> =
        survey.hosts.iter().map(|host| (host.id, host.cluster)).collect();
    let mut counts = BTreeMap::new();
    for layer in &survey.layers {
        for cluster in of_layer(layer, &clusters) {
            *counts.entry(cluster).or_insert(0) += 1;
        }
    }
    counts
}

fn of_layer(layer: &Layer, clusters: &BTreeMap<HostId, ClusterId>) -> BTreeSet<ClusterId> {
    let hosts = layer.members.iter().filter_map(|member| member.place.host());
    hosts.filter_map(|host| clusters.get(&host).copied()).collect()
}

fn one(object: String, layers: usize, faults: &[&Fault]) -> Finding {
    let plural = if layers == 1 { "layer is" } else { "layers are" };
    // The worst of all layers is told; the others are counted.
    let worst = faults.iter().max_by_key(|fault| (fault.severity, std::cmp::Reverse(&fault.layer)));
    let Some(worst) = worst else {
        let text = format!("{layers} {plural} kept apart, and would be after the loss of any one host");
        return Finding::ok(Item::Layer, object, text);
    };
    let told = format!("{}: {}", worst.layer, worst.text);
    match faults.len() {
        1 => Finding::warning(Item::Layer, object, told, worst.advice.clone()),
        count => {
            let violations = faults.iter().filter(|fault| fault.severity == Severity::Violation).count();
            let text = format!(
                "VMs of layers share a host {violations} times, or would in {} cases; the first: {told}",
                count - violations
            );
            Finding::warning(Item::Layer, object, text, "`onerescue layer check` has them all")
        }
    }
}

/// What belongs to no cluster: VMs and groups that could not be read.
fn nowhere(survey: &Survey, faults: &[Fault]) -> Option<Finding> {
    let placeless = faults.iter().filter(|fault| fault.cluster.is_none());
    let unknown = placeless.map(|fault| format!("{}: {}", fault.layer, fault.text));
    let all: Vec<String> = unknown.chain(survey.unreadable.iter().cloned()).collect();
    let first = all.first()?;
    let text = match all.len() {
        1 => first.clone(),
        count => format!("{first}, and {} more", count - 1),
    };
    Some(Finding::warning(Item::Layer, "the zone", text, "`onerescue layer check` has them all"))
}
