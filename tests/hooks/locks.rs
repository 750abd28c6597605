//! Locks of this front-end: what a fence program leaves behind holds none, the program of a run that was killed is waited
//! for, and two runs on one machine know each other, whatever their settings and their names.

use super::bench::{Bench, HOST_ERROR, err, out, write};
use onerescue::model::{HostId, VmId};
use onerescue::sim::Power;
use std::fs;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

const HANGS: &str = r#"
title = "node0 hangs with power"
call = "-m"
host = "node0"
before = ["dies node0 hang"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }]
vms = [{ name = "web", host = "node0", count = 2 }]
"#;
const CALL: [&str; 5] = ["--host", "node0", "-m", "-p", "0"];
const LIMIT: Duration = Duration::from_secs(60);

fn within(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A fence program that does this before it sends "off".
fn bench(before_off: &str) -> Bench {
    let bench = Bench::new(HANGS);
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = off ]; then\n{before_off}\nfi\nexec {} \"$1\"\n",
        bench.power_switch()
    );
    write(&bench.fence_program(), &script.replace("FOLDER", bench.folder.path().to_str().unwrap()), 0o755);
    bench
}

/// It takes two seconds, and writes down when it begins and ends.
const SLOW: &str = "echo begin >>FOLDER/offs; sleep 2; echo end >>FOLDER/offs";

fn offs(bench: &Bench) -> Vec<String> {
    let text = fs::read_to_string(bench.folder.path().join("offs")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// At most one at a time.
fn one_by_one(bench: &Bench) {
    let offs = offs(bench);
    let nested = offs.windows(2).any(|pair| pair[0] == pair[1]);
    assert!(!nested && offs.len().is_multiple_of(2), "{offs:?}");
}

fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn recovered(bench: &Bench, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}{}", out(output), err(output));
    assert_eq!(bench.power(), Power::Off);
    let cloud = bench.cloud.lock().unwrap();
    for vm in [0, 1] {
        assert_ne!(cloud.vm_host(VmId(vm)), Some(HostId(0)), "{}{}", out(output), err(output));
    }
    assert_eq!(cloud.breaches(), []);
}

#[test]
fn a_process_that_the_off_program_leaves_behind_holds_nothing() {
    let bench = bench(
        "setsid sleep 300 </dev/null >/dev/null 2>&1 &\necho $! >FOLDER/left\n\
         (setsid sh -c 'sleep 300 & exec sleep 300' </dev/null >/dev/null 2>&1 &)",
    );
    let child = bench.start(HOST_ERROR, &CALL, "");
    within("it is switched off", || bench.power() == Power::Off);
    killed(child);
    recovered(&bench, &bench.run(HOST_ERROR, &CALL, ""));
    let left = fs::read_to_string(bench.folder.path().join("left")).unwrap();
    assert!(Command::new("kill").arg(left.trim()).status().unwrap().success(), "it was left behind");
    let locks = fs::read_dir(bench.folder.path()).unwrap().flatten().map(|entry| entry.file_name());
    let locks: Vec<_> = locks.filter(|name| name.to_string_lossy().starts_with("onerescue-host")).collect();
    assert!(locks.is_empty(), "no lock file stays: {locks:?}");
}

#[test]
fn the_off_program_of_a_run_that_was_killed_is_waited_for() {
    let bench = bench(SLOW);
    let child = bench.start(HOST_ERROR, &CALL, "");
    within("it begins", || offs(&bench) == ["begin"]);
    // The program was noted when it has run for a moment.
    std::thread::sleep(Duration::from_millis(300));
    killed(child);
    let output = bench.run(HOST_ERROR, &CALL, "");
    recovered(&bench, &output);
    one_by_one(&bench);
    assert!(
        err(&output).contains("the fence program of a run that is gone, is still at work"),
        "{}",
        err(&output)
    );
}

#[test]
fn two_runs_with_other_settings_on_one_machine_know_each_other() {
    let bench = bench(SLOW);
    let first = bench.folder.path().join("onerescue.toml");
    let (second, run_dir) = (bench.folder.path().join("second.toml"), bench.folder.path().join("second"));
    let text = fs::read_to_string(&first).unwrap();
    let own = format!("run_dir = \"{}\"", bench.folder.path().display());
    assert!(text.contains(&own), "{text}");
    write(&second, &text.replace(&own, &format!("run_dir = \"{}\"", run_dir.display())), 0o600);
    let child = bench.start(HOST_ERROR, &CALL, "");
    within("it begins", || offs(&bench) == ["begin"]);
    let other = [&CALL[..], &["--config", second.to_str().unwrap()]].concat();
    let output = bench.run(HOST_ERROR, &other, "");
    let text = format!("{}{}", out(&output), err(&output));
    assert!(text.contains("another run is working on this host"), "{text}");
    assert!(!text.contains("is gone"), "{text}");
    // reconcile with the other settings leaves it alone, too.
    let reconcile = env!("CARGO_BIN_EXE_onerescue");
    let output = bench.run(reconcile, &["reconcile", "--config", second.to_str().unwrap()], "");
    assert!(!format!("{}{}", out(&output), err(&output)).contains("is gone"), "{}", out(&output));
    recovered(&bench, &child.wait_with_output().unwrap());
    assert_eq!(offs(&bench), ["begin", "end"]);
}

#[test]
fn a_stranger_who_holds_the_lock_of_a_host_keeps_nobody_from_recovering_it() {
    let bench = bench(":");
    let lock = bench.folder.path().join("onerescue-host-0.lock");
    let mut stranger =
        Command::new("flock").arg("--no-fork").arg(&lock).args(["sleep", "300"]).spawn().unwrap();
    within("it is held", || {
        Command::new("flock").arg("-n").arg(&lock).arg("true").status().unwrap().code() == Some(1)
    });
    let output = bench.run(HOST_ERROR, &CALL, "");
    recovered(&bench, &output);
    let said = format!("taken from process {} (sleep), which is no run", stranger.id());
    assert!(err(&output).contains(&said), "{}", err(&output));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_folder_that_others_may_write_keeps_no_lock() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = bench(":");
    fs::set_permissions(bench.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = bench.run(HOST_ERROR, &CALL, "");
    let text = format!("{}{}", out(&output), err(&output));
    assert!(text.contains("group or others may write it: its mode is 0777"), "{text}");
    assert!(text.contains("do this: "), "{text}");
    assert_eq!((output.status.code(), bench.power()), (Some(4), Power::On));
}
