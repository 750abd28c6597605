//! `onerescue evacuate` as an operator starts it, and killed at any moment: each VM ends where it should, and none is moved
//! twice.

use super::bench::{Bench, err, out};
use super::kills::{self, Dice, killed_after};
use onerescue::model::{HostId, HostState, LcmState, VmId, VmState};
use onerescue::sim::Change;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const ONERESCUE: &str = env!("CARGO_BIN_EXE_onerescue");
const VMS: u32 = 6;
const LIVES: &str = r#"
title = "node0 lives"
call = "-m"
host = "node0"
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }]
vms = [{ name = "web", host = "node0", count = 6 }]
"#;
const CALL: [&str; 4] = ["evacuate", "node0", "--reason", "firmware"];
const KILLS: usize = 50;
/// Starts until a run ends by itself.
const MOST_STARTS: usize = 500;

fn bench() -> Bench {
    let bench = Bench::jumping(LIVES, Duration::from_millis(400));
    bench.settings("[evacuate]\nparallel = 1\n[settle]\ndeadline = \"1s\"\n");
    bench
}

/// Each VM's state and host, and the state of node0.
type State = (Vec<(Option<VmState>, Option<HostId>)>, Option<HostState>);

fn state(bench: &Bench) -> State {
    let cloud = bench.cloud.lock().unwrap();
    let vms = (0..VMS).map(VmId).map(|vm| (cloud.vm_state(vm), cloud.vm_host(vm))).collect();
    (vms, cloud.host_state(HostId(0)))
}

/// Every VM runs, once, on another host, and has left node0 once.
fn is_empty(bench: &Bench, story: &str) {
    let (vms, host) = state(bench);
    assert_eq!(host, Some(HostState::Disabled), "{story}");
    let cloud = bench.cloud.lock().unwrap();
    assert_eq!(cloud.breaches(), [], "{story}");
    let mut migrations: BTreeMap<VmId, usize> = BTreeMap::new();
    for happening in cloud.happenings() {
        if let Change::Vm(vm, VmState::Active(LcmState::Migrate), _) = happening.change {
            *migrations.entry(vm).or_default() += 1;
        }
    }
    for (vm, (state, at)) in (0..VMS).map(VmId).zip(vms) {
        assert_eq!(state, Some(VmState::RUNNING), "{story}: {vm}");
        assert_eq!(cloud.domain_hosts(vm), Vec::from_iter(at), "{story}: {vm}");
        assert_ne!(at, Some(HostId(0)), "{story}: {vm}");
        assert_eq!(migrations.get(&vm), Some(&1), "{story}: {vm} was moved twice");
    }
}

#[test]
fn a_host_is_emptied_and_a_rehearsal_says_how() {
    let bench = bench();
    let rehearsed = bench.run(ONERESCUE, &[&CALL[..], &["--dry-run", "--json"]].concat(), "");
    assert_eq!(rehearsed.status.code(), Some(0), "{}", err(&rehearsed));
    let json: serde_json::Value = serde_json::from_str(&out(&rehearsed)).unwrap();
    assert_eq!(json["vms"].as_array().unwrap().len(), 6);
    assert!(json["vms"].as_array().unwrap().iter().all(|vm| vm["fate"] == "planned"), "{json}");
    assert_eq!(state(&bench).1, Some(HostState::Monitored));
    let output = bench.run(ONERESCUE, &CALL, "");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("6 VMs: 6 moved"), "{}", out(&output));
    is_empty(&bench, "undisturbed");
    let history = out(&bench.run(ONERESCUE, &["history"], ""));
    assert!(history.contains("evacuation"), "{history}");
}

#[test]
fn what_was_moved_goes_back_when_the_host_is_restored() {
    let bench = Bench::jumping(LIVES, Duration::from_secs(3));
    bench.settings("[host_back]\nstable = \"1s\"\n");
    let emptied = bench.run(ONERESCUE, &CALL, "");
    assert_eq!(emptied.status.code(), Some(0), "{}{}", out(&emptied), err(&emptied));
    is_empty(&bench, "before");
    let output = bench.run(ONERESCUE, &["restore", "node0"], "");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("brought back"), "{}", out(&output));
    let (vms, host) = state(&bench);
    assert_eq!(host, Some(HostState::Monitored));
    assert!(vms.iter().all(|vm| *vm == (Some(VmState::RUNNING), Some(HostId(0)))), "{vms:?}");
    let again = bench.run(ONERESCUE, &["restore", "node0"], "");
    assert!(out(&again).contains("nothing to do"), "{}", out(&again));
}

#[test]
fn what_is_not_said_right_is_refused_and_nothing_is_touched() {
    let bench = bench();
    for (words, code) in [
        (&["evacuate", "node0"][..], 2),
        (&["evacuate", "nowhere", "--reason", "x"], 2),
        (&["evacuate", "node0", "--reason", ""], 2),
    ] {
        let output = bench.run(ONERESCUE, words, "");
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", err(&output));
    }
    assert_eq!(state(&bench).1, Some(HostState::Monitored));
}

/// Kill and start again until a run ends by itself; how often it was killed.
fn evacuation(seed: u64, length: Duration) -> usize {
    let (bench, mut dice, mut kills) = (bench(), Dice(seed), 0);
    for _ in 0..MOST_STARTS {
        let Some(output) = killed_after(&bench, ONERESCUE, &CALL, dice.within(length)) else {
            kills += 1;
            continue;
        };
        let story = format!("seed {seed} after {kills} kills");
        assert_eq!(output.status.code(), Some(0), "{story}: {}{}", out(&output), err(&output));
        is_empty(&bench, &story);
        return kills;
    }
    panic!("seed {seed}: no end after {MOST_STARTS} starts and {kills} kills: {}", bench.log());
}

#[test]
fn killed_fifty_times_each_vm_is_moved_once() {
    let calm = bench();
    let began = Instant::now();
    let output = calm.run(ONERESCUE, &CALL, "");
    let length = began.elapsed();
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    is_empty(&calm, "undisturbed");
    kills::until(KILLS, |seed| evacuation(seed, length));
}
