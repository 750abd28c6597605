//! Attacks on what is said and on who is left behind.

use crate::lab::Lab;
use crate::values::*;
use onerescue::model::*;
use onerescue::policy::*;

/// A migration was accepted and oned put the VM back; then the host is on for good.
#[test]
fn a_vm_that_oned_was_asked_to_move_is_not_called_untouched() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.then = Box::new(|_, name, _, vms, _| {
        if name.starts_with("act") {
            vms[0].state = VmState::RUNNING;
        }
    });
    let mut looks = 0;
    lab.power = Box::new(move |_, _, off| {
        looks += u32::from(off > 0);
        if off > 0 && looks <= 4 { PowerState::Off } else { PowerState::On }
    });
    let report = lab.run(&read_before_each_batch()).unwrap();
    assert!(lab.count("act") > 0);
    let text = format!("{} / {:?}", report.outcome, report.vms);
    assert!(!text.contains("no VM was touched") && !text.contains("Held("), "{text}");
}

/// The controller says ON at the end, whatever it said before.
#[test]
fn a_proof_that_was_disproven_is_neither_reported_nor_remembered() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut looks = 0;
    lab.power = Box::new(move |_, _, off| {
        looks += u32::from(off > 0);
        if off > 0 && looks <= 3 { PowerState::Off } else { PowerState::On }
    });
    let report = lab.run(&read_before_each_batch()).unwrap();
    let last = lab.written.last().unwrap();
    assert!(
        report.proof.is_none() && last.proof.is_none() && last.progress != Progress::Off,
        "{}; proof {:?}; remembered {:?} {:?}",
        report.outcome,
        report.proof.map(|proof| proof.to_string()),
        last.progress,
        last.proof
    );
}

/// No order was sent yet; the host was on once more, and its controller is away for three minutes.
#[test]
fn a_second_fence_before_any_order_is_held_like_the_first() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut looks = 0;
    lab.power = Box::new(move |_, now, off| {
        looks += u32::from(off > 0);
        match looks {
            0 | 4 => PowerState::On,
            1..=3 => PowerState::Off,
            _ if now < s(600) => unknown(),
            _ => PowerState::Off,
        }
    });
    lab.then = Box::new(|_, name, _, vms, _| {
        if name.starts_with("act") {
            (vms[0].state, vms[0].host) = (VmState::RUNNING, Some(HostId(2)));
        }
    });
    let report = lab.run(&policy()).unwrap();
    assert_eq!(report.outcome, Outcome::Recovered, "{}\n{}", report.outcome, lab.story());
}

/// The controller restarts for a minute just before the first order.
#[test]
fn a_controller_that_is_away_for_a_minute_does_not_end_the_recovery() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut looks = 0;
    let mut away = None;
    lab.power = Box::new(move |_, now, off| {
        looks += u32::from(off > 0);
        if looks == 4 {
            away = Some(now);
        }
        match away {
            _ if off == 0 => PowerState::On,
            Some(away) if now < away + s(60) => unknown(),
            _ => PowerState::Off,
        }
    });
    lab.then = Box::new(|_, name, _, vms, _| {
        if name.starts_with("act") {
            (vms[0].state, vms[0].host) = (VmState::RUNNING, Some(HostId(2)));
        }
    });
    let report = lab.run(&policy()).unwrap();
    assert_eq!(report.outcome, Outcome::Recovered, "{}", lab.story());
}

/// The device was never seen ON, says ON now, and a person says off.
#[test]
fn a_host_with_a_device_is_not_told_to_get_one() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.memory.seen_on.clear();
    lab.power = Box::new(|_, _, _| PowerState::On);
    lab.memory.confirmations.push(word(NOON, NOON + 600));
    let report = lab.run(&policy()).unwrap();
    assert!(!report.outcome.to_string().contains("no fence device is set"), "{}", report.outcome);
    assert!(lab.now > s(600), "not looked at again: ended after {} s", lab.now.as_secs());
}

/// "Off" was sent; later the record of the next try cannot be written.
#[test]
fn nothing_is_fenced_is_not_said_after_an_off() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.power = Box::new(|_, _, _| PowerState::On);
    let mut fences = 0;
    lab.record = Box::new(move |_, incident| {
        fences += u32::from(incident.progress == Progress::Fencing);
        (fences > 1).then(|| failure(Trouble::Refused, "one.document.update: not authorized"))
    });
    let report = lab.run(&policy()).unwrap();
    assert!(lab.off > 0 && !report.outcome.to_string().contains("nothing is fenced"), "{}", report.outcome);
}

/// VM 2 of the event is being recreated by somebody and is on no host; fencing is disarmed after the proof.
#[test]
fn every_vm_of_the_event_has_an_outcome_when_it_is_called_off() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.vms.push(vm(2, VmState::Pending, None, 100));
    lab.then = Box::new(|_, name, _, _, memory| {
        if name.starts_with("record Off") {
            let (reason, by) = ("upgrade".to_owned(), "alice".to_owned());
            memory.disarmed.push(Disarmed { cluster: None, reason, by, at: Epoch(NOON) });
        }
    });
    let report = lab.run(&policy()).unwrap();
    assert_eq!(report.vms.len(), 2, "{:?}", report.vms);
}

/// The first level's controller is mute, and the second level could do it.
#[test]
fn a_dry_run_does_not_stop_where_the_real_run_takes_the_next_level() {
    let mut lab = Lab::new(vec![vec![device("bmc")], vec![device("pdu")]]);
    lab.power = Box::new(|device, _, _| if device == "bmc" { unknown() } else { PowerState::On });
    let report = lab.run(&Policy { purpose: Purpose::Rehearse, ..policy() }).unwrap();
    assert_eq!(report.outcome, Outcome::Rehearsed(None), "{}", report.outcome);
}

/// A witness hears the host: the real run would be held.
#[test]
fn a_dry_run_says_that_a_witness_would_hold_it() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.witness = Box::new(|_| {
        let (witness, said) = ("consul".to_owned(), "passing".to_owned());
        vec![Testimony { witness, opinion: Opinion::Alive, said }]
    });
    let mut rules = Policy { purpose: Purpose::Rehearse, ..policy() };
    rules.witness.consul = true;
    let report = lab.run(&rules).unwrap();
    assert_ne!(report.outcome, Outcome::Rehearsed(None), "{}", lab.story());
}
