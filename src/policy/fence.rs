//! Power the host off and prove it.
//!
//! A device's word counts only when it is read back as "off" (see [`super::Proving`]). A host that is off
//! already is proven without being sent anything.

use super::brake::Confirming;
use super::case::{Case, Failure, Subject, Trouble};
use super::incident::{Step, wait};
use super::notes::{Entry, Phase};
use super::proof::{Evidence, Proof};
use super::prove::Proving;
use super::recover::{Proven, Surveying};
use super::report::Outcome;
use super::settings::Purpose;
use crate::model::{DeviceName, FenceDevice, Level, Moment, Peer, PowerState, ReadBack, Sample};
use std::time::Duration;

/// See [`Step::ChooseDevices`].
#[derive(Debug)]
pub struct ChoosingDevices {
    case: Box<Case>,
}

impl ChoosingDevices {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.trail
    }

    pub(super) fn new(case: Box<Case>) -> Self {
        Self { case }
    }

    /// The host to fence.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The devices that must all prove off, in the order to try them; or why there are none.
    #[must_use]
    pub fn answer(self, now: Moment, levels: Result<Vec<Level>, Failure>) -> Step {
        let Self { mut case } = self;
        let devices = levels.map(|levels| levels.into_iter().flat_map(|level| level.0).collect());
        let devices = match devices.and_then(usable) {
            Ok(devices) => devices,
            Err(failure) => return unfenceable(case, now, failure),
        };
        let names: Vec<_> = devices.iter().map(|device| device.name.0.as_str()).collect();
        case.note(now, Phase::Fence, format!("by {}", names.join(" and ")));
        if case.policy.purpose == Purpose::Rehearse {
            let readable = devices.iter().filter(|device| device.read_back == ReadBack::Status);
            return Proving::rehearse(case, now, readable.map(|device| device.name.clone()).collect());
        }
        let Some((device, rest)) = devices.split_first() else {
            let failure = none(&case);
            return unfenceable(case, now, failure);
        };
        Fencing {
            device: device.clone(),
            rest: rest.to_vec(),
            began: now,
            evidence: Vec::new(),
            sent: 0,
            told: Vec::new(),
            sent_at: None,
            off: Vec::new(),
            odd: 0,
            said: None,
        }
        .begin_device(case, now)
    }
}

/// Nothing will be sent, so nothing needs to be proven.
pub(super) fn rehearse(case: Box<Case>, now: Moment) -> Step {
    let proof = Proof::new(case.subject.host, now, vec![Evidence::Rehearsal]);
    Step::Survey(Surveying::new(Proven { case, proof, checked: now, surveyed: now }))
}

fn unfenceable(mut case: Box<Case>, now: Moment, failure: Failure) -> Step {
    if case.policy.purpose == Purpose::Rehearse {
        case.note(now, Phase::Fence, format!("WOULD STOP HERE: {}; {}", failure.what, failure.advice));
        case.stops_with(Outcome::NotFenced(failure));
        return rehearse(case, now);
    }
    case.stop(now, Outcome::NotFenced(failure))
}

fn usable(devices: Vec<FenceDevice>) -> Result<Vec<FenceDevice>, Failure> {
    let failure = |what, advice| Failure { trouble: Trouble::Settings, what, advice };
    match devices.iter().find(|device| device.read_back == ReadBack::ExitCodeOnly) {
        Some(device) => Err(failure(
            format!("{} has no status command, and an exit code proves nothing", device.name),
            format!("give [device.{0}] a status command, or accept_exit_code = true", device.name),
        )),
        None => Ok(devices),
    }
}

fn none(case: &Case) -> Failure {
    Failure {
        trouble: Trouble::Settings,
        what: format!("no fence device is set for {}", case.host()),
        advice: "add a [[host]] entry with its devices to onerescue.toml".to_owned(),
    }
}

/// Where the work on the devices stands.
#[derive(Debug)]
pub(super) struct Fencing {
    /// The device at work, and those after it.
    pub(super) device: FenceDevice,
    rest: Vec<FenceDevice>,
    began: Moment,
    evidence: Vec<Evidence>,
    /// How often "off" was sent to the device at work, and when last.
    sent: u32,
    /// The devices that were sent "off", whatever they said.
    pub(super) told: Vec<DeviceName>,
    sent_at: Option<Moment>,
    /// The device's last answers, as long as all of them are off.
    pub(super) off: Vec<Sample>,
    /// Answers in a row that were neither on nor off.
    pub(super) odd: u32,
    /// The device's last answer.
    pub(super) said: Option<PowerState>,
}

impl Fencing {
    fn begin_device(self, case: Box<Case>, now: Moment) -> Step {
        match self.device.read_back {
            ReadBack::Status => Proving::sample(case, self),
            ReadBack::ExitCodeAccepted | ReadBack::ExitCodeOnly => Confirming::before_off(self, case, now),
        }
    }

    /// The device at work has proven its part.
    pub(super) fn next_device(mut self, mut case: Box<Case>, now: Moment, evidence: Evidence) -> Step {
        self.evidence.push(evidence);
        (self.sent, self.sent_at, self.odd) = (0, None, 0);
        self.off.clear();
        if let Some((device, rest)) = self.rest.split_first() {
            (self.device, self.rest) = (device.clone(), rest.to_vec());
            return self.begin_device(case, now);
        }
        let proof = Proof::new(case.subject.host, now, self.evidence);
        case.note(now, Phase::Prove, format!("{} is off: {proof}", case.host()));
        match case.policy.purpose {
            Purpose::Fence => case.end(now, Outcome::Fenced, Some(proof)),
            Purpose::Recover | Purpose::Rehearse => {
                Step::Survey(Surveying::new(Proven { case, proof, checked: now, surveyed: now }))
            }
        }
    }

    /// The host was still in ERROR a moment ago: send "off".
    pub(super) fn send(mut self, case: Box<Case>, oned_away: Duration) -> Step {
        self.began = self.began.plus(oned_away);
        Step::PowerOff(PoweringOff { case, fence: self })
    }

    pub(super) fn overdue(&self, case: &Case, now: Moment) -> bool {
        now.since(self.began) >= case.policy.fence.deadline
    }

    /// The device has not said off often enough yet.
    pub(super) fn go_on(self, case: Box<Case>, now: Moment, last: &str) -> Step {
        let rules = case.policy.fence;
        let patient = self.sent_at.is_some_and(|sent| now.since(sent) < rules.patience);
        if self.overdue(&case, now) || (!patient && self.sent >= rules.attempts) {
            return self.give_up(case, now, last);
        }
        if !patient && self.off.is_empty() {
            return Confirming::before_off(self, case, now);
        }
        // Do not knock at a device that gives no answer every two seconds: some lock the user out.
        let left = rules.deadline.saturating_sub(now.since(self.began));
        let pause = rules.interval.saturating_mul(1 << self.odd.min(3)).min(left.max(rules.interval));
        wait(pause, Proving::sample(case, self))
    }

    pub(super) fn give_up(self, case: Box<Case>, now: Moment, last: &str) -> Step {
        let device = &self.device.name;
        let took = now.since(self.began).as_secs();
        let what = format!(
            "{} is not proven to be off: {device} was sent \"off\" {} times in {took} s, and last: {last}",
            case.host(),
            self.sent
        );
        let unfenced = match case.policy.purpose {
            Purpose::Recover | Purpose::Rehearse => {
                " (with -u only if the device cannot be mended and you have pulled the plug)"
            }
            Purpose::Fence => "",
        };
        let advice = format!(
            "look at {device} and at the host itself; when the host is off, run `{}` again{unfenced}",
            case.command()
        );
        case.stop(now, Outcome::NotFenced(Failure { trouble: Trouble::Unreachable, what, advice }))
    }
}

/// See [`Step::PowerOff`].
#[derive(Debug)]
pub struct PoweringOff {
    case: Box<Case>,
    fence: Fencing,
}

impl PoweringOff {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.trail
    }

    /// The host to power off.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The device to ask.
    #[must_use]
    pub fn device(&self) -> &DeviceName {
        &self.fence.device.name
    }

    /// The host that the device is reached from, if not the front-end.
    #[must_use]
    pub fn via(&self) -> Option<&Peer> {
        None
    }

    /// What the device said. It is never a proof.
    #[must_use]
    pub fn answer(self, now: Moment, said: Result<(), String>) -> Step {
        let Self { mut case, mut fence } = self;
        fence.sent += 1;
        if !fence.told.contains(&fence.device.name) {
            fence.told.push(fence.device.name.clone());
        }
        fence.sent_at = Some(now);
        fence.off.clear();
        let device = fence.device.name.clone();
        let text = match &said {
            Ok(()) => format!("sent \"off\" to {device}"),
            Err(why) => format!("sent \"off\" to {device}, which says: {why}"),
        };
        case.note(now, Phase::Fence, text);
        match (fence.device.read_back, said) {
            (ReadBack::Status, _) => Proving::sample(case, fence),
            (ReadBack::ExitCodeAccepted, Ok(())) => {
                fence.next_device(case, now, Evidence::ExitCode { device })
            }
            (ReadBack::ExitCodeAccepted | ReadBack::ExitCodeOnly, said) => {
                let last = said.err().unwrap_or_else(|| "success that proves nothing".to_owned());
                if fence.sent >= case.policy.fence.attempts || fence.overdue(&case, now) {
                    return fence.give_up(case, now, &last);
                }
                wait(case.policy.fence.interval, Confirming::before_off(fence, case, now))
            }
        }
    }
}
