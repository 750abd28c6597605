//! One device: read its power, send "off" where it says on, and read again until it has said off often enough.

use super::clearance::{Ahead, Clearance, Cleared, clearance};
use super::proof::Evidence;
use crate::model::{Epoch, FenceDevice, Moment, NotOff, PowerState, Progress, ReadBack, Sample};
use crate::policy::FRESH;
use crate::policy::host_error::brakes::too_many;
use crate::policy::host_error::gain::{is_due, is_worth_off};
use crate::policy::host_error::{Stop, abort};
use crate::policy::notes::Phase;
use crate::policy::port::World;
use crate::policy::record::ownership::{abort_of, lost, overwritten};
use crate::policy::record::writing::{Needed, rewrite, write};
use crate::policy::report::{Disabled, Outcome};
use crate::policy::run::{Run, Told};
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

    /// Nothing was sent after all: the record has the host as it was before.
    fn take_back(&self, run: &mut Run) {
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
    tried: u32,
    /// Why that was not possible, the last time.
    unsent: Option<String>,
    /// Its last answers, as long as all of them are off.
    off: Vec<Sample>,
    /// Answers in a row that were neither on nor off.
    odd: u32,
    /// Its last answer, and when it was in.
    pub(super) said: Option<PowerState>,
    pub(super) read: Option<Moment>,
    /// Whose turn it is of the peers.
    pub(super) turn: usize,
}

/// What follows from an answer.
enum Next {
    Proven(Evidence),
    Ask,
    AskAfter(Duration),
    SendOff,
}

/// What became of "off".
enum Sent {
    /// It went out, and this is what the device said.
    Out(Result<(), String>),
    /// Nobody was told anything, and what kept it may pass.
    NotOut,
    /// The device says something else than before: that counts first.
    Heard(PowerState),
}

/// Have this device say off, several times in a row.
pub(super) async fn off(
    run: &mut Run,
    attempt: &mut Attempt,
    device: &FenceDevice,
    others: bool,
) -> Result<Evidence, Failed> {
    let (unsent, off, said, read) = (None, Vec::new(), None, None);
    let mut tries = Tries { device, others, tried: 0, unsent, off, odd: 0, said, read, turn: 0 };
    if device.read_back != ReadBack::Status {
        return by_exit_code(run, attempt, &mut tries).await;
    }
    let mut heard = None;
    loop {
        let state = match heard.take() {
            Some(state) => state,
            None => run.power_state(&device.name, tries.turn).await,
        };
        match tries.sample(run, attempt, state)? {
            Next::Proven(evidence) => return Ok(evidence),
            Next::Ask => {}
            Next::AskAfter(pause) => run.pause(pause).await?,
            Next::SendOff => match send(run, attempt, &mut tries).await? {
                Sent::Out(_) => {}
                Sent::NotOut => run.pause(run.policy.fence.interval).await?,
                Sent::Heard(state) => heard = Some(state),
            },
        }
    }
}

/// A device that cannot be read: its word that it has done it, where the settings accept that.
async fn by_exit_code(
    run: &mut Run,
    attempt: &mut Attempt,
    tries: &mut Tries<'_>,
) -> Result<Evidence, Failed> {
    loop {
        let device = tries.device.name.clone();
        let last = match (tries.device.read_back, send(run, attempt, tries).await?) {
            (ReadBack::ExitCodeAccepted, Sent::Out(Ok(()))) => return Ok(Evidence::ExitCode { device }),
            (_, Sent::Out(Err(said))) => said,
            (_, Sent::Out(Ok(())) | Sent::Heard(_)) => "success that proves nothing".to_owned(),
            (_, Sent::NotOut) => format!("{device} was not told"),
        };
        if tries.tried >= attempts(run) || attempt.is_overdue(run) {
            return Err(tries.fails(run, last));
        }
        run.pause(run.policy.fence.interval).await?;
    }
}

impl Tries<'_> {
    /// Was the power read so long ago that it is read again before "off" goes out? oned may have been away since.
    pub(super) fn is_old(&self, now: Moment) -> bool {
        self.read.is_some_and(|at| now.since(at) >= FRESH)
    }

    /// The device has answered.
    fn sample(&mut self, run: &mut Run, attempt: &Attempt, state: PowerState) -> Result<Next, Failed> {
        let (device, at) = (self.device.name.clone(), run.now());
        let text = format!("{device} says {state}");
        if self.said.as_ref() == Some(&state) && state != PowerState::Off {
            run.detail(Phase::Prove, text.clone());
        } else {
            run.note(Phase::Prove, text.clone());
        }
        (self.said, self.read) = (Some(state.clone()), Some(at));
        match state {
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
                self.odd = 0;
                self.off.clear();
                self.not_off_yet(run, attempt, text)
            }
            PowerState::Unknown(_) => {
                self.odd += 1;
                self.off.clear();
                self.turn += 1;
                let peers = run.suspect.peers.len().min(MOST_PEERS);
                let odd = usize::try_from(self.odd).unwrap_or(usize::MAX);
                if run.suspect.by_peer.contains(&device) && odd < peers && !attempt.is_overdue(run) {
                    return Ok(Next::Ask);
                }
                self.not_off_yet(run, attempt, text)
            }
        }
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
    fn stays_on(&self, run: &Run, why: &str) -> Failed {
        let device = &self.device.name;
        let last = match &self.said {
            Some(PowerState::On) => format!("{device} says it is on again, so somebody is at work on it"),
            Some(PowerState::Off | PowerState::Unknown(_)) | None => {
                format!("{device} does not say that it is off")
            }
        };
        self.fails(run, format!("{last}, and {why}"))
    }

    fn fails(&self, run: &Run, last: impl Into<String>) -> Failed {
        let last = last.into();
        let orders = match run.fence.told.get(&self.device.name).map_or(0, |told| told.times) {
            0 => String::new(),
            1 => ", and was sent \"off\" once".to_owned(),
            times => format!(", and was sent \"off\" {times} times"),
        };
        let unsent = self.unsent.as_ref();
        let unsent = unsent.map_or_else(String::new, |why| format!(", and \"off\" could not be sent: {why}"));
        Failed::Device { said: format!("{last}{orders}{unsent}"), last }
    }
}

/// How often a device is told in one go: when the run looks again after a hold, once is enough.
fn attempts(run: &Run) -> u32 {
    if run.hold.is_first() { run.policy.fence.attempts } else { 1 }
}

/// Why a host that was proven off is not sent "off" again: who has switched it on is a person at work on it.
fn not_again(run: &Run) -> Option<&'static str> {
    if run.record.retry.is_look() {
        return Some("it is not fenced again for VMs that are held");
    }
    let ours = run.record.incident.as_ref().is_some_and(|incident| incident.disabled.is_some());
    let by_person = run.suspect.disabled == Disabled::Before && !ours;
    by_person.then_some("it is not fenced again, because a person has disabled it since it was off")
}

/// Send "off": with everything looked at just before, and with the record saying so.
async fn send(run: &mut Run, attempt: &mut Attempt, tries: &mut Tries<'_>) -> Result<Sent, Failed> {
    loop {
        if let Some(why) = not_again(run) {
            return Err(tries.stays_on(run, why));
        }
        if is_due(run) {
            is_worth_off(run).await?;
            continue;
        }
        let clear = match clearance(run, Ahead::Off(tries)).await? {
            Cleared::Yes(clear) => clear,
            Cleared::Heard(state) => return Ok(Sent::Heard(state)),
        };
        let at = run.epoch();
        if let Some(incident) = &mut run.record.incident {
            attempt.before.get_or_insert(Fenced(incident.fenced));
            (incident.progress, incident.fenced) = (Progress::Fencing, Some(at));
        }
        write(run, Needed::Yes).await?;
        if run.fence.told.is_empty() && run.record.document.is_some() {
            count_others(run, attempt, tries).await?;
        }
        // It may have taken so long until now that everything must be looked at again: the host, and the power.
        if clear.is_fresh(run.now()) && !tries.is_old(run.now()) {
            return Ok(power_off(run, attempt, tries, clear).await);
        }
        if attempt.is_overdue(run) {
            return Err(tries.fails(run, "writing the incident down took too long"));
        }
    }
}

/// It is written down that the first "off" of this run goes out. The others are counted that have written the same: if
/// they are too many, this host has not been fenced after all.
async fn count_others(run: &mut Run, attempt: &Attempt, tries: &Tries<'_>) -> Result<(), Failed> {
    loop {
        let memory = match run.read(Phase::Claim, |world| world.memory()).await? {
            Ok(memory) => memory,
            Err(failure) => {
                attempt.take_back(run);
                return Err(Stop::Ended(Outcome::NoCloud(failure)).into());
            }
        };
        run.record.clock.begin(memory.now, run.now());
        if let Some(lost) = lost(run, &memory) {
            return Err(Stop::Lost(lost).into());
        }
        if let Some(word) = abort_of(run, &memory) {
            attempt.take_back(run);
            return Err(abort(run, word).into());
        }
        run.record.owned = run.now();
        if !overwritten(run, &memory) {
            let Some(failure) = too_many(run, &memory) else { return Ok(()) };
            attempt.take_back(run);
            run.fence.cleared = None;
            return Err(Stop::held(failure).into());
        }
        // What was just written is not there: "off" is not sent before it is.
        if attempt.is_overdue(run) {
            attempt.take_back(run);
            return Err(tries.fails(run, "the incident does not stay written down"));
        }
        run.pause(run.policy.wait.look).await?;
        rewrite(run, Needed::Yes).await?;
    }
}

/// One clearance, one "off". What the device says to it is never a proof.
async fn power_off(run: &mut Run, attempt: &mut Attempt, tries: &mut Tries<'_>, clear: Clearance) -> Sent {
    let device = tries.device.name.clone();
    let via = run.via(&device, tries.turn);
    let from = via.as_ref().map_or_else(String::new, |peer| format!(" from {peer}"));
    let to = device.clone();
    let said = run.ask(move |world: &mut dyn World| world.power_off(clear, &to, via.as_ref())).await;
    tries.tried += 1;
    tries.off.clear();
    tries.turn += usize::from(said.is_err());
    let text = match &said {
        Ok(()) => format!("sent \"off\" to {device}{from}"),
        Err(NotOff::Sent(why)) => format!("sent \"off\" to {device}{from}, which says: {why}"),
        Err(NotOff::NotSent { not_sent }) => {
            run.note(Phase::Fence, format!("could not send \"off\" to {device}{from}: {not_sent}"));
            // No order is counted or written down.
            attempt.take_back(run);
            tries.unsent = Some(not_sent.clone());
            return Sent::NotOut;
        }
    };
    run.note(Phase::Fence, text);
    let last = run.now();
    let told = run.fence.told.entry(device).or_default();
    *told = Told { times: told.times + 1, last };
    (attempt.before, tries.unsent) = (None, None);
    Sent::Out(said.map_err(|failed| failed.why().to_owned()))
}
