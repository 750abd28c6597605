//! What a scenario cannot show: order, turns, bounds, and what is not protected.

use super::*;
use crate::model::{Capacity, ClusterId, Datastore, DatastoreId, DatastoreKind, Listing, Sharing, VmState};
use crate::policy::settings::{Mode, Policy};

fn host(id: u32, vms: &[u32]) -> Host {
    Host {
        cluster: ClusterId(id / 100),
        vms: vms.iter().map(|vm| VmId(*vm)).collect(),
        capacity: Capacity {
            max_cpu: 400,
            used_cpu: 100 * i64::try_from(vms.len()).unwrap(),
            max_memory_kib: 400,
            used_memory_kib: 0,
        },
        ..Host::new(HostId(id), &format!("node{id}"), HostState::Monitored)
    }
}

fn vm(id: u32, host: u32) -> Vm {
    Vm {
        system_datastore: Some(DatastoreId(0)),
        tm_mad: "shared".to_owned(),
        ..Vm::new(VmId(id), &format!("vm{id}"), VmState::RUNNING, Some(HostId(host)))
    }
}

fn zone(hosts: Vec<Host>) -> Snapshot {
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
    let survey = Survey { hosts, vms, datastores: vec![datastore], ..Survey::default() };
    Snapshot::new(survey)
}

fn migrate() -> Policy {
    Policy::new(Mode::Migrate)
}

#[test]
fn the_second_of_two_losses_gets_what_the_first_has_left() {
    let mut zone = zone(vec![host(0, &[1, 2]), host(1, &[3, 4]), host(2, &[5])]);
    let alone = zone.lose(&[HostId(1)], &migrate());
    assert_eq!((alone.count(Prospect::Recovered), alone.free), (2, Some(Free { percent: 37 })));
    let both = zone.lose(&[HostId(1), HostId(0)], &migrate());
    let held: Vec<_> = both.vms.iter().filter(|vm| vm.prospect() == Prospect::Held).collect();
    assert_eq!((both.calls(), held.len(), both.free), (3, 1, Some(Free { percent: 0 })));
    assert_eq!((held[0].host, held[0].decision.vm), (HostId(1), VmId(4)), "host 0 comes first");
    assert_eq!(both.name(), "node0 (host 0) and node1 (host 1)");
}

#[test]
fn the_layers_of_other_tenants_hold_nobody_in_advance_either() {
    let mut zone = zone(vec![host(0, &[1]), host(1, &[2]), host(2, &[3])]);
    let owners = [(1, 2), (2, 3), (3, 3)];
    for (id, user) in owners {
        let vm = zone.vms.get_mut(&VmId(id)).unwrap();
        vm.owner = crate::model::Owner { user, group: 1 };
        vm.attributes.insert("HA_LAYER".to_owned(), "db".to_owned());
        zone.survey.layers.members.insert(VmId(id), "db".to_owned());
    }
    let Snapshot { survey, vms, .. } = zone;
    let mut zone = Snapshot::new(Survey { vms: vms.into_values().collect(), ..survey });
    assert_eq!(zone.lose(&[HostId(0)], &migrate()).count(Prospect::Recovered), 1);
    let other = zone.lose(&[HostId(1)], &migrate());
    assert_eq!(
        other.vms[0].decision.verdict.to_string().split(',').next(),
        Some("migrate to node0 (host 0)")
    );
}

#[test]
fn the_worst_loss_comes_first_and_decides_the_exit_code() {
    let mut zone = zone(vec![host(0, &[1, 2, 3, 4]), host(1, &[5]), host(2, &[])]);
    let mut losses: Vec<_> =
        choose(&zone, &Scope::Zone).iter().map(|host| zone.lose(&[*host], &migrate())).collect();
    worst_first(&mut losses);
    let order: Vec<_> = losses.iter().map(|loss| loss.hosts[0].0.0).collect();
    assert_eq!(order, [0, 1, 2], "least is left after host 0, and equal ones go by id");
    assert_eq!(exit_code(&losses), 0);
    let pair = zone.lose(&[HostId(0), HostId(2)], &migrate());
    assert_eq!((pair.count(Prospect::Held), exit_code(&[pair])), (1, 1));
}

#[test]
fn a_host_without_another_one_holds_whatever_the_mode_is() {
    let mut zone = zone(vec![host(0, &[1]), host(100, &[2])]);
    for mode in [Mode::Migrate, Mode::Recreate, Mode::Delete] {
        let loss = zone.lose(&[HostId(0)], &Policy::new(mode));
        assert_eq!((loss.count(Prospect::Held), loss.free), (1, None), "{mode:?}");
    }
}

#[test]
fn pairs_are_bounded_and_the_worst_hosts_are_among_them() {
    let hosts: Vec<_> = (0..100).map(|id| host(id, if id == 77 { &[1, 2, 3] } else { &[] })).collect();
    let mut zone = zone(hosts);
    let mut losses: Vec<_> =
        choose(&zone, &Scope::Zone).iter().map(|host| zone.lose(&[*host], &migrate())).collect();
    worst_first(&mut losses);
    let chosen = Chosen::of(&zone, &Scope::Zone, &losses);
    assert_eq!((chosen.all, chosen.pairs.len()), (4950, MOST_PAIRS));
    assert_eq!(chosen.pairs[0], [losses[0].hosts[0].0, losses[1].hosts[0].0]);
    let distinct: std::collections::BTreeSet<_> =
        chosen.pairs.iter().map(|[a, b]| (a.min(b), a.max(b))).collect();
    assert_eq!(distinct.len(), MOST_PAIRS);
}

#[test]
fn pairs_stay_inside_a_cluster_unless_hosts_are_named() {
    let mut zone = zone(vec![host(0, &[1]), host(1, &[2]), host(100, &[3]), host(101, &[]), host(102, &[])]);
    let pairs = |zone: &mut Snapshot, scope: Scope| {
        let losses: Vec<_> =
            choose(zone, &scope).iter().map(|host| zone.lose(&[*host], &migrate())).collect();
        Chosen::of(zone, &scope, &losses).pairs.len()
    };
    assert_eq!(pairs(&mut zone, Scope::Zone), 1 + 3);
    assert_eq!(pairs(&mut zone, Scope::Cluster(ClusterId(1))), 3);
    assert_eq!(pairs(&mut zone, Scope::Hosts(vec![HostId(0), HostId(100)])), 1);
    assert_eq!(pairs(&mut zone, Scope::Hosts(vec![HostId(0)])), 1, "with each other one of its cluster");
}

#[test]
fn what_nobody_protects_is_left() {
    let mut zone =
        zone(vec![Host { state: HostState::Offline, ..host(0, &[1]) }, host(1, &[2]), host(2, &[])]);
    zone.survey.clusters = Listing::of(vec![Cluster {
        id: ClusterId(0),
        name: "default".to_owned(),
        hosts: Vec::new(),
        datastores: Vec::new(),
        attributes: BTreeMap::from([("HA".to_owned(), "no".to_owned())]),
    }]);
    for (host, why) in [(0, "its host is OFFLINE"), (1, "cluster default (0) is Disabled")] {
        let loss = zone.lose(&[HostId(host)], &migrate());
        assert_eq!((loss.count(Prospect::Left), loss.vms.len()), (1, 1));
        assert!(loss.vms[0].decision.verdict.text().starts_with(why), "{loss:?}");
    }
}

#[test]
fn a_chain_of_vms_has_a_turn_for_each_and_a_circle_ends() {
    let decision = |vm: u32, after: &[u32]| Decision {
        vm: VmId(vm),
        name: String::new(),
        state: VmState::UNKNOWN,
        host: None,
        priority: crate::policy::plan::Priority::Medium,
        starts: false,
        after: after.iter().map(|vm| VmId(*vm)).collect(),
        verdict: Verdict::Leave(String::new()),
    };
    let turns = foresee::turns(&[decision(3, &[2, 9]), decision(2, &[1]), decision(1, &[])]);
    assert_eq!(turns, BTreeMap::from([(VmId(1), 1), (VmId(2), 2), (VmId(3), 3)]));
    assert!(foresee::turns(&[decision(1, &[2]), decision(2, &[1])]).values().all(|turn| *turn <= 9));
}

#[test]
fn a_vm_waits_for_those_on_another_lost_host_and_on_none_but_not_for_those_that_run() {
    let mut zone = zone(vec![host(0, &[1]), host(1, &[2]), host(2, &[])]);
    let pending = Vm { state: VmState::Pending, host: None, ..vm(3, 0) };
    zone.homeless.insert(VmId(3), pending);
    if let Some(vm) = zone.vms.get_mut(&VmId(1)) {
        vm.attributes.insert("HA_AFTER".to_owned(), "2, 3, 4".to_owned());
    }
    let mut after = |lost: &[HostId]| zone.lose(lost, &migrate()).vms.remove(0).decision.after;
    assert_eq!(after(&[HostId(0)]), [VmId(3)]);
    assert_eq!(after(&[HostId(0), HostId(1)]), [VmId(2), VmId(3)]);
    assert_eq!(after(&[HostId(0)]), [VmId(3)], "nothing is left of the other loss");
}

#[test]
fn what_another_host_says_it_runs_is_named_by_day() {
    let mut zombies = host(1, &[]);
    zombies.attributes.insert("ZOMBIES".to_owned(), "5".to_owned());
    let loss = zone(vec![host(0, &[5, 6]), zombies, host(2, &[])]).lose(&[HostId(0)], &migrate());
    let held: Vec<_> = loss.vms.iter().filter(|vm| vm.prospect() == Prospect::Held).collect();
    let [held] = held.as_slice() else { panic!("{loss:?}") };
    assert!(held.decision.vm == VmId(5) && held.decision.verdict.text().contains("ZOMBIES"), "{held:?}");
}
