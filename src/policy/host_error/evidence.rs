//! What ends the wait before its time: signs that the host does not come back by itself.
//!
//! | sign | it ends the wait |
//! | --- | --- |
//! | every device of a level says off | three times in a row, if no device that is read says on, and no run has sent "off" |
//! | witnesses get no answer | for `[wait] sure` (30 s) in a row, at least two of them and none gets one |
//!
//! Whether "off" was sent is `fenced` of the record: every run writes it before its "off", on any front-end, and with `-u` without
//! one. A level is read if each of its devices may prove the host off (`fencing/seen_on`), has a status that is read back, switches
//! the power and not storage, and has no `off_anyway`: any other device takes its whole level out. A device that gives no answer is
//! no sign. Where no level may prove the host off, or its devices said off while it ran, witnesses do not end the wait either.
//!
//! A device that says on after it has said off, and a witness that gets an answer, leave the host its whole time. A sign ends the
//! wait and nothing else: what follows is as it would be later. When the fence begins, a sign that is older than two looks (`[wait]
//! look`, 5 s, so 10 s) ends nothing, and neither do devices, where any of them says on before one was sent "off": the wait goes on
//! ([`super::wait`]). Where witnesses have ended the wait, a device that says on changes nothing: a host that hangs is on.

use super::witnesses::{self, witnesses as so_many};
use crate::model::{DeviceName, FenceDevice, Level, Moment, PowerState, ReadBack, Scope, Signs};
use crate::policy::fencing::clearance::learn::around;
use crate::policy::fencing::has_lied;
use crate::policy::fencing::seen_on::{good, names, reached_by_peers, recognise};
use crate::policy::notes::Phase;
use crate::policy::port::Trouble;
use crate::policy::run::Run;
use crate::policy::run::waiting::By;
use crate::policy::settings::{Fencing, Purpose};
use crate::policy::timings::LEASE;
use std::collections::BTreeMap;
use std::time::Duration;

/// So many readings in a row.
pub(in crate::policy) const READINGS: u32 = 3;

/// So many witnesses.
pub(in crate::policy) const WITNESSES: u32 = 2;

/// What a look has shown.
pub(super) enum Sign {
    Nothing,
    /// Every device of a level says off, not often enough yet.
    Off,
    Over(By, String),
}

/// What a wait knows of its host.
#[derive(Default)]
pub(super) struct Clues {
    /// When it was looked up what can be asked.
    known: Option<Moment>,
    /// Levels whose devices are read.
    levels: Vec<Level>,
    said: BTreeMap<DeviceName, Said>,
    /// Since when witnesses have got no answer, and for how long before this run.
    silent: Option<Moment>,
    before: Duration,
    /// Devices were read, so witnesses may be asked.
    looked: bool,
}

/// What a device has said.
#[derive(Default)]
struct Said {
    last: Option<PowerState>,
    /// How often in a row it has said off, and how often it gave no answer.
    off: u32,
    odd: u32,
    was_off: bool,
    /// It is not asked before this.
    next: Moment,
}

impl Clues {
    /// Those of a tick of the timer: it goes on from what the record has.
    pub(super) fn of_a_tick(run: &Run) -> Self {
        let signs = run.record.incident.as_ref().and_then(|incident| incident.signs.as_ref());
        let before = match signs {
            Some(Signs::Silent(since)) => Some(run.epoch().since(*since)).filter(|before| *before < LEASE),
            Some(Signs::Waited(_) | Signs::Over { .. }) | None => None,
        };
        let silent = before.map(|_| run.now());
        Self { silent, before: before.unwrap_or_default(), looked: true, ..Self::default() }
    }

    /// The level all of whose devices have said off so often in a row, if none says on.
    fn off(&self, times: u32) -> Option<&Level> {
        if self.said.values().any(|said| said.last == Some(PowerState::On)) {
            return None;
        }
        let off = |device: &FenceDevice| self.said.get(&device.name).is_some_and(|said| said.off >= times);
        self.levels.iter().find(|level| level.0.iter().all(off))
    }
}

/// Look once.
pub(super) async fn look(run: &mut Run, clues: &mut Clues) -> Sign {
    let waived = run.policy.fencing == Fencing::Waived && run.policy.purpose != Purpose::Fence;
    if waived || has_its_time(run) {
        return Sign::Nothing;
    }
    if clues.known.is_none() && !learn(run, clues).await {
        return Sign::Nothing;
    }
    let last = clues.off(READINGS - 1).is_some();
    if last || clues.looked && clues.off(1).is_none() {
        let over = hear(run, clues, last).await;
        if let Some(sign) = over {
            return sign;
        }
    } else {
        clues.silent = None;
    }
    clues.looked = true;
    read(run, clues).await
}

/// Look up what can be asked. Is it known now?
async fn learn(run: &mut Run, clues: &mut Clues) -> bool {
    let host = run.subject.host;
    let (levels, outlook) = match run.ask(move |world| world.clues(host)).await {
        Ok(known) => known,
        Err(failure) => {
            if failure.trouble != Trouble::Unreachable {
                leave_its_time(run, failure.what);
            }
            return false;
        }
    };
    around(run, &outlook);
    reached_by_peers(run, &levels);
    recognise(run, &levels).await;
    clues.known = Some(run.now());
    let good = good(run, levels);
    if good.is_empty() || has_lied(run).is_some() {
        leave_its_time(run, "none of its devices may prove that it is off");
        return false;
    }
    let incident = run.record.incident.as_ref();
    let ours = !run.fence.told.is_empty() || incident.is_some_and(|incident| incident.fenced.is_some());
    clues.levels = good.into_iter().filter(|level| !ours && level.0.iter().all(counts)).collect();
    true
}

/// Does its "off" mean that the machine is off?
pub(in crate::policy) fn counts(device: &FenceDevice) -> bool {
    device.read_back == ReadBack::Status && device.scope == Scope::Host && !device.off_anyway
}

/// Ask witnesses, if there are as many as it takes. `last`: devices end the wait next, unless somebody gets an answer.
async fn hear(run: &mut Run, clues: &mut Clues, last: bool) -> Option<Sign> {
    let (rules, sure) = (run.policy.witness, run.policy.wait.sure);
    let peers = u32::try_from(run.suspect.peers.len()).unwrap_or(u32::MAX).min(rules.peers);
    let all = peers.saturating_add(u32::from(rules.consul));
    if all == 0 || !last && (all < WITNESSES || sure.is_zero()) {
        return None;
    }
    let count = witnesses::hear(run).await?;
    let (now, dead) = (run.now(), count.dead);
    let alive = (!count.alive.is_empty()).then(|| count.who());
    run.waiting.heard = Some((now, count));
    if let Some(who) = alive {
        leave_its_time(run, who);
        return Some(Sign::Nothing);
    }
    if dead < WITNESSES {
        (clues.silent, clues.before) = (None, Duration::ZERO);
        remember(run, None);
        // Other hosts may be asked by now.
        clues.known = clues.known.filter(|at| now.since(*at) < sure);
        return None;
    }
    if clues.silent.is_none() {
        clues.before = Duration::ZERO;
    }
    let silent = now.since(*clues.silent.get_or_insert(now)).saturating_add(clues.before);
    if !sure.is_zero() && silent >= sure {
        let seconds = silent.as_secs();
        let who = so_many(usize::try_from(dead).unwrap_or(0));
        let why = format!("{who} got no answer from it, and none got one, for {seconds} s");
        return Some(Sign::Over(By::Witnesses, why));
    }
    let since = run.epoch().before(silent);
    remember(run, Some(Signs::Silent(since)));
    None
}

/// Read the devices.
async fn read(run: &mut Run, clues: &mut Clues) -> Sign {
    let devices = clues.levels.iter().flat_map(|level| &level.0).map(|device| device.name.clone());
    let devices: Vec<_> = devices.collect();
    for device in devices {
        let said = clues.said.entry(device.clone()).or_default();
        if run.now() < said.next {
            continue;
        }
        let state = run.power_state(&device, usize::try_from(said.odd).unwrap_or(0)).await;
        let text = format!("{device} says {state}");
        let news = said.last.as_ref() != Some(&state) && !matches!(state, PowerState::Unknown(_));
        if news {
            run.note(Phase::Wait, text);
        } else {
            run.detail(Phase::Wait, text);
        }
        said.take(run, state);
        if said.was_off && said.last == Some(PowerState::On) {
            is_on_again(run, &device);
            return Sign::Nothing;
        }
    }
    match (clues.off(READINGS), clues.off(1)) {
        (Some(level), _) => {
            let why =
                format!("{} said off {READINGS} times in a row, and nobody here has sent that", names(level));
            Sign::Over(By::Devices, why)
        }
        (None, Some(_)) => Sign::Off,
        (None, None) => Sign::Nothing,
    }
}

impl Said {
    fn take(&mut self, run: &Run, state: PowerState) {
        let (now, rules) = (run.now(), run.policy.fence);
        self.next = now.plus(rules.interval);
        match &state {
            PowerState::Off => (self.off, self.odd, self.was_off) = (self.off.saturating_add(1), 0, true),
            PowerState::On => (self.off, self.odd) = (0, 0),
            PowerState::Unknown(_) => {
                // Some lock the user out who knocks too often.
                self.odd = self.odd.saturating_add(1);
                self.next = now.plus(run.policy.wait.look.saturating_mul(1 << self.odd.min(3)));
                self.off = 0;
            }
        }
        self.last = Some(state);
    }
}

/// A device says on, after this one or another has said off: somebody, or the machine itself, has switched it on.
pub(super) fn is_on_again(run: &mut Run, device: &DeviceName) {
    run.note(
        Phase::Wait,
        format!("{device} says on after a device said off: the host has its whole time to come back"),
    );
    leave_its_time(run, format!("{device} said on after a device said off"));
}

/// Does nothing end the wait any more before its time?
fn has_its_time(run: &Run) -> bool {
    let signs = run.record.incident.as_ref().and_then(|incident| incident.signs.as_ref());
    run.waiting.whole || matches!(signs, Some(Signs::Waited(_)))
}

fn leave_its_time(run: &mut Run, why: impl Into<String>) {
    run.waiting.whole = true;
    remember(run, Some(Signs::Waited(why.into())));
}

pub(super) fn remember(run: &mut Run, signs: Option<Signs>) {
    if let Some(incident) = &mut run.record.incident {
        incident.signs = signs;
    }
}
