//! When it is planned, what is said, and for how long it is remembered.

use super::*;
use crate::model::{Capacity, Datastore, DatastoreId, DatastoreKind, Host, HostState, Sharing, Vm, VmState};
use crate::policy::port::Survey;
use crate::policy::settings::{Mode, Policy};
use crate::policy::what_if::Snapshot;
use std::time::Duration;

/// A host with room for so many VMs, and these on it.
fn host(id: u32, room: i64, vms: &[u32]) -> Host {
    let used_cpu = 100 * i64::try_from(vms.len()).unwrap();
    Host {
        cluster: ClusterId(id / 100),
        vms: vms.iter().map(|vm| VmId(*vm)).collect(),
        capacity: Capacity { max_cpu: 100 * room, used_cpu, max_memory_kib: 4000, used_memory_kib: 0 },
        ..Host::new(HostId(id), &format!("kvm{id}"), HostState::Monitored)
    }
}

fn vm(id: u32, host: u32) -> Vm {
    Vm {
        system_datastore: Some(DatastoreId(0)),
        tm_mad: "shared".to_owned(),
        ..Vm::new(VmId(id), &format!("vm{id}"), VmState::RUNNING, Some(HostId(host)))
    }
}

fn planned(hosts: &[Host], reserve: u32) -> Planned {
    let vms = hosts.iter().flat_map(|host| host.vms.iter().map(|id| vm(id.0, host.id.0))).collect();
    let datastore = Datastore {
        id: DatastoreId(0),
        name: "system".to_owned(),
        kind: DatastoreKind::System,
        ready: true,
        tm_mad: "shared".to_owned(),
        clusters: (0..9).map(ClusterId).collect(),
        sharing: Sharing::Yes,
        replica_host: None,
    };
    let survey = Survey { hosts: hosts.to_vec(), vms, datastores: vec![datastore], ..Survey::default() };
    plan(&mut Snapshot::new(survey), &Policy::new(Mode::Migrate), reserve)
}

fn said(losses: &mut Losses, hosts: &[Host], at: i64) -> Vec<(u32, bool, String)> {
    let changes = losses.take(planned(hosts, 1), Epoch(at), "", "-m");
    changes.into_iter().map(|change| (change.host.0, change.worse, change.text)).collect()
}

/// 2026-11-20 14:02 UTC, and a minute later.
const THEN: i64 = 1_795_183_320;
const LATER: i64 = THEN + 60;

#[test]
fn worse_is_said_once_with_its_reason_and_better_ends_it() {
    let mut losses = Losses::default();
    let roomy = [host(0, 4, &[1, 2]), host(1, 4, &[3])];
    assert_eq!(said(&mut losses, &roomy, THEN - 60), []);
    let full = [host(0, 4, &[1, 2]), host(1, 2, &[3])];
    let worse = said(&mut losses, &full, THEN);
    let [(0, true, text)] = worse.as_slice() else { panic!("{worse:?}") };
    let begin = "since 2026-11-20 14:02 UTC the loss of kvm0 (host 0) would hold vm 2 vm2: no host takes";
    assert!(text.starts_with(begin), "{text}");
    assert_eq!(said(&mut losses, &full, LATER), [], "it was said");
    let kvm0 = &losses.hosts[&HostId(0)];
    assert_eq!((kvm0.since(), kvm0.recovered), (Some(Epoch(THEN)), 1));
    assert!(kvm0.text().unwrap().starts_with("since 2026-11-20 14:02 UTC its loss would hold vm 2 vm2: "));
    assert_eq!(losses.holding().count(), 1);
    let better = said(&mut losses, &roomy, LATER);
    assert_eq!(better, [(0, false, "the loss of kvm0 (host 0) would hold no VM any more".to_owned())]);
    assert_eq!((losses.holding().count(), losses.hosts[&HostId(0)].text()), (0, None));
}

#[test]
fn only_what_is_new_is_said_and_the_rest_keeps_its_time() {
    let mut losses = Losses::default();
    said(&mut losses, &[host(0, 4, &[1, 2]), host(1, 2, &[3])], THEN);
    let more = said(&mut losses, &[host(0, 4, &[1, 2]), host(1, 1, &[3])], LATER);
    let texts: Vec<_> = more.iter().map(|(host, worse, text)| (*host, *worse, text.as_str())).collect();
    let [(0, true, text)] = texts.as_slice() else { panic!("{texts:?}") };
    assert!(text.contains("would hold vm 1 vm1: ") && !text.contains("vm2"), "{text}");
    let held: Vec<_> = losses.hosts[&HostId(0)].held.iter().map(|(vm, since)| (vm.0, since.0)).collect();
    assert_eq!(held, [(1, LATER), (2, THEN)]);
    let fewer = said(&mut losses, &[host(0, 4, &[1]), host(1, 1, &[3])], LATER);
    let text = "the loss of kvm0 (host 0) would not hold 1 VM any more, and 1 still";
    assert_eq!(fewer, [(0, false, text.to_owned())]);
    let gone = said(&mut losses, &[host(1, 1, &[])], LATER);
    assert!(matches!(gone.as_slice(), [(0, false, _)]), "{gone:?}");
}

#[test]
fn a_cluster_bears_as_many_losses_as_any_of_its_hosts_together() {
    let borne = |hosts: &[Host], reserve| {
        let losses = planned(hosts, reserve);
        let cluster = losses.clusters[&ClusterId(0)].clone();
        (cluster.hosts, cluster.is_below(), cluster.worst)
    };
    let three = |room| [host(0, room, &[1]), host(1, room, &[2]), host(2, room, &[3])];
    assert_eq!(borne(&three(2), 1), (1, false, None));
    // Two dead hosts have two VMs, and the third has room for one.
    let (hosts, below, worst) = borne(&three(2), 2);
    assert_eq!((hosts, below), (1, true));
    assert_eq!(worst, Some((vec!["kvm0".to_owned(), "kvm1".to_owned()], 1)));
    assert_eq!(borne(&three(3), 2), (2, false, None));
    let alone = borne(&[host(0, 4, &[1]), host(100, 4, &[2])], 2);
    assert_eq!(alone, (0, true, Some((vec!["kvm0".to_owned()], 1))));
    assert!(!borne(&[host(0, 4, &[1])], 0).1, "none is to be borne");
}

#[test]
fn it_is_planned_when_the_cloud_has_changed_and_not_more_often_than_the_settings_say() {
    let rules = LossRules::default();
    let mut losses = Losses::default();
    assert!(losses.is_due(rules, Epoch(THEN), "a"));
    losses.begin(Epoch(THEN), "fe1");
    assert!(!losses.is_due(rules, Epoch(THEN + 599), "a"), "one that failed is not tried at once");
    assert!(losses.is_due(rules, Epoch(THEN + 600), "a"));
    losses.take(Planned::default(), Epoch(THEN), "a", "-m");
    assert!(!losses.is_due(rules, Epoch(THEN + 599), "b"));
    assert!(losses.is_due(rules, Epoch(THEN + 600), "b"));
    assert!(!losses.is_due(rules, Epoch(THEN + 3599), "a"));
    assert!(losses.is_due(rules, Epoch(THEN + 3600), "a"));
    // The clock was an hour ahead.
    assert!(losses.is_due(rules, Epoch(THEN - 3600), "a"));
    let never = LossRules { watch: Duration::ZERO, ..rules };
    assert!(!losses.is_due(never, Epoch(THEN + 99_999), "b"));
}

#[test]
fn the_mark_of_a_cloud_is_another_one_where_a_plan_might_be() {
    let cloud = [host(0, 4, &[1]), host(1, 4, &[])];
    let same = mark(&[cloud[1].clone(), cloud[0].clone()]);
    assert_eq!(mark(&cloud), same);
    let with = |change: fn(&mut Host)| {
        let mut changed = cloud.clone();
        change(&mut changed[0]);
        mark(&changed)
    };
    assert_ne!(with(|host| host.state = HostState::Disabled), same);
    assert_ne!(with(|host| host.vms.push(VmId(9))), same);
    assert_ne!(with(|host| host.capacity.used_memory_kib += 1), same);
    let attribute = |name: &str| [(name.to_owned(), "YES".to_owned())].into();
    let mut standby = cloud.clone();
    standby[0].attributes = attribute("HA_STANDBY");
    assert_ne!(mark(&standby), same);
    let mut heard = cloud.clone();
    (heard[0].monitored_at, heard[0].attributes) = (Some(7), attribute("CPUSPEED"));
    assert_eq!(mark(&heard), same);
}

#[test]
fn a_thousand_hosts_are_remembered_in_a_small_file() {
    let mut losses = Losses::default();
    let name = "\u{1f600}".repeat(30);
    for id in 0..1000 {
        let vm = |id| HeldVm { id: VmId(id), name: "n".repeat(40), why: "w".repeat(200) };
        let loss = HostLoss {
            name: name.clone(),
            held: (0..50).map(|vm| (VmId(50_000 + 50 * id + vm), Epoch(THEN))).collect(),
            first: (0..3).map(vm).collect(),
            ..HostLoss::default()
        };
        losses.hosts.insert(HostId(id), loss);
    }
    let worst = serde_json::to_string(&losses).unwrap().len();
    assert!(worst < 3 << 20, "{worst}");
    losses
        .hosts
        .values_mut()
        .for_each(|loss| *loss = HostLoss { name: "kvm0123".to_owned(), ..HostLoss::default() });
    let usual = serde_json::to_string(&losses).unwrap().len();
    assert!(usual < 100 << 10, "{usual}");
}
