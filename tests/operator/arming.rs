//! `onerescue disarm` and `arm`: kept in the cloud, seen by every other process, and the same when said twice.

use super::bench::{Bench, WELL, err, incident, out};
use onerescue::model::{ClusterId, Epoch, Held, Progress};
use onerescue::wire::record::Record;

fn scopes(bench: &Bench) -> Vec<Option<u32>> {
    bench.memory().disarmed.iter().map(|one| one.cluster.map(|cluster| cluster.0)).collect()
}

#[test]
fn the_zone_is_disarmed_once_and_armed_again() {
    let bench = Bench::new(WELL);
    let output = bench.run(&["disarm", "--reason", "switches are replaced"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("the zone is disarmed"), "{}", out(&output));
    let first = bench.memory().disarmed;
    assert_eq!((first[0].cluster, first[0].reason.as_str()), (None, "switches are replaced"));
    assert!(first[0].by.starts_with("alice (as ") && first[0].at > Epoch(1_700_000_000), "{first:?}");
    assert!(bench.log().contains("disarm: the zone by alice"), "{}", bench.log());

    let again = bench.run(&["disarm", "--reason", "something else"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(out(&again).contains("disarmed already, since 20"), "{}", out(&again));
    assert!(
        out(&again).contains("by alice (as ") && out(&again).contains(": switches are replaced"),
        "{}",
        out(&again)
    );
    assert_eq!(bench.memory().disarmed, first);
    let check = bench.run(&["check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(out(&check).contains("Disabled, the zone is disarmed since"), "{}", out(&check));

    let armed = bench.run(&["arm", "--reason", "done"]);
    assert_eq!(armed.status.code(), Some(0));
    assert!(out(&armed).contains("the zone is armed; it was disarmed since"), "{}", out(&armed));
    assert_eq!(bench.memory().disarmed, []);
    let again = bench.run(&["arm", "--reason", "done"]);
    assert!(again.status.success() && out(&again).contains("the zone is not disarmed"), "{}", out(&again));
}

#[test]
fn a_cluster_is_disarmed_by_name_or_id_beside_the_zone() {
    let bench = Bench::new(WELL);
    assert!(bench.run(&["disarm", "--cluster", "east", "--reason", "racks"]).status.success());
    assert!(bench.run(&["disarm", "--cluster", "100", "--reason", "racks"]).status.success());
    assert!(bench.run(&["disarm", "--reason", "all"]).status.success());
    assert_eq!(scopes(&bench), [Some(100), None]);
    let armed = bench.run(&["arm", "--cluster", "100", "--reason", "done"]);
    assert!(out(&armed).contains("east (cluster 100) is armed"), "{}", out(&armed));
    assert!(out(&armed).contains("still disarmed: the zone since"), "{}", out(&armed));
    assert_eq!(scopes(&bench), [None]);
    let nowhere = bench.run(&["disarm", "--cluster", "nowhere", "--reason", "x"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(err(&nowhere).contains("there is no cluster \"nowhere\""), "{}", err(&nowhere));
}

#[test]
fn a_reason_must_be_given_and_fit_in_a_line() {
    let bench = Bench::new(WELL);
    let long = "a".repeat(201);
    for reason in
        [&["--reason", ""][..], &["--reason", " "], &["--reason", "a\nb"], &["--reason", &long], &[]]
    {
        for verb in ["disarm", "arm"] {
            let output = bench.run(&[&[verb], reason].concat());
            assert_eq!(output.status.code(), Some(2), "{verb} {reason:?}");
        }
    }
    assert_eq!(bench.memory().disarmed, []);
}

#[test]
fn arming_says_what_is_held_and_looks_again() {
    let bench = Bench::new(WELL);
    assert!(bench.run(&["disarm", "--reason", "switches"]).status.success());
    for (host, cluster) in [(1, 0), (3, 100)] {
        let held =
            Held { why: "the zone is disarmed".to_owned(), advice: "arm it".to_owned(), since: Epoch(7) };
        let mut incident = incident(host, Progress::Held);
        (incident.held, incident.cluster) = (Some(held), ClusterId(cluster));
        bench.remember(&Record::Incident(Box::new(incident)));
    }
    let armed = out(&bench.run(&["arm", "--reason", "done"]));
    for host in ["node1 (host 1)", "node3 (host 3)"] {
        assert!(
            armed.contains(&format!("{host} is held and looks again by itself: the zone is disarmed")),
            "{armed}"
        );
    }
    let east = out(&bench.run(&["arm", "--cluster", "east", "--reason", "done"]));
    assert!(east.contains("node3") && !east.contains("node1"), "{east}");
}

#[test]
fn a_record_that_cannot_be_written_is_not_called_disarmed() {
    let bench = Bench::new(WELL);
    assert!(bench.run(&["disarm", "--cluster", "east", "--reason", "racks"]).status.success());
    bench.lock_documents();
    let output = bench.run(&["disarm", "--reason", "all"]);
    assert_eq!(output.status.code(), Some(5), "{}", out(&output));
    assert!(err(&output).contains("one.document.update") && out(&output).is_empty(), "{}", err(&output));
}
