//! Is a cluster protected: Disabled, Waiting or Active, and why? `check`, `status` and the report say it by this.

use super::arming::told;
use super::limits::says_no;
use crate::model::{Cluster, ClusterId, Disarmed};
use serde::Serialize;

/// Whether the VMs of a cluster would be recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ClusterStatus {
    /// Somebody does not want it, or has not set it up.
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
    /// How many hosts it has.
    pub hosts: usize,
}

/// How it is known that a host can be fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Its devices were asked just now.
    Asked,
    /// They were seen ON, and are not asked.
    Remembered,
}

/// The hosts of a cluster, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// All of them.
    pub hosts: usize,
    /// Those that are MONITORED.
    pub monitored: usize,
    /// Those that have a fence device in the settings, whether it is of use or not.
    pub declared: usize,
    /// Those that can be proven off.
    pub fenced: usize,
    /// How that is known.
    pub known: Known,
}

/// The status of this cluster.
#[must_use]
pub fn protection(cluster: &Cluster, disarmed: &[Disarmed], figures: Figures) -> ClusterReport {
    let Figures { hosts, monitored, declared, fenced, known } = figures;
    let disarmed = disarmed.iter().rfind(|one| one.cluster.is_none_or(|other| other == cluster.id));
    let can = match known {
        Known::Asked => "can be fenced",
        Known::Remembered => "can be fenced, as last seen",
    };
    let told_figures = format!("{monitored} of {hosts} hosts are MONITORED, {fenced} {can}");
    let (status, reason) = if says_no(cluster) {
        (ClusterStatus::Disabled, "its template says HA = NO".to_owned())
    } else if let Some(disarmed) = disarmed {
        let scope = if disarmed.cluster.is_none() { "the zone is disarmed" } else { "disarmed" };
        (ClusterStatus::Disabled, format!("{scope} {}", told(disarmed)))
    } else if hosts > 0 && declared == 0 {
        let none = format!("none of its {hosts} hosts has a fence device in the settings");
        (
            ClusterStatus::Disabled,
            if hosts == 1 { "its host has no fence device in the settings".to_owned() } else { none },
        )
    } else if monitored < 2 {
        let why = "with fewer than two, nothing can run elsewhere";
        (ClusterStatus::Waiting, format!("{told_figures}: {why}"))
    } else if fenced == 0 {
        let why = "nothing is moved off a host that is not proven off";
        (ClusterStatus::Waiting, format!("{told_figures}: {why}"))
    } else {
        (ClusterStatus::Active, told_figures)
    };
    ClusterReport { id: cluster.id, name: cluster.name.clone(), status, reason, hosts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Epoch;
    use std::collections::BTreeMap;

    fn cluster(attributes: &[(&str, &str)]) -> Cluster {
        let attributes: BTreeMap<_, _> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (id, name) = (ClusterId(3), "east".to_owned());
        Cluster { id, name, hosts: Vec::new(), datastores: Vec::new(), attributes }
    }

    const WELL: Figures =
        Figures { hosts: 4, monitored: 4, declared: 4, fenced: 3, known: Known::Remembered };

    fn status(cluster: &Cluster, scopes: &[Option<u32>], figures: Figures) -> (ClusterStatus, String) {
        let one = |scope: &Option<u32>| Disarmed {
            cluster: scope.map(ClusterId),
            reason: "switches".to_owned(),
            by: "bob".to_owned(),
            at: Epoch(0),
        };
        let report = protection(cluster, &scopes.iter().map(one).collect::<Vec<_>>(), figures);
        (report.status, report.reason)
    }

    #[test]
    fn a_cluster_is_what_people_want_of_it_before_it_is_what_it_can() {
        let plain = cluster(&[]);
        let (active, why) = status(&plain, &[Some(9)], WELL);
        assert_eq!(active, ClusterStatus::Active);
        assert_eq!(why, "4 of 4 hosts are MONITORED, 3 can be fenced, as last seen");
        assert_eq!(status(&cluster(&[("HA", "no")]), &[None], WELL).1, "its template says HA = NO");
        let (disabled, why) = status(&plain, &[Some(3)], WELL);
        assert_eq!(
            (disabled, why.as_str()),
            (ClusterStatus::Disabled, "disarmed since 1970-01-01 00:00 UTC by bob: switches")
        );
        assert!(status(&plain, &[None], WELL).1.starts_with("the zone is disarmed since"));
        let none = Figures { declared: 0, fenced: 0, ..WELL };
        assert_eq!(status(&plain, &[], none).0, ClusterStatus::Disabled);
        assert!(status(&plain, &[], none).1.contains("none of its 4 hosts has a fence device"));
        for waiting in [Figures { monitored: 1, ..WELL }, Figures { fenced: 0, ..WELL }] {
            assert_eq!(status(&plain, &[], waiting).0, ClusterStatus::Waiting);
        }
        let empty = Figures { hosts: 0, monitored: 0, declared: 0, fenced: 0, known: Known::Asked };
        assert_eq!(status(&plain, &[], empty).0, ClusterStatus::Waiting);
    }
}
