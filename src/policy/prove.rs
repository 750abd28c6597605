//! Read the power back: several "off" in a row make a proof, anything else does not.
//!
//! The same question is asked once more just before VMs are touched.

use super::act::Acting;
use super::case::{Case, Entry, Failure, Phase, Subject, Trouble};
use super::fence::Fencing;
use super::incident::{Step, wait};
use super::order::Order;
use super::proof::{Evidence, Proof};
use super::recover::{self, Proven};
use crate::model::{DeviceName, Moment, PowerState, Sample};

#[derive(Debug)]
enum Goal {
    Fence(Fencing),
    /// Is it still off, just before orders are sent?
    Still(Still),
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

    /// Read the power once more, just before `orders` are sent. All devices have to say off again.
    pub(super) fn before(proven: Proven, orders: Vec<Order>) -> Step {
        let mut devices = proven.proof.devices();
        let Some(device) = devices.pop() else { return Acting::begin(proven, orders) };
        let Proven { case, proof, .. } = proven;
        Step::Prove(Self {
            case,
            goal: Goal::Still(Still { proof, device, rest: devices, unknown: 0, orders }),
        })
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
        }
    }

    /// What the device says.
    #[must_use]
    pub fn answer(self, now: Moment, state: PowerState) -> Step {
        let Self { case, goal } = self;
        match goal {
            Goal::Fence(fence) => sampled(case, fence, now, state),
            Goal::Still(goal) => still(case, now, &state, goal),
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

#[derive(Debug)]
struct Still {
    proof: Proof,
    device: DeviceName,
    rest: Vec<DeviceName>,
    /// How often in a row this device has given no answer.
    unknown: u32,
    orders: Vec<Order>,
}

fn still(mut case: Box<Case>, now: Moment, state: &PowerState, mut goal: Still) -> Step {
    case.detail(now, Phase::Prove, format!("before VMs are touched, {} says {state}", goal.device));
    match state {
        PowerState::Off => match goal.rest.pop() {
            Some(device) => {
                let goal = Still { device, unknown: 0, ..goal };
                Step::Prove(Proving { case, goal: Goal::Still(goal) })
            }
            None => Acting::begin(Proven { case, proof: goal.proof, checked: now }, goal.orders),
        },
        PowerState::Unknown(_) if goal.unknown + 1 < ASK => {
            goal.unknown += 1;
            wait(case.policy.fence.interval, Step::Prove(Proving { case, goal: Goal::Still(goal) }))
        }
        PowerState::On | PowerState::Unknown(_) => {
            let what = format!("{} was off and now {} says {state}", case.host(), goal.device);
            let name = &case.subject.name;
            let advice = format!("power {name} off and keep it off, then run the same command again");
            let failure = Failure { trouble: Trouble::Refused, what, advice };
            recover::call_off(Proven { case, proof: goal.proof, checked: now }, now, failure)
        }
    }
}
