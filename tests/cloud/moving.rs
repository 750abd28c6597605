//! Migration: what is refused, what arrives, and when it is a breach.

use super::*;
use onerescue::model::{ClusterId, HostId, VmId, VmState};
use onerescue::sim::{Breach, Cloud, DatastoreSpec, Death, HostSpec, PciSpec, SimTransport, Version, VmSpec};
use onerescue::wire::xmlrpc::Value;
use onerescue::world::oned::Transport as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn migrating_from_a_host_without_power_is_safe_and_ends_running() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    assert_eq!(cloud.cloud().vm_host(VmId(0)), Some(HostId(1)), "the destination is there at once");
    assert_eq!(migrate(&cloud, VmId(0), HostId(2)).unwrap_err().0, 2048, "one migration at a time");
    cloud.pause(Duration::from_millis(100));
    assert_eq!(state(&cloud, 0), "PROLOG_MIGRATE_UNKNOWN");
    cloud.pause(Duration::from_millis(300));
    assert_eq!(state(&cloud, 0), "BOOT");
    cloud.pause(seconds(1));
    assert_eq!(state(&cloud, 0), "RUNNING");
    let cloud = cloud.cloud();
    assert_eq!((cloud.domain_hosts(VmId(0)), cloud.breaches()), (vec![HostId(1)], [].as_slice()));
}

#[test]
fn migrating_from_a_host_that_only_lost_its_network_is_a_double_start() {
    for death in [Death::NetworkCut, Death::Hang] {
        let cloud = dead(Version::V7_5, death);
        migrate(&cloud, VmId(0), HostId(1)).unwrap();
        cloud.pause(seconds(5));
        let breaches = cloud.cloud().breaches().to_vec();
        assert!(
            matches!(breaches[..], [Breach::DoubleStart { vm: VmId(0), first: HostId(0), .. }]),
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
fn sending_a_vm_to_a_host_known_to_be_dead_is_a_breach() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    let other = cloud.cloud().add_vm(VmSpec::new("other", HostId(1)).in_state(VmState::Poweroff));
    migrate(&cloud, other, HostId(0)).unwrap();
    assert!(matches!(cloud.cloud().breaches(), [Breach::SentToDeadHost { host: HostId(0), .. }]));
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
        let datastore = cloud.cloud().add_datastore(DatastoreSpec::system("other", tm_mad));
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
    assert_eq!((state(&cloud, 0).as_str(), cloud.cloud().vm_host(VmId(0))), ("RUNNING", Some(HostId(0))));
    let charged = |id| document(&cloud, "one.host.info", id).child("VMS").unwrap().children.len();
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
    assert_eq!(refusal(no_cpu), (2048, format!("{fit} [3]. Not enough CPU: 100/50")));
    assert_eq!(refusal(no_memory), (2048, format!("{fit} [4]. Not enough memory: 1048576/524288")));
    let cluster = cloud.cloud().add_cluster("far");
    let mut far = HostSpec::new("far");
    far.cluster = cluster;
    let far = cloud.cloud().add_host(far);
    let (code, text) = refusal(far);
    assert_eq!(cluster, ClusterId(100));
    assert_eq!(code, 2048);
    assert!(text.ends_with("Host is in cluster [100], and the datastore is in cluster [0]"), "{text}");
    ask(&cloud, "one.host.status", &[int(1), int(2)]).unwrap();
    assert_eq!(refusal(HostId(1)).1, "[one.vm.migrate] Host is offline, cannot use it to deploy VM");
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
        devices.children.iter().map(|pci| pci.required::<i64>("VMID").unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(holders(hosts[0]), [1, -1]);
    let flags = [Value::Bool(false), Value::Bool(true), Value::Int(-1), Value::Int(1)];
    let to = [&[int(vm.0), int(hosts[1].0)], flags.as_slice()].concat();
    ask(&cloud, "one.vm.migrate", &to).unwrap();
    cloud.pause(seconds(5));
    assert_eq!((holders(hosts[0]), holders(hosts[1])), (vec![-1, -1], vec![1, -1]));
}

#[test]
fn a_storm_is_the_same_every_time() {
    let run = || {
        let mut cloud = Cloud::new(Version::V7_5);
        let hosts: Vec<HostId> = (0..5).map(|at| cloud.add_host(HostSpec::new(&format!("n{at}")))).collect();
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
        datastore.child("TEMPLATE").unwrap().text_of("SHARED").map(str::to_owned)
    };
    assert_eq!([shared(0), shared(100), shared(101)], [Some("YES".to_owned()), Some("NO".to_owned()), None]);
}
