//! What a person stops on the terminal is over: the incident ends, and neither the timer nor the same event goes on with it.

use super::bench::{Bench, DEAD_NODE0, HOST_ERROR, VM_DOWN, err, out};
use super::stopped::{until, within};
use onerescue::model::{HostId, Progress, VmId};
use onerescue::sim::Power;
use std::process::{Child, Command, Output};
use std::time::Duration;

const ONERESCUE: &str = env!("CARGO_BIN_EXE_onerescue");

fn hangs() -> String {
    DEAD_NODE0
        .replace("power_loss", "hang")
        .replace(", { name = \"locked\", host = \"node0\", lock = 1 }", "")
}

fn signal(child: Child, name: &str) -> Output {
    let arguments = ["-s", name, &child.id().to_string()];
    assert!(Command::new("kill").args(arguments).status().unwrap().success());
    let output = within("the end", move || child.wait_with_output().unwrap());
    assert_eq!(output.status.code(), Some(9), "{}", err(&output));
    output
}

fn waiting(bench: &Bench, options: &[&str]) -> Child {
    let mut child = bench.start(HOST_ERROR, &[&["--host", "node0", "-p", "50"], options].concat(), "");
    until(bench, &mut child, |log| log.contains("wait: "));
    child
}

/// Nobody goes on, for as long as it is this failure: not the timer, and not the event once more.
fn is_over(bench: &Bench) {
    let reconcile = bench.run(ONERESCUE, &["reconcile"], "");
    assert_eq!(reconcile.status.code(), Some(0), "{}", err(&reconcile));
    assert!(out(&reconcile).contains("a person has stopped it on the terminal"), "{}", out(&reconcile));
    let event = bench.run(HOST_ERROR, &["-m", "-p", "0"], &bench.template());
    assert_eq!(event.status.code(), Some(7), "{}{}", out(&event), err(&event));
    assert!(out(&event).contains("a person has stopped the recovery of this failure"), "{}", err(&event));
    assert!(err(&event).contains("`host_error --host node0 -m`"), "{}", err(&event));
    assert_eq!(bench.power(), Power::On);
    let cloud = bench.cloud.lock().unwrap();
    assert_eq!(cloud.vm_host(VmId(0)), Some(HostId(0)));
    assert!(cloud.open_incident(HostId(0)).is_none());
}

#[test]
fn ctrl_c_ends_the_incident_and_names_the_one_command_that_goes_on() {
    let bench = Bench::new(&hangs());
    let output = signal(waiting(&bench, &["-d", "-f"]), "INT");
    let said = err(&output);
    assert!(said.contains("nothing continues it by itself: \"off\" was not sent"), "{said}");
    assert!(said.contains("  do this: `host_error --host node0 -d -f` goes on"), "{said}");
    is_over(&bench);
    // The person can.
    let again = bench.run(HOST_ERROR, &["--host", "node0", "-m", "-p", "0"], "");
    assert_eq!(again.status.code(), Some(0), "{}{}", out(&again), err(&again));
    assert_eq!(bench.power(), Power::Off);
}

/// The terminal of somebody who has started it by hand is closed.
#[test]
fn a_closed_terminal_ends_it_too() {
    let bench = Bench::new(&hangs());
    signal(waiting(&bench, &["-m"]), "HUP");
    is_over(&bench);
}

/// The word is not lost where oned cannot take it: this front-end's reconcile writes it.
#[test]
fn a_person_is_heard_later_when_oned_is_away() {
    let bench = Bench::new(&hangs());
    let mut child = waiting(&bench, &["-m"]);
    let cloud = bench.cloud.lock().unwrap();
    let int = ["-s", "INT", &child.id().to_string()];
    assert!(Command::new("kill").args(int).status().unwrap().success());
    until(&bench, &mut child, |log| log.contains("trying again"));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(cloud);
    assert!(bench.cloud.lock().unwrap().open_incident(HostId(0)).is_some());
    let reconcile = bench.run(ONERESCUE, &["reconcile"], "");
    assert!(out(&reconcile).contains("says that a person has ended it"), "{}", out(&reconcile));
    is_over(&bench);
}

/// Ctrl-C while the record was only being made: the lock file says so, and that is enough. The person can go on.
#[test]
fn a_word_beside_the_lock_keeps_machines_from_beginning() {
    let bench = Bench::new(&hangs());
    let now = jiff::Timestamp::now().as_second();
    let note = bench.folder.path().join("onerescue-host-0.lock");
    std::fs::write(&note, format!("4294967295 {now} person")).unwrap();
    let event = bench.run(HOST_ERROR, &["-m", "-p", "0"], &bench.template());
    assert_eq!(event.status.code(), Some(7), "{}{}", out(&event), err(&event));
    assert!(out(&event).contains("a person has stopped the recovery"), "{}", err(&event));
    let reconcile = bench.run(ONERESCUE, &["reconcile"], "");
    assert_ne!(reconcile.status.code(), Some(1), "{}{}", out(&reconcile), err(&reconcile));
    assert_eq!(bench.power(), Power::On);
    let by_hand = bench.run(HOST_ERROR, &["--host", "node0", "-m", "-p", "0"], "");
    assert_eq!(by_hand.status.code(), Some(0), "{}{}", out(&by_hand), err(&by_hand));
    assert_eq!(bench.power(), Power::Off);
}

/// What `nohup` has it ignore stays ignored: the person wants it to go on without the terminal.
#[test]
fn nohup_is_respected() {
    let bench = Bench::new(&hangs());
    let words = [HOST_ERROR, "--host", "node0", "-m", "-p", "50"];
    let mut child = bench.start("/usr/bin/nohup", &words, "");
    until(&bench, &mut child, |log| log.contains("wait: "));
    let hang_up = ["-s", "HUP", &child.id().to_string()];
    assert!(Command::new("kill").args(hang_up).status().unwrap().success());
    // A signal that is heard is heard before one that comes later.
    let output = signal(child, "TERM");
    assert!(err(&output).contains("`onerescue reconcile` goes on"), "{}", err(&output));
    let (_, open) = bench.cloud.lock().unwrap().open_incident(HostId(0)).unwrap();
    assert_ne!(open.progress, Progress::Closed);
}

/// A run for a VM leaves no word then.
#[test]
fn a_vm_whose_run_a_person_has_stopped_is_left_alone() {
    let bench = Bench::jumping(super::down::DOWN, Duration::from_secs(1));
    bench.settings("[vm_down]\nwait_interval = \"1h\"\ncrowd_time = \"1h\"\n");
    let mut child = bench.start(VM_DOWN, &["--vm", "0"], "");
    until(&bench, &mut child, |log| log.contains("it may come back"));
    let output = signal(child, "INT");
    assert!(err(&output).contains("`vm_down --vm 0`; nothing continues it by itself"), "{}", err(&output));
    let dry = bench.run(ONERESCUE, &["reconcile", "--dry-run"], "");
    assert!(!out(&dry).contains("vm_down"), "{}", out(&dry));
}
