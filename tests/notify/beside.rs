//! A run starts the sender beside itself and goes on; `reconcile` starts it for what nobody has told.

use super::lab::{Lab, ONERESCUE, held, said};
use crate::fence_real::processes::{kill, within};
use crate::hooks::bench::HOST_ERROR;
use std::fs;
use std::time::{Duration, Instant};

const CALL: [&str; 5] = ["--host", "node0", "-m", "-p", "0"];

fn lines(lab: &Lab, name: &str) -> Vec<String> {
    fs::read_to_string(lab.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn a_run_has_its_changes_told_while_it_goes_on() {
    let lab = Lab::new();
    lab.notify();
    let output = lab.bench.run(HOST_ERROR, &CALL, "");
    assert_eq!(output.status.code(), Some(1), "{:?}", said(&output));
    let told = || lab.changes().into_iter().map(|(_, event, _)| event).collect::<Vec<_>>();
    // The locked VM is held, so it needs somebody.
    let last = within(Duration::from_secs(30), || told().last().is_some_and(|event| event == "needs_you"));
    assert!(last, "{:?}\n{}", told(), lab.bench.log());
    // A quick one may be over before anybody could be told of its begin.
    assert!(
        [&["opened", "needs_you"][..], &["needs_you"]]
            .contains(&told().iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
        "{:?}",
        told()
    );
    assert_eq!(lab.notify().0, Some(0));
    let got = lab.got();
    let vms = &got.last().unwrap()["changes"][0]["vms"];
    assert_eq!((&vms["recovered"], &vms["held"]), (&2.into(), &1.into()));
}

/// Its receiver hangs, and the run is over long before that is ended.
#[test]
fn a_run_waits_for_no_receiver_and_leaves_it_nothing_of_its_own() {
    let lab = Lab::new();
    lab.notify();
    let text = "#!/bin/sh\necho $PPID >>\"$0.sender\"\nreadlink /proc/$PPID/fd/* >>\"$0.files\"\n\
                ps -o sid= -p $PPID >>\"$0.session\"\ncat /proc/locks >/dev/null\nsleep 60\n";
    lab.program("take", text);
    lab.settings(&lab.ops("timeout = \"60s\""));
    let began = Instant::now();
    // Whoever starts the run has a file open, which may be a lock.
    let theirs = lab.path("theirs").display().to_string();
    let call = [&["-c", "exec 7>\"$0\" 12>\"$0\" && exec \"$@\"", &theirs, HOST_ERROR], &CALL[..]].concat();
    let output = lab.bench.run("/bin/bash", &call, "");
    assert_eq!(output.status.code(), Some(1), "{:?}", said(&output));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(within(Duration::from_secs(20), || !lines(&lab, "take.session").is_empty()));
    let sender = lines(&lab, "take.sender")[0].clone();
    assert_eq!(lines(&lab, "take.session")[0].trim(), sender, "a session of its own");
    let files = lines(&lab, "take.files");
    let foreign = |file: &&String| {
        let own = [
            "/dev/null",
            "host_error.log",
            "onerescue-notify.lock",
            "pipe:",
            "socket:",
            "anon_inode:",
            "/proc/",
        ];
        !own.iter().any(|own| file.contains(own))
    };
    assert_eq!(files.iter().filter(foreign).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(files.iter().filter(|file| *file == "/dev/null").count(), 3, "{files:?}");
    // Whoever waits for the output of the run has had its end.
    assert!(fs::metadata(format!("/proc/{sender}")).is_ok(), "the sender is still at it");
    assert!(kill("TERM", &sender));
}

#[test]
fn without_receivers_a_run_starts_nothing() {
    let lab = Lab::with(|_| String::new());
    assert_eq!(lab.bench.run(HOST_ERROR, &CALL, "").status.code(), Some(1));
    assert_eq!(lab.run(&["reconcile"]).status.code(), Some(0));
    assert!(!lab.path("onerescue-notify.lock").exists() && !lab.bench.log().contains("notify"));
    assert_eq!(lab.notices(), []);
}

#[test]
fn reconcile_has_told_what_nobody_has_told() {
    let lab = Lab::new();
    lab.notify();
    lab.remember(held(7, "node7", "a storm"));
    let dry = lab.run(&["reconcile", "--dry-run"]);
    assert_eq!((dry.status.code(), lab.got().len()), (Some(0), 0), "{:?}", said(&dry));
    let output = lab.bench.run(ONERESCUE, &["reconcile"], "");
    assert!(
        within(Duration::from_secs(20), || lab
            .got()
            .iter()
            .any(|got| got["subject"].as_str().unwrap().contains("node7"))),
        "{:?}",
        said(&output)
    );
    // It has waited for its sender: systemd would end that with it.
    assert!(lab.changes().iter().any(|(_, event, _)| event == "held"), "{:?}", lab.changes());
}
