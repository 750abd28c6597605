//! Our Redfish driver, and the agent `fence_redfish`, against a real `sushy-emulator` over TLS.

use super::bay::{in_time, off, status, why_unknown};
use super::lab::{Lab, host};
use super::processes::{eventually, processes};
use super::rig::{HUNG_NODE0, Rig};
use super::sushy_lab::{HOST1, HOST2, Sushy, off_and_seen};
use onerescue::config::{Config, Environment};
use onerescue::error::Error;
use onerescue::model::PowerState;
use std::path::Path;
use std::time::Duration;

#[test]
fn rows_02_03_off_is_seen_after_a_while_and_may_be_said_again() {
    let Some(sushy) = Sushy::start("") else { return };
    let fence = sushy.native();
    assert_eq!(fence.plan(&host()).unwrap().len(), 1);
    assert_eq!(status(&fence), PowerState::On);
    off_and_seen(&fence);
    assert_eq!(off(&fence), Ok(()));
    assert_eq!(status(&fence), PowerState::Off);
    assert_eq!(sushy.power(HOST2), PowerState::On);
}

/// The whole procedure for a machine that is off already.
#[test]
fn row_61_a_machine_that_is_off_is_told_all_the_same_where_the_settings_say_so() {
    let Some(mut sushy) = Sushy::start("") else { return };
    off_and_seen(&sushy.native());
    let orders = |sushy: &Sushy| {
        let log = std::fs::read_to_string(sushy.bay.folder().join("log")).unwrap();
        log.matches("POST ").count()
    };
    for (line, expected) in [("", 1), ("off_anyway = true", 2)] {
        sushy.bay = sushy.bay.saying(line);
        let no_power = HUNG_NODE0.replace("node0 hang\"", "node0 power_loss\"");
        let rig = Rig::with_scenario(Lab::without_controller(), &no_power);
        rig.bench.settings(&sushy.bay.devices(&sushy.url()));
        let ended = rig.recover();
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        assert!(ended.said.contains("bmc said off 3 times in a row"), "{}", ended.said);
        assert_eq!(orders(&sushy), expected, "{}", ended.said);
    }
}

#[test]
fn rows_02_03_the_agent_does_it_with_an_authority_of_its_own() {
    let Some(sushy) = Sushy::start("") else { return };
    let fence = sushy.agent("30s", &sushy.ca_file("ca_file"));
    assert_eq!(fence.plan(&host()).unwrap().len(), 1);
    assert_eq!(status(&fence), PowerState::On);
    off_and_seen(&fence);
    assert_eq!(off(&fence), Ok(()));
    assert_eq!(sushy.power(HOST1), PowerState::Off);
    assert_eq!(sushy.power(HOST2), PowerState::On);
}

#[test]
fn row_50_the_agent_does_not_believe_the_controller_without_its_authority() {
    let Some(sushy) = Sushy::start("") else { return };
    let fence = sushy.agent("30s", "");
    why_unknown(&fence);
    assert!(off(&fence).is_err());
    assert_eq!(sushy.power(HOST1), PowerState::On);
    let missing = sushy.agent("30s", "ca_file = \"/nonexistent/ca.pem\"");
    let error = missing.plan(&host()).unwrap_err().to_string();
    assert!(error.contains("the ca_file /nonexistent/ca.pem cannot be used"), "{error}");
}

#[test]
fn row_05_a_wrong_password_proves_nothing() {
    let Some(sushy) = Sushy::start("") else { return };
    crate::hooks::bench::write(&sushy.bay.folder().join("secret"), "not-the-password\n", 0o600);
    let fence = sushy.native();
    let why = why_unknown(&fence);
    assert!(why.starts_with("HTTP status 401") && !why.contains("not-the-password"), "{why}");
    assert!(off(&fence).unwrap_err().starts_with("HTTP status 401"));
}

#[test]
fn row_08_a_controller_that_accepts_and_never_answers_ends_in_time() {
    let Some(mut sushy) = Sushy::start("") else { return };
    sushy.bay = sushy.bay.ending_after("2s");
    let (native, agent) = (sushy.native(), sushy.agent("2s", &sushy.ca_file("ca_file")));
    assert_eq!(status(&native), PowerState::On);
    sushy.signal("STOP");
    assert_eq!(in_time(Duration::from_secs(4), || why_unknown(&native)), "no answer in time");
    assert_eq!(in_time(Duration::from_secs(4), || off(&native)), Err("no answer in time".to_owned()));
    let why = in_time(Duration::from_secs(8), || why_unknown(&agent));
    assert!(why.starts_with("no answer in time"), "{why}");
    // Nothing of the agent is left: its environment names this folder.
    let folder = sushy.bay.folder().display().to_string();
    assert!(eventually(|| !processes().iter().any(|process| process.environment.contains(&folder))));
    sushy.signal("CONT");
    assert!(eventually(|| status(&native) == PowerState::On));
}

#[test]
fn row_10_a_controller_that_refuses_says_so_and_the_machine_stays_on() {
    let Some(sushy) = Sushy::start("SUSHY_EMULATOR_DISABLE_POWER_OFF = True") else { return };
    let fence = sushy.native();
    let why = off(&fence).unwrap_err();
    assert!(why.starts_with("HTTP status 400: "), "{why}");
    assert_eq!(status(&fence), PowerState::On);
}

#[test]
fn row_19_another_machine_is_not_switched_off() {
    let Some(mut sushy) = Sushy::start("") else { return };
    sushy.bay = sushy.bay.with("uuid", HOST2);
    let fence = sushy.native();
    let expected =
        format!("/redfish/v1/Systems/{HOST1} is another machine: its UUID is {HOST1}, not {HOST2}");
    assert_eq!(why_unknown(&fence), expected);
    assert_eq!(off(&fence), Err(expected));
    // It would be off after eleven seconds; an order that was sent is in the log at once.
    let log = std::fs::read_to_string(sushy.bay.folder().join("log")).unwrap();
    assert!(log.contains("GET /redfish/v1/Systems") && !log.contains("POST"), "{log}");
    assert_eq!(sushy.power(HOST1), PowerState::On);
    assert_eq!(sushy.power(HOST2), PowerState::On);
}

#[test]
fn row_20_without_a_system_there_are_no_settings_and_every_machine_stays_on() {
    let Some(mut sushy) = Sushy::start("") else { return };
    sushy.bay = sushy.bay.without("system");
    let refused = |devices: &str, expected: &str| {
        let config = Config::parse(devices, Path::new("onerescue.toml"), &Environment::default());
        let Err(Error::Settings { why, .. }) = config else {
            panic!("{devices} is not refused");
        };
        assert!(why.contains(expected), "{why}");
    };
    refused(&sushy.bay.devices(&sushy.url()), "needs `system`");
    sushy.bay = sushy.bay.with("system", "/redfish/v1/Systems");
    refused(&sushy.bay.devices(&sushy.url()), "`system` is the list of all systems");
    assert_eq!(sushy.power(HOST1), PowerState::On);
    assert_eq!(sushy.power(HOST2), PowerState::On);
}
