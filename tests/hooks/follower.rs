//! Started on all front-ends of a zone: only the one that leads claims anything.

use super::bench::{Bench, DEAD_NODE0, HOST_BACK, HOST_ERROR, VM_DOWN, err, out};
use super::stopped::until;
use onerescue::model::{HostId, Progress, VmId};
use onerescue::sim::Server;
use std::process::Output;

fn at(bench: &Bench, server: &Server, program: &str, arguments: &[&str]) -> Output {
    bench.start_at(&server.endpoint(), program, arguments, "").wait_with_output().unwrap()
}

/// Followers first, as it went in a zone where a follower won each time: the leader's run found the host taken.
#[test]
fn by_hand_on_all_three_only_the_leader_claims() {
    let bench = Bench::new(&DEAD_NODE0.replace(", { name = \"locked\", host = \"node0\", lock = 1 }", ""));
    let others = bench.of_three();
    let call = ["--host", "node0", "-m", "-p", "0"];
    for follower in &others {
        let output = at(&bench, follower, HOST_ERROR, &call);
        assert_eq!(output.status.code(), Some(7), "{}{}", out(&output), err(&output));
        let leader = format!(
            "do this: run it on the leader, s0 (http://{}/RPC2): `host_error --host node0 -m`",
            bench.address()
        );
        assert!(err(&output).contains(&leader), "{}", err(&output));
    }
    assert!(bench.cloud.lock().unwrap().open_incident(HostId(0)).is_none());
    let output = bench.run(HOST_ERROR, &call, "");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let cloud = bench.cloud.lock().unwrap();
    assert_ne!(cloud.vm_host(VmId(0)), Some(HostId(0)));
    assert_eq!(cloud.breaches(), []);
}

/// The lead is lost in the wait, while it is held, or just after "off": the record is free as soon as the run sees it.
#[test]
fn a_run_that_has_lost_the_lead_lets_go() {
    // Its device says off, so the new leader waits for no grace.
    let bench = Bench::new(DEAD_NODE0);
    let others = bench.of_three();
    let mut child = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "50"], "");
    until(&bench, &mut child, |log| log.contains("wait: "));
    bench.cloud.lock().unwrap().leads(1);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("this run does not work on its incident any more"), "{}", err(&output));
    let (_, incident) = bench.cloud.lock().unwrap().open_incident(HostId(0)).unwrap();
    assert_eq!((incident.progress, incident.lock, incident.outcome.is_some()), (Progress::Open, None, true));
    let call = ["--host", "node0", "-m", "-p", "0"];
    let leader = others
        .iter()
        .find(|server| bench.cloud.lock().unwrap().endpoints().get(1) == Some(&server.endpoint()));
    let output = at(&bench, leader.unwrap(), HOST_ERROR, &call);
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    assert!(bench.log().contains("remembers this incident"), "{}", bench.log());
    assert_ne!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
}

#[test]
fn the_hooks_on_healthy_hosts_begin_nothing_on_a_follower() {
    for (scenario, program, arguments) in
        [(super::back::BACK, HOST_BACK, ["--host", "node0"]), (super::down::DOWN, VM_DOWN, ["--vm", "0"])]
    {
        let bench = Bench::jumping(scenario, std::time::Duration::from_secs(1));
        bench.settings("");
        let others = bench.of_three();
        let before = bench.cloud.lock().unwrap().happenings().len();
        let output = at(&bench, &others[0], program, &arguments);
        assert_eq!(output.status.code(), Some(7), "{}{}", out(&output), err(&output));
        assert!(err(&output).contains("run it on the leader, s0 ("), "{}", err(&output));
        assert_eq!(bench.cloud.lock().unwrap().happenings().len(), before);
        assert!(!bench.folder.path().join("onerescue-host-0.lock").exists());
    }
}
