//! `host_back` as the hook manager and an operator start it.

use super::bench::{Bench, HOST_BACK, err, out};
use onerescue::model::{HostId, HostState, VmId, VmState};
use std::time::Duration;

/// node0 has failed, its incident is closed, and it is MONITORED again with its VMs down.
pub(super) const BACK: &str = r#"
title = "node0 is back"
call = "-m"
host = "node0"
before = ["dies node0 power_loss", "recorded node0 closed 10m"]
earlier = [{ at = "240s", do = "returns node0" }]
start = "305s"
hosts = [{ name = "node0" }, { name = "node1" }]
vms = [{ name = "web", host = "node0", count = 2 }, { name = "by_person", host = "node0", state = "POWEROFF", last_action = 20 }]
"#;

fn bench(scenario: &str) -> Bench {
    let bench = Bench::jumping(scenario, Duration::from_secs(3));
    bench.settings("[host_back]\nstable = \"1s\"\n");
    bench
}

#[test]
fn the_vms_that_a_failure_left_down_run_again() {
    let bench = bench(BACK);
    let output = bench.run(HOST_BACK, &[], &bench.template());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let report = out(&output);
    assert!(
        report.starts_with("host_back node0 (host 0): recovered\n3 VMs: 2 recovered, 1 left alone\n"),
        "{report}"
    );
    let cloud = bench.cloud.lock().unwrap();
    for vm in [VmId(0), VmId(1)] {
        assert_eq!((cloud.vm_state(vm), cloud.domain_hosts(vm)), (Some(VmState::RUNNING), vec![HostId(0)]));
    }
    assert_eq!(cloud.vm_state(VmId(2)), Some(VmState::Poweroff));
}

#[test]
fn a_dry_run_by_hand_changes_nothing() {
    let bench = bench(BACK);
    let output = bench.run(HOST_BACK, &["--host", "node0", "--dry-run"], "");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("3 VMs: 2 planned, 1 left alone"), "{}", out(&output));
    assert_eq!(bench.cloud.lock().unwrap().vm_state(VmId(0)), Some(VmState::Poweroff));
}

#[test]
fn a_host_that_runs_what_was_moved_away_is_disabled() {
    let text = BACK
        .replace("power_loss", "network_cut")
        .replace("earlier = [", "earlier = [{ at = \"230s\", do = \"migrated web-1 node1\" }, ");
    let bench = bench(&text);
    let output = bench.run(HOST_BACK, &[&bench.template()], "");
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(err(&output).contains("do this: for each VM see which of the two"), "{}", err(&output));
    assert_eq!(bench.cloud.lock().unwrap().host_state(HostId(0)), Some(HostState::Disabled));
}

#[test]
fn input_that_is_no_host_is_refused() {
    let bench = bench(BACK);
    for (words, stdin, code) in [
        (vec![], "", 3),
        (vec![], "!!!", 3),
        (vec!["--host", "nowhere"], "", 2),
        (vec!["--host", "node0", "-m"], "", 2),
    ] {
        let output = bench.run(HOST_BACK, &words, stdin);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", err(&output));
        assert!(err(&output).contains("\n  do this: "), "{}", err(&output));
    }
}
