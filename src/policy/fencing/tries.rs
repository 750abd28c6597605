//! What one go at the fence knows: how its levels failed, and what the device at work has said.

use crate::model::{Epoch, FenceDevice, Moment, PowerState, Progress, Sample};
use crate::policy::fencing::proof::Evidence;
use crate::policy::host_error::wait::is_contradicted;
use crate::policy::notes::Phase;
use crate::policy::report::Disabled;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::timings::FRESH;
use std::time::Duration;

/// A device that is reached from peers is asked from this many before its silence counts.
const MOST_PEERS: usize = 3;

/// One go at the fence, over all its levels.
pub(super) struct Attempt {
    began: Moment,
    /// How each level before failed.
    pub(super) failed: Vec<String>,
    /// When the record had the host as fenced before this run wrote that "off" goes out.
    before: Option<Fenced>,
}

/// `fenced` of a record.
#[derive(Clone, Copy)]
struct Fenced(Option<Epoch>);

impl Attempt {
    pub(super) fn new(began: Moment) -> Self {
        Self { began, failed: Vec::new(), before: None }
    }

    pub(super) fn is_overdue(&self, run: &Run) -> bool {
        run.now().since(self.began) >= run.policy.fence.deadline
    }

    /// "Off" goes out at this moment: what the record had before is kept.
    pub(super) fn begins(&mut self, run: &mut Run) {
        let at = run.epoch();
        if let Some(incident) = &mut run.record.incident {
            self.before.get_or_insert(Fenced(incident.fenced));
            (incident.progress, incident.fenced) = (Progress::Fencing, Some(at));
        }
    }

    /// It went out.
    pub(super) fn is_sent(&mut self) {
        self.before = None;
    }

    /// Nothing was sent after all: the record has the host as it was before.
    pub(super) fn take_back(&self, run: &mut Run) {
        if let (Some(incident), Some(Fenced(before))) = (&mut run.record.incident, self.before) {
            incident.fenced = before;
        }
    }
}

/// Why a device has not proven its part.
pub(super) enum Failed {
    /// What it said last, and the same with what was sent to it.
    Device {
        last: String,
        said: String,
    },
    Stop(Stop),
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// What this go knows of the device at work.
pub(super) struct Tries<'a> {
    pub(super) device: &'a FenceDevice,
    /// Another level can do it too.
    others: bool,
    /// How often this go tried to send "off" to it.
    pub(super) tried: u32,
    /// Why that was not possible, the last time.
    pub(super) unsent: Option<String>,
    /// Its last answers, as long as all of them are off.
    pub(super) off: Vec<Sample>,
    /// Answers in a row that were neither on nor off.
    odd: u32,
    /// Its last answer, and when it was in.
    pub(super) said: Option<PowerState>,
    pub(super) read: Option<Moment>,
    /// Whose turn it is of the peers.
    pub(super) turn: usize,
}

/// What follows from an answer.
pub(super) enum Next {
    Proven(Evidence),
    Ask,
    AskAfter(Duration),
    SendOff,
}

impl<'a> Tries<'a> {
    pub(super) fn new(device: &'a FenceDevice, others: bool) -> Self {
        let (unsent, off, said, read) = (None, Vec::new(), None, None);
        Self { device, others, tried: 0, unsent, off, odd: 0, said, read, turn: 0 }
    }

    /// Was the power read so long ago that it is read again before "off" goes out? oned may have been away since.
    pub(super) fn is_old(&self, now: Moment) -> bool {
        self.read.is_some_and(|at| now.since(at) >= FRESH)
    }

    /// The device has answered.
    pub(super) fn sample(
        &mut self,
        run: &mut Run,
        attempt: &Attempt,
        state: PowerState,
    ) -> Result<Next, Failed> {
        let (device, at) = (self.device.name.clone(), run.now());
        let text = format!("{device} says {state}");
        if self.said.as_ref() == Some(&state) && state != PowerState::Off {
            run.detail(Phase::Prove, text.clone());
        } else {
            run.note(Phase::Prove, text.clone());
        }
        (self.said, self.read) = (Some(state.clone()), Some(at));
        match state {
            PowerState::Off if self.is_told_anyway(run) => {
                self.odd = 0;
                if self.tried == 0 {
                    let why = "may say so of a machine that runs (`off_anyway`): it counts once it has taken an \"off\"";
                    run.note_once(Phase::Fence, format!("{device} {why}"));
                }
                self.not_off_yet(run, attempt, text)
            }
            PowerState::Off => {
                self.odd = 0;
                self.off.push(Sample { device, at, state });
                let samples = usize::try_from(run.policy.fence.samples.max(1)).unwrap_or(usize::MAX);
                if self.off.len() >= samples {
                    return Ok(Next::Proven(Evidence::ReadBack { samples: std::mem::take(&mut self.off) }));
                }
                if attempt.is_overdue(run) {
                    return Err(self.fails(run, text));
                }
                Ok(Next::AskAfter(run.policy.fence.interval))
            }
            PowerState::On => {
                run.is_on();
                if is_contradicted(run, &device) {
                    return Err(Stop::Again.into());
                }
                self.odd = 0;
                self.off.clear();
                self.not_off_yet(run, attempt, text)
            }
            PowerState::Unknown(_) => {
                self.odd += 1;
                self.off.clear();
                self.turn += 1;
                if let Some(told) = run.fence.told.get_mut(&device) {
                    told.taken = false;
                }
                let peers = run.suspect.peers.len().min(MOST_PEERS);
                let odd = usize::try_from(self.odd).unwrap_or(usize::MAX);
                if run.suspect.by_peer.contains(&device) && odd < peers && !attempt.is_overdue(run) {
                    return Ok(Next::Ask);
                }
                self.not_off_yet(run, attempt, text)
            }
        }
    }

    /// Is it to be sent "off" before its "off" counts? It has to take one: what it refuses, or what is lost, has switched
    /// nothing off. One that was silent since may have restarted.
    fn is_told_anyway(&self, run: &Run) -> bool {
        let taken = run.fence.told.get(&self.device.name).is_some_and(|told| told.taken);
        self.device.off_anyway && !taken && not_again(run).is_none()
    }

    /// The device has not said off often enough yet.
    fn not_off_yet(&self, run: &Run, attempt: &Attempt, last: String) -> Result<Next, Failed> {
        let (rules, now) = (run.policy.fence, run.now());
        let told = run.fence.told.get(&self.device.name);
        let patient = told.is_some_and(|told| now.since(told.last) < rules.patience);
        // Another level can do it, or this one has had its chance: a device that gives no answer is not told again and
        // again, because some lock the user out.
        let mute = self.odd > 0 && !patient && (self.others || !run.hold.is_first());
        if mute || attempt.is_overdue(run) || (!patient && self.tried >= attempts(run)) {
            return Err(self.fails(run, last));
        }
        if !patient && self.off.is_empty() {
            return Ok(Next::SendOff);
        }
        // Do not knock at a device that gives no answer every two seconds: some lock the user out.
        let left = rules.deadline.saturating_sub(now.since(attempt.began));
        let pause = rules.interval.saturating_mul(1 << self.odd.min(3)).min(left.max(rules.interval));
        Ok(Next::AskAfter(pause))
    }

    /// The host was off, and is not fenced once more, for this reason.
    pub(super) fn stays_on(&self, run: &Run, why: &str) -> Failed {
        let device = &self.device.name;
        let last = match &self.said {
            Some(PowerState::On) => format!("{device} says it is on again, so somebody is at work on it"),
            Some(PowerState::Off | PowerState::Unknown(_)) | None => {
                format!("{device} does not say that it is off")
            }
        };
        self.fails(run, format!("{last}, and {why}"))
    }

    pub(super) fn fails(&self, run: &Run, last: impl Into<String>) -> Failed {
        let last = last.into();
        let device = &self.device.name;
        let orders = match run.fence.told.get(device).map_or(0, |told| told.times) {
            0 => String::new(),
            1 => format!("; \"off\" was sent to {device} once"),
            times => format!("; \"off\" was sent to {device} {times} times"),
        };
        let unsent = self.unsent.as_ref();
        let unsent =
            unsent.map_or_else(String::new, |why| format!("; \"off\" could not be sent to {device}: {why}"));
        Failed::Device { said: format!("{last}{orders}{unsent}"), last }
    }
}

/// Why a host that was proven off is not sent "off" again: who has switched it on is a person at work on it.
pub(super) fn not_again(run: &Run) -> Option<&'static str> {
    if run.record.retry.is_look() {
        return Some("it is not fenced again for VMs that are held");
    }
    let ours = run.record.incident.as_ref().is_some_and(|incident| incident.disabled.is_some());
    let by_person = run.suspect.disabled == Disabled::Before && !ours;
    by_person.then_some("it is not fenced again, because a person has disabled it since it was off")
}

/// How often a device is told in one go: when the run looks again after a hold, once is enough.
pub(super) fn attempts(run: &Run) -> u32 {
    if run.hold.is_first() { run.policy.fence.attempts } else { 1 }
}
