//! The simulated cloud's rules where no recording shows them: monitoring, drivers, storage, faults, front-ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use onerescue::error::OnedError;
use onerescue::model::{
    ClusterId, DatastoreId, GroupPolicy, HostId, HostState, LcmState, Role, VmGroup, VmId, VmState,
};
use onerescue::sim::{
    Breach, Change, Cloud, DatastoreSpec, Death, Driver, Fault, FaultRule, HostSpec, Outcome, PciSpec,
    SimTransport, Stage, Version, VmSpec,
};
use onerescue::wire::xml::{Element, Limits};
use onerescue::wire::xmlrpc::{Call, Reply, Value};
use onerescue::world::oned::Transport as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(30);
const ENDPOINT: &str = "http://localhost:2633/RPC2";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn int(number: u32) -> Value {
    Value::Int(i64::from(number))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// What a client gets: the payload, or oned's code and text.
type Answer = Result<Value, (i64, String)>;

fn ask_at(cloud: &SimTransport, endpoint: &str, method: &str, params: &[Value]) -> Result<Answer, OnedError> {
    let call = Call {
        method: method.to_owned(),
        params: [&[text("oneadmin:password")], params].concat(),
    };
    let body = cloud.post(endpoint, &call.write(), DEADLINE)?;
    match Reply::read(&body, Limits::REPLY).map_err(OnedError::Reply)? {
        Reply::Fault { code, text } => Ok(Err((code, text))),
        Reply::Value(Value::Array(values)) if values[0] == Value::Bool(true) => Ok(Ok(values[1].clone())),
        Reply::Value(Value::Array(values)) => {
            let text = values[1].as_text().unwrap().to_owned();
            Ok(Err((values[2].as_int().unwrap(), text)))
        }
        Reply::Value(other) => panic!("{other:?}"),
    }
}

fn ask(cloud: &SimTransport, method: &str, params: &[Value]) -> Answer {
    ask_at(cloud, ENDPOINT, method, params).unwrap()
}

fn migrate(cloud: &SimTransport, vm: VmId, host: HostId) -> Answer {
    let flags = [
        Value::Bool(false),
        Value::Bool(true),
        Value::Int(-1),
        Value::Int(0),
    ];
    ask(
        cloud,
        "one.vm.migrate",
        &[&[int(vm.0), int(host.0)], flags.as_slice()].concat(),
    )
}

fn recover(cloud: &SimTransport, vm: VmId, operation: u32) -> Answer {
    ask(cloud, "one.vm.recover", &[int(vm.0), int(operation)])
}

fn document(cloud: &SimTransport, method: &str, id: u32) -> Element {
    let answer = ask(cloud, method, &[int(id), Value::Bool(false)]).unwrap();
    Element::parse(answer.as_text().unwrap(), Limits::REPLY).unwrap()
}

/// Hosts 0 to 2, and VM 0 that runs on host 0.
fn small(version: Version) -> SimTransport {
    let mut cloud = Cloud::new(version);
    for number in 0..3 {
        cloud.add_host(HostSpec::new(&format!("node{number}")));
    }
    cloud.add_vm(VmSpec::new("web", HostId(0)));
    SimTransport::new(Arc::new(Mutex::new(cloud)))
}

/// The same after host 0 died and oned has seen it.
fn dead(version: Version, death: Death) -> SimTransport {
    let transport = small(version);
    transport.cloud().host_dies(HostId(0), death);
    transport.pause(seconds(220));
    transport
}

fn state(cloud: &SimTransport, vm: u32) -> String {
    cloud.cloud().vm_state(VmId(vm)).unwrap().to_string()
}

fn host_state(cloud: &SimTransport, host: u32) -> HostState {
    cloud.cloud().host_state(HostId(host)).unwrap()
}

#[test]
fn a_dead_host_turns_error_and_its_running_vms_unknown() {
    let cloud = small(Version::V7_5);
    let off = cloud
        .cloud()
        .add_vm(VmSpec::new("off", HostId(0)).in_state(VmState::Poweroff));
    let plugging = VmSpec::new("plug", HostId(0)).in_state(VmState::Active(LcmState::HotplugNic));
    let plugging = cloud.cloud().add_vm(plugging);
    // Quicker than the driver's time-out, which else comes first and makes it RUNNING, then UNKNOWN.
    cloud.cloud().timings.detection = seconds(10);
    cloud.cloud().host_dies(HostId(0), Death::PowerLoss);
    cloud.pause(seconds(9));
    assert_eq!(host_state(&cloud, 0), HostState::Monitored);
    ask(&cloud, "one.vm.action", &[text("resched"), int(0)]).unwrap();
    cloud.pause(seconds(1));
    assert_eq!(
        (host_state(&cloud, 0), state(&cloud, 0).as_str()),
        (HostState::Error, "RUNNING")
    );
    cloud.pause(seconds(5));
    assert_eq!(state(&cloud, 0), "UNKNOWN");
    assert_eq!(
        document(&cloud, "one.vm.info", 0).text_of("RESCHED"),
        Some("0"),
        "a flag set early is lost"
    );
    assert_eq!(
        [state(&cloud, off.0), state(&cloud, plugging.0)],
        ["POWEROFF", "HOTPLUG_NIC"]
    );
    // What was in the middle of something falls back to RUNNING on the dead host, and stays so …
    cloud.pause(seconds(400));
    assert_eq!(state(&cloud, plugging.0), "RUNNING");
    // … until the host is disabled and its monitoring fails again.
    ask(&cloud, "one.host.status", &[int(0), int(1)]).unwrap();
    cloud.pause(seconds(200));
    assert_eq!(state(&cloud, plugging.0), "UNKNOWN");
    assert_eq!(host_state(&cloud, 0), HostState::Disabled);
}

#[test]
fn detection_can_be_immediate() {
    let cloud = small(Version::V7_5);
    cloud.cloud().timings.detection = Duration::ZERO;
    cloud.cloud().host_dies(HostId(0), Death::Hang);
    assert_eq!(host_state(&cloud, 0), HostState::Error);
    let changes = cloud.cloud().happenings().to_vec();
    assert_eq!(
        changes.last().unwrap().change,
        Change::Host(HostId(0), HostState::Error)
    );
}

#[test]
fn migrating_from_a_host_without_power_is_safe_and_ends_running() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    assert_eq!(
        cloud.cloud().vm_host(VmId(0)),
        Some(HostId(1)),
        "the destination is there at once"
    );
    assert_eq!(
        migrate(&cloud, VmId(0), HostId(2)).unwrap_err().0,
        2048,
        "one migration at a time"
    );
    cloud.pause(Duration::from_millis(100));
    assert_eq!(state(&cloud, 0), "PROLOG_MIGRATE_UNKNOWN");
    cloud.pause(Duration::from_millis(300));
    assert_eq!(state(&cloud, 0), "BOOT");
    cloud.pause(seconds(1));
    assert_eq!(state(&cloud, 0), "RUNNING");
    let cloud = cloud.cloud();
    assert_eq!(
        (cloud.domain_hosts(VmId(0)), cloud.breaches()),
        (vec![HostId(1)], [].as_slice())
    );
}

#[test]
fn migrating_from_a_host_that_only_lost_its_network_is_a_double_start() {
    for death in [Death::NetworkCut, Death::Hang] {
        let cloud = dead(Version::V7_5, death);
        migrate(&cloud, VmId(0), HostId(1)).unwrap();
        cloud.pause(seconds(5));
        let breaches = cloud.cloud().breaches().to_vec();
        assert!(
            matches!(
                breaches[..],
                [Breach::DoubleStart {
                    vm: VmId(0),
                    first: HostId(0),
                    ..
                }]
            ),
            "{breaches:?}"
        );
    }
    let fenced = dead(Version::V7_5, Death::NetworkCut);
    fenced.cloud().power_off(HostId(0));
    migrate(&fenced, VmId(0), HostId(1)).unwrap();
    fenced.pause(seconds(5));
    assert_eq!(fenced.cloud().breaches(), []);
}

#[test]
fn a_false_alarm_and_a_migration_are_a_double_start_too() {
    let cloud = small(Version::V7_5);
    cloud
        .cloud()
        .monitoring_fails(HostId(0), "Error executing monitor_ds.rb: exit 1");
    cloud.pause(seconds(2));
    assert_eq!(state(&cloud, 0), "UNKNOWN");
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    cloud.pause(seconds(5));
    assert_eq!(cloud.cloud().breaches().len(), 1);
    cloud.cloud().host_returns(HostId(0));
    cloud.pause(seconds(61));
    let host = document(&cloud, "one.host.info", 0);
    assert_eq!(host.text_of("STATE"), Some("2"));
    let template = host.child("TEMPLATE").unwrap();
    assert_eq!(
        (template.text_of("ZOMBIES"), template.text_of("ERROR")),
        (Some("0"), None)
    );
}

#[test]
fn sending_a_vm_to_a_host_known_to_be_dead_is_a_breach() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    let other = cloud
        .cloud()
        .add_vm(VmSpec::new("other", HostId(1)).in_state(VmState::Poweroff));
    migrate(&cloud, other, HostId(0)).unwrap();
    assert!(matches!(
        cloud.cloud().breaches(),
        [Breach::SentToDeadHost { host: HostId(0), .. }]
    ));
}

#[test]
fn drivers_fail_as_they_are_told() {
    let cases = [
        (Stage::Transfer, Driver::Fails, "PROLOG_MIGRATE_UNKNOWN_FAILURE"),
        (Stage::Transfer, Driver::Hangs, "PROLOG_MIGRATE_UNKNOWN"),
        (Stage::Boot, Driver::Fails, "BOOT_FAILURE"),
        (Stage::Boot, Driver::Hangs, "BOOT"),
    ];
    for (stage, driver, end) in cases {
        let cloud = dead(Version::V7_5, Death::PowerLoss);
        cloud.cloud().set_driver(VmId(0), stage, driver);
        migrate(&cloud, VmId(0), HostId(1)).unwrap();
        cloud.pause(seconds(600));
        assert_eq!(state(&cloud, 0), end);
    }
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    cloud
        .cloud()
        .set_driver(VmId(0), Stage::Boot, Driver::FailsTimes(1));
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    cloud.pause(seconds(5));
    let vm = document(&cloud, "one.vm.info", 0);
    assert!(
        vm.child("USER_TEMPLATE")
            .unwrap()
            .text_of("ERROR")
            .unwrap()
            .contains("Error deploying")
    );
    recover(&cloud, VmId(0), 2).unwrap();
    cloud.pause(seconds(5));
    assert_eq!(state(&cloud, 0), "RUNNING", "the retry works");
}

#[test]
fn recover_failure_of_a_failed_migration_goes_back_to_the_dead_host() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    cloud.cloud().set_driver(VmId(0), Stage::Transfer, Driver::Fails);
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    cloud.pause(seconds(5));
    recover(&cloud, VmId(0), 0).unwrap();
    assert_eq!(cloud.cloud().vm_host(VmId(0)), Some(HostId(0)));
    cloud.pause(seconds(60));
    assert_eq!(state(&cloud, 0), "BOOT_FAILURE");
}

#[test]
fn storage_decides_what_arrives() {
    // Disks of ssh stay on the dead host; a stopped VM on ceph cannot leave it, one on shared storage can.
    for (tm_mad, from, end) in [
        ("shared", VmState::RUNNING, "RUNNING"),
        ("ceph", VmState::RUNNING, "RUNNING"),
        ("ssh", VmState::RUNNING, "BOOT_FAILURE"),
        ("shared", VmState::Poweroff, "POWEROFF"),
        ("ceph", VmState::Poweroff, "PROLOG_MIGRATE_POWEROFF_FAILURE"),
        ("shared", VmState::Suspended, "SUSPENDED"),
        ("fs_lvm", VmState::Suspended, "PROLOG_MIGRATE_SUSPEND_FAILURE"),
    ] {
        let cloud = small(Version::V7_5);
        let datastore = cloud
            .cloud()
            .add_datastore(DatastoreSpec::system("other", tm_mad));
        let mut spec = VmSpec::new("vm", HostId(0)).in_state(from);
        spec.datastore = datastore;
        let vm = cloud.cloud().add_vm(spec);
        cloud.cloud().host_dies(HostId(0), Death::PowerLoss);
        cloud.pause(seconds(220));
        migrate(&cloud, vm, HostId(1)).unwrap();
        cloud.pause(seconds(60));
        assert_eq!(state(&cloud, vm.0), end, "{tm_mad} {from}");
    }
}

#[test]
fn a_running_vm_of_a_dead_host_cannot_be_saved_and_stays_there() {
    let cloud = small(Version::V7_5);
    cloud.cloud().host_dies(HostId(0), Death::PowerLoss);
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    cloud.pause(seconds(1));
    assert_eq!(state(&cloud, 0), "SAVE_MIGRATE");
    cloud.pause(seconds(40));
    assert_eq!(
        (state(&cloud, 0).as_str(), cloud.cloud().vm_host(VmId(0))),
        ("RUNNING", Some(HostId(0)))
    );
    let charged = |id| {
        document(&cloud, "one.host.info", id)
            .child("VMS")
            .unwrap()
            .children
            .len()
    };
    assert_eq!((charged(0), charged(1)), (1, 0));
}

#[test]
fn what_does_not_fit_is_refused_in_oneds_words() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    let mut tiny = HostSpec::new("tiny");
    (tiny.cpu, tiny.memory_kib) = (50, 1 << 20);
    let no_cpu = cloud.cloud().add_host(tiny);
    let mut tiny = HostSpec::new("thin");
    tiny.memory_kib = 1 << 19;
    let no_memory = cloud.cloud().add_host(tiny);
    let refusal = |host| migrate(&cloud, VmId(0), host).unwrap_err();
    let fit = "[one.vm.migrate] virtual machine [0] does not fit in host";
    assert_eq!(
        refusal(no_cpu),
        (2048, format!("{fit} [3]. Not enough CPU: 100/50"))
    );
    assert_eq!(
        refusal(no_memory),
        (2048, format!("{fit} [4]. Not enough memory: 1048576/524288"))
    );
    let cluster = cloud.cloud().add_cluster("far");
    let mut far = HostSpec::new("far");
    far.cluster = cluster;
    let far = cloud.cloud().add_host(far);
    let (code, text) = refusal(far);
    assert_eq!(cluster, ClusterId(100));
    assert_eq!(code, 2048);
    assert!(
        text.ends_with("Host is in cluster [100], and the datastore is in cluster [0]"),
        "{text}"
    );
    ask(&cloud, "one.host.status", &[int(1), int(2)]).unwrap();
    assert_eq!(
        refusal(HostId(1)).1,
        "[one.vm.migrate] Host is offline, cannot use it to deploy VM"
    );
}

#[test]
fn devices_move_with_their_vm() {
    let cloud = small(Version::V7_5);
    let mut hosts = Vec::new();
    for number in 0..2 {
        let mut spec = HostSpec::new(&format!("gpu{number}"));
        spec.pci = vec![PciSpec::gpu("07:00.0"), PciSpec::gpu("08:00.0")];
        hosts.push(cloud.cloud().add_host(spec));
    }
    let mut spec = VmSpec::new("gpu", hosts[0]);
    spec.pci = vec![PciSpec::gpu("")];
    let vm = cloud.cloud().add_vm(spec);
    cloud.cloud().host_dies(hosts[0], Death::PowerLoss);
    cloud.pause(seconds(220));
    let holders = |host: HostId| {
        let host = document(&cloud, "one.host.info", host.0);
        let devices = host.child("HOST_SHARE").unwrap().child("PCI_DEVICES").unwrap();
        devices
            .children
            .iter()
            .map(|pci| pci.required::<i64>("VMID").unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(holders(hosts[0]), [1, -1]);
    let flags = [
        Value::Bool(false),
        Value::Bool(true),
        Value::Int(-1),
        Value::Int(1),
    ];
    let to = [&[int(vm.0), int(hosts[1].0)], flags.as_slice()].concat();
    ask(&cloud, "one.vm.migrate", &to).unwrap();
    cloud.pause(seconds(5));
    assert_eq!(
        (holders(hosts[0]), holders(hosts[1])),
        (vec![-1, -1], vec![1, -1])
    );
}

#[test]
fn recreate_is_stuck_on_a_dead_host_until_it_is_asked_again() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    recover(&cloud, VmId(0), 4).unwrap();
    cloud.pause(seconds(60));
    assert_eq!(state(&cloud, 0), "CLEANUP_RESUBMIT");
    recover(&cloud, VmId(0), 4).unwrap();
    assert_eq!(state(&cloud, 0), "PENDING");
    cloud.pause(seconds(20));
    assert_eq!(
        (state(&cloud, 0).as_str(), cloud.cloud().vm_host(VmId(0))),
        ("RUNNING", Some(HostId(1)))
    );
    let patient = dead(Version::V7_5, Death::PowerLoss);
    recover(&patient, VmId(0), 4).unwrap();
    patient.pause(seconds(320));
    assert_eq!(state(&patient, 0), "RUNNING", "the driver gives up by itself");
}

#[test]
fn recreate_of_a_stopped_vm_came_with_6_10() {
    for (version, allowed) in [(Version::V6_4, false), (Version::V6_10, true)] {
        let cloud = small(version);
        let off = cloud
            .cloud()
            .add_vm(VmSpec::new("off", HostId(0)).in_state(VmState::Poweroff));
        assert_eq!(recover(&cloud, off, 4).is_ok(), allowed);
    }
}

#[test]
fn delete_is_done_at_once() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    recover(&cloud, VmId(0), 3).unwrap();
    assert_eq!(state(&cloud, 0), "DONE");
    assert_eq!(
        document(&cloud, "one.host.info", 0)
            .child("VMS")
            .unwrap()
            .children
            .len(),
        0
    );
    assert_eq!(recover(&cloud, VmId(0), 3).unwrap_err().0, 2048);
}

#[test]
fn a_host_that_returns_empty_leaves_its_vms_powered_off_by_monitoring() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    cloud.cloud().power_on(HostId(0));
    cloud.pause(seconds(31));
    assert_eq!(
        (host_state(&cloud, 0), state(&cloud, 0).as_str()),
        (HostState::Monitored, "UNKNOWN")
    );
    cloud.pause(seconds(31));
    assert_eq!(state(&cloud, 0), "POWEROFF");
    let records = document(&cloud, "one.vm.info", 0);
    let record = records
        .child("HISTORY_RECORDS")
        .unwrap()
        .child("HISTORY")
        .unwrap();
    assert_eq!(record.text_of("ACTION"), Some("44"));
    let cut = dead(Version::V7_5, Death::NetworkCut);
    cut.cloud().host_returns(HostId(0));
    cut.pause(seconds(61));
    assert_eq!(state(&cut, 0), "RUNNING", "its domain never stopped");
}

#[test]
fn a_crash_on_a_healthy_host_is_not_a_users_poweroff() {
    let cloud = small(Version::V7_5);
    cloud.cloud().vm_crashes(VmId(0));
    cloud.pause(seconds(6));
    let action = |vm| {
        let vm = document(&cloud, "one.vm.info", vm);
        let record = vm.child("HISTORY_RECORDS").unwrap().child("HISTORY").unwrap();
        record.text_of("ACTION").unwrap().to_owned()
    };
    assert_eq!(
        (state(&cloud, 0), action(0)),
        ("POWEROFF".to_owned(), "44".to_owned())
    );
    ask(&cloud, "one.vm.action", &[text("resume"), int(0)]).unwrap();
    cloud.pause(seconds(5));
    ask(&cloud, "one.vm.action", &[text("poweroff-hard"), int(0)]).unwrap();
    cloud.pause(seconds(5));
    assert_eq!(
        (state(&cloud, 0), action(0)),
        ("POWEROFF".to_owned(), "20".to_owned())
    );
}

#[test]
fn the_scheduler_keeps_apart_what_must_not_share_a_host() {
    let cloud = small(Version::V7_5);
    let group = VmGroup {
        id: onerescue::model::GroupId(0),
        name: "db".to_owned(),
        roles: vec![Role {
            name: "master".to_owned(),
            policy: GroupPolicy::AntiAffined,
            vms: Vec::new(),
            host_affined: Vec::new(),
            host_anti_affined: Vec::new(),
        }],
        affined: Vec::new(),
        anti_affined: Vec::new(),
    };
    let group = cloud.cloud().add_vm_group(&group);
    for host in [0, 1] {
        let mut spec = VmSpec::new("db", HostId(host));
        spec.group = Some((group, "master".to_owned()));
        cloud.cloud().add_vm(spec);
    }
    cloud.cloud().host_dies(HostId(0), Death::PowerLoss);
    cloud.pause(seconds(220));
    ask(&cloud, "one.vm.action", &[text("resched"), int(1)]).unwrap();
    cloud.pause(seconds(30));
    assert_eq!(
        (state(&cloud, 1).as_str(), cloud.cloud().vm_host(VmId(1))),
        ("RUNNING", Some(HostId(2)))
    );
}

#[test]
fn infoset_is_missing_before_6_0() {
    let params = [text("0"), Value::Bool(true)];
    let old = small(Version::V5_12);
    let method = "Method 'one.vmpool.infoset' not defined".to_owned();
    assert_eq!(ask(&old, "one.vmpool.infoset", &params), Err((-506, method)));
    assert!(ask(&small(Version::V6_0), "one.vmpool.infoset", &params).is_ok());
}

#[test]
fn faults_strike_the_calls_they_are_meant_for() {
    let done = |cloud: &SimTransport| cloud.cloud().vm_host(VmId(0)) == Some(HostId(1));
    let flags = [Value::Bool(false), Value::Bool(true)];
    let params = [&[int(0), int(1)], flags.as_slice()].concat();
    let late = Fault::Late(seconds(60));
    let refused = Fault::Refused {
        code: 8192,
        text: "replicating log".to_owned(),
    };
    for (fault, at_once, after_all, outcome) in [
        (Fault::NotSent, false, false, Some(Outcome::NotSent)),
        (Fault::LostReply, true, true, Some(Outcome::Unknown)),
        (Fault::LostRequest, false, false, Some(Outcome::Unknown)),
        (late, false, true, Some(Outcome::Unknown)),
        (refused, false, false, None),
        (
            Fault::Garbage("<html>".to_owned()),
            true,
            true,
            Some(Outcome::Unknown),
        ),
        (Fault::Slow(seconds(3)), true, true, Some(Outcome::Done)),
        (Fault::Slow(seconds(300)), true, true, Some(Outcome::Unknown)),
    ] {
        let cloud = dead(Version::V7_5, Death::PowerLoss);
        cloud.add_fault(FaultRule::once("one.vm.migrate", fault.clone()));
        ask(&cloud, "one.vm.info", &[int(0)]).unwrap();
        let answer = ask_at(&cloud, ENDPOINT, "one.vm.migrate", &params);
        let record = cloud.calls().pop().unwrap();
        match outcome {
            Some(outcome) => assert_eq!(record.outcome, outcome, "{fault:?}"),
            None => assert_eq!(
                answer,
                Ok(Err((8192, "[one.vm.migrate] replicating log".to_owned())))
            ),
        }
        assert_eq!(done(&cloud), at_once, "{fault:?}");
        cloud.pause(seconds(120));
        assert_eq!(done(&cloud), after_all, "{fault:?}");
        assert_eq!(record.params, "0, 1, false, true");
    }
    let log = format!("{:?}", small(Version::V7_5).calls());
    assert!(!log.contains("password"));
}

#[test]
fn faults_count() {
    let cloud = small(Version::V7_5);
    cloud.add_fault(FaultRule::once("*", Fault::NotSent).after(1).times(2));
    let answers: Vec<bool> = (0..4)
        .map(|_| ask_at(&cloud, ENDPOINT, "one.hostpool.info", &[]).is_ok())
        .collect();
    assert_eq!(answers, [true, false, false, true]);
}

#[test]
fn a_follower_answers_from_old_data_and_forwards_writes() {
    let transport = small(Version::V7_5);
    transport.cloud().set_front_ends(3);
    let endpoints = transport.cloud().endpoints();
    transport.pause(seconds(1));
    let create = [text("NAME=\"a\""), Value::Int(4242)];
    assert_eq!(
        ask_at(&transport, &endpoints[1], "one.document.allocate", &create),
        Ok(Ok(Value::Int(0)))
    );
    let read =
        |server: usize| ask_at(&transport, &endpoints[server], "one.document.info", &[int(0)]).unwrap();
    assert_eq!(read(1).unwrap_err().0, 1024);
    assert!(read(0).is_ok());
    transport.pause(seconds(1));
    assert!(read(1).is_ok());
}

#[test]
fn a_leader_dies_and_another_one_takes_over() {
    let transport = small(Version::V7_5);
    transport.cloud().set_front_ends(3);
    let endpoints = transport.cloud().endpoints();
    let lock = [int(0), Value::Int(3), Value::Bool(true)];
    ask_at(
        &transport,
        &endpoints[0],
        "one.document.allocate",
        &[text("NAME=\"a\""), Value::Int(1)],
    )
    .unwrap()
    .unwrap();
    ask_at(&transport, &endpoints[0], "one.document.lock", &lock)
        .unwrap()
        .unwrap();
    transport.cloud().server_dies(0);
    assert!(matches!(
        ask_at(&transport, &endpoints[0], "one.hostpool.info", &[]),
        Err(OnedError::NotSent(_))
    ));
    let write = || ask_at(&transport, &endpoints[2], "one.host.status", &[int(1), int(1)]).unwrap();
    assert_eq!(write().unwrap_err().0, 8192);
    assert!(
        ask_at(&transport, &endpoints[2], "one.hostpool.info", &[])
            .unwrap()
            .is_ok(),
        "reads go on"
    );
    transport.pause(seconds(10));
    assert!(write().is_ok());
    assert_eq!(
        ask_at(&transport, &endpoints[2], "one.document.lock", &lock)
            .unwrap()
            .unwrap_err()
            .0,
        2048
    );
    transport.cloud().server_dies(1);
    transport.pause(seconds(30));
    assert_eq!(transport.cloud().leader(), None, "one of three is no quorum");
    transport.cloud().server_returns(0);
    transport.pause(seconds(30));
    assert!(write().is_ok());
}

#[test]
fn a_storm_is_the_same_every_time() {
    let run = || {
        let mut cloud = Cloud::new(Version::V7_5);
        let hosts: Vec<HostId> = (0..5)
            .map(|at| cloud.add_host(HostSpec::new(&format!("n{at}"))))
            .collect();
        for number in 0..150 {
            cloud.add_vm(VmSpec::new(&format!("vm{number}"), hosts[number % 2]));
        }
        let cloud = SimTransport::new(Arc::new(Mutex::new(cloud)));
        for host in &hosts[..2] {
            cloud.cloud().host_dies(*host, Death::PowerLoss);
        }
        cloud.pause(seconds(260));
        for number in 0..150 {
            migrate(&cloud, VmId(number), hosts[2 + number as usize % 3]).unwrap();
        }
        cloud.pause(seconds(30));
        let happenings = cloud.cloud().happenings().to_vec();
        assert!((0..150).all(|vm| cloud.cloud().vm_state(VmId(vm)) == Some(VmState::RUNNING)));
        assert_eq!(cloud.cloud().breaches(), []);
        happenings
    };
    assert_eq!(run(), run());
}

#[test]
fn datastores_say_shared_as_their_driver_has_it() {
    let mut cloud = Cloud::new(Version::V7_5);
    let mut silent = DatastoreSpec::system("silent", "ceph");
    silent.shared = Some(String::new());
    cloud.add_datastore(DatastoreSpec::system("local", "ssh"));
    cloud.add_datastore(silent);
    let cloud = SimTransport::new(Arc::new(Mutex::new(cloud)));
    let shared = |id| {
        let datastore = document(&cloud, "one.datastore.info", id);
        datastore
            .child("TEMPLATE")
            .unwrap()
            .text_of("SHARED")
            .map(str::to_owned)
    };
    assert_eq!(
        [shared(0), shared(100), shared(101)],
        [Some("YES".to_owned()), Some("NO".to_owned()), None]
    );
    assert_eq!(DatastoreId(101).to_string(), "datastore 101");
}
