//! Is a cluster protected: Disabled, Waiting or Active, and why?

use super::device::healthy;
use super::host::{HostFacts, first_usable};
use super::{Scope, ZoneFacts};
use crate::model::{Cluster, ClusterId};
use crate::policy::Rules;
use crate::policy::arming::told;
use crate::policy::limits::says_no;
use serde::Serialize;

/// Whether the VMs of a cluster would be recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ClusterStatus {
    /// Somebody does not want it.
    Disabled,
    /// They would be, but cannot.
    Waiting,
    /// They would be.
    Active,
}

impl ClusterStatus {
    /// `Active`
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "Disabled",
            Self::Waiting => "Waiting",
            Self::Active => "Active",
        }
    }
}

/// A cluster's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterReport {
    /// Its id.
    pub id: ClusterId,
    /// Its name.
    pub name: String,
    /// Whether it is protected.
    pub status: ClusterStatus,
    /// Why it is so, with the figures.
    pub reason: String,
}

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
    let mut reports: Vec<_> =
        zone.outlook.clusters.iter().filter(inside).map(|cluster| one(rules, zone, cluster)).collect();
    reports.sort_by_key(|report| report.id);
    reports
}

fn one(rules: &Rules, zone: &ZoneFacts, cluster: &Cluster) -> ClusterReport {
    let hosts: Vec<_> = zone.hosts.iter().filter(|facts| facts.host.cluster == cluster.id).collect();
    let count = |of: &dyn Fn(&HostFacts) -> bool| hosts.iter().filter(|facts| of(facts)).count();
    let monitored = count(&|facts| healthy(&facts.host));
    let fenced = count(&|facts| first_usable(rules, zone, facts).is_some());
    let mut disarmed = zone.outlook.memory.disarmed.iter();
    let disarmed = disarmed.rfind(|one| one.cluster.is_none_or(|other| other == cluster.id));
    let figures = format!("{monitored} of {} hosts are MONITORED, {fenced} can be fenced", hosts.len());
    let (status, reason) = if says_no(cluster) {
        (ClusterStatus::Disabled, "its template says HA = NO".to_owned())
    } else if let Some(disarmed) = disarmed {
        let scope = if disarmed.cluster.is_none() { "the zone is disarmed" } else { "disarmed" };
        (ClusterStatus::Disabled, format!("{scope} {}", told(disarmed)))
    } else if monitored < 2 {
        (ClusterStatus::Waiting, format!("{figures}: with fewer than two, nothing can run elsewhere"))
    } else if fenced == 0 {
        (ClusterStatus::Waiting, format!("{figures}: nothing is moved off a host that is not proven off"))
    } else {
        (ClusterStatus::Active, figures)
    };
    ClusterReport { id: cluster.id, name: cluster.name.clone(), status, reason }
}
