//! The policy, attacked: schedules of answers that would break a safety rule. Each test says what must hold.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails where it cannot go on")]

mod brakes;
mod itself;
mod lab;
mod proof;
mod values;
mod words;
mod world;

use lab::Lab;
use onerescue::model::*;
use onerescue::policy::*;
use values::*;

/// The lab itself: a dead host, a device that works, a VM that moves.
#[test]
fn without_an_attack_the_vm_is_recovered() {
    let mut lab = Lab::new(vec![vec![device("bmc")]]);
    lab.then = Box::new(|_, name, _, vms, _| {
        if name.starts_with("act") {
            (vms[0].state, vms[0].host) = (VmState::RUNNING, Some(HostId(2)));
        }
    });
    let report = lab.run(&policy()).unwrap();
    assert_eq!((report.outcome, lab.off), (Outcome::Recovered, 1));
}
