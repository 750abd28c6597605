//! Attacks on the brakes, the record and the bounds.

use crate::lab::Lab;
use crate::values::*;
use onerescue::Run;
use onerescue::model::*;
use onerescue::policy::*;

/// The whole zone is disarmed and a witness hears the host while oned is away for four minutes.
#[test]
fn an_off_that_waited_for_oned_looks_at_the_brakes_again() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut asked = 0;
    lab.read = Box::new(move |now, host| {
        asked += 1;
        // 1: observe, 2: before the devices, then before "off".
        if asked > 2 && now < s(240) {
            Err(failure(Trouble::Unreachable, "no oned"))
        } else {
            Ok(host.clone())
        }
    });
    lab.then = Box::new(|now, _, _, _, memory| {
        if now > s(100) && memory.disarmed.is_empty() {
            let (reason, by) = ("upgrade".to_owned(), "alice".to_owned());
            memory.disarmed.push(Disarmed { cluster: None, reason, by, at: Epoch(NOON + 100) });
        }
    });
    let _ = lab.run(&policy());
    assert_eq!(lab.off, 0, "disarmed since 100 s:\n{}", lab.story());
}

/// The same with `-u`, where VMs follow at once.
#[test]
fn a_waived_fence_that_waited_for_oned_looks_at_the_brakes_again() {
    let mut lab = Lab::new(Vec::new());
    let mut asked = 0;
    lab.read = Box::new(move |now, host| {
        asked += 1;
        if asked > 1 && now < s(240) {
            Err(failure(Trouble::Unreachable, "no oned"))
        } else {
            Ok(host.clone())
        }
    });
    lab.then = Box::new(|now, _, hosts, _, _| {
        if now > s(100) {
            for id in 20..30 {
                if !hosts.iter().any(|host| host.id == HostId(id)) {
                    hosts.push(host(id, HostState::Error, &[]));
                }
            }
        }
    });
    let _ = lab.run(&Policy { fencing: Fencing::Waived, ..policy() });
    assert_eq!(lab.count("act"), 0, "11 of 13 hosts fail since 100 s:\n{}", lab.story());
}

/// Reads work and no document can be made, as without a quorum.
#[test]
fn a_record_that_can_never_be_made_ends_the_run() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.record = Box::new(|_, _| Some(failure(Trouble::Unreachable, "one.document.allocate: no answer")));
    let report = lab.run(&policy());
    assert!(report.is_some(), "not ended after {} s", lab.now.as_secs());
}

/// "Off" is first sent when the controller answers again, half an hour after the incident began.
#[test]
fn the_window_counts_from_the_off_and_not_from_the_first_try() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.power = Box::new(|_, now, off| match off {
        _ if now < s(1800) => unknown(),
        ..=20 if now < s(2200) => PowerState::On,
        _ => PowerState::Off,
    });
    let _ = lab.run(&policy());
    let off = lab.steps.iter().rfind(|(_, step)| step.starts_with("power off")).unwrap().0;
    let fenced = lab.written.last().unwrap().fenced.unwrap();
    let age = NOON + i64::try_from(off.as_secs()).unwrap() - fenced.0;
    assert!(age < 60, "off at {} s, and the record has it {age} s earlier", off.as_secs());
}

/// Runs about so many hosts that go on at the same time: to how many of them is "off" sent within 15 minutes?
fn herd(mut lab: Lab, rules: &Policy, hosts: u32) -> usize {
    let mut rules = rules.clone();
    (rules.brake.failing, rules.brake.failing_percent) = (100, 100);
    let ids: Vec<u32> = (10..10 + hosts).collect();
    lab.hosts.extend(ids.iter().map(|id| host(*id, HostState::Error, &[])));
    let seen = lab.memory.seen_on.clone();
    for id in &ids {
        let on = |seen: &SeenOn| SeenOn { host: HostId(*id), ..seen.clone() };
        lab.memory.seen_on.extend(seen.iter().map(on));
    }
    let start = |id: &u32| {
        let name = format!("node{id}");
        Run::begin(Subject { host: HostId(*id), name, vms: Vec::new(), source: Source::Event }, rules.clone())
    };
    // The front-end serves the runs one question each, always the one whose clock is behind.
    let mut runs: Vec<_> = ids.iter().map(|id| (s(0), Some(start(id)))).collect();
    let mut offs = Vec::new();
    for _ in 0..20_000 {
        let next = runs.iter_mut().enumerate().filter(|(_, (_, run))| run.is_some());
        let Some((at, (now, slot))) = next.min_by_key(|(_, (now, _))| *now) else { break };
        lab.now = *now;
        lab.memory.me = format!("fe1 {} 1", ids[at]);
        let sent = lab.off;
        *slot = slot.take().unwrap().go_on(&mut lab).ok();
        if lab.off > sent {
            offs.push((lab.now, at));
        }
        *now = lab.now;
    }
    let within = |from: std::time::Duration| {
        let hosts = offs.iter().filter(|(at, _)| (from..from + s(900)).contains(at)).map(|(_, host)| *host);
        hosts.collect::<std::collections::BTreeSet<_>>().len()
    };
    offs.iter().map(|(at, _)| within(*at)).max().unwrap_or(0)
}

/// Seven hosts were held by the window; when it ends, all look again in the same second.
#[test]
fn held_runs_do_not_all_pass_the_window_together() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    for done in 0..3 {
        let mut fenced = incident(100 + done);
        fenced.fenced = Some(Epoch(NOON - 600));
        lab.memory.incidents.push((DocumentId(done + 1), fenced));
    }
    let hosts = herd(lab, &policy(), 7);
    assert!(hosts <= 3, "{hosts} hosts were sent \"off\" within 15 min, and 3 may be");
}

/// `-p 16`: every run waits for longer than the short window.
#[test]
fn runs_that_waited_for_long_do_not_all_pass_the_window_together() {
    let mut rules = policy();
    rules.wait.cycles = 16;
    let hosts = herd(Lab::new(vec![vec![device("bmc")]]), &rules, 7);
    assert!(hosts <= 3, "{hosts} hosts were sent \"off\" within 15 min, and 3 may be");
}

/// Six without a wait: the order of the documents decides about the first three, and the others come after them.
#[test]
fn runs_that_begin_together_keep_to_the_window() {
    let hosts = herd(Lab::new(vec![vec![device("bmc")]]), &policy(), 6);
    assert!(hosts <= 3, "{hosts} hosts were sent \"off\" within 15 min, and 3 may be");
}

fn incident(host: u32) -> Incident {
    Incident {
        host: HostId(host),
        name: format!("node{host}"),
        cluster: ClusterId(0),
        owner: "fe2 9 9".to_owned(),
        opened: Epoch(NOON - 700),
        updated: Epoch(NOON - 500),
        progress: Progress::Closed,
        events: Vec::new(),
        error: None,
        fenced: None,
        on: None,
        held: None,
        began: None,
        proof: Some("bmc said off".to_owned()),
        confirmation: None,
        outcome: None,
        ..Incident::default()
    }
}

/// With `-u` on every host, as some sites run the stock hook: hosts that are given up one after the other.
#[test]
fn hosts_that_were_given_up_without_a_proof_count() {
    let mut lab = Lab::new(Vec::new());
    for other in 20..30 {
        lab.hosts.push(host(other, HostState::Error, &[]));
        let mut waived = incident(other);
        (waived.proof, waived.fenced) = (None, Some(Epoch(NOON - 500)));
        lab.memory.incidents.push((DocumentId(other), waived));
    }
    let _ = lab.run(&Policy { fencing: Fencing::Waived, ..policy() });
    assert_eq!(lab.count("act"), 0, "11 of 13 hosts are in ERROR, and none is proven off:\n{}", lab.story());
}

/// Ten hosts were fenced a month ago, mended and heard since; now all fail, and their runs have not begun.
#[test]
fn a_proof_of_last_month_does_not_make_a_host_dead_today() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    for other in 20..30 {
        lab.hosts.push(host(other, HostState::Error, &[]));
        let mut old = incident(other);
        old.updated = Epoch(NOON - 30 * 86_400);
        old.error = Some("Wed Oct 21 09:03:20 2026 : Error monitoring Host".to_owned());
        lab.memory.incidents.push((DocumentId(other), old));
    }
    let _ = lab.run(&policy());
    assert_eq!(lab.off, 0, "11 of 13 hosts fail:\n{}", lab.story());
}

/// The fence of another front-end's run began one second ago.
#[test]
fn a_fence_that_another_front_end_has_in_flight_is_not_taken_over_at_once() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut other = incident(7);
    (other.progress, other.proof, other.updated) = (Progress::Fencing, None, Epoch(NOON - 1));
    other.fenced = Some(Epoch(NOON - 1));
    lab.memory.incidents.push((DocumentId(1), other));
    let _ = lab.run(&policy());
    let first = lab.steps.iter().find(|(_, step)| step.starts_with("power off")).map(|(at, _)| at.as_secs());
    assert!(first.is_none_or(|at| at > 60), "off after {first:?} s:\n{}", lab.story());
}

/// Three runs that began later have looked before this one took its host up, and write that they fence while this one
/// writes the same: the short window has three places.
#[test]
fn of_those_that_write_at_the_same_time_not_all_send_off() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.then = Box::new(|now, _, _, _, memory| {
        let writes = memory.incidents.iter().any(|(_, incident)| incident.progress == Progress::Fencing);
        if writes && memory.incidents.len() == 1 {
            let at = Epoch(NOON + i64::try_from(now.as_secs()).unwrap());
            for id in 20..23 {
                let (host, progress, fenced) = (HostId(id), Progress::Fencing, Some(at));
                let other =
                    Incident { host, progress, fenced, opened: at, updated: at, ..Incident::default() };
                memory.incidents.push((DocumentId(id), other));
            }
        }
    });
    let _ = lab.run(&policy());
    let wrote = lab.written.iter().position(|incident| incident.progress == Progress::Fencing).unwrap();
    let held = &lab.written[wrote + 1];
    assert_eq!((held.progress, held.fenced), (Progress::Held, None), "nothing was sent:\n{}", lab.story());
    let first = lab.steps.iter().find(|(_, step)| step.starts_with("power off")).unwrap().0;
    assert!(first > s(900), "the window is over after 900 s, \"off\" at {} s", first.as_secs());
}

/// While this run looks around, another front-end has taken the record over: it is theirs to fence, and to write.
#[test]
fn a_record_that_another_run_has_taken_over_is_left_at_the_brakes() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.then = Box::new(|_, name, _, _, memory| {
        if name.starts_with("record Open") {
            memory.incidents.iter_mut().for_each(|(_, incident)| incident.owner = "fe2 9 9".to_owned());
        }
    });
    let report = lab.run(&policy()).unwrap();
    assert!(matches!(report.outcome, Outcome::NothingToDo(_)), "{}", report.outcome);
    assert_eq!((lab.off, lab.count("record Fencing")), (0, 0), "{}", lab.story());
    assert!(lab.memory.incidents.iter().all(|(_, incident)| incident.owner == "fe2 9 9"));
}

/// Ten seconds ago another run has locked the record that this one finds; it is about to write itself down, which takes less
/// than 120 s, whatever becomes of the leader meanwhile. Whose the record is then decides before anything is sent.
#[test]
fn a_lock_that_no_record_names_is_not_taken_away_while_its_run_may_live() {
    for hand_over in [HandOver::No, HandOver::Yes] {
        let mut lab = Lab::new(vec![vec![device("bmc")]]);
        let mut open = incident(7);
        (open.progress, open.proof) = (Progress::Open, None);
        (open.updated, open.outcome) = (Epoch(NOON - 10_000), Some("held".to_owned()));
        lab.memory.incidents.push((DocumentId(1), open));
        let (level, owner) = (Lock(3), Some(0));
        let lock = DocumentLock { level, owner, taken_at: Some(NOON - 10), request: Some(9) };
        lab.take = Box::new(move |now, over| match over {
            Some(hold) => {
                assert!(now >= s(120), "{hold:?} was taken away after {} s", now.as_secs());
                Taken::Ours(Hold { time: NOON + 400, request: 10 })
            }
            None => Taken::Held { lock, user: Some(0) },
        });
        let _ = lab.run(&Policy { hand_over, ..policy() });
        assert!(lab.count("take") > 0, "{}", lab.story());
    }
}
