//! Whom the client asks, and how it finds that out.

use super::super::script::{A, B, C, done, good, not_sent, oned, raft, undefined, unknown, zone};
use super::{MIGRATE, RAFT, VERSION, migrate};
use crate::error::OnedError;

#[test]
fn a_front_end_that_is_alone_costs_one_call_more_in_total() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => raft(0),
        _ => good("7.5.80"),
    });
    for _ in 0..3 {
        assert_eq!(oned.version().unwrap(), "7.5.80");
    }
    assert_eq!(oned.counts()[RAFT], 1);
    assert_eq!(oned.counts().values().sum::<usize>(), 4);
}

#[test]
fn a_front_end_that_does_not_say_what_it_is_is_asked_itself() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => undefined(RAFT),
        _ => good("5.12.0"),
    });
    assert_eq!(oned.version().unwrap(), "5.12.0");
}

#[test]
fn only_the_leader_is_asked_and_it_is_looked_for_once() {
    let oned = oned(|at, call, _| match call.method.as_str() {
        RAFT => raft(if at == B { 3 } else { 2 }),
        VERSION if at == B => good("7.5.80"),
        _ => zone(call),
    });
    for _ in 0..3 {
        oned.version().unwrap();
    }
    // A follower twice (what are you, do you lead), then the leader.
    assert_eq!(oned.counts()[RAFT], 3);
    assert_eq!(oned.counts().values().sum::<usize>(), 3 + 2 + 3);
}

#[test]
fn when_the_leader_dies_the_next_one_is_found_and_nothing_stale_is_read() {
    let oned = oned(|at, call, earlier| match (call.method.as_str(), at) {
        (RAFT, A) => raft(if earlier < 2 { 3 } else { 2 }),
        (RAFT, B) => not_sent(),
        (RAFT, _) => raft(if earlier < 2 { 2 } else { 3 }),
        (VERSION, A) if earlier == 0 => good("first"),
        (VERSION, A) => unknown(),
        (VERSION, C) => good("second"),
        _ => zone(call),
    });
    assert_eq!(oned.version().unwrap(), "first");
    assert_eq!(oned.version().unwrap(), "second");
    let nobody_leads = oned.pauses().len();
    assert!(nobody_leads >= 2, "{nobody_leads}");
}

#[test]
fn where_nobody_leads_a_write_is_not_sent() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => raft(2),
        _ => zone(call),
    });
    assert!(matches!(migrate(&oned), Err(OnedError::NotSent(_))));
    assert_eq!(oned.counts().get(MIGRATE), None);
}

#[test]
fn a_leader_that_was_replaced_silently_can_be_forgotten() {
    let oned = oned(|at, call, earlier| match (call.method.as_str(), at) {
        (RAFT, A) => raft(if earlier == 0 { 3 } else { 2 }),
        (RAFT, _) => raft(3),
        (VERSION, at) => good(at),
        _ => zone(call),
    });
    assert_eq!(oned.version().unwrap(), A);
    oned.forget_leader();
    assert_eq!(oned.version().unwrap(), B);
}

#[test]
fn many_threads_look_for_the_leader_once() {
    let oned = oned(|at, call, _| match call.method.as_str() {
        RAFT => raft(if at == C { 3 } else { 2 }),
        MIGRATE => done(41),
        _ => zone(call),
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| migrate(&oned).unwrap());
        }
    });
    assert_eq!(oned.counts()["one.zone.info"], 1);
    assert_eq!(oned.counts()[MIGRATE], 4);
}
