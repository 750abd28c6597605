//! Tests of judgements that a simulated cloud does not come to.

use super::*;
use crate::model::{
    Cluster, DatastoreId, DeviceName, DocumentId, End, FenceDevice, Host, HostState, Incident, IncidentVm,
    Level, Looks, Machine, Memory, Observer, Opinion, PowerDomain, PowerState, Progress, ReadBack,
    Scope as Cuts, Testimony, VmId,
};
use std::collections::BTreeMap;
use std::time::Duration;

const NOW: Epoch = Epoch(1_795_165_200);

fn host(id: u32, state: HostState) -> Host {
    Host::new(HostId(id), &format!("node{id}"), state)
}

fn device(name: &str, target: &str) -> FenceDevice {
    let target = target.to_owned();
    FenceDevice { target, ..FenceDevice::new(DeviceName(name.to_owned()), ReadBack::Status) }
}

/// A host with one level for each of these devices.
fn facts(host: Host, devices: Vec<(FenceDevice, PowerState)>) -> HostFacts {
    HostFacts {
        host,
        entry: Entry::Declared { same_power_accepted: true, pattern: None },
        power: devices.iter().map(|(device, power)| (device.name.clone(), power.clone())).collect(),
        levels: Ok(devices.into_iter().map(|(device, _)| Level(vec![device])).collect()),
        slowest: None,
        turned: BTreeMap::new(),
    }
}

fn healthy(id: u32) -> HostFacts {
    let target = format!("fence_ipmilan ip=10.0.0.{id}");
    facts(host(id, HostState::Monitored), vec![(device("bmc", &target), PowerState::On)])
}

fn zone(hosts: Vec<HostFacts>) -> Facts {
    let cluster = Cluster {
        id: ClusterId(0),
        name: "default".to_owned(),
        hosts: Vec::new(),
        datastores: Vec::new(),
        attributes: BTreeMap::new(),
    };
    let outlook = Outlook {
        hosts: hosts.iter().map(|facts| facts.host.clone()).collect(),
        clusters: vec![cluster],
        memory: Memory { now: NOW, ..Memory::default() },
        observer: Observer {
            raft: Ok(RaftState::Solo),
            gateways: Vec::new(),
            oned_runs_for: None,
            leader_for: None,
            term: None,
            machine: Machine::default(),
        },
        chance: 0,
    };
    let (hooks, gateways, entries, witnesses) = (None, Vec::new(), Vec::new(), Vec::new());
    let busy = BTreeSet::new();
    let zone = ZoneFacts {
        outlook,
        hooks,
        gateways,
        busy,
        hosts,
        entries,
        witnesses,
        domains: Vec::new(),
        budget: None,
        layers: None,
        losses: None,
    };
    Facts { rules: Rules::default(), scope: Scope::Zone, looks: Vec::new(), zone: Some(zone) }
}

fn change(mut facts: Facts, change: impl FnOnce(&mut ZoneFacts)) -> Facts {
    change(facts.zone.as_mut().unwrap());
    facts
}

/// The findings of an item: state and text.
fn told(facts: &Facts, item: Item) -> Vec<(State, String)> {
    let findings = judge(facts).findings.into_iter().filter(|finding| finding.item == item);
    findings.map(|finding| (finding.state, format!("{}: {}", finding.object, finding.text))).collect()
}

fn worst(facts: &Facts, item: Item) -> State {
    told(facts, item).into_iter().map(|(state, _)| state).max().unwrap()
}

#[test]
fn only_a_front_end_that_leads_or_is_alone_writes() {
    for (raft, state, writes) in [
        (Ok(RaftState::Solo), State::Ok, true),
        (Ok(RaftState::Leader), State::Ok, true),
        (Ok(RaftState::Follower), State::Ok, false),
        (Ok(RaftState::Candidate), State::Warning, false),
        (Ok(RaftState::Unknown(9)), State::Warning, false),
        (Err("refused".to_owned()), State::Warning, false),
    ] {
        let facts = change(zone(vec![healthy(1)]), |zone| zone.outlook.observer.raft = raft.clone());
        assert_eq!(
            (worst(&facts, Item::Leader), judge(&facts).seen_on.is_some()),
            (state, writes),
            "{raft:?}"
        );
    }
}

#[test]
fn what_concerns_every_host_is_told_before_what_concerns_one() {
    let undeclared = HostFacts { entry: Entry::None, ..facts(host(1, HostState::Monitored), Vec::new()) };
    let facts = change(zone(vec![undeclared]), |zone| zone.hooks = Some(Vec::new()));
    let broken = judge(&facts).findings.into_iter().filter(|finding| finding.state == State::Broken);
    let items: Vec<_> = broken.map(|finding| finding.item).collect();
    assert_eq!(items, [Item::Hook, Item::Entry]);
}

#[test]
fn a_host_in_error_that_nobody_works_on_is_named() {
    let failing = || zone(vec![facts(host(7, HostState::Error), Vec::new())]);
    let named = |facts: &Facts| told(facts, Item::Incident).len();
    assert_eq!(named(&failing()), 1);
    assert_eq!(named(&change(failing(), |zone| zone.busy.extend([HostId(7)]))), 0);
    let known = Incident { host: HostId(7), progress: Progress::Closed, ..Incident::default() };
    let record = |incident: Incident| {
        let incidents = vec![(DocumentId(1), incident)];
        change(failing(), |zone| zone.outlook.memory.incidents = incidents)
    };
    assert_eq!(named(&record(known.clone())), 0);
    let earlier = Incident { error: Some("an earlier one".to_owned()), ..known };
    assert_eq!(named(&record(earlier)), 1);
}

#[test]
fn held_vms_that_another_host_has_by_now_are_no_finding() {
    let held = |id| IncidentVm {
        ready: None,
        id: VmId(id),
        name: String::new(),
        order: None,
        to: None,
        end: Some(End::Held),
        why: String::new(),
    };
    let incident = Incident {
        host: HostId(1),
        progress: Progress::Closed,
        waiting: Some(Looks { since: NOW, outcome: String::new() }),
        vms: vec![held(4), held(5)],
        ..Incident::default()
    };
    for (elsewhere, found) in
        [(vec![], Some("2 VMs")), (vec![VmId(4)], Some("1 VM of")), (vec![VmId(4), VmId(5)], None)]
    {
        let facts = change(zone(vec![healthy(1), healthy(2)]), |zone| {
            zone.outlook.memory.incidents = vec![(DocumentId(3), incident.clone())];
            zone.outlook.hosts[1].vms = elsewhere;
        });
        let told = told(&facts, Item::Incident);
        assert_eq!(told.len(), usize::from(found.is_some()), "{told:?}");
        assert!(found.is_none_or(|found| told[0].1.contains(found)), "{told:?}");
    }
}

#[test]
fn the_grace_after_oned_has_started_is_a_warning() {
    for (runs, state) in [(None, State::Ok), (Some(299), State::Warning), (Some(300), State::Ok)] {
        let runs = runs.map(Duration::from_secs);
        let facts = change(zone(vec![healthy(1)]), |zone| zone.outlook.observer.oned_runs_for = runs);
        assert_eq!(worst(&facts, Item::Grace), state, "{runs:?}");
    }
}

#[test]
fn a_leader_that_is_young_is_a_warning() {
    for (leader, state) in [(None, State::Ok), (Some(299), State::Warning), (Some(300), State::Ok)] {
        let leader = leader.map(Duration::from_secs);
        let of = |raft| {
            let facts = change(zone(vec![healthy(1)]), |zone| {
                (zone.outlook.observer.leader_for, zone.outlook.observer.raft) = (leader, Ok(raft));
            });
            worst(&facts, Item::Grace)
        };
        assert_eq!(of(RaftState::Leader), state, "{leader:?}");
        assert_eq!(of(RaftState::Follower), State::Ok, "{leader:?}");
    }
}

#[test]
fn a_host_that_is_this_machine_is_a_warning() {
    let facts = |name: &str| {
        let machine = Machine { names: vec![name.to_owned()], ..Machine::default() };
        change(zone(vec![healthy(1)]), |zone| zone.outlook.observer.machine = machine)
    };
    assert!(judge(&facts("fe1")).findings.iter().all(|finding| finding.item != Item::Machine));
    assert_eq!(worst(&facts("node1"), Item::Machine), State::Warning);
}

#[test]
fn one_gateway_that_answers_is_enough_to_act() {
    let gateways = |answers: &[bool]| {
        let answers: Vec<_> = answers.iter().enumerate().map(|(at, yes)| (format!("g{at}"), *yes)).collect();
        change(zone(vec![]), |zone| {
            zone.gateways = vec!["g0".to_owned(), "g1".to_owned()];
            zone.outlook.observer.gateways = answers;
        })
    };
    assert_eq!(worst(&gateways(&[true, true]), Item::Gateway), State::Ok);
    assert_eq!(worst(&gateways(&[true, false]), Item::Gateway), State::Warning);
    assert_eq!(worst(&gateways(&[true]), Item::Gateway), State::Warning, "one that was not asked");
    assert_eq!(worst(&gateways(&[false, false]), Item::Gateway), State::Broken);
}

#[test]
fn a_witness_must_say_alive_about_a_healthy_host() {
    let witness = |opinion, wanted| {
        let said = Testimony { witness: "consul".to_owned(), opinion, said: "x".to_owned() };
        let host = host(1, HostState::Monitored);
        change(zone(vec![]), |zone| {
            zone.witnesses = vec![WitnessFacts { host, wanted, testimonies: vec![said] }];
        })
    };
    assert_eq!(worst(&witness(Opinion::Alive, 1), Item::Witness), State::Ok);
    assert_eq!(worst(&witness(Opinion::None, 1), Item::Witness), State::Warning);
    assert_eq!(worst(&witness(Opinion::Dead, 1), Item::Witness), State::Broken);
    assert_eq!(worst(&witness(Opinion::Alive, 2), Item::Witness), State::Warning, "the other was not asked");
}

#[test]
fn a_cluster_is_active_with_two_hosts_of_which_one_can_be_fenced() {
    let status = |facts: &Facts| judge(facts).clusters.remove(0).status;
    let mut mute = healthy(2);
    mute.power = vec![(DeviceName("bmc".to_owned()), PowerState::Unknown("mute".to_owned()))];
    assert_eq!(status(&zone(vec![healthy(1), mute.clone()])), ClusterStatus::Active);
    assert_eq!(status(&zone(vec![mute.clone(), mute.clone()])), ClusterStatus::Waiting);
    assert_eq!(status(&zone(vec![healthy(1)])), ClusterStatus::Waiting);
    let dead = facts(host(3, HostState::Error), Vec::new());
    assert_eq!(status(&zone(vec![healthy(1), dead])), ClusterStatus::Waiting);
    let off = change(zone(vec![healthy(1), healthy(2)]), |zone| {
        zone.outlook.clusters[0].attributes.insert("HA".to_owned(), "No".to_owned());
    });
    assert_eq!(status(&off), ClusterStatus::Disabled);
}

#[test]
fn a_device_without_a_status_proves_as_much_as_the_settings_say() {
    let with = |read_back| {
        let blind = FenceDevice { read_back, ..device("blind", "/x") };
        let mut facts = facts(host(1, HostState::Monitored), vec![(blind, PowerState::Off)]);
        facts.power.clear();
        zone(vec![facts])
    };
    let accepted = with(ReadBack::ExitCodeAccepted);
    assert_eq!((worst(&accepted, Item::Device), worst(&accepted, Item::Level)), (State::Ok, State::Ok));
    let blind = with(ReadBack::ExitCodeOnly);
    assert_eq!((worst(&blind, Item::Device), worst(&blind, Item::Level)), (State::Broken, State::Broken));
    let unasked = with(ReadBack::Status);
    assert_eq!(
        (worst(&unasked, Item::Device), worst(&unasked, Item::Level)),
        (State::Warning, State::Broken)
    );
}

#[test]
fn every_device_of_a_level_must_be_usable_and_a_later_level_will_do() {
    let mut one = healthy(1);
    one.levels = Ok(vec![
        Level(vec![device("bmc", "fence_ipmilan ip=1"), device("pdu", "fence_apc ip=2 plug=1")]),
        Level(vec![device("bmc", "fence_ipmilan ip=1")]),
    ]);
    one.power.push((DeviceName("pdu".to_owned()), PowerState::Off));
    let levels = told(&zone(vec![one.clone()]), Item::Level);
    assert_eq!(levels, [(State::Ok, "node1 (host 1): level 2 of 2 can prove it off".to_owned())]);
    one.power[0].1 = PowerState::Off;
    assert_eq!(worst(&zone(vec![one]), Item::Level), State::Broken);
}

#[test]
fn evidence_about_another_target_or_an_old_one_counts_less() {
    let dead = |target: &str, age: u64, waived| {
        let device = device("bmc", "fence_ipmilan ip=1");
        let mut all = zone(vec![facts(host(1, HostState::Error), vec![(device, PowerState::Off)])]);
        if waived {
            all.rules.fence.seen_on = crate::policy::Control::Waived;
        }
        let (host, device, target) = (HostId(1), DeviceName("bmc".to_owned()), target.to_owned());
        let at = Epoch(NOW.0 - i64::try_from(age).unwrap());
        let seen = SeenOn { host, device, target, turned: None, at };
        change(all, |zone| zone.outlook.memory.seen_on = vec![seen])
    };
    let month = Rules::default().fence.seen_on_age.as_secs();
    let judged =
        |facts: &Facts| (told(facts, Item::SeenOn).first().map(|one| one.0), worst(facts, Item::Level));
    assert_eq!(judged(&dead("fence_ipmilan ip=1", month, false)), (Some(State::Ok), State::Ok));
    assert_eq!(judged(&dead("fence_ipmilan ip=1", month + 1, false)), (Some(State::Warning), State::Ok));
    assert_eq!(judged(&dead("fence_ipmilan ip=2", 5, false)), (Some(State::Warning), State::Broken));
    assert_eq!(judged(&dead("fence_ipmilan ip=2", 5, true)), (None, State::Ok));
}

#[test]
fn one_machine_is_known_by_what_tells_it_from_others() {
    let shared = |one: &str, other: &str| {
        let on = |id, name, target| {
            facts(host(id, HostState::Monitored), vec![(device(name, target), PowerState::On)])
        };
        !told(&zone(vec![on(1, "a", one), on(2, "b", other)]), Item::Target).is_empty()
    };
    for (one, other) in [
        ("fence_ipmilan ip=10.0.0.1 lanplus=1", "fence_ilo ip=10.0.0.1 username=fence"),
        ("fence_apc ip=10.9.0.1 plug=7", "fence_apc_snmp ip=10.9.0.1 port=7"),
        (
            "redfish system=/redfish/v1/Systems/1 url=https://A uuid=1",
            "redfish system=/redfish/v1/Systems/1 url=https://a uuid=2",
        ),
    ] {
        assert!(shared(one, other), "{one} {other}");
    }
    for (one, other) in [
        ("fence_ipmilan ip=10.0.0.1", "fence_ipmilan ip=10.0.0.2"),
        ("fence_apc ip=10.9.0.1 plug=7", "fence_apc ip=10.9.0.1 plug=8"),
        ("redfish system=/1 url=https://a", "redfish system=/2 url=https://a"),
        ("fence_vmware_soap ip=1 uuid=1", "fence_vmware_soap ip=1 uuid=2"),
        ("/usr/local/sbin/fence ip=1", "/usr/local/sbin/fence ip=1"),
        ("fence_x username=a", "fence_x username=a"),
    ] {
        assert!(!shared(one, other), "{one} {other}");
    }
    let twice =
        vec![(device("a", "fence_x ip=1"), PowerState::On), (device("b", "fence_x ip=1"), PowerState::On)];
    let same_host = zone(vec![facts(host(1, HostState::Monitored), twice)]);
    assert_eq!(told(&same_host, Item::Target), [], "it is the host's own");
}

#[test]
fn a_device_with_power_of_its_own_is_enough() {
    let mut one = healthy(1);
    one.entry = Entry::Declared { same_power_accepted: false, pattern: None };
    assert_eq!(worst(&zone(vec![one.clone()]), Item::Power), State::Warning);
    let disks = Cuts::Datastores(vec![DatastoreId(1)]);
    let ceph = FenceDevice { power: PowerDomain::External, scope: disks, ..device("ceph", "/ceph") };
    one.levels.as_mut().unwrap().push(Level(vec![ceph]));
    assert_eq!(told(&zone(vec![one]), Item::Power), []);
}

#[test]
fn a_host_that_a_person_has_set_aside_is_no_more_than_a_warning() {
    let mute = PowerState::Unknown("mute".to_owned());
    for (state, expected) in [
        (HostState::Monitored, State::Broken),
        (HostState::Error, State::Broken),
        (HostState::Disabled, State::Warning),
        (HostState::Offline, State::Warning),
    ] {
        let facts = facts(host(1, state), vec![(device("bmc", "x ip=1"), mute.clone())]);
        assert_eq!(worst(&zone(vec![facts]), Item::Level), expected, "{state}");
    }
}

#[test]
fn a_record_that_would_stay_as_it_is_is_not_written() {
    let dead = || facts(host(1, HostState::Error), vec![(device("bmc", "x ip=1"), PowerState::On)]);
    let seen = |id| SeenOn {
        host: HostId(id),
        device: DeviceName("bmc".to_owned()),
        target: "x ip=1".to_owned(),
        turned: None,
        at: Epoch(7),
    };
    let with =
        |seen_on: Vec<SeenOn>| change(zone(vec![dead()]), |zone| zone.outlook.memory.seen_on = seen_on);
    assert_eq!(judge(&with(Vec::new())).seen_on, None, "ON is no evidence while the host is in ERROR");
    assert_eq!(judge(&with(vec![seen(1)])).seen_on, None);
    assert_eq!(judge(&with(vec![seen(1), seen(2)])).seen_on, Some(vec![seen(1)]));
    assert_eq!(judge(&with(vec![seen(1), seen(1)])).seen_on, Some(vec![seen(1)]));
}

#[test]
fn the_worst_comes_first_and_decides_the_exit_code() {
    let mut checked = Checked::default();
    assert_eq!(checked.exit_code(), 0);
    checked.add(Finding::ok(Item::Oned, "a", "b"));
    checked.add(Finding::warning(Item::Oned, "a", "b", "c"));
    assert_eq!(checked.exit_code(), 1);
    checked.add(Finding::broken(Item::Witness, "a", "b", "c"));
    assert_eq!(checked.exit_code(), 8);
    let states: Vec<_> = checked.findings.iter().map(|finding| finding.state).collect();
    assert_eq!(states, [State::Broken, State::Warning, State::Ok]);
}

#[test]
fn what_runs_where_oned_does_not_have_it_is_named() {
    let mut zombies = host(1, HostState::Monitored);
    zombies.attributes.insert("ZOMBIES".to_owned(), "7, 9".to_owned());
    // oned keeps the attribute for up to 180 s.
    zombies.vms = vec![crate::model::VmId(9)];
    let mut gone = zombies.clone();
    (gone.id, gone.state) = (HostId(2), HostState::Error);
    let hosts = vec![facts(zombies, Vec::new()), facts(gone, Vec::new())];
    let found: Vec<_> =
        judge(&zone(hosts)).findings.into_iter().filter(|found| found.item == Item::Zombie).collect();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert!(found.object == "node1 (host 1)" && found.text.ends_with("not recovered: vm 7"), "{found:?}");
}

#[test]
fn a_host_that_lists_nothing_says_it_over_ssh() {
    let mut host = host(1, HostState::Monitored);
    host.vms = vec![crate::model::VmId(9)];
    let mut facts = zone(vec![facts(host, Vec::new())]);
    let running = vec![crate::model::VmId(7), crate::model::VmId(9)];
    let said = Domains { host: HostId(1), running, silent: None };
    facts.zone.as_mut().unwrap().domains = vec![said];
    let found: Vec<_> =
        judge(&facts).findings.into_iter().filter(|found| found.item == Item::Zombie).collect();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert!(
        found.text.contains("(asked over ssh)") && found.text.ends_with("not recovered: vm 7"),
        "{found:?}"
    );
}
