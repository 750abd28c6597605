//! Fencing with the real components: `fence_ipmilan` and `ipmitool` against `ipmi_sim`, which kills a real
//! process group that stands for the host; our Redfish driver and `fence_redfish` against `sushy-emulator`, and
//! against a controller that lies; `fence_apc_snmp` against `snmpd`. A test is named after its row of the fencing
//! matrix, `MATRIX.md` beside it.
//!
//! Needs Debian's `fence-agents`, `ipmitool`, `openipmi`, `snmp`, `snmpd` and `openssl`; fails without them. Without
//! `sushy-emulator` in `tests/.venv` it says what is not checked.

pub(crate) mod bay;
pub(crate) mod bmc;
pub(crate) mod certificates;
mod kdump;
pub(crate) mod lab;
mod outlets;
mod pdu;
mod procedure;
pub(crate) mod processes;
mod redfish;
mod redfish_procedure;
mod redfish_trust;
mod rig;
mod secrets;
mod sushy;
pub(crate) mod sushy_lab;

use lab::{Lab, host, off, status, unknown};
use onerescue::model::PowerState;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

#[test]
fn rows_01_03_off_kills_the_process_group_and_may_be_said_again() {
    let lab = Lab::start(1);
    let fence = lab.fence("30s");
    assert_eq!(fence.plan(&host()).unwrap().len(), 1);
    assert_eq!(status(&fence), PowerState::On);
    assert!(lab.machine_runs());
    assert_eq!(off(&fence), Ok(()));
    assert_eq!(status(&fence), PowerState::Off);
    assert!(!lab.machine_runs());
    assert_eq!(off(&fence), Ok(()));
    assert_eq!(lab.orders(), 1);
}

#[test]
fn row_05_a_wrong_password_proves_nothing() {
    let lab = Lab::start(5);
    lab.set_secret("not-the-password");
    let fence = lab.fence("30s");
    let why = off(&fence).unwrap_err();
    assert!(!why.contains("not-the-password"), "{why}");
    unknown(status(&fence));
    assert!(lab.machine_runs());
    assert_eq!(lab.orders(), 0);
}

#[test]
fn row_11_a_status_that_cannot_be_read_is_unknown() {
    let lab = Lab::start(11);
    lab.fault("unreadable");
    let fence = lab.fence("30s");
    assert!(off(&fence).is_err());
    unknown(status(&fence));
    assert!(lab.machine_runs());
}

#[test]
fn row_40_an_agent_that_cannot_be_started_is_named_and_never_off() {
    let lab = Lab::without_controller();
    let fence = lab.fence_with("fence_test", &lab.path(""), "5s");
    assert!(unknown(status(&fence)).contains("there is no program fence_test"));
    assert!(fence.plan(&host()).is_err());

    let agent = lab.install("fence_test", "#!/bin/sh\necho Status: OFF\nexit 2\n");
    assert_eq!(status(&fence), PowerState::Off);
    for mode in [0o644, 0o777] {
        fs::set_permissions(&agent, fs::Permissions::from_mode(mode)).unwrap();
        assert!(unknown(status(&fence)).contains("fence_test cannot be started"));
        assert!(fence.plan(&host()).is_err());
    }
}

#[test]
fn row_42_an_agent_that_says_nothing_proves_nothing() {
    let lab = Lab::without_controller();
    let fence = lab.fence_with("fence_test", &lab.path(""), "10s");
    for end in ["exit 0", "exit 2", "exit 139", "kill -SEGV $$", "exec /nonexistent"] {
        lab.install("fence_test", &format!("#!/bin/sh\n{end}\n"));
        unknown(status(&fence));
    }
    lab.install("fence_test", "#!/nonexistent/python\n");
    assert!(unknown(status(&fence)).starts_with("not started: "));
    lab.install("fence_test", "no program at all\n");
    unknown(status(&fence));
}

#[test]
fn row_44_an_agent_that_floods_proves_nothing() {
    let lab = Lab::without_controller();
    lab.install("fence_test", "#!/bin/sh\necho Status: OFF\nhead -c 100000000 /dev/urandom\nexit 2\n");
    let fence = lab.fence_with("fence_test", &lab.path(""), "60s");
    let why = unknown(status(&fence));
    assert!(why.starts_with("exit code 2, with too much output"), "{why}");
    assert!(why.chars().count() <= 200 && !why.contains(char::is_control), "{why}");
}

#[test]
fn row_56_twelve_hosts_are_fenced_at_the_same_time() {
    let labs: Vec<_> = (100..112).map(Lab::start).collect();
    thread::scope(|scope| {
        for lab in &labs {
            scope.spawn(|| {
                let fence = lab.fence("60s");
                assert_eq!(off(&fence), Ok(()));
                assert_eq!(status(&fence), PowerState::Off);
            });
        }
    });
    assert!(!labs.iter().any(Lab::machine_runs));
}

#[test]
fn the_real_agent_is_asked_for_its_parameters_before_anything_happens() {
    let lab = Lab::start(57);
    assert!(lab.fence("30s").plan(&host()).is_ok());
    // This agent takes no `lanplus`.
    let error = lab.fence_with("fence_eaton_snmp", Path::new("/usr/sbin"), "30s").plan(&host());
    let error = error.unwrap_err().to_string();
    assert!(error.ends_with("/usr/sbin/fence_eaton_snmp has no parameter `cipher`"), "{error}");
    assert!(lab.machine_runs());
}
