//! Fence devices of the simulated hosts: from where they are reached, what they switch, when they answer.

use super::rehearsal::{peer, play, zone};
use super::*;
use onerescue::model::{DatastoreId, DeviceName, PowerState, Scope};
use onerescue::sim::{Breach, Event, Power, Scenario, Seen};
use onerescue::world::World as _;

fn device(name: &str) -> DeviceName {
    DeviceName(name.to_owned())
}

fn says(scenario: &mut Scenario, name: &str, via: Option<u32>) -> PowerState {
    scenario.world.power_state(HostId(0), &device(name), via.map(peer).as_ref())
}

fn power(scenario: &Scenario) -> Power {
    scenario.world.transport().cloud().power(HostId(0))
}

#[test]
fn levels_and_what_a_device_is_stand_in_the_scenario() {
    let devices = "devices = [{ name = \"ceph\", level = 3, scope = \"datastores\", datastores = [\"system\", \"default\"] },
        { name = \"bmc\" }, { name = \"feed_b\", level = 2 }, { name = \"feed_a\", level = 2, route = \"peer\" }]";
    let mut scenario = zone("dies node0 hang", &devices.replace('\n', ""));
    let levels = scenario.world.fence_levels(HostId(0)).unwrap();
    let names: Vec<Vec<&str>> =
        levels.iter().map(|level| level.0.iter().map(|device| device.name.0.as_str()).collect()).collect();
    assert_eq!(names, [vec!["bmc"], vec!["feed_b", "feed_a"], vec!["ceph"]]);
    assert_eq!(levels[2].0[0].scope, Scope::Datastores(vec![DatastoreId(0), DatastoreId(1)]));
}

#[test]
fn a_device_beside_a_peer_is_reached_from_a_living_peer_only() {
    let mut scenario = zone("dies node0 hang", "devices = [{ name = \"pdu\", route = \"peer\" }]");
    scenario.world.transport().cloud().host_dies(HostId(1), Death::PowerLoss);
    scenario.world.transport().cloud().host_dies(HostId(2), Death::FrontEndCut);
    for via in [None, Some(0), Some(1), Some(2)] {
        let said = says(&mut scenario, "pdu", via);
        assert!(matches!(said, PowerState::Unknown(_)), "{via:?}: {said}");
        let told = scenario.world.tell_off(HostId(0), &device("pdu"), via.map(peer).as_ref());
        assert!(told.is_err(), "{via:?}");
        assert_eq!(power(&scenario), Power::On, "{via:?}");
    }
    assert_eq!(says(&mut scenario, "pdu", Some(3)), PowerState::On);
    assert_eq!(scenario.world.tell_off(HostId(0), &device("pdu"), Some(&peer(3))), Ok(()));
    assert_eq!(says(&mut scenario, "pdu", Some(3)), PowerState::Off);
    let via: Vec<_> = scenario
        .world
        .seen()
        .iter()
        .filter_map(|seen| match seen {
            Seen::Off { via, answer, .. } => Some((via.map(|host| host.0), answer.is_ok())),
            _ => None,
        })
        .collect();
    assert_eq!(via.last(), Some(&(Some(3), true)));
    assert_eq!(via.len(), 5, "every way is written down");
}

/// The domain goes on where it was, and whether it can still write decides.
#[test]
fn a_storage_device_makes_a_second_start_harmless_for_vms_whose_disks_are_all_there() {
    let devices = |datastores: &str| {
        format!("devices = [{{ name = \"ceph\", scope = \"datastores\", datastores = {datastores} }}]")
    };
    for (datastores, harmless) in [("[\"system\", \"default\"]", true), ("[\"system\"]", false)] {
        let mut scenario = zone("dies node0 network_cut", &devices(datastores));
        play(&mut scenario, "on ceph, off ceph, power ceph, wait 5");
        assert_eq!(power(&scenario), Power::On, "the host goes on");
        let runs = scenario.world.transport().cloud().domain_hosts(VmId(0));
        assert_eq!(runs.is_empty(), harmless, "a domain without disks does not count");
        migrate(scenario.world.transport(), VmId(0), HostId(1)).unwrap();
        scenario.world.wait(seconds(30));
        let cloud = scenario.world.transport().cloud();
        assert_eq!(cloud.breaches().is_empty(), harmless, "{datastores}");
        assert!(cloud.domain_hosts(VmId(0)).contains(&HostId(1)));
    }
}

#[test]
fn datastores_that_come_back_too_early_give_a_disk_two_writers() {
    let all =
        "devices = [{ name = \"ceph\", scope = \"datastores\", datastores = [\"system\", \"default\"] }]";
    let mut scenario = zone("dies node0 network_cut", all);
    play(&mut scenario, "off ceph, wait 5");
    migrate(scenario.world.transport(), VmId(0), HostId(1)).unwrap();
    scenario.world.wait(seconds(30));
    let breaches = |scenario: &Scenario| scenario.world.transport().cloud().breaches().to_vec();
    assert_eq!(breaches(&scenario), []);
    let at = scenario.world.transport().cloud().now();
    scenario.world.schedule(at, Event::StorageReturns(HostId(0)));
    play(&mut scenario, "wait 1, on ceph");
    let breaches = breaches(&scenario);
    let [Breach::DoubleStart { vm: VmId(0), first: HostId(0), second: HostId(1), .. }] = breaches.as_slice()
    else {
        panic!("{breaches:?}")
    };
}

#[test]
fn nothing_starts_on_a_host_without_its_datastores() {
    let transport = dead(Version::V7_5, Death::PowerLoss);
    transport.cloud().storage_cut(HostId(1), &[DatastoreId(0)]);
    migrate(&transport, VmId(0), HostId(1)).unwrap();
    transport.pause(seconds(30));
    assert_eq!(state(&transport, 0), "BOOT_FAILURE");
    assert_eq!(transport.cloud().domain_hosts(VmId(0)), []);
}

#[test]
fn a_controller_without_power_answers_when_it_has_some_again() {
    let dead = "devices = [{ name = \"bmc\", behaviour = \"dead_then_works\", returns_after = \"2m\" }]";
    let mut scenario = zone("dies node0 hang", dead);
    for _ in 0..2 {
        assert!(matches!(says(&mut scenario, "bmc", None), PowerState::Unknown(_)));
        assert!(scenario.world.tell_off(HostId(0), &device("bmc"), None).is_err());
        scenario.world.wait(seconds(59));
    }
    assert_eq!(power(&scenario), Power::On, "it did nothing while it was dead");
    play(&mut scenario, "wait 2, on bmc, off bmc, power bmc");
    assert_eq!(power(&scenario), Power::Off);
}

#[test]
fn a_cached_status_is_half_a_minute_old() {
    let mut scenario = zone("dies node0 hang", "devices = [{ name = \"pdu\", behaviour = \"caches\" }]");
    play(&mut scenario, "on pdu, off pdu, on pdu, wait 25, on pdu");
    assert_eq!(power(&scenario), Power::Off);
    play(&mut scenario, "wait 5, power pdu");
    scenario.world.transport().cloud().power_on(HostId(0));
    play(&mut scenario, "power pdu, wait 25, power pdu, wait 5, on pdu");
    assert!(!scenario.world.fence_is_honest(&scenario.policy, HostId(0)), "its word may be old");
}

#[test]
fn an_off_that_is_executed_twice_takes_the_power_of_a_host_that_is_back() {
    let mut scenario = zone("dies node0 hang", "devices = [{ name = \"bmc\", behaviour = \"off_twice\" }]");
    play(&mut scenario, "off bmc, power bmc, wait 5");
    scenario.world.transport().cloud().power_on(HostId(0));
    play(&mut scenario, "on bmc, wait 5, on bmc, wait 6, power bmc");
    assert_eq!(power(&scenario), Power::Off);
}

/// How long it takes from the proof to the last order of 200 VMs.
fn sent_within(device: &str, settings: &str) -> Duration {
    let text = format!(
        "title = \"a device at work\"\ncall = \"-m -p 0\"\nhost = \"node0\"\nbefore = [\"dies node0\"]\nstart = \"400s\"\n\
         settings = \"{settings}\"\ndevices = [{device}]\nvms = [{{ name = \"web\", host = \"node0\", count = 200 }}]\n\
         hosts = [{{ name = \"node0\" }}, {{ name = \"node1\", memory_gib = 4096, cpu = 1000 }}]\n"
    );
    let mut scenario = Scenario::parse(&text).unwrap();
    scenario.world.transport().set_latency(Duration::from_millis(50));
    let report = onerescue::run(&mut scenario.world, scenario.subject.clone(), scenario.policy.clone());
    assert_eq!(report.outcome.exit_code(), 0);
    let calls = scenario.world.transport().calls();
    let last = calls.iter().rfind(|call| call.method == "one.vm.migrate").unwrap().at;
    last.saturating_sub(scenario.world.began()).saturating_sub(report.proof.unwrap().at().0)
}

#[test]
fn vms_do_not_wait_for_a_slow_device_once_the_host_is_proven_off() {
    let device = |takes: &str| format!("{{ name = \"bmc\", takes = \"{takes}\" }}");
    let between = "[fence]\\nrecheck = \\\"0s\\\"";
    let (slow, quick) = (sent_within(&device("1s"), ""), sent_within(&device("1ms"), ""));
    let between = sent_within(&device("1s"), between);
    assert!(quick > seconds(10), "{quick:?} is shorter than an \"off\" counts");
    assert!(slow < quick + Duration::from_millis(100), "{slow:?} with a slow device, and {quick:?}");
    assert!(between > slow + seconds(45), "{between:?} where each batch waits for it");
}
