//! Clusters as a check sees them: whether they are protected is judged in [`crate::policy::protection`].

use super::device::healthy;
use super::host::{Entry, HostFacts, first_usable, first_usable_as_seen};
use super::{Scope, ZoneFacts};
use crate::model::{Cluster, ClusterId, Memory};
use crate::policy::Rules;
use crate::policy::limits::says_no;
use crate::policy::protection::{ClusterReport, Figures, Known, protection};

/// `default (cluster 0)`
pub(super) fn name(zone: &ZoneFacts, id: ClusterId) -> String {
    let cluster = zone.outlook.clusters.iter().find(|cluster| cluster.id == id);
    cluster.map_or_else(|| id.to_string(), |cluster| format!("{} ({id})", cluster.name))
}

/// `HA = NO` in the cluster's template.
pub(super) fn unprotected(zone: &ZoneFacts, id: ClusterId) -> bool {
    zone.outlook.clusters.iter().any(|cluster| cluster.id == id && says_no(cluster))
}

/// A single host says nothing about its cluster, so then there are none.
pub(super) fn judge(rules: &Rules, scope: Scope, zone: &ZoneFacts) -> Vec<ClusterReport> {
    let inside = |cluster: &&Cluster| match scope {
        Scope::Zone => true,
        Scope::Cluster(id) => cluster.id == id,
        Scope::Host(_) => false,
    };
    let fenced = |facts: &HostFacts| first_usable(rules, zone, facts).is_some();
    let clusters = zone.outlook.clusters.iter().filter(inside);
    reports(clusters, &zone.outlook.memory, &zone.hosts, Known::Asked, &fenced)
}

/// The status of each cluster, by id, where no device is asked: one counts that was seen ON.
#[must_use]
pub fn as_seen(
    rules: &Rules,
    clusters: &[Cluster],
    memory: &Memory,
    hosts: &[HostFacts],
) -> Vec<ClusterReport> {
    let fenced = |facts: &HostFacts| first_usable_as_seen(rules, memory, facts).is_some();
    reports(clusters.iter(), memory, hosts, Known::Remembered, &fenced)
}

fn reports<'a>(
    clusters: impl Iterator<Item = &'a Cluster>,
    memory: &Memory,
    hosts: &[HostFacts],
    known: Known,
    can_be_fenced: &dyn Fn(&HostFacts) -> bool,
) -> Vec<ClusterReport> {
    let one = |cluster: &Cluster| {
        let hosts: Vec<_> = hosts.iter().filter(|facts| facts.host.cluster == cluster.id).collect();
        let count = |of: &dyn Fn(&HostFacts) -> bool| hosts.iter().filter(|facts| of(facts)).count();
        let figures = Figures {
            hosts: hosts.len(),
            monitored: count(&|facts| healthy(&facts.host)),
            declared: count(&|facts| facts.entry != Entry::None),
            fenced: count(can_be_fenced),
            known,
        };
        protection(cluster, &memory.disarmed, figures)
    };
    let mut reports: Vec<_> = clusters.map(one).collect();
    reports.sort_by_key(|report| report.id);
    reports
}
