//! Read the power back: several "off" in a row make a proof, anything else does not.
//!
//! The same question is asked once more just before VMs are touched.

use super::act::Acting;
use super::case::{Case, Entry, Failure, Phase, Subject, Trouble};
use super::fence::Fencing;
use super::incident::{Step, wait};
use super::order::Order;
use super::proof::{Evidence, Proof};
use super::recover::{Proven, call_off};
use crate::model::{DeviceName, Moment, PowerState, Sample};

#[derive(Debug)]
enum Goal {
    Fence(Fencing),
    /// Is it still off, just before these orders are sent?
    Still {
        proof: Proof,
        device: DeviceName,
        asked: u32,
        orders: Vec<Order>,
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

    /// Read the power once more, just before `orders` are sent.
    pub(super) fn before(proven: Proven, device: DeviceName, orders: Vec<Order>) -> Step {
        let Proven { case, proof } = proven;
        Step::Prove(Self { case, goal: Goal::Still { proof, device, asked: 0, orders } })
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
            Goal::Still { device, .. } => device,
        }
    }

    /// What the device says.
    #[must_use]
    pub fn answer(self, now: Moment, state: PowerState) -> Step {
        let Self { case, goal } = self;
        match goal {
            Goal::Fence(fence) => sampled(case, fence, now, state),
            Goal::Still { proof, device, asked, orders } => {
                still(Proven { case, proof }, now, &state, Asked { device, times: asked, orders })
            }
        }
    }
}

fn sampled(mut case: Box<Case>, mut fence: Fencing, now: Moment, state: PowerState) -> Step {
    let device = fence.device.name.clone();
    let text = format!("{device} says {state}");
    case.note(now, Phase::Prove, text.clone());
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

/// How often a device may give no answer before a round of VM actions is called off.
const ASK: u32 = 3;

struct Asked {
    device: DeviceName,
    times: u32,
    orders: Vec<Order>,
}

fn still(mut proven: Proven, now: Moment, state: &PowerState, goal: Asked) -> Step {
    let Asked { device, times: asked, orders } = goal;
    proven.case.note(now, Phase::Prove, format!("before VMs are touched, {device} says {state}"));
    match state {
        PowerState::Off => Acting::begin(proven, orders),
        PowerState::Unknown(_) if asked + 1 < ASK => {
            let Proven { case, proof } = proven;
            let pause = case.policy.fence.interval;
            wait(
                pause,
                Step::Prove(Proving { case, goal: Goal::Still { proof, device, asked: asked + 1, orders } }),
            )
        }
        PowerState::On | PowerState::Unknown(_) => {
            let (host, name) = (proven.case.host(), proven.case.subject.name.clone());
            let what = format!("{host} was off and now {device} says {state}");
            let advice = format!("power {name} off and keep it off, then run the same command again");
            call_off(proven, now, Failure { trouble: Trouble::Refused, what, advice })
        }
    }
}
