//! Which devices were seen ON: written once, merged, and only by the front-end that leads.

use super::bench::{Bench, WELL, err, out};
use onerescue::model::{DeviceName, Epoch, HostId};
use onerescue::sim::{Clock, Server};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn what_says_on_is_written_down_with_its_target_and_the_time() {
    let bench = Bench::well();
    assert_eq!(bench.run(&["check"]).status.code(), Some(0));
    let seen = bench.memory().seen_on;
    assert_eq!(seen.iter().map(|seen| seen.host.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for one in &seen {
        assert_eq!(one.device, DeviceName("machine".to_owned()));
        assert_eq!(one.target, format!("{} off", bench.path("fence").display()));
        assert!(one.at > Epoch(1_700_000_000), "{one:?}");
    }
    // A second check writes over the same document.
    assert_eq!(bench.run(&["check", "--host", "node1"]).status.code(), Some(0));
    let again = bench.memory().seen_on;
    assert_eq!(again.len(), 4);
    for (old, new) in seen.iter().zip(&again) {
        assert!(if new.host == HostId(1) { new.at >= old.at } else { new == old }, "{old:?} {new:?}");
    }
}

#[test]
fn other_hosts_stay_hosts_that_are_gone_go_and_another_target_is_no_evidence() {
    let bench = Bench::well();
    bench.seen_on(1, "another machine", 9_000_000_000);
    bench.seen_on(2, "of another check", 7);
    bench.seen_on(77, "gone", 7);
    bench.answers("fence", "echo on");
    let output = bench.run(&["check", "--cluster", "default"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let memory = bench.memory();
    let mut seen: Vec<_> = memory.seen_on.iter().map(|seen| (seen.host.0, seen.target.as_str())).collect();
    // There were three documents by accident; each has all of it now.
    seen.sort_unstable();
    seen.dedup();
    let target = format!("{} off", bench.path("fence").display());
    assert_eq!(seen, [(0, target.as_str()), (1, &target), (2, "of another check")]);
}

#[test]
fn one_that_was_seen_long_ago_is_a_warning_and_a_new_look_ends_it() {
    let bench = Bench::well();
    bench.seen_on(0, &format!("{} off", bench.path("fence").display()), 1_600_000_000);
    bench.answers("fence", "exit 1");
    let table = out(&bench.run(&["check", "--host", "node0"]));
    assert!(table.contains("it was last seen ON at 2020-09-13 12:26 UTC"), "{table}");
    bench.answers("fence", "echo on");
    assert_eq!(bench.run(&["check", "--host", "node0"]).status.code(), Some(0));
}

#[test]
fn a_record_that_cannot_be_written_is_broken() {
    let bench = Bench::well();
    bench.seen_on(0, "x", 7);
    bench.lock_documents();
    let output = bench.run(&["check"]);
    assert_eq!(output.status.code(), Some(8), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("oned refused one.document.update"), "{}", out(&output));
}

#[test]
fn a_follower_says_so_and_writes_nothing() {
    let bench = Bench::well_as(&WELL.replace("host = \"node0\"", "host = \"node0\"\nfront_ends = 3"));
    let clock = Clock::Jumping(Duration::from_millis(100));
    let others: Vec<_> =
        (1..3).map(|at| Server::start(Arc::clone(&bench.cloud), at, 0, clock).unwrap()).collect();
    assert_eq!(bench.cloud.lock().unwrap().leader(), Some(0));
    let output = bench.start().arg("check").env("ONE_XMLRPC", others[0].endpoint()).output().unwrap();
    let table = out(&output);
    assert_eq!(output.status.code(), Some(0), "{table}{}", err(&output));
    assert!(table.contains("it follows: the leader's check is the one"), "{table}");
    assert_eq!(bench.memory().seen_on, []);
    let output = bench.run(&["check"]);
    assert!(out(&output).contains("it leads the zone"), "{}", out(&output));
    assert_eq!(bench.memory().seen_on.len(), 4);
}
