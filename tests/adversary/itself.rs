//! Attacks on what a front-end sees of itself, and on orders that never leave it.

use crate::lab::Lab;
use crate::values::*;
use onerescue::model::*;
use onerescue::policy::*;

fn first_off(lab: &Lab) -> Option<u64> {
    let first = lab.steps.iter().find(|(_, step)| step.starts_with("power off"));
    first.map(|(at, _)| at.as_secs())
}

/// The leader was old when the run was held for another reason, and there is an election before that is over.
#[test]
fn an_election_between_two_looks_holds_the_off() {
    for election in [1, 20, 40, 59] {
        let mut lab = Lab::new(vec![vec![device("bmc")]]);
        lab.view = Box::new(move |now, observer| {
            let elected = now.checked_sub(s(election));
            (observer.raft, observer.leader_for) =
                (Ok(RaftState::Leader), Some(elected.unwrap_or(s(100_000))));
            observer.gateways = vec![("10.0.0.1".to_owned(), now > s(60))];
        });
        let report = lab.run(&policy()).unwrap();
        let off = first_off(&lab);
        assert!(
            off.is_some_and(|at| at >= election + 300),
            "{}, off at {off:?}:\n{}",
            report.outcome,
            lab.story()
        );
    }
}

/// Elections without end: no "off" to a host that is on, and the run ends; `-u` moves nothing.
#[test]
fn a_zone_that_elects_again_and_again_is_not_one_to_fence_in() {
    for fencing in [Fencing::Required, Fencing::Waived] {
        let mut lab = Lab::new(vec![vec![device("bmc")]]);
        lab.view = Box::new(|now, observer| observer.leader_for = Some(s(now.as_secs() % 299)));
        let report = lab.run(&Policy { fencing, ..policy() }).expect("it ends");
        assert!(matches!(report.outcome, Outcome::Held(_)), "{}", report.outcome);
        assert_eq!((lab.off, lab.count("act")), (0, 0), "{}", lab.story());
    }
}

/// The same, and the host is really off: that needs no leader that is old.
#[test]
fn a_host_that_reads_off_waits_for_no_leader() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.view = Box::new(|_, observer| observer.leader_for = Some(s(0)));
    lab.power = Box::new(|_, _, _| PowerState::Off);
    let _ = lab.run(&policy());
    let act = lab.steps.iter().find(|(_, step)| step.starts_with("act")).map(|(at, _)| at.as_secs());
    assert!(act.is_some_and(|at| at < 60) && lab.off == 0, "{act:?}:\n{}", lab.story());
}

/// By each sign, whatever the devices say and with `-u`.
#[test]
fn the_machine_itself_is_neither_fenced_nor_moved_from() {
    let signs: [fn(&mut Machine); 3] = [
        |machine| machine.names.push("node7.example.org".to_owned()),
        |machine| {
            let address = std::net::IpAddr::from([10, 0, 0, 7]);
            machine.addresses.insert("node7".to_owned(), vec![address]);
        },
        |machine| machine.id = Some("0f0f".to_owned()),
    ];
    for sign in signs {
        for fencing in [Fencing::Required, Fencing::Waived] {
            for state in [PowerState::On, PowerState::Off] {
                let mut lab = Lab::new(vec![vec![device("bmc")]]);
                let node7 = lab.hosts.iter_mut().find(|host| host.id == NODE7).unwrap();
                node7.attributes.insert("MACHINE_ID".to_owned(), "0F0F".to_owned());
                lab.view = Box::new(move |_, observer| sign(&mut observer.machine));
                lab.power = Box::new(move |_, _, _| state.clone());
                let report = lab.run(&Policy { fencing, ..policy() }).unwrap();
                assert!(
                    matches!(&report.outcome, Outcome::Held(why) if why.what.contains("is this machine itself"))
                );
                assert_eq!((lab.off, lab.count("act"), lab.count("power")), (0, 0, 0), "{}", lab.story());
            }
        }
    }
}

/// Nothing has left: no limit counts it, and another front-end does not read that the host was fenced.
#[test]
fn orders_that_never_left_are_no_fence_in_the_record() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.order = Box::new(|_| Err(NotOff::not_sent("no ForceOff")));
    let report = lab.run(&policy()).unwrap();
    assert!(matches!(report.outcome, Outcome::NotFenced(_)), "{}", report.outcome);
    assert!(lab.count("not sent") > 0 && lab.off == 0, "{}", lab.story());
    assert_eq!(lab.written.last().unwrap().fenced, None, "{}", lab.story());
}

/// The first order left, those after it did not: the host was fenced when the first one was sent.
#[test]
fn an_order_that_left_stays_written_down_when_the_next_one_cannot_leave() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut orders = 0;
    lab.order = Box::new(move |_| {
        orders += 1;
        if orders == 1 { Err(NotOff::Sent("timed out".to_owned())) } else { Err(NotOff::not_sent("busy")) }
    });
    lab.power = Box::new(|_, _, _| PowerState::On);
    let report = lab.run(&policy()).unwrap();
    assert!(matches!(report.outcome, Outcome::NotFenced(_)), "{}", report.outcome);
    let sent = first_off(&lab).unwrap();
    assert_eq!((lab.off, lab.count("not sent") > 0), (1, true), "{}", lab.story());
    let fenced = lab.written.last().unwrap().fenced.unwrap();
    let apart = (fenced.0 - NOON).unsigned_abs().abs_diff(sent);
    assert!(apart < 10, "written {apart} s apart from the order:\n{}", lab.story());
}
