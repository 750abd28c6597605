//! Incidents: how far they are, what holds them, how long their stages took, and what became of their VMs.

use super::reasons::{word, words};
use super::{Down, ZoneFacts};
use crate::model::{DocumentId, Epoch, Family, Gauge, HostId, Incident, Progress};
use crate::policy::record::history::{Counts, Row, counts, rows};
use crate::policy::record::lease::standing;
use crate::policy::record::stages::{passed, plug_to_last};
use std::collections::{BTreeMap, BTreeSet};

const HOST: &str = "one_host_id";

/// The newest incident of so many hosts has its stages.
const STAGES: usize = 20;

/// So many VMs that are down are named.
const VMS: usize = 100;

pub(super) fn families(zone: &ZoneFacts<'_>) -> Vec<Family> {
    let rows = rows(zone.memory, None);
    let hosts: BTreeSet<HostId> = rows.iter().map(|row| row.host).collect();
    let standing: Vec<&Incident> =
        hosts.iter().filter_map(|host| standing(zone.memory, *host)).map(|(_, incident)| incident).collect();
    let open: Vec<&Incident> =
        standing.iter().filter(|incident| incident.progress != Progress::Closed).copied().collect();
    let mut all = vec![states(&rows), held(&open)];
    all.extend(since(&open));
    all.extend(stages(zone, &rows));
    all.push(fates(zone));
    all.extend(down(zone.down, &hosts));
    all
}

fn states(rows: &[Row]) -> Family {
    let all = [
        (Progress::Open, "open"),
        (Progress::Held, "held"),
        (Progress::Fencing, "fencing"),
        (Progress::Off, "off"),
        (Progress::Closed, "closed"),
    ];
    Family::many(
        "onerescue_incidents",
        "Incidents that are remembered, by how far they have come.",
        all.map(|(progress, state)| {
            Gauge::with("state", state, number(rows.iter().filter(|row| row.progress == progress).count()))
        }),
    )
}

/// Why it is held now.
fn reason(incident: &Incident) -> Option<&'static str> {
    let held = incident.held.as_ref().filter(|_| incident.progress == Progress::Held)?;
    Some(word(&held.why))
}

fn held(open: &[&Incident]) -> Family {
    let count = |word: &str| open.iter().filter(|incident| reason(incident) == Some(word)).count();
    Family::many(
        "onerescue_incidents_held",
        "Incidents that are held now, by what holds them.",
        words().map(|word| Gauge::with("reason", word, number(count(word)))),
    )
}

/// Moments of those that are not closed, each of its host.
fn since(open: &[&Incident]) -> [Family; 3] {
    let of = |moment: fn(&Incident) -> Option<Epoch>| -> Vec<Gauge> {
        let all = open.iter().filter_map(|incident| Some((incident.host.0, moment(incident)?)));
        all.map(|(host, at)| Gauge::with(HOST, host, at.0)).collect()
    };
    [
        Family::many(
            "onerescue_incident_opened_timestamp_seconds",
            "When the incident of the host was opened, while it is not closed.",
            of(|incident| Some(incident.opened)),
        ),
        Family::many(
            "onerescue_incident_held_timestamp_seconds",
            "Since when the incident of the host is held.",
            of(|incident| reason(incident).and(incident.held.as_ref()).map(|held| held.since)),
        ),
        Family::many(
            "onerescue_incident_unproven_timestamp_seconds",
            "Since when off was sent, or about to be, to a host that is not proven off.",
            of(|incident| incident.stages.off.or(incident.fenced).filter(|_| incident.proof.is_none())),
        ),
    ]
}

/// The newest incident of each host, newest first.
fn stages(zone: &ZoneFacts<'_>, rows: &[Row]) -> [Family; 2] {
    let by_document: BTreeMap<DocumentId, &Incident> =
        zone.memory.incidents.iter().map(|(document, incident)| (*document, incident)).collect();
    let mut seen = BTreeSet::new();
    let newest = rows.iter().filter(|row| seen.insert(row.host)).take(STAGES);
    let newest: Vec<&Incident> = newest.filter_map(|row| by_document.get(&row.incident).copied()).collect();
    let took = newest.iter().flat_map(|incident| {
        let passed = passed(incident, None).into_iter();
        passed.map(|stage| {
            let name = stage.stage.replace(' ', "_").to_lowercase();
            Gauge::with(HOST, incident.host.0, stage.took_s).and("stage", name)
        })
    });
    let whole = newest.iter().filter_map(|incident| {
        let took = i64::try_from(plug_to_last(incident)?).ok()?;
        Some(Gauge::with(HOST, incident.host.0, took))
    });
    [
        Family::many(
            "onerescue_incident_stage_seconds",
            "How long the last incident of the host took from the stage before to this one.",
            took,
        ),
        Family::many(
            "onerescue_incident_recovery_seconds",
            "From when the host was heard last until its last VM was read back, in its last incident.",
            whole,
        ),
    ]
}

/// A gauge, and no counter: Prometheus takes a counter that has fallen for one that began again at 0, and counts what is left
/// once more. This falls where an incident is forgotten, and where a VM that was held is recovered by a later look.
/// Source: <https://prometheus.io/docs/concepts/metric_types/>; <https://prometheus.io/docs/practices/naming/> keeps `_total`
/// for what accumulates.
fn fates(zone: &ZoneFacts<'_>) -> Family {
    let mut all = Counts::default();
    for (_, incident) in &zone.memory.incidents {
        let one = counts(incident);
        all.recovered += one.recovered;
        all.deleted += one.deleted;
        all.held += one.held;
        all.failed += one.failed;
        all.left += one.left;
        all.on_its_way += one.on_its_way;
    }
    let Counts { recovered, deleted, held, failed, left, on_its_way, left_out: _ } = all;
    let fates = [
        ("recovered", recovered),
        ("deleted", deleted),
        ("held", held),
        ("failed", failed),
        ("left", left),
        ("on_its_way", on_its_way),
    ];
    Family::many(
        "onerescue_incident_vms",
        "VMs of the incidents that are remembered now, by what has become of them there until now.",
        fates.map(|(fate, count)| Gauge::with("fate", fate, number(count))),
    )
}

fn down(down: &[Down], hosts: &BTreeSet<HostId>) -> [Family; 2] {
    let count = |host: HostId| down.iter().filter(|one| one.host == host).count();
    [
        Family::many(
            "onerescue_vms_down",
            "VMs that are down since a failure of the host: held or failed, and not running anywhere since.",
            hosts.iter().map(|host| Gauge::with(HOST, host.0, number(count(*host)))),
        ),
        Family::many(
            "onerescue_vm_down",
            "1 for a VM that is down since a failure of the host; the first hundred of them.",
            down.iter().take(VMS).map(|one| Gauge::with(HOST, one.host.0, 1).and("one_vm_id", one.vm.0)),
        ),
    ]
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
