//! The power is read again just before a VM is moved or started, where no reading beside the orders serves: every device
//! that can be read has to say off once more.
//!
//! `moving::ready` asks: before a batch of orders, where what `fencing::beside` has read lacks an answer or is older than
//! `[fence] recheck` (10 s), with a person's word, and with "0s"; before the host is disabled; and for `fence_host`. A device that
//! gives no answer is asked again after 4, 8 and then every 16 s (`[fence] interval`, 2 s, times 2, 4 and 8). Once 30 s
//! (`patience`) are over, another "no answer" means that the host is not off: a device is asked at 0, 4, 12, 28 and 44 s. With a
//! person's word a device that gives no answer is passed over, and left alone for 120 s (`MUTE`), also one that said off when the
//! word was taken. Where the host is not off, `moving::ready::not_off` fences again or ends the run.
//!
//! Where one was silent, and the first answer is 10 s old (`FRESH`) when the last one is in, all are asked again, three times at
//! most (`ROUNDS`); then "off" counts as it is.

use crate::model::{DeviceName, Moment, PowerState};
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::timings::FRESH;
use std::time::Duration;

/// What is old when everything was seen is seen again, at most so often: a device and oned may both take long each time. After
/// that it counts as it is.
pub(in crate::policy) const ROUNDS: u32 = 3;

/// With a person's word a device that gives no answer is asked once for all batches that follow within this time: each
/// question may take as long as a batch and more.
const MUTE: Duration = Duration::from_secs(120);

/// What the devices say.
pub(in crate::policy) enum Power {
    Off,
    /// None of them can be read, which the proof knew: oned at least must not hear the host.
    NobodyCanTell,
    /// This one does not say off.
    NotOff {
        device: DeviceName,
        state: PowerState,
    },
}

/// One pass over the devices.
#[derive(Default)]
struct Pass {
    /// A device has said off.
    off: bool,
    /// When the first answer was in, and whether a device was silent.
    first: Option<Moment>,
    waited: bool,
}

/// Ask every device of the proof once more. Where one was silent for so long that what the others have said is old, all of
/// them are asked again.
pub(in crate::policy) async fn still_off(run: &mut Run, proof: &Proof) -> Result<Power, Stop> {
    let mut passes = 0;
    loop {
        let mut pass = Pass::default();
        for device in proof.devices().into_iter().rev() {
            if let Some(state) = ask(run, proof, &device, &mut pass).await? {
                return Ok(Power::NotOff { device, state });
            }
        }
        if !pass.off {
            return Ok(Power::NobodyCanTell);
        }
        let old = pass.first.is_some_and(|first| run.now().since(first) >= FRESH);
        if !pass.waited || !old || passes >= ROUNDS {
            return Ok(Power::Off);
        }
        passes += 1;
    }
}

/// What it says instead of off.
async fn ask(
    run: &mut Run,
    proof: &Proof,
    device: &DeviceName,
    pass: &mut Pass,
) -> Result<Option<PowerState>, Stop> {
    if run.fence.left_alone.get(device).is_some_and(|at| run.now().since(*at) < MUTE) {
        return Ok(None);
    }
    let rules = run.policy.fence;
    // Since when it has given no answer, and how often.
    let mut silent: Option<Moment> = None;
    let mut unanswered: u32 = 0;
    loop {
        let state = run.power_state(device, usize::try_from(unanswered).unwrap_or(0)).await;
        let now = run.now();
        run.detail(Phase::Prove, format!("before VMs are touched, {device} says {state}"));
        let unknown = matches!(state, PowerState::Unknown(_));
        if state == PowerState::Off || unknown && proof.may_be_mute(device) {
            if unknown {
                // With a person's word it is asked once for all that follows; oned's view of the host is read each time.
                run.fence.left_alone.insert(device.clone(), now);
            }
            pass.off |= state == PowerState::Off;
            pass.waited |= silent.is_some();
            pass.first.get_or_insert(now);
            return Ok(None);
        }
        if !unknown || now.since(*silent.get_or_insert(now)) >= rules.patience {
            return Ok(Some(state));
        }
        unanswered += 1;
        let pause = rules.interval.saturating_mul(1 << unanswered.min(3));
        run.pause(pause.max(Duration::from_millis(1))).await?;
    }
}
