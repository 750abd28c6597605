//! Attacks on the proof: VMs started, or a caller told "off", without one that covers them.

use crate::lab::Lab;
use crate::values::*;
use onerescue::model::*;
use onerescue::policy::*;

/// A person says off, the controller says ON, then it falls silent: the same word must not count any more.
#[test]
fn a_word_that_a_device_has_contradicted_is_not_taken_later() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.power = Box::new(|_, _, off| if off == 0 { PowerState::On } else { unknown() });
    lab.memory.confirmations.push(word(NOON, NOON + 600));
    let report = lab.run(&policy()).unwrap();
    assert_eq!(lab.count("act"), 0, "proof {:?}\n{}", report.proof.map(|p| p.to_string()), lab.story());
}

/// Once an order's answer is lost, the host is on again and only its storage can be cut off: the order goes to a VM
/// that is not on that storage.
#[test]
fn an_order_is_asked_again_only_under_a_proof_that_covers_its_vm() {
    let mut lab = Lab::new(vec![vec![device("bmc")], vec![storage("ceph", &[200])]]);
    // VM 2 lets the run ask for the power once more.
    lab.vms.push(vm(2, VmState::RUNNING, Some(7), 200));
    lab.hosts[0].vms.push(VmId(2));
    lab.reply = Box::new(|_, _| Reply::Unknown("lost".to_owned()));
    let mut looks = 0;
    lab.power = Box::new(move |device, _, off| match device {
        "ceph" => PowerState::Off,
        _ if off == 0 => PowerState::On,
        // Three to prove, one before the batch; then on, then silent.
        _ => {
            looks += 1;
            match looks {
                1..=4 => PowerState::Off,
                5 => PowerState::On,
                _ => unknown(),
            }
        }
    });
    let _ = lab.run(&policy());
    let wrong = lab.steps.iter().any(|(_, step)| {
        step.starts_with("act") && step.contains("Datastores([DatastoreId(200)])") && step.contains("VmId(1)")
    });
    assert!(!wrong, "VM 1 is on datastore 100:\n{}", lab.story());
}

/// `fence_host` promises its caller that the host is off.
#[test]
fn fence_host_is_not_satisfied_by_storage_that_is_cut_off() {
    let mut lab = Lab::new(vec![vec![storage("ceph", &[200])]]);
    let report = lab.run(&Policy { purpose: Purpose::Fence, ..policy() }).unwrap();
    assert_ne!(report.outcome.exit_code(), 0, "{}: {}", report.outcome, report.proof.unwrap());
}

/// Two feeds; the first one comes back while the second one is still slow.
#[test]
fn fence_host_reads_every_feed_once_more_at_the_end() {
    let mut lab = Lab::new(vec![vec![device("pdu_a"), device("pdu_b")]]);
    lab.power = Box::new(|device, now, off| match (device, off) {
        ("pdu_a", 1..) if now < s(20) => PowerState::Off,
        ("pdu_b", 2..) if now > s(40) => PowerState::Off,
        _ => PowerState::On,
    });
    let report = lab.run(&Policy { purpose: Purpose::Fence, ..policy() }).unwrap();
    assert_ne!(report.outcome, Outcome::Fenced, "pdu_a has been on since 20 s:\n{}", lab.story());
}

/// The only device is mute, so the person's word is all there is; then oned hears the host again.
#[test]
fn with_mute_devices_oned_is_asked_before_orders() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.power = Box::new(|_, _, _| unknown());
    lab.memory.confirmations.push(word(NOON, NOON + 600));
    lab.reply = Box::new(|_, _| Reply::Unknown("lost".to_owned()));
    lab.then = Box::new(|_, name, hosts, _, _| {
        if name.starts_with("act") {
            hosts[0].state = HostState::Monitored;
        }
    });
    let _ = lab.run(&policy());
    assert!(lab.count("act") <= 1, "it was MONITORED since the first order:\n{}", lab.story());
}

/// Another process has used the word up for this document, and may have taken the record over; this one holds an older
/// copy of the incident.
#[test]
fn a_word_counts_once_also_when_another_process_has_used_it() {
    for owner in ["fe1 1 1", "fe2 9 9"] {
        let mut lab = Lab::new(vec![vec![device("bmc")]]);
        lab.power = Box::new(|_, _, _| unknown());
        lab.memory.confirmations.push(word(NOON, NOON + 600));
        lab.then = Box::new(move |_, name, _, _, memory| {
            if name.starts_with("record Open") {
                for (_, incident) in &mut memory.incidents {
                    incident.confirmation = Some(word(NOON, NOON + 600));
                    incident.owner = owner.to_owned();
                }
            }
        });
        let _ = lab.run(&policy());
        assert_eq!(lab.count("act"), 0, "{owner}:\n{}", lab.story());
    }
}

/// This run has disabled the host. It boots, is heard again, stays DISABLED, and is powered off.
#[test]
fn a_host_that_is_heard_again_while_disabled_is_not_fenced_again() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.vms[0].state = VmState::RUNNING;
    let mut disabled = false;
    lab.then = Box::new(move |now, name, hosts, vms, _| {
        if name == "disable" {
            (disabled, hosts[0].state) = (true, HostState::Disabled);
        }
        if disabled && now > s(100) {
            hosts[0].monitored_at = Some(NOON + 100);
            vms[0].state = VmState::UNKNOWN;
        }
    });
    lab.power = Box::new(|_, now, off| match off {
        0 => PowerState::On,
        1 if now > s(100) => PowerState::On,
        _ => PowerState::Off,
    });
    let _ = lab.run(&policy());
    assert_eq!(lab.off, 1, "{}", lab.story());
}

/// The device was seen ON at the address that it had before somebody moved its plug.
#[test]
fn a_device_that_was_seen_on_at_another_target_proves_nothing() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    "plug=8".clone_into(&mut lab.memory.seen_on[0].target);
    let report = lab.run(&policy()).unwrap();
    assert!(matches!(report.outcome, Outcome::NotFenced(_)), "{}", report.outcome);
    assert_eq!((lab.off, lab.count("act")), (0, 0), "{}", lab.story());
}

/// Twice off, then no answer, again and again: that is never three times in a row.
#[test]
fn an_answer_that_is_none_begins_the_count_again() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut asked = 0;
    lab.power = Box::new(move |_, _, _| {
        asked += 1;
        if asked % 3 == 0 { unknown() } else { PowerState::Off }
    });
    let report = lab.run(&policy()).unwrap();
    assert!(matches!(report.outcome, Outcome::NotFenced(_)), "{}", report.outcome);
    assert_eq!(lab.count("act"), 0, "{}", lab.story());
}

/// The device has proven the host off, and says nothing any more when the VMs' turn comes.
#[test]
fn a_proof_is_not_enough_when_the_device_falls_silent() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    let mut offs = 0;
    lab.power = Box::new(move |_, _, _| {
        offs += 1;
        if offs <= 3 { PowerState::Off } else { unknown() }
    });
    let _ = lab.run(&read_before_each_batch());
    let mut proven = lab.steps.iter().skip_while(|(_, step)| !step.starts_with("record Off"));
    assert!(proven.any(|(_, step)| step == "survey"), "it was proven off once:\n{}", lab.story());
    assert_eq!(lab.count("act"), 0, "{}", lab.story());
}
