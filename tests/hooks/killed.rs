//! A hook that is killed at any moment and started again ends where one does that nobody disturbed, and does nothing
//! twice.

use super::bench::{Bench, HOST_ERROR, err, out, write};
use super::kills::{self, Dice, killed_after};
use onerescue::model::{HostId, HostState, VmId, VmState};
use onerescue::sim::{Change, Power};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

const VMS: u32 = 6;
const HANGS: &str = r#"
title = "node0 hangs with power"
call = "-m"
host = "node0"
before = ["dies node0 hang"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }]
vms = [{ name = "web", host = "node0", count = 6 }]
"#;
/// As a hook that is retried and `reconcile` both do it: the same host, the same options.
const CALL: [&str; 5] = ["--host", "node0", "-m", "-p", "0"];
const KILLS: usize = 200;
/// Starts of one incident, counting those that find the fence program of a killed run still at work.
const MOST_STARTS: usize = 2000;

/// A machine whose fence program writes down each `off` before it is sent, and each state after it was read.
fn bench() -> Bench {
    let bench = Bench::new(HANGS);
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = off ]; then echo sent >>{0}/device; exec {1} off; fi\n\
         said=$({1} \"$1\") || exit 1\necho \"$said\" >>{0}/device\necho \"$said\"\n",
        bench.folder.path().display(),
        bench.power_switch()
    );
    write(&bench.fence_program(), &script, 0o755);
    bench
}

/// What is left when all is over.
#[derive(Debug, PartialEq)]
struct Left {
    /// Each VM's state, and whether it is elsewhere.
    vms: Vec<(Option<VmState>, bool)>,
    power: Power,
    host: Option<HostState>,
}

fn left(bench: &Bench) -> Left {
    let cloud = bench.cloud.lock().unwrap();
    let vm = |vm| (cloud.vm_state(vm), cloud.vm_host(vm).is_some_and(|host| host != HostId(0)));
    let vms = (0..VMS).map(VmId).map(vm).collect();
    Left { vms, power: cloud.power(HostId(0)), host: cloud.host_state(HostId(0)) }
}

fn nothing_was_done_twice(bench: &Bench, story: &str) {
    let device = fs::read_to_string(bench.folder.path().join("device")).unwrap();
    let after = device.lines().skip_while(|line| *line != "off");
    assert_eq!(after.filter(|line| *line == "sent").count(), 0, "{story}: {device}");
    let cloud = bench.cloud.lock().unwrap();
    assert_eq!(cloud.breaches(), [], "{story}");
    let mut hosts: BTreeMap<VmId, Vec<HostId>> = BTreeMap::new();
    for happening in cloud.happenings() {
        if let Change::Vm(vm, _, Some(host)) = happening.change {
            hosts.entry(vm).or_default().push(host);
        }
    }
    for vm in (0..VMS).map(VmId) {
        assert_eq!(cloud.domain_hosts(vm).len(), 1, "{story}: {vm}");
        let mut been = hosts.remove(&vm).unwrap_or_default();
        been.dedup();
        assert_eq!(
            been.iter().filter(|host| **host != HostId(0)).count(),
            1,
            "{story}: {vm} was on {been:?}"
        );
    }
}

/// Kill and start again until a run ends by itself; how often it was killed.
fn incident(seed: u64, length: Duration, check: &impl Fn(&Bench, &str)) -> usize {
    let (bench, mut dice, mut kills) = (bench(), Dice(seed), 0);
    for _ in 0..MOST_STARTS {
        let Some(output) = killed_after(&bench, HOST_ERROR, &CALL, dice.within(length)) else {
            kills += 1;
            continue;
        };
        // The fence program of a killed run may still be at work; it has the lock then.
        if !out(&output).contains("another run is working on this host") {
            let story = format!("seed {seed} after {kills} kills");
            assert_eq!(output.status.code(), Some(0), "{story}: {}{}", out(&output), err(&output));
            check(&bench, &story);
            return kills;
        }
    }
    panic!("seed {seed}: no end after {MOST_STARTS} starts and {kills} kills: {}", bench.log());
}

#[test]
fn killed_two_hundred_times_it_does_nothing_twice() {
    let calm = bench();
    let began = Instant::now();
    let output = calm.run(HOST_ERROR, &CALL, "");
    let length = began.elapsed();
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    nothing_was_done_twice(&calm, "undisturbed");
    let expected = left(&calm);
    assert!(expected.vms.iter().all(|vm| *vm == (Some(VmState::RUNNING), true)), "{expected:?}");
    assert_eq!(expected.power, Power::Off);
    let same = |bench: &Bench, story: &str| {
        nothing_was_done_twice(bench, story);
        assert_eq!(left(bench), expected, "{story}");
    };
    kills::until(KILLS, |seed| incident(seed, length, &same));
}
