//! `check` and `confirm-off` with a real controller: `fence_ipmilan` and `ipmitool` against `ipmi_sim`, and our Redfish driver.
//!
//! Needs Debian's `fence-agents`, `ipmitool` and `openipmi`; fails without them.

use super::bench::{Bench, HEARD, WELL, err, hosts, incident, out};
use crate::fence_real::bay::Bay;
use crate::fence_real::bmc::{Answer, Bmc, Request, UUID, system};
use crate::fence_real::certificates;
use crate::fence_real::lab::Lab;
use crate::hooks::bench::HOST_ERROR;
use onerescue::model::{DeviceName, HostId, Progress, SeenOn};
use onerescue::sim::Death;
use onerescue::wire::record::Record;
use std::process::{Command, Output};
use std::time::Duration;

/// node0 is behind this controller, the other hosts behind their simulated ones.
fn bench(lab: &Lab, witness: &str) -> Bench {
    let bench = Bench::new(WELL);
    let entries = hosts();
    let (_, others) = entries.split_once("[[host]]").unwrap().1.split_once("[[host]]").unwrap();
    let devices = lab.devices("fence_ipmilan", "30s", 4);
    let (device, entry) = devices.split_once("[[host]]").unwrap();
    let entry = format!("[[host]]\nsame_power_accepted = true{entry}");
    bench.settings(&format!("{witness}{device}"), &format!("{entry}\n[[host]]{others}"));
    bench
}

fn told(lab: &Lab, output: &Output) -> String {
    let text = format!("{}{}", out(output), err(output));
    assert!(!text.contains(&lab.password), "{text}");
    text
}

#[test]
fn row_21_a_controller_is_seen_on_before_its_off_can_count() {
    let lab = Lab::start(91);
    let bench = bench(&lab, HEARD);
    let output = bench.run(&["check"]);
    let text = told(&lab, &output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("node0 (host 0): ipmi: it says on"), "{text}");
    let seen = bench.memory().seen_on;
    let one = seen.iter().find(|seen| seen.host == HostId(0)).unwrap();
    assert_eq!(one.device, DeviceName("ipmi".to_owned()));
    assert!(
        one.target.starts_with("fence_ipmilan ") && one.target.contains("ip=127.0.10.91"),
        "{}",
        one.target
    );
    assert!(!one.target.contains(&lab.password), "{}", one.target);
    assert!(lab.machine_runs() && lab.orders() == 0, "a check only asks");

    lab.kill_machine();
    let output = bench.run(&["check", "--host", "node0"]);
    let text = told(&lab, &output);
    assert_eq!(output.status.code(), Some(8), "{text}");
    assert!(text.contains("it says off for a host that is MONITORED"), "{text}");
    assert_eq!(bench.memory().seen_on, seen, "off is no evidence");
}

#[test]
fn row_05_a_wrong_password_is_found_by_day_and_not_shown() {
    let lab = Lab::start(92);
    let bench = bench(&lab, "");
    lab.set_secret("not-the-password");
    let output = bench.run(&["check", "--host", "node0", "--json"]);
    let text = told(&lab, &output);
    assert_eq!(output.status.code(), Some(8), "{text}");
    assert!(text.contains("it gives no answer: exit code 1") && !text.contains("not-the-password"), "{text}");
}

#[test]
fn rows_26_28_30_a_word_is_taken_only_from_a_controller_that_is_silent() {
    let lab = Lab::start(93);
    let bench = bench(&lab, "");
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.host_dies(HostId(0), Death::NetworkCut);
        cloud.advance(Duration::from_secs(300));
    }
    bench.remember(&Record::Incident(Box::new(incident(0, Progress::Held))));
    let word = ["confirm-off", "node0", "--reason", "its rack has no power", "--yes"];
    let output = bench.run(&word);
    let text = told(&lab, &output);
    assert_eq!(output.status.code(), Some(7), "{text}");
    assert!(text.contains("ipmi says that node0 (host 0) is on"), "{text}");
    lab.signal_controller("KILL");
    let output = bench.run(&word);
    assert_eq!(output.status.code(), Some(0), "{}", told(&lab, &output));
    assert!(bench.memory().confirmations.len() == 1);
}

/// The controller of node0 shows the UUID of the settings with turned bytes.
#[test]
fn row_19_a_turned_uuid_is_seen_by_day_and_counts_at_night() {
    let bay = Bay::new("/redfish/v1/Systems/1", ("uuid", UUID)).trusting("ca.pem");
    certificates::authority(bay.folder(), "ca");
    certificates::signed(bay.folder(), "127.0.0.1");
    let turned = "44454c4c-3700-1042-8054-b7c04f383432";
    let answer = |_: &Request, _| Answer::Json(200, system("\"On\"").replace(UUID, turned));
    let bmc = Bmc::start(bay.folder(), answer);
    let bench = Bench::new(WELL);
    let entries = hosts();
    let (_, others) = entries.split_once("[[host]]").unwrap().1.split_once("[[host]]").unwrap();
    let devices = bay.devices(&format!("https://{}", bmc.address));
    let (device, entry) = devices.split_once("[[host]]").unwrap();
    bench.settings(device, &format!("[[host]]\nsame_power_accepted = true{entry}\n[[host]]{others}"));
    let dies = |bench: &Bench| {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.host_dies(HostId(0), Death::Hang);
        cloud.advance(Duration::from_secs(300));
    };
    // Tables break their lines.
    let said = |mut command: Command| {
        let output = command.output().unwrap();
        let text = format!("{}{}", out(&output), err(&output));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let rehearse = || {
        let mut command = bench.start_program(HOST_ERROR);
        command.args(["--host", "node0", "-m", "-p", "0", "--dry-run"]);
        said(command)
    };
    let check = || {
        let mut command = bench.start();
        command.args(["check", "--host", "node0"]);
        said(command)
    };

    let first = check();
    let as_turned = format!("it says on as {turned}, the UUID of the settings with turned bytes");
    assert!(first.contains(&as_turned), "{first}");
    let one = bench.memory().seen_on.into_iter().find(|seen| seen.host == HostId(0)).unwrap();
    assert_eq!(one.turned.as_deref(), Some(turned));
    dies(&bench);
    assert!(rehearse().contains("bmc says on"), "{}", rehearse());
    assert!(check().contains("it says on; the host is ERROR"), "{}", check());

    // What was seen before this was written down, or at another place: it counts for nothing now.
    for seen in [SeenOn { turned: None, ..one.clone() }, SeenOn { target: "elsewhere".to_owned(), ..one }] {
        bench.every_document("one.document.delete", &[]);
        bench.remember(&Record::SeenOn { devices: vec![seen] });
        assert!(rehearse().contains("that of the settings with turned bytes"), "{}", rehearse());
        assert!(check().contains("once it was seen ON so while the host was MONITORED"), "{}", check());
    }
    assert_eq!(bmc.orders(), 0);
}
