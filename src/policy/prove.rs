//! Read the power back: several "off" in a row make a proof, anything else does not.
//!
//! The same question is asked once more just before VMs are touched.

use super::ahead::Ahead;
use super::case::Case;
use super::confirm::Confirming;
use super::fence::{self, Fencing};
use super::incident::{Step, wait};
use super::notes::Phase;
use super::port::{Failure, Subject, Trouble};
use super::proof::Evidence;
use super::record::look_around;
use super::report::Outcome;
use super::still::Still;
use crate::model::{DeviceName, Level, Moment, Peer, PowerState, Sample};
use std::collections::BTreeMap;

/// A device that is reached from peers is asked from this many before its silence counts.
const MOST_PEERS: usize = 3;

#[derive(Debug)]
enum Goal {
    Fence(Fencing),
    /// Is it still on, just before the host is looked at for the last time and "off" goes out?
    BeforeOff(Box<Fencing>),
    /// Is it still off, just before orders are sent?
    Still(Still),
    /// A person says that the host is off: does this device or another one contradict? Then these levels are tried.
    Doubt {
        device: DeviceName,
        rest: Vec<DeviceName>,
        asked: Vec<DeviceName>,
    },
    /// `--dry-run`: would this device and the others answer?
    Rehearse {
        device: DeviceName,
        rest: Vec<DeviceName>,
        /// Those that give no answer, and why.
        mute: BTreeMap<DeviceName, String>,
        levels: Vec<Level>,
    },
}

/// See [`Step::Prove`].
#[derive(Debug)]
pub struct Proving {
    case: Box<Case>,
    goal: Goal,
}

impl Proving {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// Read the power for the fence.
    pub(super) fn sample(case: Box<Case>, fence: Fencing) -> Step {
        Step::Prove(Self { case, goal: Goal::Fence(fence) })
    }

    /// Read the power once more: "off" is about to go out, and the last answer is old.
    pub(super) fn before_off(case: Box<Case>, fence: Box<Fencing>) -> Step {
        Step::Prove(Self { case, goal: Goal::BeforeOff(fence) })
    }

    /// Ask every device once what the power is, so that a rehearsal finds one that gives no answer.
    pub(super) fn rehearse(
        case: Box<Case>,
        now: Moment,
        devices: Vec<DeviceName>,
        levels: Vec<Level>,
    ) -> Step {
        Self::next_rehearsal(case, now, devices, BTreeMap::new(), levels)
    }

    fn next_rehearsal(
        mut case: Box<Case>,
        now: Moment,
        mut rest: Vec<DeviceName>,
        mute: BTreeMap<DeviceName, String>,
        levels: Vec<Level>,
    ) -> Step {
        if let Some(device) = rest.pop() {
            return Step::Prove(Self { case, goal: Goal::Rehearse { device, rest, mute, levels } });
        }
        let answers = |level: &Level| level.0.iter().all(|device| !mute.contains_key(&device.name));
        if let (Some((device, why)), false) = (mute.first_key_value(), levels.iter().any(answers)) {
            let what = format!("{device} gives no answer for {}: {why}", case.host());
            let advice = format!("mend {device} now; at night it would leave every VM of this host down");
            case.note(now, Phase::Fence, format!("WOULD STOP HERE: {what}; {advice}"));
            let failure = Failure { trouble: Trouble::Unreachable, what, advice };
            case.stops_with(Outcome::NotFenced(failure));
        }
        fence::rehearse(case, now)
    }

    /// Ask every device once whether it contradicts a person who says that the host is off.
    pub(super) fn doubt(case: Box<Case>, now: Moment, devices: Vec<DeviceName>) -> Step {
        Self::next_doubt(case, now, devices, Vec::new())
    }

    fn next_doubt(case: Box<Case>, now: Moment, mut rest: Vec<DeviceName>, asked: Vec<DeviceName>) -> Step {
        match rest.pop() {
            Some(device) => Step::Prove(Self { case, goal: Goal::Doubt { device, rest, asked } }),
            None => fence::accept(case, now, asked),
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
            Goal::BeforeOff(fence) => &fence.device.name,
            Goal::Still(still) => &still.device,
            Goal::Doubt { device, .. } | Goal::Rehearse { device, .. } => device,
        }
    }

    /// The host that the device is reached from, if not the front-end.
    #[must_use]
    pub fn via(&self) -> Option<&Peer> {
        let turn = match &self.goal {
            Goal::Fence(fence) => fence.turn,
            Goal::BeforeOff(fence) => fence.turn,
            Goal::Still(still) => still.turn(),
            Goal::Doubt { .. } | Goal::Rehearse { .. } => 0,
        };
        self.case.via(self.device(), turn)
    }

    /// What the device says.
    #[must_use]
    pub fn answer(self, now: Moment, state: PowerState) -> Step {
        let Self { case, goal } = self;
        match goal {
            Goal::Fence(fence) => sampled(case, fence, now, state),
            Goal::BeforeOff(fence) => still_on(case, fence, now, state),
            Goal::Still(still) => still.answer(case, now, &state),
            Goal::Doubt { device, rest, asked } => doubted(case, now, &state, device, rest, asked),

            Goal::Rehearse { device, rest, mut mute, levels } => {
                let mut case = case;
                case.note(now, Phase::Fence, format!("{device} says {state}"));
                if let PowerState::Unknown(why) = state {
                    mute.insert(device, why);
                }
                Self::next_rehearsal(case, now, rest, mute, levels)
            }
        }
    }
}

/// "Off" is for a host that says on now. Anything else is judged as any other answer.
fn still_on(mut case: Box<Case>, mut fence: Box<Fencing>, now: Moment, state: PowerState) -> Step {
    if state == PowerState::Off || fence.said.as_ref() != Some(&state) {
        return sampled(case, *fence, now, state);
    }
    case.detail(now, Phase::Prove, format!("{} still says {state}", fence.device.name));
    if state == PowerState::On {
        case.is_on(now);
    }
    fence.read = Some(now);
    Confirming::before(case, now, Ahead::PowerOff(fence))
}

fn doubted(
    mut case: Box<Case>,
    now: Moment,
    state: &PowerState,
    device: DeviceName,
    rest: Vec<DeviceName>,
    mut asked: Vec<DeviceName>,
) -> Step {
    case.note(now, Phase::Prove, format!("{device} says {state}"));
    if *state == PowerState::On {
        case.note(now, Phase::Prove, "so the word of a person that the host is off is not taken");
        case.is_on(now);
        // Everything that a person's word excuses from is asked again.
        return look_around(case, now);
    }
    asked.push(device);
    Proving::next_doubt(case, now, rest, asked)
}

fn sampled(mut case: Box<Case>, mut fence: Fencing, now: Moment, state: PowerState) -> Step {
    let device = fence.device.name.clone();
    let text = format!("{device} says {state}");
    if fence.said.as_ref() == Some(&state) && state != PowerState::Off {
        case.detail(now, Phase::Prove, text.clone());
    } else {
        case.note(now, Phase::Prove, text.clone());
    }
    (fence.said, fence.read) = (Some(state.clone()), Some(now));
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
            case.is_on(now);
            fence.odd = 0;
            fence.off.clear();
            fence.go_on(case, now, &text)
        }
        PowerState::Unknown(_) => {
            fence.odd += 1;
            fence.off.clear();
            fence.turn += 1;
            let peers = case.peers.len().min(MOST_PEERS);
            let by_peer = case.by_peer.contains(&fence.device.name);
            if by_peer
                && usize::try_from(fence.odd).unwrap_or(usize::MAX) < peers
                && !fence.overdue(&case, now)
            {
                return Proving::sample(case, fence);
            }
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
