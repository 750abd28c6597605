//! The second look at the power, beside the orders: a reading is under way while VMs are sent, so that a batch seldom waits
//! for a device.
//!
//! `moving::ready` asks before each batch. The readings count if every device of the proof has said off, and each was asked at
//! most `[fence] recheck` (10 s) ago; those of the proof itself count too. A reading is as old as its question. When the oldest is
//! 5 s old (half of that), the next reading is begun, if another batch follows and none is under way. Its answers are taken up
//! before the next batch after they are in; where the last reading is too old, the batch waits for them. A device that says on
//! is believed at once. Where one gave no answer, or a reading is too old, `fencing::recheck` reads the power between the
//! batches, as it does for a person's word, for devices that cannot be read, and with "0s".

use super::recheck::Power;
use crate::model::PowerState;
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::run::Run;
use std::time::Duration;

/// How old the oldest of the last readings is; none if a device of the proof has not said off.
pub(in crate::policy) fn age(run: &Run, proof: &Proof) -> Option<Duration> {
    let ages = proof
        .devices()
        .into_iter()
        .map(|device| run.fence.readings.off_at(&device).map(|asked| run.now().since(asked)));
    ages.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// What was read beside the orders, if that is younger than this. `more` batches follow the one that waits for it.
pub(in crate::policy) async fn read_beside(
    run: &mut Run,
    proof: &Proof,
    within: Duration,
    more: bool,
) -> Option<Power> {
    if within.is_zero() || !proof.is_read_back() {
        return None;
    }
    let is_young = |run: &Run| age(run, proof).is_some_and(|age| age < within);
    if let Some(asked) = run.fence.readings.begun {
        // What is too old is waited for: it may be young when it is in.
        let wait = !is_young(run);
        let said = run.ask(move |world| world.reading(wait)).await;
        if said.is_some() {
            run.fence.readings.begun = None;
        }
        for (device, state) in said.unwrap_or_default() {
            run.fence.readings.said(&device, asked, &state);
            run.detail(Phase::Prove, format!("beside the orders, {device} said {state}"));
            if state == PowerState::On {
                return Some(Power::NotOff { device, state });
            }
        }
    }
    if !is_young(run) {
        return None;
    }
    let due = age(run, proof).is_some_and(|age| age >= within / 2);
    if due && more && run.fence.readings.begun.is_none() {
        let host = run.subject.host;
        let devices: Vec<_> =
            proof.devices().into_iter().map(|name| (name.clone(), run.via(&name, 0))).collect();
        run.fence.readings.begun = Some(run.now());
        run.ask(move |world| world.begin_reading(host, &devices)).await;
    }
    Some(Power::Off)
}
