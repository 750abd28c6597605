//! What is told of a zone with one of each, and how many series there are at most.

use super::*;
use crate::model::{
    Abort, ClusterId, DeviceName, Disarmed, DocumentId, End, Held, HostId, HostState, Incident, IncidentVm,
    Progress, SeenOn, Stages, Vm, VmId, VmState,
};
use crate::policy::losses::{Borne, HostLoss};
use std::collections::BTreeMap;

fn incident(host: u32, progress: Progress) -> Incident {
    let (name, opened) = (format!("kvm{host}"), Epoch(1000));
    Incident { host: HostId(host), name, progress, opened, updated: Epoch(1000), ..Incident::default() }
}

fn ended(id: u32, end: End) -> IncidentVm {
    let (name, why) = ("<img src=x onerror=alert(1)>".to_owned(), "\"secret\"".to_owned());
    IncidentVm { id: VmId(id), name, order: None, to: None, end: Some(end), why, ready: None }
}

/// kvm1 was recovered but for two VMs, kvm2 is held, kvm3 is not proven off, kvm4 is quarantined, kvm5 well.
fn memory() -> Memory {
    let stages = Stages { began: Some(Epoch(1010)), off: Some(Epoch(1020)), ..Stages::default() };
    let vms = vec![ended(11, End::Recovered), ended(12, End::Held), ended(13, End::Failed)];
    let recovered = Incident { vms, stages, heard: Some(990), ..incident(1, Progress::Closed) };
    let why = "fencing is disarmed in the whole zone by bob: switches".to_owned();
    let held = Some(Held { why, advice: String::new(), since: Epoch(1100) });
    let held = Incident { held, ..incident(2, Progress::Held) };
    let unproven = Incident { fenced: Some(Epoch(1200)), ..incident(3, Progress::Fencing) };
    let incidents = [recovered, held, unproven];
    let incidents = (1..).map(DocumentId).zip(incidents).collect();
    let disarmed = Disarmed {
        cluster: Some(ClusterId(1)),
        reason: "switches".to_owned(),
        by: "bob".to_owned(),
        at: Epoch(7),
    };
    let seen = SeenOn {
        host: HostId(5),
        device: DeviceName("bmc".to_owned()),
        target: "10.0.0.5".to_owned(),
        turned: None,
        at: Epoch(77),
    };
    // Behind that outlet was another machine then.
    let device = DeviceName("pdu \"a\"\\".to_owned());
    let other = SeenOn { device, target: "10.0.0.9".to_owned(), at: Epoch(66), ..seen.clone() };
    Memory {
        incidents,
        disarmed: vec![disarmed],
        seen_on: vec![other, seen],
        unreadable: vec![(DocumentId(9), "damaged".to_owned())],
        ..Memory::default()
    }
}

fn hosts() -> Vec<Host> {
    let host = |id: u32, state| Host { cluster: ClusterId(id / 4), ..Host::new(HostId(id), "kvm", state) };
    let mut hosts = vec![
        host(1, HostState::Error),
        host(2, HostState::Error),
        host(3, HostState::Error),
        host(4, HostState::Disabled),
        host(5, HostState::Monitored),
    ];
    hosts[0].vms = vec![VmId(12), VmId(13)];
    hosts[3].attributes = [("HA_QUARANTINE".to_owned(), "it flaps".to_owned())].into();
    hosts
}

fn answers() -> Answers {
    let answer = |device: &str, answers| Answer {
        device: DeviceName(device.to_owned()),
        target: "10.0.0.5".to_owned(),
        answers,
    };
    let devices = vec![answer("bmc", true), answer("pdu \"a\"\\", false)];
    Answers { hosts: [(HostId(5), HostAnswers { at: Epoch(88), devices })].into() }
}

fn losses() -> Losses {
    let loss = |held: &[u32]| HostLoss {
        held: held.iter().map(|vm| (VmId(*vm), Epoch(5))).collect(),
        recovered: 3,
        cluster: ClusterId(1),
        ..HostLoss::default()
    };
    Losses {
        planned: Some(Epoch(99)),
        hosts: [(HostId(4), loss(&[])), (HostId(5), loss(&[1, 2]))].into(),
        clusters: [(ClusterId(1), Borne { wanted: 1, ..Borne::default() })].into(),
        ..Losses::default()
    }
}

fn told(memory: &Memory, hosts: &[Host], left: &[Down]) -> String {
    let (losses, answers) = (losses(), answers());
    let zone = ZoneFacts { memory, hosts, unread_hosts: 1, losses: &losses, answers: &answers, down: left };
    let told = families(&Facts { version: "0.1.0", tick: Some(Epoch(1234)), zone: Some(zone) });
    let lines = told.iter().flat_map(|family| family.samples.iter().map(|one| line(family.name, one)));
    lines.collect()
}

/// As it is written, but for what has to be escaped.
fn line(name: &str, Gauge { labels, value }: &Gauge) -> String {
    let labels: Vec<_> = labels.iter().map(|(name, of)| format!("{name}=\"{of}\"")).collect();
    if labels.is_empty() {
        format!("{name} {value}\n")
    } else {
        format!("{name}{{{}}} {value}\n", labels.join(","))
    }
}

#[test]
fn each_thing_of_a_zone_has_its_value() {
    let (memory, hosts) = (memory(), hosts());
    let told = told(&memory, &hosts, &suspects(&memory, &hosts));
    for line in [
        "onerescue_build_info{version=\"0.1.0\"} 1",
        "onerescue_leads 1",
        "onerescue_reconcile_last_success_timestamp_seconds 1234",
        "onerescue_records_unreadable 1",
        "onerescue_hosts_unreadable 1",
        "onerescue_incidents{state=\"open\"} 0",
        "onerescue_incidents{state=\"held\"} 1",
        "onerescue_incidents{state=\"closed\"} 1",
        "onerescue_incidents_held{reason=\"disarmed\"} 1",
        "onerescue_incidents_held{reason=\"storm\"} 0",
        "onerescue_incident_opened_timestamp_seconds{one_host_id=\"2\"} 1000",
        "onerescue_incident_held_timestamp_seconds{one_host_id=\"2\"} 1100",
        "onerescue_incident_unproven_timestamp_seconds{one_host_id=\"3\"} 1200",
        "onerescue_incident_stage_seconds{one_host_id=\"1\",stage=\"off_sent\"} 10",
        "onerescue_incident_vms{fate=\"recovered\"} 1",
        "onerescue_incident_vms{fate=\"held\"} 1",
        "onerescue_vms_down{one_host_id=\"1\"} 2",
        "onerescue_vms_down{one_host_id=\"2\"} 0",
        "onerescue_vm_down{one_host_id=\"1\",one_vm_id=\"12\"} 1",
        "onerescue_fencing_armed{one_cluster_id=\"0\"} 1",
        "onerescue_fencing_armed{one_cluster_id=\"1\"} 0",
        "onerescue_host_quarantined{one_host_id=\"4\"} 1",
        "onerescue_host_quarantined{one_host_id=\"5\"} 0",
        "onerescue_host_disabled{one_host_id=\"4\"} 1",
        "onerescue_device_asked_timestamp_seconds{one_host_id=\"5\"} 88",
        "onerescue_device_answers{one_host_id=\"5\",device=\"bmc\"} 1",
        "onerescue_device_answers{one_host_id=\"5\",device=\"pdu \"a\"\\\"} 0",
        "onerescue_device_seen_on_timestamp_seconds{one_host_id=\"5\",device=\"bmc\"} 77",
        "onerescue_device_seen_on_timestamp_seconds{one_host_id=\"5\",device=\"pdu \"a\"\\\"} 0",
        "onerescue_loss_planned_timestamp_seconds 99",
        "onerescue_loss_held_vms{one_host_id=\"5\",one_cluster_id=\"1\"} 2",
        "onerescue_loss_held_vms{one_host_id=\"4\",one_cluster_id=\"1\"} 0",
        "onerescue_cluster_losses_borne{one_cluster_id=\"1\"} 0",
        "onerescue_cluster_losses_wanted{one_cluster_id=\"1\"} 1",
    ] {
        assert!(told.lines().any(|one| one == line), "{line}\n{told}");
    }
    assert!(!told.contains("img") && !told.contains("secret") && !told.contains("switches"), "{told}");
}

/// Both would be a restart of a counter, and what is left would count once more.
#[test]
fn what_falls_is_not_named_as_a_total() {
    let value = |memory: &Memory, fate: &str| {
        let told = told(memory, &hosts(), &[]);
        let begin = format!("onerescue_incident_vms{{fate=\"{fate}\"}} ");
        told.lines().find_map(|line| line.strip_prefix(&begin)).unwrap().parse::<u32>().unwrap()
    };
    let mut memory = memory();
    assert_eq!((value(&memory, "recovered"), value(&memory, "held")), (1, 1));
    memory.incidents[0].1.vms[1].end = Some(End::Recovered);
    assert_eq!((value(&memory, "recovered"), value(&memory, "held")), (2, 0), "a later look");
    memory.incidents.remove(0);
    assert_eq!(value(&memory, "recovered"), 0, "it is forgotten");
    let told = told(&memory, &hosts(), &[]);
    let names = told.lines().filter_map(|line| line.split(['{', ' ']).next());
    assert_eq!(names.filter(|name| name.ends_with("_total")).count(), 0, "{told}");
}

/// A host that a recovery has disabled has alerts of its own, and one that a person has disabled has none.
#[test]
fn a_host_is_out_of_service_by_us_only_as_long_as_that_failure_counts() {
    let error = Some("Fri Nov 20 08:44:08 2026 : Error monitoring Host kvm1 (1): ".to_owned());
    let disabled = |error: &Option<String>, progress, state| {
        let incident = Incident { disabled: Some(Epoch(5)), error: error.clone(), ..incident(1, progress) };
        let memory = Memory { incidents: vec![(DocumentId(1), incident)], ..Memory::default() };
        let host = Host { error: error.clone(), ..Host::new(HostId(1), "kvm1", state) };
        told(&memory, &[host], &[]).contains("onerescue_host_disabled{one_host_id=\"1\"} 1\n")
    };
    assert!(disabled(&error, Progress::Closed, HostState::Disabled));
    assert!(disabled(&None, Progress::Off, HostState::Disabled));
    // It was back since, and a person has disabled it.
    assert!(!disabled(&None, Progress::Closed, HostState::Disabled));
    assert!(!disabled(&error, Progress::Closed, HostState::Error));
}

/// What a front-end that follows reads may be old: the leader tells it.
#[test]
fn a_front_end_that_does_not_lead_tells_of_itself_only() {
    let facts = Facts { version: "0.1.0", tick: Some(Epoch(5)), zone: None };
    let names: Vec<_> = families(&facts).into_iter().map(|family| family.name).collect();
    let own =
        ["onerescue_build_info", "onerescue_leads", "onerescue_reconcile_last_success_timestamp_seconds"];
    assert_eq!(names, own);
}

fn vm(id: u32, state: VmState) -> Vm {
    Vm::new(VmId(id), "x", state, Some(HostId(1)))
}

#[test]
fn a_vm_is_down_as_long_as_it_exists_and_runs_nowhere_and_nobody_has_ended_its_incident() {
    let (memory, mut hosts) = (memory(), hosts());
    let ids = |all: &[Down]| all.iter().map(|one| (one.host.0, one.vm.0)).collect::<Vec<_>>();
    let found = suspects(&memory, &hosts);
    assert_eq!(ids(&found), [(1, 12), (1, 13)]);
    let both = [vm(12, VmState::UNKNOWN), vm(13, VmState::RUNNING)];
    assert_eq!(ids(&down(&found, &both)), [(1, 12)], "13 runs where it was");
    assert_eq!(ids(&down(&found, &both[1..])), [], "12 is gone");
    // Somebody has moved 12.
    hosts[0].vms = vec![VmId(13)];
    hosts[4].vms = vec![VmId(12)];
    assert_eq!(ids(&suspects(&memory, &hosts)), [(1, 13)]);
    let mut aborted = memory.clone();
    let word = |incident| Abort {
        host: HostId(1),
        incident,
        by: "bob".to_owned(),
        reason: String::new(),
        at: Epoch(1),
    };
    aborted.incidents[0].1.progress = Progress::Open;
    assert_eq!(ids(&suspects(&aborted, &hosts)), [(1, 13)]);
    aborted.aborts.push(word(aborted.incidents[0].0));
    assert_eq!(ids(&suspects(&aborted, &hosts)), []);
}

/// Two thousand incidents of a thousand hosts, with a hundred VMs down on each of twenty.
#[test]
fn the_number_of_series_is_bounded() {
    let host = |id| Host::new(HostId(id), "kvm", HostState::Monitored);
    let hosts: Vec<Host> = (0..1000).map(host).collect();
    let incidents = (0..2000).map(|id| (DocumentId(id), incident(id % 1000, Progress::Closed)));
    let memory = Memory { incidents: incidents.collect(), ..Memory::default() };
    let left: Vec<Down> = (0..2000).map(|vm| Down { host: HostId(vm / 100), vm: VmId(vm) }).collect();
    let told = told(&memory, &hosts, &left);
    let mut series: BTreeMap<&str, usize> = BTreeMap::new();
    for line in told.lines().filter(|line| !line.starts_with('#')) {
        *series.entry(line.split(['{', ' ']).next().unwrap()).or_default() += 1;
    }
    assert!(series.values().all(|count| *count <= 1000), "{series:#?}");
    assert_eq!(series["onerescue_vm_down"], 100);
}
