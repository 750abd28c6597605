//! Read the power back: several "off" in a row make a proof, anything else does not.
//!
//! The same question is asked once more just before VMs are touched.

use super::case::{Case, Failure, Subject, Trouble};
use super::fence::{self, Fencing};
use super::incident::{Step, wait};
use super::notes::{Entry, Phase};
use super::proof::Evidence;
use super::report::Outcome;
use super::still::Still;
use crate::model::{DeviceName, Moment, Peer, PowerState, Sample};

#[derive(Debug)]
enum Goal {
    Fence(Fencing),
    /// Is it still off, just before orders are sent?
    Still(Still),
    /// `--dry-run`: would this device and the others answer?
    Rehearse {
        device: DeviceName,
        rest: Vec<DeviceName>,
    },
}

/// See [`Step::Prove`].
#[derive(Debug)]
pub struct Proving {
    case: Box<Case>,
    goal: Goal,
}

impl Proving {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.trail
    }

    /// Read the power for the fence.
    pub(super) fn sample(case: Box<Case>, fence: Fencing) -> Step {
        Step::Prove(Self { case, goal: Goal::Fence(fence) })
    }

    /// Ask every device once what the power is, so that a rehearsal finds one that gives no answer.
    pub(super) fn rehearse(case: Box<Case>, now: Moment, mut devices: Vec<DeviceName>) -> Step {
        match devices.pop() {
            Some(device) => Step::Prove(Self { case, goal: Goal::Rehearse { device, rest: devices } }),
            None => fence::rehearse(case, now),
        }
    }

    /// Read the power once more, just before something is changed.
    pub(super) fn again(case: Box<Case>, still: Still) -> Step {
        Step::Prove(Self { case, goal: Goal::Still(still) })
    }

    /// The host whose power is read.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The device to ask.
    #[must_use]
    pub fn device(&self) -> &DeviceName {
        match &self.goal {
            Goal::Fence(fence) => &fence.device.name,
            Goal::Still(still) => &still.device,
            Goal::Rehearse { device, .. } => device,
        }
    }

    /// The host that the device is reached from, if not the front-end.
    #[must_use]
    pub fn via(&self) -> Option<&Peer> {
        None
    }

    /// What the device says.
    #[must_use]
    pub fn answer(self, now: Moment, state: PowerState) -> Step {
        let Self { case, goal } = self;
        match goal {
            Goal::Fence(fence) => sampled(case, fence, now, state),
            Goal::Still(still) => still.answer(case, now, &state),
            Goal::Rehearse { device, rest } => rehearsed(case, now, &state, &device, rest),
        }
    }
}

fn rehearsed(
    mut case: Box<Case>,
    now: Moment,
    state: &PowerState,
    device: &DeviceName,
    rest: Vec<DeviceName>,
) -> Step {
    case.note(now, Phase::Fence, format!("{device} says {state}"));
    if let PowerState::Unknown(why) = state {
        let what = format!("{device} gives no answer for {}: {why}", case.host());
        let advice = format!("mend {device} now; at night it would leave every VM of this host down");
        case.note(now, Phase::Fence, format!("WOULD STOP HERE: {what}; {advice}"));
        let failure = Failure { trouble: Trouble::Unreachable, what, advice };
        case.stops_with(Outcome::NotFenced(failure));
    }
    Proving::rehearse(case, now, rest)
}

fn sampled(mut case: Box<Case>, mut fence: Fencing, now: Moment, state: PowerState) -> Step {
    let device = fence.device.name.clone();
    let text = format!("{device} says {state}");
    if fence.said.as_ref() == Some(&state) && state != PowerState::Off {
        case.detail(now, Phase::Prove, text.clone());
    } else {
        case.note(now, Phase::Prove, text.clone());
    }
    fence.said = Some(state.clone());
    match state {
        PowerState::Off => {
            fence.odd = 0;
            fence.off.push(Sample { device, at: now, state });
            let samples = usize::try_from(case.policy.fence.samples.max(1)).unwrap_or(usize::MAX);
            if fence.off.len() < samples {
                return fence.another_sample(case, now, &text);
            }
            let samples = std::mem::take(&mut fence.off);
            fence.next_device(case, now, Evidence::ReadBack { samples })
        }
        PowerState::On => {
            fence.odd = 0;
            fence.off.clear();
            fence.go_on(case, now, &text)
        }
        PowerState::Unknown(_) => {
            fence.odd += 1;
            fence.off.clear();
            fence.go_on(case, now, &text)
        }
    }
}

impl Fencing {
    fn another_sample(self, case: Box<Case>, now: Moment, last: &str) -> Step {
        if self.overdue(&case, now) {
            return self.give_up(case, now, last);
        }
        let pause = case.policy.fence.interval;
        wait(pause, Step::Prove(Proving { case, goal: Goal::Fence(self) }))
    }
}
