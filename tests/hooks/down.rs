//! `vm_down` as the hook manager and an operator start it.

use super::bench::{Bench, VM_DOWN, err, out};
use onerescue::model::{HostId, VmId, VmState};
use std::time::Duration;

/// Twelve VMs on node0, of which one has crashed and one was switched off.
pub(super) const DOWN: &str = r#"
title = "web is down"
call = "-m"
host = "node0"
before = ["crashes web", "action by_person poweroff-hard"]
start = "30s"
hosts = [{ name = "node0" }, { name = "node1" }]
vms = [
  { name = "web", host = "node0" },
  { name = "by_person", host = "node0" },
  { name = "more", host = "node0", count = 10 },
]
"#;

fn bench(scenario: &str) -> Bench {
    let bench = Bench::jumping(scenario, Duration::from_secs(1));
    bench.settings("[vm_down]\nwait_interval = \"100ms\"\n");
    bench
}

fn state(bench: &Bench, vm: u32) -> Option<VmState> {
    bench.cloud.lock().unwrap().vm_state(VmId(vm))
}

#[test]
fn a_vm_that_crashed_runs_again_whichever_way_the_hook_is_called() {
    for words in [0, 1, 2] {
        let bench = bench(DOWN);
        let template = bench.vm_template(0);
        let output = match words {
            0 => bench.run(VM_DOWN, &[], &template),
            1 => bench.run(VM_DOWN, &[&template], ""),
            _ => bench.run(VM_DOWN, &["--vm", "0"], ""),
        };
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert!(out(&output).starts_with("vm_down web (vm 0): recovered\n"), "{}", out(&output));
        let cloud = bench.cloud.lock().unwrap();
        assert_eq!(cloud.vm_state(VmId(0)), Some(VmState::RUNNING));
        assert_eq!(cloud.domain_hosts(VmId(0)), [HostId(0)]);
    }
}

#[test]
fn what_a_person_switched_off_stays_off_without_a_call() {
    let bench = bench(DOWN);
    let before = bench.cloud.lock().unwrap().now();
    let output = bench.run(VM_DOWN, &[], &bench.vm_template(1));
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("POWEROFF by a person"), "{}", out(&output));
    // Each call moves this clock.
    assert_eq!(bench.cloud.lock().unwrap().now(), before);
    assert_eq!(state(&bench, 1), Some(VmState::Poweroff));
}

#[test]
fn many_hooks_at_once_see_that_they_are_many() {
    let bench = bench(&DOWN.replace("\"crashes web\"", "\"crash_all node0\""));
    bench.settings("[vm_down]\nwait_interval = \"1s\"\n");
    let hooks: Vec<_> = (2..12).map(|vm| bench.start(VM_DOWN, &[], &bench.vm_template(vm))).collect();
    for hook in hooks {
        let output = hook.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{}", err(&output));
        assert!(out(&output).contains("that is the failure of a host or of storage"), "{}", out(&output));
    }
    for vm in 2..12 {
        assert_eq!(state(&bench, vm), Some(VmState::Poweroff));
    }
}

#[test]
fn a_second_run_for_the_same_vm_leaves_it_to_the_first() {
    let bench = bench(DOWN);
    bench.settings("[vm_down]\nwait_interval = \"1s\"\n");
    let template = bench.vm_template(0);
    let runs: Vec<_> = (0..3).map(|_| bench.start(VM_DOWN, &[], &template)).collect();
    let ends: Vec<_> = runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect();
    assert!(ends.iter().all(|end| end.status.code() == Some(0)));
    let recovered = ends.iter().filter(|end| out(end).contains(": recovered\n")).count();
    assert_eq!(recovered, 1);
    assert_eq!(state(&bench, 0), Some(VmState::RUNNING));
}

#[test]
fn input_that_is_no_vm_is_refused() {
    let bench = bench(DOWN);
    for (words, stdin, code) in [
        (vec![], String::new(), 3),
        (vec![], "!!!".to_owned(), 3),
        (vec![], bench.template(), 3),
        (vec!["--vm", "99"], String::new(), 2),
        (vec!["--vm", "web"], String::new(), 2),
        (vec!["--vm", "0", "--host", "1"], String::new(), 2),
    ] {
        let output = bench.run(VM_DOWN, &words, &stdin);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", err(&output));
        assert!(err(&output).contains("\n  do this: "), "{}", err(&output));
    }
}
