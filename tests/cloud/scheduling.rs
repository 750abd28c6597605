//! What the scheduler does with RESCHED VMs, and what transfer drivers make of a dead source.

use super::*;
use onerescue::model::{DatastoreId, GroupId, GroupPolicy, Role, VmGroup, VmState};
use onerescue::sim::{DatastoreSpec, DiskSpec};

fn resched(cloud: &SimTransport, vm: u32) {
    ask(cloud, "one.vm.action", &[text("resched"), int(vm)]).unwrap();
}

/// Five hosts, and this many VMs on the first one, which is dead.
fn storm(version: Version, vms: u32) -> SimTransport {
    let mut cloud = Cloud::new(version);
    let hosts: Vec<_> = (0..5).map(|at| cloud.add_host(HostSpec::new(&format!("node{at}")))).collect();
    for _ in 0..vms {
        let mut vm = VmSpec::new("vm", hosts[0]);
        vm.cpu = 10;
        cloud.add_vm(vm);
    }
    cloud.host_dies(hosts[0], Death::PowerLoss);
    let cloud = SimTransport::new(Arc::new(Mutex::new(cloud)));
    cloud.pause(seconds(240));
    (0..vms).for_each(|vm| resched(&cloud, vm));
    cloud
}

fn running(cloud: &SimTransport, vms: u32) -> usize {
    (0..vms).filter(|vm| state(cloud, *vm) == "RUNNING").count()
}

#[test]
fn the_scheduler_of_6_10_moves_one_vm_to_each_host_and_cycle() {
    let cloud = storm(Version::V6_10, 40);
    cloud.pause(seconds(100));
    assert!(running(&cloud, 40) < 40);
    cloud.pause(seconds(60));
    assert_eq!(running(&cloud, 40), 40, "measured: 151.6 s");
}

#[test]
fn too_many_at_once_stop_the_scheduler_of_7_5_and_everything_behind_it() {
    let cloud = storm(Version::V7_5, 200);
    cloud.pause(seconds(600));
    let moved = running(&cloud, 200);
    assert!((20..=25).contains(&moved), "{moved}");
    let last = (0..200).rev().find(|vm| state(&cloud, *vm) == "UNKNOWN").unwrap();
    assert_eq!(migrate(&cloud, VmId(last), HostId(4)), Ok(int(last)), "oned says yes to a direct migration");
    cloud.pause(seconds(600));
    assert_eq!(state(&cloud, last), "UNKNOWN", "and nobody takes it up");
    assert_eq!(running(&cloud, 200), moved);
    let six = storm(Version::V6_10, 200);
    six.pause(seconds(900));
    assert_eq!(running(&six, 200), 200, "6.10 is slow, and gets there");
}

fn group(cloud: &mut Cloud, policy: GroupPolicy, host_affined: Vec<HostId>) -> GroupId {
    let role =
        Role { name: "all".to_owned(), policy, vms: Vec::new(), host_affined, host_anti_affined: Vec::new() };
    cloud.add_vm_group(&VmGroup {
        id: GroupId(0),
        name: "group".to_owned(),
        roles: vec![role],
        affined: Vec::new(),
        anti_affined: Vec::new(),
    })
}

/// Two members of this group on the dead host of four, with this requirement.
fn members(policy: GroupPolicy, host_affined: Vec<HostId>, requirement: &str) -> SimTransport {
    let mut cloud = Cloud::new(Version::V7_5);
    let hosts: Vec<_> = (0..4).map(|at| cloud.add_host(HostSpec::new(&format!("node{at}")))).collect();
    let group = group(&mut cloud, policy, host_affined);
    for _ in 0..2 {
        let mut vm = VmSpec::new("vm", hosts[0]).with("SCHED_REQUIREMENTS", requirement);
        vm.group = Some((group, "all".to_owned()));
        cloud.add_vm(vm);
    }
    cloud.host_dies(hosts[0], Death::PowerLoss);
    let cloud = SimTransport::new(Arc::new(Mutex::new(cloud)));
    cloud.pause(seconds(240));
    (0..2).for_each(|vm| resched(&cloud, vm));
    cloud.pause(seconds(120));
    cloud
}

fn hosts(cloud: &SimTransport) -> Vec<u32> {
    (0..2).map(|vm| cloud.cloud().vm_host(VmId(vm)).unwrap().0).collect()
}

#[test]
fn an_affined_set_that_was_wholly_on_the_dead_host_waits_for_ever_until_one_is_moved_by_hand() {
    let cloud = members(GroupPolicy::Affined, Vec::new(), "");
    assert_eq!((state(&cloud, 0), hosts(&cloud)), ("UNKNOWN".to_owned(), vec![0, 0]));
    migrate(&cloud, VmId(0), HostId(2)).unwrap();
    cloud.pause(seconds(60));
    assert_eq!(hosts(&cloud), [2, 2]);
}

#[test]
fn the_scheduler_keeps_roles_hosts_and_requirements() {
    let apart = hosts(&members(GroupPolicy::AntiAffined, Vec::new(), ""));
    assert!(apart[0] != apart[1] && !apart.contains(&0), "{apart:?}");
    assert_eq!(hosts(&members(GroupPolicy::None, vec![HostId(3)], "")), [3, 3]);
    assert_eq!(hosts(&members(GroupPolicy::None, Vec::new(), "NAME = \"node2\"")), [2, 2]);
    assert_eq!(
        hosts(&members(GroupPolicy::AntiAffined, vec![HostId(3)], "")).iter().filter(|at| **at == 3).count(),
        1
    );
    assert_eq!(hosts(&members(GroupPolicy::None, Vec::new(), "ID = 0")), [0, 0], "pinned to the dead host");
}

/// How a VM ends that is migrated off the dead host.
fn after(version: Version, tm_mad: &str, was: VmState, tm_mad_system: Option<&str>) -> String {
    let mut cloud = Cloud::new(version);
    for at in 0..2 {
        cloud.add_host(HostSpec::new(&format!("node{at}")));
    }
    let mut vm = VmSpec::new("vm", HostId(0)).in_state(was);
    vm.datastore = cloud.add_datastore(DatastoreSpec::system("system", tm_mad));
    vm.disks =
        vec![DiskSpec { tm_mad_system: tm_mad_system.map(str::to_owned), ..DiskSpec::image(DatastoreId(1)) }];
    cloud.add_vm(vm);
    cloud.host_dies(HostId(0), Death::PowerLoss);
    let cloud = SimTransport::new(Arc::new(Mutex::new(cloud)));
    cloud.pause(seconds(240));
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    cloud.pause(seconds(60));
    state(&cloud, 0)
}

#[test]
fn drivers_without_their_source() {
    use Version::{V5_12, V6_0, V6_4, V6_10, V7_0, V7_5};
    let unknown_failed = "PROLOG_MIGRATE_UNKNOWN_FAILURE";
    for (version, tm_mad, ends) in [
        (V7_5, "shared", "RUNNING"),
        (V7_5, "qcow2", "RUNNING"),
        (V7_5, "ceph", "RUNNING"),
        (V7_5, "ssh", "BOOT_FAILURE"),
        (V7_5, "local", "BOOT_FAILURE"),
        (V6_4, "fs_lvm", "RUNNING"),
        (V6_0, "fs_lvm", unknown_failed),
        (V7_0, "fs_lvm_ssh", "RUNNING"),
        (V6_10, "fs_lvm_ssh", "BOOT_FAILURE"),
        (V5_12, "fs_lvm_ssh", unknown_failed),
        (V7_5, "lvm", "RUNNING"),
    ] {
        assert_eq!(after(version, tm_mad, VmState::RUNNING, None), ends, "{version} {tm_mad}");
    }
    assert_eq!(after(V7_5, "ceph", VmState::RUNNING, Some("ssh")), "BOOT_FAILURE");
    for (tm_mad, ends) in [
        ("shared", "POWEROFF"),
        ("ceph", "PROLOG_MIGRATE_POWEROFF_FAILURE"),
        ("lvm", "PROLOG_MIGRATE_POWEROFF_FAILURE"),
        ("fs_lvm", "PROLOG_MIGRATE_POWEROFF_FAILURE"),
        ("ssh", "PROLOG_MIGRATE_POWEROFF_FAILURE"),
    ] {
        assert_eq!(after(V7_5, tm_mad, VmState::Poweroff, None), ends, "{tm_mad}");
    }
    assert_eq!(after(V7_5, "ceph", VmState::Suspended, None), "PROLOG_MIGRATE_SUSPEND_FAILURE");
}
