//! Hosts: their devices, whether they are armed, taken out by us, or could be lost.

use super::ZoneFacts;
use crate::model::{ClusterId, Family, Gauge, Host, HostState, Memory, Progress};
use crate::policy::host_back::is_quarantined;
use crate::policy::losses::Losses;
use crate::policy::record::lease::standing;
use std::collections::BTreeSet;

/// `7`, of `host 7`
const HOST: &str = "one_host_id";
const CLUSTER: &str = "one_cluster_id";

pub(super) fn families(zone: &ZoneFacts<'_>) -> Vec<Family> {
    let ours = |host: &Host| i64::from(is_ours(zone.memory, host));
    let mut all = vec![
        armed(zone),
        Family::many(
            "onerescue_host_quarantined",
            "1 if the host was disabled because it is not to be trusted: it flaps, or ran while its VMs were moved.",
            zone.hosts.iter().map(|host| Gauge::with(HOST, host.id.0, i64::from(is_quarantined(host)))),
        ),
        Family::many(
            "onerescue_host_disabled",
            "1 if the host is out of service and onerescue has done that.",
            zone.hosts.iter().map(|host| Gauge::with(HOST, host.id.0, ours(host))),
        ),
    ];
    all.extend(devices(zone));
    all
}

/// Was it disabled by a recovery, so that oned gives up its VMs, or quarantined?
fn is_ours(memory: &Memory, host: &Host) -> bool {
    if !matches!(host.state, HostState::Disabled | HostState::Offline) {
        return false;
    }
    let recovery = standing(memory, host.id).is_some_and(|(_, incident)| {
        let same = incident.error.is_some() && incident.error == host.error;
        incident.disabled.is_some() && (incident.progress != Progress::Closed || same)
    });
    recovery || is_quarantined(host)
}

fn armed(zone: &ZoneFacts<'_>) -> Family {
    let clusters: BTreeSet<ClusterId> = zone.hosts.iter().map(|host| host.cluster).collect();
    let disarmed = |cluster: ClusterId| {
        zone.memory.disarmed.iter().any(|one| one.cluster.is_none_or(|disarmed| disarmed == cluster))
    };
    Family::many(
        "onerescue_fencing_armed",
        "0 if nothing may be fenced in the cluster, by the word of a person.",
        clusters.into_iter().map(|id| Gauge::with(CLUSTER, id.0, i64::from(!disarmed(id)))),
    )
}

fn devices(zone: &ZoneFacts<'_>) -> [Family; 3] {
    let known: BTreeSet<_> = zone.hosts.iter().map(|host| host.id).collect();
    let hosts = || zone.answers.hosts.iter().filter(|(host, _)| known.contains(host));
    let each = || hosts().flat_map(|(host, heard)| heard.devices.iter().map(move |device| (*host, device)));
    let seen = |(host, device): (_, &super::Answer)| {
        let same =
            zone.memory.seen_on.iter().filter(|seen| {
                seen.host == host && seen.device == device.device && seen.target == device.target
            });
        let at = same.map(|seen| seen.at.0).max().unwrap_or(0);
        Gauge::with(HOST, host.0, at).and("device", &device.device)
    };
    [
        Family::many(
            "onerescue_device_asked_timestamp_seconds",
            "When onerescue check asked the fence devices of the host last, on this front-end.",
            hosts().map(|(host, heard)| Gauge::with(HOST, host.0, heard.at.0)),
        ),
        Family::many(
            "onerescue_device_answers",
            "1 if the device said on or off when it was asked last.",
            each().map(|(host, device)| {
                Gauge::with(HOST, host.0, i64::from(device.answers)).and("device", &device.device)
            }),
        ),
        Family::many(
            "onerescue_device_seen_on_timestamp_seconds",
            "When the device was seen to say on while its host was healthy; 0 if it never was, and proves nothing.",
            each().map(seen),
        ),
    ]
}

/// What the loss of each host would mean; no value before the first plan.
pub(super) fn losses(losses: &Losses) -> Vec<Family> {
    let planned = losses.planned.map(|at| Gauge { labels: Vec::new(), value: at.0 });
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let hosts = || losses.hosts.iter();
    let clusters = || losses.clusters.iter();
    vec![
        Family::many(
            "onerescue_loss_planned_timestamp_seconds",
            "When it was planned last what the loss of each host would mean.",
            planned,
        ),
        Family::many(
            "onerescue_loss_held_vms",
            "VMs that would be held if the host died now.",
            hosts().map(|(host, loss)| {
                Gauge::with(HOST, host.0, count(loss.held.len())).and(CLUSTER, loss.cluster.0)
            }),
        ),
        Family::many(
            "onerescue_loss_recovered_vms",
            "VMs that would be recovered if the host died now.",
            hosts().map(|(host, loss)| {
                Gauge::with(HOST, host.0, count(loss.recovered)).and(CLUSTER, loss.cluster.0)
            }),
        ),
        Family::many(
            "onerescue_cluster_losses_borne",
            "Hosts that the cluster can lose at the same moment, whichever they are, without a VM that is held.",
            clusters().map(|(cluster, borne)| Gauge::with(CLUSTER, cluster.0, i64::from(borne.hosts))),
        ),
        Family::many(
            "onerescue_cluster_losses_wanted",
            "Hosts that the cluster is to be able to lose, by the setting reserve of [plan].",
            clusters().map(|(cluster, borne)| Gauge::with(CLUSTER, cluster.0, i64::from(borne.wanted))),
        ),
    ]
}
