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
    assert_eq!(oned_runs_for(proc.path(), None), None);
    process(proc.path(), "17", "oned_not", 0);
    assert_eq!(oned_runs_for(proc.path(), None), None);
    process(proc.path(), "18", "oned", 0);
    let oldest = oned_runs_for(proc.path(), None).unwrap();
    process(proc.path(), "19", "oned", rustix::param::clock_ticks_per_second() * 10);
    let youngest = oned_runs_for(proc.path(), None).unwrap();
    assert!(oldest > Duration::from_secs(10), "this machine was started a moment ago");
    let apart = oldest.saturating_sub(youngest);
    assert!(apart > Duration::from_secs(5) && apart <= Duration::from_secs(10), "{apart:?}");
    assert_eq!(oned_runs_for(Path::new("/nonexistent"), None), None);
}

#[test]
fn of_several_oneds_the_one_that_answers_on_our_endpoint_counts() {
    let proc = tempfile::tempdir().unwrap();
    process(proc.path(), "18", "oned", 0);
    process(proc.path(), "19", "oned", rustix::param::clock_ticks_per_second() * 10);
    fs::create_dir(proc.path().join("net")).unwrap();
    let socket = |local, state, inode| {
        format!(
            "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  9869        0 {inode} 1\n"
        )
    };
    // 2633 is 0A49. The younger one listens on another port, and calls somebody's 2633.
    let table = socket("00000000:0A49", "0A", 7)
        + &socket("00000000:0A4A", "0A", 8)
        + &socket("0100007F:0A49", "01", 9);
    fs::write(proc.path().join("net/tcp"), format!("  sl  local_address rem_address   st\n{table}")).unwrap();
    for (pid, inode) in [("18", 7), ("19", 8), ("19", 9)] {
        let fd = proc.path().join(pid).join("fd");
        fs::create_dir_all(&fd).unwrap();
        std::os::unix::fs::symlink(format!("socket:[{inode}]"), fd.join(inode.to_string())).unwrap();
    }
    let runs = |port| oned_runs_for(proc.path(), port).unwrap();
    let apart = runs(Some(2633)).saturating_sub(runs(Some(2634)));
    assert!(apart > Duration::from_secs(5), "{apart:?}");
    let youngest = runs(Some(443)).abs_diff(runs(None));
    assert!(youngest < Duration::from_secs(5), "nobody of that name listens there: {youngest:?}");
}

#[test]
fn our_own_socket_is_found_in_the_real_proc() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sockets = listening(Path::new("/proc"), port);
    assert!(holds(Path::new("/proc/self"), &sockets), "{sockets:?}");
    drop(listener);
    assert!(!holds(Path::new("/proc/self"), &listening(Path::new("/proc"), port)));
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
    let seen = look(Ok(None), &mut nobody(), &[], &ObserverSettings { gateways, ping }, None);
    assert_eq!(seen.gateways.iter().map(|(_, answers)| *answers).collect::<Vec<_>>(), [true, false, true]);
    let silent = ["/nonexistent/ping".to_owned()].to_vec();
    let seen = look(
        Err("no".to_owned()),
        &mut nobody(),
        &[],
        &ObserverSettings { gateways: vec!["good".to_owned()], ping: silent },
        None,
    );
    assert_eq!(seen.gateways, [("good".to_owned(), false)]);
    assert_eq!(seen.raft, Err("no".to_owned()));
}

#[test]
fn chance_differs_from_call_to_call() {
    assert!((0..8).map(|_| chance()).collect::<std::collections::BTreeSet<_>>().len() > 1);
}
