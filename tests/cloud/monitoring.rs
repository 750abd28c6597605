//! Monitoring: hosts that die, return or only seem to, and what that does to their VMs.

use super::*;
use onerescue::model::{HostId, HostState, LcmState, VmId, VmState};
use onerescue::sim::{Change, Death, Version, VmSpec};
use onerescue::world::oned::Transport as _;
use std::time::Duration;

#[test]
fn a_dead_host_turns_error_and_its_running_vms_unknown() {
    let cloud = small(Version::V7_5);
    let off = cloud.cloud().add_vm(VmSpec::new("off", HostId(0)).in_state(VmState::Poweroff));
    let plugging = VmSpec::new("plug", HostId(0)).in_state(VmState::Active(LcmState::HotplugNic));
    let plugging = cloud.cloud().add_vm(plugging);
    // Quicker than the driver's time-out, which else comes first and makes it RUNNING, then UNKNOWN.
    cloud.cloud().timings.detection = seconds(10);
    cloud.cloud().host_dies(HostId(0), Death::PowerLoss);
    cloud.pause(seconds(9));
    assert_eq!(host_state(&cloud, 0), HostState::Monitored);
    ask(&cloud, "one.vm.action", &[text("resched"), int(0)]).unwrap();
    cloud.pause(seconds(1));
    assert_eq!((host_state(&cloud, 0), state(&cloud, 0).as_str()), (HostState::Error, "RUNNING"));
    cloud.pause(seconds(5));
    assert_eq!(state(&cloud, 0), "UNKNOWN");
    assert_eq!(document(&cloud, "one.vm.info", 0).text_of("RESCHED"), Some("0"), "a flag set early is lost");
    assert_eq!([state(&cloud, off.0), state(&cloud, plugging.0)], ["POWEROFF", "HOTPLUG_NIC"]);
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
    assert_eq!(changes.last().unwrap().change, Change::Host(HostId(0), HostState::Error));
}

#[test]
fn a_false_alarm_and_a_migration_are_a_double_start_too() {
    let cloud = small(Version::V7_5);
    cloud.cloud().monitoring_fails(HostId(0), "Error executing monitor_ds.rb: exit 1");
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
    assert_eq!((template.text_of("ZOMBIES"), template.text_of("ERROR")), (Some("0"), None));
}

#[test]
fn a_host_that_returns_empty_leaves_its_vms_powered_off_by_monitoring() {
    let cloud = dead(Version::V7_5, Death::PowerLoss);
    cloud.cloud().power_on(HostId(0));
    cloud.pause(seconds(31));
    assert_eq!((host_state(&cloud, 0), state(&cloud, 0).as_str()), (HostState::Monitored, "UNKNOWN"));
    cloud.pause(seconds(31));
    assert_eq!(state(&cloud, 0), "POWEROFF");
    let records = document(&cloud, "one.vm.info", 0);
    let record = records.child("HISTORY_RECORDS").unwrap().child("HISTORY").unwrap();
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
    assert_eq!((state(&cloud, 0), action(0)), ("POWEROFF".to_owned(), "44".to_owned()));
    ask(&cloud, "one.vm.action", &[text("resume"), int(0)]).unwrap();
    cloud.pause(seconds(5));
    ask(&cloud, "one.vm.action", &[text("poweroff-hard"), int(0)]).unwrap();
    cloud.pause(seconds(5));
    assert_eq!((state(&cloud, 0), action(0)), ("POWEROFF".to_owned(), "20".to_owned()));
}

/// oned itself does nothing with these at the host's ERROR; the driver's time-out decides.
#[test]
fn what_was_under_way_on_a_dead_host_ends_as_its_driver_fails() {
    use LcmState as L;
    for (under_way, end) in [
        (L::Prolog, "PROLOG_FAILURE"),
        (L::Boot, "BOOT_FAILURE"),
        (L::BootPoweroff, "POWEROFF"),
        (L::BootSuspended, "SUSPENDED"),
        (L::BootUnknown, "UNKNOWN"),
        (L::SaveStop, "RUNNING"),
        (L::SaveSuspend, "RUNNING"),
        (L::Shutdown, "RUNNING"),
        (L::ShutdownPoweroff, "RUNNING"),
        (L::ShutdownUndeploy, "RUNNING"),
        (L::Epilog, "EPILOG_FAILURE"),
        (L::EpilogStop, "EPILOG_STOP_FAILURE"),
        (L::HotplugSnapshot, "RUNNING"),
        (L::DiskResize, "RUNNING"),
        (L::Backup, "RUNNING"),
        (L::BackupPoweroff, "POWEROFF"),
        (L::DiskSnapshotSuspended, "SUSPENDED"),
    ] {
        let cloud = small(Version::V7_5);
        let vm = cloud.cloud().add_vm(VmSpec::new("vm", HostId(0)).in_state(VmState::Active(under_way)));
        cloud.cloud().timings.detection = seconds(10);
        cloud.cloud().host_dies(HostId(0), Death::PowerLoss);
        cloud.pause(seconds(29));
        assert_eq!(state(&cloud, vm.0), under_way.to_string());
        cloud.pause(seconds(60));
        assert_eq!(state(&cloud, vm.0), end, "{under_way}");
    }
}

#[test]
fn a_disabled_host_dies_without_an_event_and_enabling_it_hides_that() {
    let cloud = small(Version::V7_5);
    ask(&cloud, "one.host.status", &[int(0), int(1)]).unwrap();
    cloud.cloud().host_dies(HostId(0), Death::PowerLoss);
    cloud.pause(seconds(220));
    assert_eq!((host_state(&cloud, 0), state(&cloud, 0).as_str()), (HostState::Disabled, "UNKNOWN"));
    ask(&cloud, "one.host.status", &[int(0), int(0)]).unwrap();
    assert_eq!(host_state(&cloud, 0), HostState::Monitored, "without a probe");
    cloud.pause(seconds(200));
    assert_eq!(host_state(&cloud, 0), HostState::Error);
    // Enabling it once more makes a second event of the same outage.
    ask(&cloud, "one.host.status", &[int(0), int(0)]).unwrap();
    assert_eq!(host_state(&cloud, 0), HostState::Init);
    cloud.pause(seconds(20));
    let error = Change::Host(HostId(0), HostState::Error);
    let events = cloud.cloud().happenings().iter().filter(|happening| happening.change == error).count();
    assert_eq!((host_state(&cloud, 0), events), (HostState::Error, 2));
}
