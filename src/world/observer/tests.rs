//! Tests of the front-end's look at itself.

use super::*;
use rustix::time::{ClockId, clock_gettime};
use std::fs;

/// What follows the name: state, then the numbers 4 to 52, where each is its own value.
fn stat(name: &str, state: &str) -> String {
    let numbers: Vec<_> = (4..=52).map(|number| number.to_string()).collect();
    format!("4242 ({name}) {state} {}\n", numbers.join(" "))
}

#[test]
fn a_process_began_where_field_22_says_whatever_its_name_is() {
    for name in ["oned", "a b", "oned) S 1 (x", ") ", "((", ""] {
        assert_eq!(began(&stat(name, "S")), Some(22), "{name:?}");
    }
    assert_eq!(began(&stat("oned", "Z")), None);
    for broken in ["", "1 (oned", "1 (oned) S 1 2 3", "1 (oned) ", &stat("oned", "S").replace(" 22 ", " -1 ")]
    {
        assert_eq!(began(broken), None, "{broken:?}");
    }
}

#[test]
fn ticks_are_parts_of_a_second() {
    assert_eq!(after_boot(250, 100), Some(Duration::from_millis(2500)));
    assert_eq!(after_boot(u64::MAX, 100).unwrap().as_secs(), u64::MAX / 100);
    assert_eq!(after_boot(1, 0), None);
}

/// A process in a folder that stands for /proc. It began at this tick.
fn process(proc: &Path, pid: &str, name: &str, began: u64) {
    fs::create_dir(proc.join(pid)).unwrap();
    fs::write(proc.join(pid).join("comm"), format!("{name}\n")).unwrap();
    let stat = stat(name, "S").replace(" 22 ", &format!(" {began} "));
    fs::write(proc.join(pid).join("stat"), stat).unwrap();
}

#[test]
fn the_youngest_oned_counts_and_nobody_else() {
    let proc = tempfile::tempdir().unwrap();
    fs::write(proc.path().join("uptime"), "1.00 1.00\n").unwrap();
    assert_eq!(oned_runs_for(proc.path()), None);
    process(proc.path(), "17", "oned_not", 0);
    assert_eq!(oned_runs_for(proc.path()), None);
    process(proc.path(), "18", "oned", 0);
    let oldest = oned_runs_for(proc.path()).unwrap();
    process(proc.path(), "19", "oned", rustix::param::clock_ticks_per_second() * 10);
    let youngest = oned_runs_for(proc.path()).unwrap();
    assert!(oldest > Duration::from_secs(10), "this machine was started a moment ago");
    let apart = oldest.saturating_sub(youngest);
    assert!(apart > Duration::from_secs(5) && apart <= Duration::from_secs(10), "{apart:?}");
    assert_eq!(oned_runs_for(Path::new("/nonexistent")), None);
}

#[test]
fn this_very_process_has_been_running_for_seconds_and_not_since_the_boot() {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let began = after_boot(began(&stat).unwrap(), rustix::param::clock_ticks_per_second()).unwrap();
    let now = clock_gettime(ClockId::Boottime);
    let age = u64::try_from(now.tv_sec).unwrap().checked_sub(began.as_secs()).unwrap();
    assert!(age < 3600, "{age}");
}

fn nobody() -> Lead {
    Lead::new(Path::new("/nonexistent"))
}

#[test]
fn a_gateway_answers_if_the_program_ends_with_0() {
    let ping = ["/usr/bin/test", "{address}", "=", "good"].map(str::to_owned).to_vec();
    let gateways = ["good", "bad", "good"].map(str::to_owned).to_vec();
    let seen = look(Ok(None), &mut nobody(), &[], &ObserverSettings { gateways, ping });
    assert_eq!(seen.gateways.iter().map(|(_, answers)| *answers).collect::<Vec<_>>(), [true, false, true]);
    let silent = ["/nonexistent/ping".to_owned()].to_vec();
    let seen = look(
        Err("no".to_owned()),
        &mut nobody(),
        &[],
        &ObserverSettings { gateways: vec!["good".to_owned()], ping: silent },
    );
    assert_eq!(seen.gateways, [("good".to_owned(), false)]);
    assert_eq!(seen.raft, Err("no".to_owned()));
}

#[test]
fn chance_differs_from_call_to_call() {
    assert!((0..8).map(|_| chance()).collect::<std::collections::BTreeSet<_>>().len() > 1);
}
