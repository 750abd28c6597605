//! `onerescue evacuate` as an operator starts it, and killed at any moment: each VM ends where it should, and none is moved
//! twice.

use super::bench::{Bench, err, out};
use onerescue::model::{HostId, HostState, LcmState, VmId, VmState};
use onerescue::sim::Change;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::process::Output;
use std::thread;
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
/// What is killed, and how many are at it at the same time; nearly all of a run is waiting.
const KILLS: usize = 50;
const AT_ONCE: u64 = 8;
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

/// Random numbers from a seed (splitmix64), the same on every machine.
struct Dice(u64);

impl Dice {
    /// A part of this time.
    fn within(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let most = u64::try_from(most.as_micros()).unwrap();
        Duration::from_micros((mixed ^ (mixed >> 31)) % most.max(1))
    }
}

/// Start it and kill it after this time; its end, if that came first.
fn killed_after(bench: &Bench, delay: Duration) -> Option<Output> {
    let mut child = bench.start(ONERESCUE, &CALL, "");
    let delay =
        Timespec { tv_sec: delay.as_secs().try_into().unwrap(), tv_nsec: delay.subsec_nanos().into() };
    // Its pipe is closed when it has ended.
    let pipe = child.stdout.as_ref().unwrap();
    let ended = poll(&mut [PollFd::new(pipe, PollFlags::empty())], Some(&delay)).unwrap() == 1;
    if !ended {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    output.status.code().is_some().then_some(output)
}

/// Kill and start again until a run ends by itself; how often it was killed.
fn evacuation(seed: u64, length: Duration) -> usize {
    let (bench, mut dice, mut kills) = (bench(), Dice(seed), 0);
    for _ in 0..MOST_STARTS {
        let Some(output) = killed_after(&bench, dice.within(length)) else {
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
    let (mut kills, mut seed) = (0, 1);
    while kills < KILLS {
        let seeds = seed..seed + AT_ONCE;
        seed = seeds.end;
        kills += thread::scope(|scope| {
            let runs: Vec<_> = seeds.map(|seed| scope.spawn(move || evacuation(seed, length))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).sum::<usize>()
        });
    }
}
