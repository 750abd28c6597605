//! A host that is not to be trusted is disabled, with the reason in its own template.
//!
//! Who lifts it: a person with `onehost enable`, at any time. A quarantine for flapping has an end; `onerescue reconcile`,
//! or `host_back` by hand, enables the host again then. One for VMs that run there although they were moved has none:
//! only a person can tell which of the two is the right one.

use super::Step;
use super::act::Acting;
use super::case::Case;
use super::later::TAIL;
use super::rules::Rules;
use crate::model::{Epoch, Host, Memory, Moment};
use crate::policy::limits::{events_lately, span};
use crate::policy::moments::left;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::{Fate, Outcome};
use crate::policy::tend::Deed;
use std::collections::BTreeSet;
use std::time::Duration;

/// Why the host is disabled; `NO` once that is over.
const REASON: &str = "HA_QUARANTINE";
/// Until when, in epoch seconds; 0 where only a person ends it.
const UNTIL: &str = "HA_QUARANTINE_UNTIL";
/// `NO` from the moment when the host is about to be disabled until oned has done that: a host that is MONITORED then
/// was not enabled by a person. Without it the host was disabled.
const BEGUN: &str = "HA_QUARANTINE_BEGUN";

/// Our own quarantine of a host, as its template has it.
pub(super) struct Quarantine {
    pub(super) reason: String,
    until: Option<Epoch>,
    pub(super) begun: bool,
}

impl Quarantine {
    pub(super) fn read(host: &Host) -> Option<Self> {
        let reason = host.attributes.get(REASON)?.trim();
        let ours = !reason.is_empty() && reason != "NO";
        let begun = host.attributes.get(BEGUN).is_none_or(|word| word.trim() != "NO");
        ours.then(|| Self { reason: reason.to_owned(), until: until(host), begun })
    }

    /// Is it over? Why it is.
    ///
    /// # Errors
    /// Why it is not.
    pub(super) fn left(&self, now: Epoch, rules: Rules) -> Result<String, String> {
        let Some(until) = self.until else {
            return Err(format!("it is quarantined until a person enables it: {}", self.reason));
        };
        match left(now, until, rules.quarantine) {
            Ok(Duration::ZERO) => Ok("its quarantine is over".to_owned()),
            Ok(left) => Err(format!("it is quarantined for another {}: {}", span(left), self.reason)),
            Err(ahead) => Ok(format!(
                "its quarantine would end in {}, later than any setting allows: a clock was wrong, so it is over",
                span(ahead)
            )),
        }
    }
}

/// Why a host is quarantined.
pub(super) struct Why {
    what: String,
    advice: String,
    until: Option<Epoch>,
}

/// Did it fail too often lately? A person who has enabled it before the end of its quarantine has seen that.
pub(super) fn flaps(case: &mut Case, now: Moment, memory: &Memory) -> Option<Why> {
    let window = case.policy.flaps;
    let epoch = case.epoch(now);
    let own = memory.incidents.iter();
    let events = events_lately(own, memory, case.subject.host, epoch, window.time);
    let count = BTreeSet::from_iter(events).len();
    if count < usize::try_from(window.count).unwrap_or(usize::MAX) {
        return None;
    }
    let what = format!("it flaps: {count} ERROR events within {}", span(window.time));
    let rules = case.policy.back;
    if case.host.as_ref().and_then(until).is_some_and(|until| !rest(epoch, until, rules).is_zero()) {
        let text = format!("{what}; a person has enabled it all the same");
        case.diary.note(now, Phase::Brake, text);
        return None;
    }
    let end = epoch.plus(case.policy.back.quarantine);
    Some(flapping(case, what, end, epoch))
}

fn flapping(case: &Case, what: String, end: Epoch, now: Epoch) -> Why {
    let name = &case.subject.name;
    let advice = format!(
        "mend it, then `onehost enable {name}`; `onerescue reconcile` enables it after {}, or `host_back --host {name}`",
        span(end.since(now))
    );
    Why { what, advice, until: Some(end) }
}

/// A quarantine that an earlier run has written down, and oned did not disable the host then: it begins now.
pub(super) fn late(case: &Case, now: Moment) -> Option<Why> {
    let (epoch, quarantine) = (case.epoch(now), Quarantine::read(case.host.as_ref()?)?);
    if quarantine.begun || quarantine.left(epoch, case.policy.back).is_ok() {
        return None;
    }
    let Quarantine { reason, until, .. } = quarantine;
    Some(match until {
        Some(end) => flapping(case, reason, end, epoch),
        None => running_twice(case, reason),
    })
}

/// The call that notes that the host is disabled by us, where an earlier run was ended before it could.
pub(super) fn note_begun(case: &Case) -> Option<Deed> {
    let quarantine = Quarantine::read(case.host.as_ref()?)?;
    (!quarantine.begun).then(|| has_begun(case))
}

fn has_begun(case: &Case) -> Deed {
    Deed::NoteHost { host: case.subject.host, attributes: vec![(BEGUN, "YES".to_owned())] }
}

/// VMs that run on this host although oned has them elsewhere.
pub(super) fn zombies(case: &Case, vms: &[String]) -> Why {
    running_twice(case, format!("it runs what oned has elsewhere: {}", vms.join(", ")))
}

fn running_twice(case: &Case, what: String) -> Why {
    let name = &case.subject.name;
    // No call of oned ends a domain on a host that the VM is not charged to.
    let advice = format!(
        "decide for each which of the two is the right one; on {name} `virsh destroy one-ID` ends the other, then \
         `onehost enable {name}`"
    );
    Why { what, advice, until: None }
}

/// Disable the host.
pub(super) fn begin(mut case: Box<Case>, now: Moment, why: Why) -> Step {
    case.diary.note(now, Phase::Brake, format!("{}: it is disabled", why.what));
    let host = case.subject.host;
    let until = why.until.map_or(0, |until| until.0).to_string();
    let mut attributes = vec![(REASON, why.what.clone()), (UNTIL, until), (BEGUN, "NO".to_owned())];
    // Whoever enables it begins anew.
    attributes.extend(case.mark().map(|_| (TAIL, "0".to_owned())));
    let deeds = vec![Deed::NoteHost { host, attributes }, Deed::Disable { host }, has_begun(&case)];
    let failure = Failure { trouble: Trouble::Refused, what: why.what, advice: why.advice };
    if case.rehearses() {
        hold_all(&mut case, now, &failure.what);
        return case.end(now, Outcome::Rehearsed(Some(Box::new(Outcome::Held(failure)))));
    }
    Acting::quarantine(case, deeds, failure)
}

/// VMs that were decided to be started are held.
pub(super) fn hold_all(case: &mut Case, now: Moment, why: &str) {
    let planned: Vec<_> = case.queue.drain(..).collect();
    for (vm, name) in planned {
        case.settle(now, vm, &name, Fate::Held(format!("the host is quarantined: {why}")));
    }
}

/// The calls that end our own quarantine of a DISABLED host, or why it stays disabled.
pub(super) fn lift(case: &mut Case, now: Moment) -> Result<Vec<Deed>, String> {
    let Some(quarantine) = case.host.as_ref().and_then(Quarantine::read) else {
        return Err("somebody has taken it out of service (DISABLED)".to_owned());
    };
    let why = quarantine.left(case.epoch(now), case.policy.back)?;
    case.diary.note(now, Phase::Brake, format!("{why} ({}): it is enabled", quarantine.reason));
    let host = case.subject.host;
    let over = vec![(REASON, "NO".to_owned()), (UNTIL, "0".to_owned())];
    Ok(vec![Deed::Enable { host }, Deed::NoteHost { host, attributes: over }])
}

/// The call that notes that a person has enabled a quarantined host; a later DISABLED is not ours then. Until when the
/// quarantine would have been stays, so that the same failures do not begin another one.
pub(super) fn ended_by_a_person(case: &Case) -> Option<Deed> {
    case.host.as_ref().and_then(Quarantine::read)?;
    let attributes = vec![(REASON, "NO".to_owned())];
    Some(Deed::NoteHost { host: case.subject.host, attributes })
}

/// What is left of it. One that ends later than the settings allow was dated by a clock that was wrong, and is over.
fn rest(now: Epoch, until: Epoch, rules: Rules) -> Duration {
    left(now, until, rules.quarantine).unwrap_or_default()
}

fn until(host: &Host) -> Option<Epoch> {
    let until: i64 = host.attributes.get(UNTIL)?.trim().parse().ok()?;
    (until != 0).then_some(Epoch(until))
}
