//! Whom the client asks, and how it finds that out.

use super::super::script::{A, B, C, done, good, not_sent, oned, raft, solo, undefined, unknown, zone};
use super::{MIGRATE, RAFT, VERSION, migrate};
use crate::error::OnedError;

#[test]
fn a_front_end_that_is_alone_costs_one_call_more_in_total() {
    let oned = oned(|_, call, _| match call.method.as_str() {
        RAFT => solo(),
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
        RAFT => raft(at, if at == B { 3 } else { 2 }, 1),
        VERSION if at == B => good("7.5.80"),
        _ => zone(call),
    });
    for _ in 0..3 {
        oned.version().unwrap();
    }
    // Each server once: what the first one said at the first look counts for the search.
    assert_eq!(oned.counts()[RAFT], 3);
    assert_eq!(oned.counts().values().sum::<usize>(), 3 + 2 + 3);
}

#[test]
fn when_the_leader_dies_the_next_one_is_found_and_nothing_stale_is_read() {
    let oned = oned(|at, call, earlier| match (call.method.as_str(), at) {
        (RAFT, A) if earlier == 0 => raft(A, 3, 1),
        (RAFT, A) => raft(A, 2, if earlier < 3 { 1 } else { 2 }),
        (RAFT, B) => not_sent(),
        (RAFT, _) if earlier < 3 => raft(C, 2, 1),
        (RAFT, _) => raft(C, 3, 2),
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
    let oned = oned(|at, call, _| match call.method.as_str() {
        RAFT => raft(at, 2, 1),
        _ => zone(call),
    });
    assert!(matches!(migrate(&oned), Err(OnedError::NotSent(_))));
    assert_eq!(oned.counts().get(MIGRATE), None);
}

#[test]
fn a_write_after_the_leader_failed_costs_one_search_and_no_pause() {
    let oned = oned(|at, call, earlier| match (call.method.as_str(), at) {
        (RAFT, A) if earlier > 0 => not_sent(),
        (RAFT, _) if earlier > 0 => raft(at, if at == B { 3 } else { 2 }, 2),
        (RAFT, _) => raft(at, if at == A { 3 } else { 2 }, 1),
        (MIGRATE, A) => not_sent(),
        (MIGRATE, _) => done(41),
        _ => zone(call),
    });
    assert!(matches!(migrate(&oned), Err(OnedError::NotSent(_))));
    assert_eq!(migrate(&oned), Ok(()));
    assert_eq!(oned.counts()[MIGRATE], 2);
    assert_eq!(oned.counts()[RAFT], 3 + 3);
    assert_eq!(oned.pauses(), []);
}

#[test]
fn a_leader_that_was_replaced_silently_can_be_forgotten() {
    let oned = oned(|at, call, earlier| match (call.method.as_str(), at) {
        (RAFT, A) => raft(A, if earlier == 0 { 3 } else { 2 }, if earlier == 0 { 1 } else { 2 }),
        (RAFT, B) if earlier > 0 => raft(B, 3, 2),
        (RAFT, _) => raft(at, 2, if earlier == 0 { 1 } else { 2 }),
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
        RAFT => raft(at, if at == C { 3 } else { 2 }, 1),
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

#[test]
fn a_deposed_leader_that_does_not_know_it_is_not_the_leader() {
    // A was cut off from the others after the first call; B and C have elected C since.
    let oned = oned(|at, call, earlier| match (call.method.as_str(), at) {
        (RAFT, A) => raft(A, 3, 1),
        (RAFT, B) => raft(B, 2, if earlier == 0 { 1 } else { 2 }),
        (RAFT, C) if earlier > 0 => raft(C, 3, 2),
        (RAFT, _) => raft(at, 2, 1),
        (VERSION, at) => good(at),
        _ => zone(call),
    });
    assert_eq!(oned.version().unwrap(), A);
    oned.forget_leader();
    assert_eq!(oned.version().unwrap(), C);
}

#[test]
fn a_leader_without_a_majority_in_its_term_is_none() {
    // What B and C say: state and term, or nothing.
    type Says = Option<(i64, i64)>;
    let cases: [(Says, Says, bool); 7] = [
        (Some((2, 5)), Some((2, 5)), true),
        (Some((2, 5)), None, true),
        (Some((2, 5)), Some((2, 4)), true),
        (None, None, false),
        (Some((2, 4)), Some((2, 4)), false),
        // A candidate that is cut off counts up its terms for nobody.
        (Some((2, 5)), Some((1, 6)), true),
        (Some((2, 5)), Some((3, 5)), false),
    ];
    for (b, c, leads) in cases {
        let oned = oned(move |at, call, _| match (call.method.as_str(), at) {
            (RAFT, A) => raft(A, 3, 5),
            (RAFT, _) => match if at == B { b } else { c } {
                Some((state, term)) => raft(at, state, term),
                None => not_sent(),
            },
            (MIGRATE, _) => done(41),
            _ => zone(call),
        });
        let answer = migrate(&oned);
        assert_eq!(answer.is_ok(), leads, "{b:?} {c:?}: {answer:?}");
        assert_eq!(oned.counts().contains_key(MIGRATE), leads);
    }
}

#[test]
fn a_server_that_answers_at_two_addresses_counts_once() {
    let oned = oned(|at, call, _| match (call.method.as_str(), at) {
        (RAFT, A) => raft(A, 3, 1),
        (RAFT, B) => good("<RAFT><SERVER_ID>0</SERVER_ID><STATE>2</STATE><TERM>1</TERM></RAFT>"),
        (RAFT, _) => not_sent(),
        _ => zone(call),
    });
    assert!(matches!(migrate(&oned), Err(OnedError::NotSent(_))));
}

#[test]
fn one_of_several_that_does_not_name_the_others_is_not_believed() {
    let oned = oned(|at, call, _| match call.method.as_str() {
        RAFT => raft(at, 3, 1),
        "one.zone.info" => undefined("one.zone.info"),
        VERSION => good("7.5.80"),
        _ => zone(call),
    });
    assert!(oned.version().is_err());
    assert_eq!(oned.counts().get(VERSION), None);
}
