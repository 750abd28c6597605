//! Are the layers of a cluster kept apart, today and after the loss of any one host? One finding for each cluster.

use super::finding::{Finding, Item};
use super::{Scope, ZoneFacts, cluster};
use crate::model::{ClusterId, HostId};
use crate::policy::layer::{self, Fault, Member, Severity, Survey};
use std::collections::{BTreeMap, BTreeSet};

/// A single host says nothing about layers, so then there is no finding. A cluster without layers has none either.
pub(super) fn judge(scope: Scope, zone: &ZoneFacts) -> Vec<Finding> {
    let Some(survey) = &zone.layers else { return Vec::new() };
    let inside = |id: &ClusterId| match scope {
        Scope::Zone => true,
        Scope::Cluster(wanted) => wanted == *id,
        Scope::Host(_) => false,
    };
    let mut faults = layer::judge(survey, &survey.layers);
    faults.extend(layer::judge_rules(survey, &survey.rules));
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

/// How many layers, and rules between roles, have a VM in each cluster.
fn counts(survey: &Survey) -> BTreeMap<ClusterId, (usize, usize)> {
    let clusters: BTreeMap<HostId, ClusterId> =
        survey.hosts.iter().map(|host| (host.id, host.cluster)).collect();
    let mut counts: BTreeMap<ClusterId, (usize, usize)> = BTreeMap::new();
    for layer in &survey.layers {
        for cluster in clusters_of(layer.members.iter(), &clusters) {
            counts.entry(cluster).or_default().0 += 1;
        }
    }
    for rule in &survey.rules {
        for cluster in clusters_of(rule.members(), &clusters) {
            counts.entry(cluster).or_default().1 += 1;
        }
    }
    counts
}

fn clusters_of<'a>(
    members: impl Iterator<Item = &'a Member>,
    clusters: &BTreeMap<HostId, ClusterId>,
) -> BTreeSet<ClusterId> {
    let hosts = members.filter_map(|member| member.place.host());
    hosts.filter_map(|host| clusters.get(&host).copied()).collect()
}

fn one(object: String, (layers, rules): (usize, usize), faults: &[&Fault]) -> Finding {
    let count = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        many => Some(format!("{many} {what}s")),
    };
    let between = count(rules, "rule").map(|rules| rules + " between roles");
    let what: Vec<String> = count(layers, "layer").into_iter().chain(between).collect();
    let verb = if layers + rules == 1 { "is" } else { "are" };
    let kept = if rules == 0 { "kept apart" } else { "kept" };
    // The worst of all layers is told; the others are counted.
    let worst = faults.iter().max_by_key(|fault| (fault.severity, std::cmp::Reverse(&fault.layer)));
    let Some(worst) = worst else {
        let text =
            format!("{} {verb} {kept}, and would be after the loss of any one host", what.join(" and "));
        return Finding::ok(Item::Layer, object, text);
    };
    let told = format!("{}: {}", worst.layer, worst.text);
    match faults.len() {
        1 => Finding::warning(Item::Layer, object, told, worst.advice.clone()),
        count => {
            let violations = faults.iter().filter(|fault| fault.severity == Severity::Violation).count();
            let text = format!(
                "layers and rules are broken {violations} times, or would be in {} cases; the first: {told}",
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
