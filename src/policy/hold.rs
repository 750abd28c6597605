//! Held is not lost: what keeps a run from fencing is written down, and looked at again, more and more slowly.

use super::case::Case;
use super::incident::Step;
use super::itself::Leader;
use super::notes::Phase;
use super::port::{Failure, Trouble};
use super::record::{After, write};
use super::report::Outcome;
use super::settings::HandOver;
use crate::model::{Held, Moment, Progress};
use std::time::Duration;

/// Since when, how often it was looked at, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    since: Option<Moment>,
    looks: u32,
    why: String,
    /// What sees nothing new is not said again.
    quiet: bool,
    /// What keeps it is not a device: when that is over, it is said.
    braked: bool,
    /// It was held last because the zone's leader is young, with its "off" ahead.
    pub(super) at_off: bool,
}

impl Case {
    /// Brakes and witnesses let it pass: what is done from here is said again. A run that was held before its "off", and
    /// would be again, is still held.
    pub(super) fn released(&mut self, now: Moment) {
        if self.leader == Leader::Young && self.hold.at_off {
            return;
        }
        if std::mem::take(&mut self.hold.braked) {
            self.note(now, Phase::Hold, "nothing holds it any more");
            self.hold.quiet = false;
            self.hold.why.clear();
        }
    }
}

impl Holding {
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Has nothing held the run yet?
    pub(super) fn is_first(&self) -> bool {
        self.since.is_none()
    }
}

/// Hold: look again later, until the time for that is over. `end` says how the run ends then.
pub(super) fn hold(mut case: Box<Case>, now: Moment, failure: Failure, end: fn(Failure) -> Outcome) -> Step {
    if case.earlier.is_some() {
        // VMs of this host are on their way elsewhere: they are read back, and nothing more is sent.
        return case.stop(now, end(failure));
    }
    if case.only_looks() {
        // It was one look of many: the next one is the timer's.
        return case.stop(now, end(failure));
    }
    case.weighed = None;
    case.hold.braked |= matches!(end(failure.clone()), Outcome::Held(_));
    if case.policy.hand_over == HandOver::Yes && case.incident.is_some() {
        return hand_over(case, now, failure, end);
    }
    let pause = pause(&mut case, now, &failure);
    hold_record(&mut case, now, &failure);
    if let Some(pause) = pause {
        return write(case, now, After::Held(pause));
    }
    let end = end(ended(&case, failure));
    case.stop(now, end)
}

/// End here, and let `onerescue reconcile` look again. The longer it is held, the longer that takes.
fn hand_over(mut case: Box<Case>, now: Moment, failure: Failure, end: fn(Failure) -> Outcome) -> Step {
    hold_record(&mut case, now, &failure);
    let (at, rules) = (case.epoch(now), case.policy.hold);
    let since =
        case.incident.as_ref().and_then(|incident| incident.held.as_ref()).map_or(at, |held| held.since);
    let pause = at.since(since).min(rules.longest).max(rules.look);
    if let Some(incident) = &mut case.incident {
        incident.until = Some(at.plus(pause));
    }
    let advice = format!("{}; `onerescue reconcile` looks again in {} s", failure.advice, pause.as_secs());
    case.stop(now, end(Failure { advice, ..failure }))
}

/// How long to wait before the next look, said once; `None` when the time for that is over, or when a look would see
/// the same.
pub(super) fn pause(case: &mut Case, now: Moment, failure: &Failure) -> Option<Duration> {
    let since = *case.hold.since.get_or_insert(now);
    let rules = case.policy.hold;
    let left = rules.deadline.saturating_sub(now.since(since));
    if left.is_zero() || failure.trouble == Trouble::Settings || case.only_looks() {
        return None;
    }
    let pause = rules.look.saturating_mul(1 << case.hold.looks.min(16)).min(rules.longest).min(left);
    let pause = pause.max(Duration::from_millis(100));
    case.hold.looks += 1;
    case.hold.quiet = true;
    if case.hold.why == failure.what {
        case.detail(now, Phase::Hold, format!("still held; looking again in {} s", pause.as_secs()));
        return Some(pause);
    }
    let text = format!(
        "HELD: {}; {}; looking again in {} s, for up to {} s in all",
        failure.what,
        failure.advice,
        pause.as_secs(),
        left.as_secs()
    );
    case.note(now, Phase::Hold, text);
    case.hold.why.clone_from(&failure.what);
    Some(pause)
}

/// Nobody looks again after this.
fn ended(case: &Case, failure: Failure) -> Failure {
    let command = case.command();
    if failure.trouble == Trouble::Settings || failure.advice.contains(&command) {
        return failure;
    }
    let advice = format!("{}; this run has ended, so run `{command}` then", failure.advice);
    Failure { advice, ..failure }
}

fn hold_record(case: &mut Case, now: Moment, failure: &Failure) {
    let at = case.epoch(now);
    if let Some(incident) = &mut case.incident {
        let since = incident.held.as_ref().map_or(at, |held| held.since);
        let (why, advice) = (failure.what.clone(), failure.advice.clone());
        incident.held = Some(Held { why, advice, since });
        incident.progress = Progress::Held;
    }
}
