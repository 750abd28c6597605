//! Power the host off, level by level, and prove it.
//!
//! A device's word counts only when it is read back as "off" (see [`super::Proving`]). A host that is off
//! already is proven without being sent anything. Every device of one level must say off; a level that fails falls
//! to the next, and when all have failed the run holds and begins again later.

use super::FRESH;
use super::brake::Braking;
use super::case::{Case, Told};
use super::devices::{names, reservation};
use super::hear::Hearing;
use super::hold::hold;
use super::incident::{Step, wait};
use super::limits::too_many;
use super::notes::Phase;
use super::port::{Failure, Subject, Trouble};
use super::proof::{Evidence, Proof};
use super::prove::Proving;
use super::record::{After, write};
use super::recover::{Proven, Surveying};
use super::remember::Remembering;
use super::report::{Disabled, Outcome};
use super::settings::Purpose;
use crate::model::{
    DatastoreId, DeviceName, Epoch, FenceDevice, Level, Memory, Moment, NotOff, Peer, PowerState, Progress,
    ReadBack, Sample, Scope,
};
use std::collections::BTreeSet;

/// Nothing will be sent, so nothing needs to be proven.
pub(super) fn rehearse(case: Box<Case>, now: Moment) -> Step {
    let proof = Proof::new(case.subject.host, now, vec![Evidence::Rehearsal]);
    Step::Survey(Surveying::new(Proven { case, proof, checked: now, surveyed: now }))
}

/// Take a person's word, once: no device says on. It is used up before anything follows from it.
pub(super) fn accept(mut case: Box<Case>, now: Moment, devices: Vec<DeviceName>) -> Step {
    let Some(word) = case.confirmation(now).cloned() else {
        return Step::Brake(Braking::new(case));
    };
    if let Some(incident) = &mut case.incident {
        incident.confirmation = Some(word.clone());
    }
    let evidence = Evidence::Confirmed { by: word.by, reason: word.reason, devices };
    case.note(now, Phase::Prove, evidence.to_string());
    let proof = Proof::new(case.subject.host, now, vec![evidence]);
    write(case, now, After::Confirmed(proof))
}

/// The word is used up: go on with it.
pub(super) fn confirmed(case: Box<Case>, now: Moment, proof: Proof) -> Step {
    Hearing::after_off(case, now, proof)
}

/// `fenced` of a record.
#[derive(Clone, Copy, Debug)]
struct Fenced(Option<Epoch>);

/// Where the work on the devices stands.
#[derive(Debug)]
pub(super) struct Fencing {
    /// The device at work, those after it in its level, the level, and the levels after that.
    pub(super) device: FenceDevice,
    rest: Vec<FenceDevice>,
    level: Level,
    levels: Vec<Level>,
    /// How each level before failed.
    failed: Vec<String>,
    began: Moment,
    evidence: Vec<Evidence>,
    /// How often this go tried to send "off" to the device at work.
    tried: u32,
    /// Why that was not possible, the last time.
    unsent: Option<String>,
    /// The device's last answers, as long as all of them are off.
    pub(super) off: Vec<Sample>,
    /// Answers in a row that were neither on nor off.
    pub(super) odd: u32,
    /// The device's last answer, and when it was in.
    pub(super) said: Option<PowerState>,
    pub(super) read: Option<Moment>,
    /// Whose turn it is of the peers.
    pub(super) turn: usize,
    /// When the record had the host as fenced before this run wrote that "off" goes out.
    before: Option<Fenced>,
}

impl Fencing {
    pub(super) fn new(now: Moment, levels: &[Level]) -> Option<Self> {
        let (level, levels) = levels.split_first()?;
        let (device, rest) = level.0.split_first()?;
        Some(Self {
            device: device.clone(),
            rest: rest.to_vec(),
            level: level.clone(),
            levels: levels.to_vec(),
            failed: Vec::new(),
            began: now,
            evidence: Vec::new(),
            tried: 0,
            unsent: None,
            off: Vec::new(),
            odd: 0,
            said: None,
            read: None,
            turn: 0,
            before: None,
        })
    }

    pub(super) fn begin_device(self, case: Box<Case>, now: Moment) -> Step {
        match self.device.read_back {
            ReadBack::Status => Proving::sample(case, self),
            ReadBack::ExitCodeAccepted | ReadBack::ExitCodeOnly => Braking::before_off(self, case, now),
        }
    }

    /// The device at work has proven its part.
    pub(super) fn next_device(mut self, case: Box<Case>, now: Moment, evidence: Evidence) -> Step {
        self.evidence.push(evidence);
        if let Some((device, rest)) = self.rest.split_first() {
            (self.device, self.rest) = (device.clone(), rest.to_vec());
            return self.afresh().begin_device(case, now);
        }
        let scope = scope(&self.level);
        let reserved = reservation(&case, now, &self.level);
        let proof = Proof::new(case.subject.host, now, self.evidence).limited(scope, reserved);
        Hearing::after_off(case, now, proof)
    }

    /// Nothing is known of the device at work yet.
    fn afresh(self) -> Self {
        Self { tried: 0, unsent: None, odd: 0, said: None, read: None, off: Vec::new(), turn: 0, ..self }
    }

    /// The host was still in ERROR a moment ago: write down that "off" goes out.
    pub(super) fn send(mut self, mut case: Box<Case>, now: Moment) -> Step {
        let at = case.epoch(now);
        if let Some(incident) = &mut case.incident {
            self.before.get_or_insert(Fenced(incident.fenced));
            (incident.progress, incident.fenced) = (Progress::Fencing, Some(at));
        }
        write(case, now, After::Off(Box::new(self), now))
    }

    /// It is written down. Before the first "off" of a run the others are counted that have written the same.
    pub(super) fn written(self, case: Box<Case>, now: Moment, confirmed: Moment) -> Step {
        if case.told.is_empty() && case.document.is_some() {
            return Remembering::before_off(case, self, confirmed);
        }
        self.send_now(case, now, confirmed)
    }

    /// Others have: send "off", unless they are too many; then this one has not been fenced after all.
    pub(super) fn counted(
        self,
        mut case: Box<Case>,
        now: Moment,
        confirmed: Moment,
        memory: &Memory,
    ) -> Step {
        let Some(failure) = too_many(&case, now, memory) else {
            return self.send_now(case, now, confirmed);
        };
        self.take_back(&mut case);
        case.cleared = None;
        hold(case, now, failure, Outcome::Held)
    }

    /// What was just written is not there: "off" is not sent before it is.
    pub(super) fn unwritten(self, mut case: Box<Case>, now: Moment, confirmed: Moment) -> Step {
        if self.overdue(&case, now) {
            self.take_back(&mut case);
            return self.give_up(case, now, "the incident does not stay written down");
        }
        let pause = case.policy.wait.look;
        wait(pause, Remembering::still_ours(case, After::Off(Box::new(self), confirmed)))
    }

    /// Nothing was sent after all: the record has the host as it was before.
    pub(super) fn take_back(&self, case: &mut Case) {
        if let (Some(incident), Some(Fenced(before))) = (&mut case.incident, self.before) {
            incident.fenced = before;
        }
    }

    /// Nobody was told anything: no order is counted or written down, and what kept it may pass.
    fn not_sent(mut self, mut case: Box<Case>, now: Moment, why: String) -> Step {
        self.take_back(&mut case);
        let last = format!("{} was not told", self.device.name);
        self.unsent = Some(why);
        let pause = case.policy.fence.interval;
        if self.device.read_back == ReadBack::Status {
            return wait(pause, Proving::sample(case, self));
        }
        if self.tried >= attempts(&case) || self.overdue(&case, now) {
            return self.give_up(case, now, &last);
        }
        wait(pause, Braking::before_off(self, case, now))
    }

    /// Send "off", unless it took so long until now that everything must be looked at again: the host, and the power.
    pub(super) fn send_now(self, case: Box<Case>, now: Moment, confirmed: Moment) -> Step {
        if now.since(confirmed) < FRESH && !self.is_old(now) {
            return Step::PowerOff(PoweringOff { case, fence: self });
        }
        if self.overdue(&case, now) {
            return self.give_up(case, now, "writing the incident down took too long");
        }
        Braking::before_off(self, case, now)
    }

    /// Was the power read so long ago that it is read again before "off" goes out? oned may have been away since.
    pub(super) fn is_old(&self, now: Moment) -> bool {
        self.read.is_some_and(|at| now.since(at) >= FRESH)
    }

    pub(super) fn overdue(&self, case: &Case, now: Moment) -> bool {
        now.since(self.began) >= case.policy.fence.deadline
    }

    /// The device has not said off often enough yet.
    pub(super) fn go_on(self, case: Box<Case>, now: Moment, last: &str) -> Step {
        let rules = case.policy.fence;
        let told = case.told.get(&self.device.name);
        let patient = told.is_some_and(|told| now.since(told.last) < rules.patience);
        // Another level can do it, or this one has had its chance: a device that gives no answer is not told again and
        // again, because some lock the user out.
        let mute = self.odd > 0 && !patient && (!self.levels.is_empty() || !case.hold.is_first());
        if mute || self.overdue(&case, now) || (!patient && self.tried >= attempts(&case)) {
            return self.give_up(case, now, last);
        }
        if !patient && self.off.is_empty() {
            return Braking::before_off(self, case, now);
        }
        // Do not knock at a device that gives no answer every two seconds: some lock the user out.
        let left = rules.deadline.saturating_sub(now.since(self.began));
        let pause = rules.interval.saturating_mul(1 << self.odd.min(3)).min(left.max(rules.interval));
        wait(pause, Proving::sample(case, self))
    }

    /// The host was off, and is not fenced once more, for this reason.
    pub(super) fn stays_its_hand(self, case: Box<Case>, now: Moment, why: &str) -> Step {
        let device = &self.device.name;
        let last = match &self.said {
            Some(PowerState::On) => format!("{device} says it is on again, so somebody is at work on it"),
            Some(PowerState::Off | PowerState::Unknown(_)) | None => {
                format!("{device} does not say that it is off")
            }
        };
        self.give_up(case, now, &format!("{last}, and {why}"))
    }

    /// The level has failed: try the next one, or hold.
    pub(super) fn give_up(mut self, mut case: Box<Case>, now: Moment, last: &str) -> Step {
        let times = case.told.get(&self.device.name).map_or(0, |told| told.times);
        let orders = match times {
            0 => String::new(),
            1 => ", and was sent \"off\" once".to_owned(),
            _ => format!(", and was sent \"off\" {times} times"),
        };
        let unsent = self.unsent.as_ref();
        let unsent = unsent.map_or_else(String::new, |why| format!(", and \"off\" could not be sent: {why}"));
        self.failed.push(format!("{last}{orders}{unsent}"));
        let late = self.overdue(&case, now);
        let next = self.levels.split_first().filter(|_| !late);
        if let Some((level, levels)) = next.map(|(level, levels)| (level.clone(), levels.to_vec()))
            && let Some((device, rest)) = level.0.split_first()
        {
            case.note_once(now, Phase::Fence, format!("{last}; trying {} instead", names(&level)));
            let next = Self { device: device.clone(), rest: rest.to_vec(), evidence: Vec::new(), ..self };
            return Self { level, levels, ..next }.afresh().begin_device(case, now);
        }
        let failure = self.failure(&case);
        hold(case, now, failure, Outcome::NotFenced)
    }

    fn failure(&self, case: &Case) -> Failure {
        let (host, name) = (case.host(), &case.subject.name);
        let what = format!("{host} is not proven to be off: {}", self.failed.join("; "));
        let device = &self.device.name;
        let advice = match case.policy.purpose {
            Purpose::Recover | Purpose::Rehearse => format!(
                "look at {device} and at the host itself; if nothing can say that it is off and you have seen that it is: \
                 `onerescue confirm-off {name} --reason …`; if this run has ended, run `{}` again",
                case.command()
            ),
            Purpose::Fence => {
                format!(
                    "look at {device} and at the host itself; when the host is off, run `{}` again",
                    case.command()
                )
            }
        };
        Failure { trouble: Trouble::Unreachable, what, advice }
    }
}

/// Why a host that was proven off is not sent "off" again: who has switched it on is a person at work on it.
pub(super) fn not_again(case: &Case) -> Option<&'static str> {
    if case.retry.is_look() {
        return Some("it is not fenced again for VMs that are held");
    }
    let ours = case.incident.as_ref().is_some_and(|incident| incident.disabled.is_some());
    let by_person = case.disabled == Disabled::Before && !ours;
    by_person.then_some("it is not fenced again, because a person has disabled it since it was off")
}

/// How often a device is told in one go: when the run looks again after a hold, once is enough.
fn attempts(case: &Case) -> u32 {
    if case.hold.is_first() { case.policy.fence.attempts } else { 1 }
}

/// What is cut off when every device of the level says off.
fn scope(level: &Level) -> Scope {
    let mut cut: BTreeSet<DatastoreId> = BTreeSet::new();
    for device in &level.0 {
        match &device.scope {
            Scope::Host => return Scope::Host,
            Scope::Datastores(datastores) => cut.extend(datastores),
        }
    }
    Scope::Datastores(cut.into_iter().collect())
}

/// See [`Step::PowerOff`].
#[derive(Debug)]
pub struct PoweringOff {
    case: Box<Case>,
    fence: Fencing,
}

impl PoweringOff {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
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
        self.case.via(&self.fence.device.name, self.fence.turn)
    }

    /// What the device said. It is never a proof.
    #[must_use]
    pub fn answer(self, now: Moment, said: Result<(), NotOff>) -> Step {
        let via = self.via().map_or_else(String::new, |peer| format!(" from {peer}"));
        let Self { mut case, mut fence } = self;
        fence.tried += 1;
        let device = fence.device.name.clone();
        fence.off.clear();
        fence.turn += usize::from(said.is_err());
        let text = match &said {
            Ok(()) => format!("sent \"off\" to {device}{via}"),
            Err(NotOff::Sent(why)) => format!("sent \"off\" to {device}{via}, which says: {why}"),
            Err(NotOff::NotSent { not_sent }) => {
                case.note(now, Phase::Fence, format!("could not send \"off\" to {device}{via}: {not_sent}"));
                return fence.not_sent(case, now, not_sent.clone());
            }
        };
        case.note(now, Phase::Fence, text);
        let told = case.told.entry(device.clone()).or_default();
        *told = Told { times: told.times + 1, last: now };
        (fence.before, fence.unsent) = (None, None);
        match (fence.device.read_back, said.map_err(|failed| failed.why().to_owned())) {
            (ReadBack::Status, _) => Proving::sample(case, fence),
            (ReadBack::ExitCodeAccepted, Ok(())) => {
                fence.next_device(case, now, Evidence::ExitCode { device })
            }
            (ReadBack::ExitCodeAccepted | ReadBack::ExitCodeOnly, said) => {
                let last = said.err().unwrap_or_else(|| "success that proves nothing".to_owned());
                if fence.tried >= attempts(&case) || fence.overdue(&case, now) {
                    return fence.give_up(case, now, &last);
                }
                wait(case.policy.fence.interval, Braking::before_off(fence, case, now))
            }
        }
    }
}
