//! Drivers that fail, `one.vm.recover` and the scheduler.

use super::*;
use onerescue::model::{GroupId, GroupPolicy, HostId, Role, VmGroup, VmId, VmState};
use onerescue::sim::{Death, Driver, Stage, Version, VmSpec};
use onerescue::world::oned::Transport as _;

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
    cloud.cloud().set_driver(VmId(0), Stage::Boot, Driver::FailsTimes(1));
    migrate(&cloud, VmId(0), HostId(1)).unwrap();
    cloud.pause(seconds(5));
    let vm = document(&cloud, "one.vm.info", 0);
    assert!(vm.child("USER_TEMPLATE").unwrap().text_of("ERROR").unwrap().contains("Error deploying"));
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
fn recreate_is_stuck_on_a_dead_host_until_it_is_asked_again() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    recover(&cloud, VmId(0), 4).unwrap();
    cloud.pause(seconds(60));
    assert_eq!(state(&cloud, 0), "CLEANUP_RESUBMIT");
    recover(&cloud, VmId(0), 4).unwrap();
    assert_eq!(state(&cloud, 0), "PENDING");
    cloud.pause(seconds(20));
    assert_eq!((state(&cloud, 0).as_str(), cloud.cloud().vm_host(VmId(0))), ("RUNNING", Some(HostId(1))));
    let patient = dead(Version::V7_5, Death::PowerLoss);
    recover(&patient, VmId(0), 4).unwrap();
    patient.pause(seconds(320));
    assert_eq!(state(&patient, 0), "RUNNING", "the driver gives up by itself");
}

#[test]
fn recreate_of_a_stopped_vm_came_with_6_10() {
    for (version, allowed) in [(Version::V6_4, false), (Version::V6_10, true)] {
        let cloud = small(version);
        let off = cloud.cloud().add_vm(VmSpec::new("off", HostId(0)).in_state(VmState::Poweroff));
        assert_eq!(recover(&cloud, off, 4).is_ok(), allowed);
    }
}

#[test]
fn delete_is_done_at_once() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    recover(&cloud, VmId(0), 3).unwrap();
    assert_eq!(state(&cloud, 0), "DONE");
    assert_eq!(document(&cloud, "one.host.info", 0).child("VMS").unwrap().children.len(), 0);
    assert_eq!(recover(&cloud, VmId(0), 3).unwrap_err().0, 2048);
}

#[test]
fn the_scheduler_keeps_apart_what_must_not_share_a_host() {
    let cloud = small(Version::V7_5);
    let group = VmGroup {
        id: GroupId(0),
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
    assert_eq!((state(&cloud, 1).as_str(), cloud.cloud().vm_host(VmId(1))), ("RUNNING", Some(HostId(2))));
    let members = || {
        let group = document(&cloud, "one.vmgroup.info", group.0);
        let role = group.child("ROLES").unwrap().child("ROLE").unwrap();
        role.text_of("VMS").map(str::to_owned)
    };
    assert_eq!(members().as_deref(), Some("1,2"));
    recover(&cloud, VmId(1), 3).unwrap();
    assert_eq!(members().as_deref(), Some("2"), "a deleted VM leaves its group");
}
