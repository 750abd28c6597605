//! The whole procedure with our Redfish driver: the real `host_error`, a cloud on a loopback port, and a
//! controller that answers whatever a test wants. VMs move if, and only if, it says off as often as it must.

use super::bay::{Bay, PASSWORD};
use super::bmc::{Answer, Bmc, UUID, system};
use super::certificates;
use super::lab::Lab;
use super::rig::{Ended, Rig};
use crate::hooks::bench::HOST_ERROR;
use onerescue::model::{HostId, VmId, VmState};
use onerescue::sim::Power;
use std::process::Command;
use std::time::Instant;

/// node0 hangs with power, and its controller is this one.
struct Stage {
    rig: Rig,
    bmc: Bmc,
    /// It has the certificates.
    _bay: Bay,
}

/// `powers` is what the controller says about the power, by how often it was told to switch off, and how
/// often it was asked since then. What it answers to an order is `order`, a status; the power goes first.
fn stage(rules: &str, order: u16, powers: fn(usize, usize) -> &'static str) -> Stage {
    stage_with("", rules, order, powers)
}

/// The same, with one more line of the device.
fn stage_with(
    line: &'static str,
    rules: &str,
    order: u16,
    powers: fn(usize, usize) -> &'static str,
) -> Stage {
    let bay = Bay::new("/redfish/v1/Systems/1", ("uuid", UUID)).trusting("ca.pem").saying(line);
    certificates::authority(bay.folder(), "ca");
    certificates::signed(bay.folder(), "127.0.0.1");
    let rig = Rig::new(Lab::without_controller());
    let switch = rig.lab.path("powered_off");
    let told = std::sync::Mutex::new((0, 0));
    let bmc = Bmc::start(bay.folder(), move |request, _| {
        let mut told = told.lock().unwrap();
        if request.line.starts_with("POST") {
            assert!(Command::new(&switch).status().unwrap().success());
            *told = (told.0 + 1, 0);
            return Answer::Json(order, String::new());
        }
        told.1 += 1;
        Answer::Json(200, system(powers(told.0, told.1)))
    });
    rig.bench.settings(&format!("{rules}{}", bay.devices(&format!("https://{}", bmc.address))));
    Stage { rig, bmc, _bay: bay }
}

fn recover(stage: &Stage) -> Ended {
    let ended = stage.rig.end(Instant::now(), stage.rig.start(&[HOST_ERROR], " -m -p 0"));
    assert!(!ended.said.contains(PASSWORD), "{}", ended.said);
    ended
}

/// Every VM runs elsewhere, and none was started while the host had power.
fn recovered(stage: &Stage, ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(stage.rig.bench.power(), Power::Off);
    let cloud = stage.rig.bench.cloud.lock().unwrap();
    for vm in [0, 1, 2].map(VmId) {
        assert_eq!(cloud.vm_state(vm), Some(VmState::RUNNING));
        assert_ne!(cloud.vm_host(vm), Some(HostId(0)));
    }
    assert_eq!(cloud.breaches(), []);
}

#[test]
fn row_04_a_conflict_after_which_the_machine_is_off_is_a_fence() {
    let stage = stage("", 409, |orders, _| if orders == 0 { "\"On\"" } else { "\"Off\"" });
    let ended = recover(&stage);
    recovered(&stage, &ended);
    assert!(ended.said.contains("HTTP status 409"), "{}", ended.said);
    assert_eq!(stage.bmc.orders(), 1);
}

/// One look that says on makes the two before it worthless.
#[test]
fn row_15_after_an_on_the_looks_are_counted_anew() {
    let stage = stage("", 204, |orders, looks| match (orders, looks) {
        (0, _) | (1, 3) => "\"On\"",
        _ => "\"Off\"",
    });
    let ended = recover(&stage);
    recovered(&stage, &ended);
    let lines = stage.bmc.lines();
    let order = lines.iter().position(|line| line.starts_with("POST")).unwrap();
    // Off, Off, On, and then at least three times Off.
    let since = lines[order..].iter().filter(|line| line.starts_with("GET")).count();
    assert!(since >= 6, "{lines:?}");
}

#[test]
fn row_17_a_power_state_that_is_no_answer_moves_no_vm() {
    let stage = stage("attempts = 1\npatience = \"0s\"\n", 204, |orders, _| match orders {
        0 => "\"On\"",
        _ => "\"PoweringOff\"",
    });
    let ended = recover(&stage);
    stage.rig.refused(&ended, "its PowerState is PoweringOff");
}

/// A controller that has restarted says off of a machine that runs, until it is told something.
#[test]
fn row_61_a_controller_that_has_restarted_is_told_all_the_same_where_the_settings_say_so() {
    let stage = stage_with("off_anyway = true", "", 204, |_, _| "\"Off\"");
    let ended = recover(&stage);
    recovered(&stage, &ended);
    assert_eq!(stage.bmc.orders(), 1);
    let lines = stage.bmc.lines();
    let order = lines.iter().position(|line| line.starts_with("POST")).unwrap();
    let asked = |lines: &[String]| lines.iter().filter(|line| line.starts_with("GET")).count();
    // Before the order, and once more with it; at least three times since.
    assert!(asked(&lines[..order]) >= 2 && asked(&lines[order..]) >= 3, "{lines:?}");
    assert!(ended.said.contains("may say so of a machine that runs (`off_anyway`)"), "{}", ended.said);
}

/// That is the price without the setting: what it says is believed, as any device is.
#[test]
fn row_61_without_the_setting_its_off_is_believed() {
    let stage = stage("", 204, |_, _| "\"Off\"");
    let ended = recover(&stage);
    assert_eq!((ended.code, stage.bmc.orders()), (Some(0), 0), "{}", ended.said);
    assert_eq!(stage.rig.bench.power(), Power::On);
    assert_ne!(stage.rig.bench.cloud.lock().unwrap().breaches(), []);
}

#[test]
fn row_61_a_machine_that_is_off_and_whose_controller_refuses_is_told_once() {
    let stage = stage_with("off_anyway = true", "", 409, |_, _| "\"Off\"");
    let ended = recover(&stage);
    recovered(&stage, &ended);
    assert!(ended.said.contains("HTTP status 409"), "{}", ended.said);
    assert_eq!(stage.bmc.orders(), 1);
}
