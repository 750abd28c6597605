//! What a monitoring system is told: gauges of this moment, from what a look of reconcile has read anyway.
//!
//! Names are `onerescue_*`, with the labels of OpenNebula's own exporter: `one_host_id`, `one_vm_id`, and `one_cluster_id`
//! beside them. No name of a VM is in them, and no text that an owner writes. How many series there are is bounded by the
//! hosts of the zone and their devices; what is per VM or per incident has a limit of its own.

mod down;
mod heard;
mod hosts;
mod incidents;
mod reasons;
#[cfg(test)]
pub(in crate::policy) mod tests;

pub use down::{Down, down, suspects};
pub use heard::{Answer, Answers, HostAnswers};

use super::losses::Losses;
use crate::model::{Epoch, Family, Gauge, Host, Memory};

/// What is told of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The version of the program.
    pub version: &'a str,
    /// When reconcile has looked at the zone last on this front-end, without trouble.
    pub tick: Option<Epoch>,
    /// The zone; `None` on a front-end that does not lead, where it may be old.
    pub zone: Option<ZoneFacts<'a>>,
}

/// The zone.
#[derive(Clone, Copy, Debug)]
pub struct ZoneFacts<'a> {
    /// What is remembered.
    pub memory: &'a Memory,
    /// Every host.
    pub hosts: &'a [Host],
    /// Hosts whose document cannot be read.
    pub unread_hosts: usize,
    /// What the loss of each host would hold.
    pub losses: &'a Losses,
    /// What devices have said to `onerescue check`.
    pub answers: &'a Answers,
    /// VMs that a recovery has left down.
    pub down: &'a [Down],
}

/// Every metric, in the order in which it is written.
#[must_use]
pub fn families(facts: &Facts<'_>) -> Vec<Family> {
    let version = [Gauge::with("version", facts.version, 1)];
    let leads = i64::from(facts.zone.is_some());
    let mut all = vec![
        Family::many("onerescue_build_info", "The version of onerescue; always 1.", version),
        Family::one(
            "onerescue_leads",
            "1 if this front-end leads its zone or is alone. The others tell nothing else of the zone.",
            leads,
        ),
    ];
    let tick = facts.tick.map(|at| Gauge { labels: Vec::new(), value: at.0 });
    let help = "When reconcile looked at the zone last on this front-end, without trouble.";
    all.push(Family::many("onerescue_reconcile_last_success_timestamp_seconds", help, tick));
    if let Some(zone) = &facts.zone {
        all.extend(record(zone));
        all.extend(incidents::families(zone));
        all.extend(hosts::families(zone));
        all.extend(hosts::losses(zone.losses));
    }
    all
}

fn record(zone: &ZoneFacts<'_>) -> [Family; 2] {
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    [
        Family::one(
            "onerescue_records_unreadable",
            "Documents of onerescue that cannot be read; while there is one, nothing is fenced.",
            count(zone.memory.unreadable.len()),
        ),
        Family::one(
            "onerescue_hosts_unreadable",
            "Hosts whose document cannot be read, so that their failure is not seen.",
            count(zone.unread_hosts),
        ),
    ]
}
