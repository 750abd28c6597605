//! Is the host still off? Asked just before anything is changed.
//!
//! Every device that can be read has to say off again. Where none can (`-u`, a device without a status), oned
//! at least must not show the host as back.

use super::FRESH;
use super::act::{Acting, Disabling};
use super::case::Case;
use super::confirm::Confirming;
use super::course::Course;
use super::ending::call_off;
use super::incident::{Step, wait};
use super::lead::Leading;
use super::notes::Phase;
use super::observe::not_dead;
use super::order::Order;
use super::own::Owning;
use super::port::{Failure, Trouble};
use super::proof::Proof;
use super::prove::Proving;
use super::record::look_around;
use super::recover::Proven;
use super::report::Outcome;
use super::settings::Purpose;
use super::settle::Settling;
use crate::model::{DeviceName, Host, HostState, Moment, PowerState};
use std::time::Duration;

/// What is old when everything was seen is seen again, at most so often: a device and oned may both take long each time.
const ROUNDS: u32 = 3;

/// What waits for the host to be seen off once more.
#[derive(Debug)]
pub(super) enum Effect {
    Orders(Vec<Order>),
    Disable,
    /// `fence_host`: say that the host is off.
    Fenced,
}

impl Effect {
    fn go_on(self, proven: Proven, now: Moment) -> Step {
        match self {
            Self::Orders(orders) => Acting::begin(proven, orders),
            Self::Disable => Disabling::step(proven),
            Self::Fenced => proven.stop(now, Outcome::Fenced),
        }
    }
}

/// The question to one device, and what comes after it.
#[derive(Debug)]
pub(super) struct Still {
    pub(super) device: DeviceName,
    rest: Vec<DeviceName>,
    /// Since when, and how often, this device has given no answer.
    silent: Option<Moment>,
    unanswered: u32,
    /// A device has said off in this pass.
    seen_off: bool,
    /// When the first answer of this pass was in, whether a device was silent in it, and how many passes there were before.
    first: Option<Moment>,
    waited: bool,
    passes: u32,
    after: After,
}

impl Still {
    fn new(device: DeviceName, rest: Vec<DeviceName>, after: After) -> Self {
        Self {
            device,
            rest,
            silent: None,
            unanswered: 0,
            seen_off: false,
            first: None,
            waited: false,
            passes: 0,
            after,
        }
    }

    /// Whose turn it is of the peers.
    pub(super) fn turn(&self) -> usize {
        usize::try_from(self.unanswered).unwrap_or(0)
    }
}

/// What is done once the host is seen off, or not seen back.
#[derive(Debug)]
pub(super) struct After {
    proof: Proof,
    surveyed: Moment,
    effect: Effect,
}

impl After {
    fn proven(self, case: Box<Case>, now: Moment) -> (Proven, Effect) {
        (Proven { case, proof: self.proof, checked: now, surveyed: self.surveyed }, self.effect)
    }

    /// oned's view of a host whose power cannot be read.
    pub(super) fn seen(self, case: Box<Case>, now: Moment, host: &Host) -> Step {
        let (proven, effect) = self.proven(case, now);
        match (host.state, not_dead(host)) {
            (HostState::Monitored | HostState::Init, Some(reason)) => {
                let what = format!("{} was taken for dead, but {reason}", proven.case.host());
                let advice = "power it off and keep it off, then run the same command again".to_owned();
                call_off(proven, now, Failure { trouble: Trouble::Refused, what, advice })
            }
            (HostState::Disabled, _) if proven.case.heard_again(host) => {
                let what = format!("{} was taken for dead, and is monitored again", proven.case.host());
                let advice = "power it off and keep it off, then run the same command again".to_owned();
                call_off(proven, now, Failure { trouble: Trouble::Refused, what, advice })
            }
            _ => ready(proven, now, effect),
        }
    }

    /// oned could not be asked.
    pub(super) fn unseen(self, case: Box<Case>, now: Moment, failure: Failure) -> Step {
        call_off(self.proven(case, now).0, now, failure)
    }
}

/// Look once more whether the record is ours and whether the host is off, then do it.
pub(super) fn before(proven: Proven, effect: Effect) -> Step {
    Leading::before(Owning::step(proven, effect, Duration::ZERO))
}

/// The same for the next few of the same round: "off" may be as old as `[fence] recheck` allows.
pub(super) fn before_more(proven: Proven, effect: Effect) -> Step {
    let within = proven.case.policy.fence.recheck;
    Leading::before(Owning::step(proven, effect, within))
}

/// The host is off. A device may have been silent for long: then whose the record is is asked again, a few times.
fn ready(mut proven: Proven, now: Moment, effect: Effect) -> Step {
    let case = &mut proven.case;
    if now.since(case.owned) >= FRESH && case.rounds < ROUNDS {
        case.rounds += 1;
        return Owning::step(proven, effect, FRESH);
    }
    case.rounds = 0;
    effect.go_on(proven, now)
}

/// The record is ours: look whether the host is off, unless that was seen within this time; then do it.
pub(super) fn look(proven: Proven, now: Moment, effect: Effect, within: Duration) -> Step {
    if now.since(proven.checked) < within {
        return ready(proven, now, effect);
    }
    let Proven { case, proof, surveyed, .. } = proven;
    let mut devices = proof.devices();
    let after = After { proof, surveyed, effect };
    match devices.pop() {
        Some(device) => Proving::again(case, Still::new(device, devices, after)),
        None => Confirming::before_change(after, case, now),
    }
}

impl Still {
    pub(super) fn answer(mut self, mut case: Box<Case>, now: Moment, state: &PowerState) -> Step {
        case.detail(now, Phase::Prove, format!("before VMs are touched, {} says {state}", self.device));
        let rules = case.policy.fence;
        let mute = matches!(state, PowerState::Unknown(_)) && self.after.proof.may_be_mute(&self.device);
        match state {
            _ if *state == PowerState::Off || mute => {
                self.seen_off |= *state == PowerState::Off;
                self.waited |= self.silent.is_some();
                let first = *self.first.get_or_insert(now);
                if let Some(device) = self.rest.pop() {
                    return Proving::again(case, Still { device, silent: None, unanswered: 0, ..self });
                }
                if !self.seen_off {
                    // Nobody can read the power: oned at least must not hear the host.
                    return Confirming::before_change(self.after, case, now);
                }
                if self.waited && now.since(first) >= FRESH && self.passes < ROUNDS {
                    return self.once_more(case);
                }
                let (proven, effect) = self.after.proven(case, now);
                ready(proven, now, effect)
            }
            PowerState::Unknown(_) if now.since(*self.silent.get_or_insert(now)) < rules.patience => {
                self.unanswered += 1;
                let pause = rules.interval.saturating_mul(1 << self.unanswered.min(3));
                wait(pause.max(Duration::from_millis(1)), Proving::again(case, self))
            }
            _ if case.again < rules.again && case.policy.purpose == Purpose::Recover => {
                self.fence_again(case, now, state)
            }
            PowerState::Off | PowerState::On | PowerState::Unknown(_) => self.not_off(case, now, state),
        }
    }

    /// A device was silent for so long that what the others have said is old: ask all of them again.
    fn once_more(self, case: Box<Case>) -> Step {
        let mut devices = self.after.proof.devices();
        let Some(device) = devices.pop() else { return Proving::again(case, self) };
        let passes = self.passes + 1;
        Proving::again(case, Still { passes, ..Still::new(device, devices, self.after) })
    }

    /// Somebody, or a setting of its firmware, has switched it on, or its device gives no answer any more: nothing is
    /// sent until it is proven off again.
    fn fence_again(self, mut case: Box<Case>, now: Moment, state: &PowerState) -> Step {
        if case.courses.values().any(Course::to_take_back) {
            return self.take_back(case, now, state);
        }
        case.again += 1;
        let again = if *state == PowerState::On { "on again".to_owned() } else { state.to_string() };
        let text = format!("{} says {again}: fencing once more before anything is sent", self.device);
        case.note(now, Phase::Prove, text);
        contradicted(&mut case, now, state);
        if let Effect::Orders(orders) = &self.after.effect {
            reopen(&mut case, now, orders);
        }
        case.cleared = None;
        if case.touched {
            case.earlier = Some(self.after.proof);
        } else {
            // Nothing was sent: it is all decided again.
            let courses = std::mem::take(&mut case.courses).into_iter().map(|(vm, course)| (vm, course.name));
            let vms = std::mem::take(&mut case.vms).into_iter().map(|(vm, report)| (vm, report.name));
            case.undecided = courses.chain(vms).collect();
        }
        look_around(case, now)
    }

    /// The scheduler could start VMs of a host that is on: its wishes are taken back, then all of it is decided again.
    fn take_back(self, mut case: Box<Case>, now: Moment, state: &PowerState) -> Step {
        let text =
            format!("{} says {state} again: RESCHED flags are taken back before anything else", self.device);
        case.note(now, Phase::Prove, text);
        if let Effect::Orders(orders) = &self.after.effect {
            reopen(&mut case, now, orders);
        }
        for (vm, course) in &mut case.courses {
            if course.to_take_back() {
                course.take_back(*vm, now, None);
            }
        }
        Settling::later(self.after.proven(case, now).0)
    }

    fn not_off(self, case: Box<Case>, now: Moment, state: &PowerState) -> Step {
        let mut case = case;
        contradicted(&mut case, now, state);
        let (host, name, device) = (case.host(), case.subject.name.clone(), self.device);
        let what = format!("{host} was off and now {device} says {state}");
        let advice = match state {
            PowerState::On => format!("power {name} off and keep it off, then run the same command again"),
            PowerState::Off | PowerState::Unknown(_) => {
                format!(
                    "mend {device}, which gives no answer; nothing says that {name} is on; then run the same command again"
                )
            }
        };
        let (proven, _) = self.after.proven(case, now);
        call_off(proven, now, Failure { trouble: Trouble::Refused, what, advice })
    }
}

fn reopen(case: &mut Case, now: Moment, orders: &[Order]) {
    for order in orders {
        if let Some(course) = case.courses.get_mut(&order.vm()) {
            course.reopen(now);
        }
    }
}

/// A proof that a device contradicts is none any more.
fn contradicted(case: &mut Case, now: Moment, state: &PowerState) {
    if *state != PowerState::On {
        return;
    }
    case.is_on(now);
    case.disproven = true;
    if let Some(incident) = &mut case.incident {
        incident.proof = None;
    }
}
