//! Moments that were written down: each has an upper bound, because the clock that wrote it may have been wrong.
//!
//! Clocks of front-ends differ by at most 300 s (`CLOCKS`), and what the settings allow is never later than that
//! from now. A moment beyond its bound was written by a clock that was ahead and has been set right since, or the
//! reader's clock is behind. Neither may leave VMs down for as long as the clock was wrong, and neither may make
//! anybody forget a fence. What is beyond its bound counts as this table says, is said once, and is mended by the next
//! run that writes the value.
//!
//! | value | latest from now | what counts beyond |
//! | --- | --- | --- |
//! | `until` of a record that waits for its host | 1000 cycles, or the settings' | the time begins anew, with this clock |
//! | `until` of a record that is held, or of held VMs | `[hold] longest` | it is over: looked at now |
//! | `signs` of a record that waits | 300 s; with `until` | nothing was seen yet; with `until` it is forgotten |
//! | `until`, and `opened` before oned heard the host | | that clock was behind: the time is counted from when it was heard |
//! | `updated` of a record | 300 s | nothing: its owner is alive until the record was seen not to change for a lease |
//! | `updated` before the record's own lock was taken | 300 s before that | the same: that clock was behind |
//! | the time of a lock that no record names | 300 s | the same |
//! | `fenced`, `updated`, `events`, where brakes count them | 300 s | when this front-end has first seen it, at the latest now |
//! | `fenced`, and `opened` before oned heard the host | | when it was heard: no window forgets it |
//! | `on`, `held.since`, `waiting.since` | 300 s | now |
//! | `opened` | 300 s | it stays, because it tells records apart; where a host is back oned's own clock counts |
//! | `disabled`, `interrupted`, `confirmation.at`, `Disarmed.at`, `Abort.at` | none | only that it is there is read |
//! | `Confirmation.at` and `expires` | 300 s; 600 s after `at` | the word does not count |
//! | `SeenOn.at` | 300 s | it authorises nothing that destroys data; `check` writes it anew |
//! | `HA_TAIL` | `[host_back]` stable or failback, or 15 min | the host's time begins anew |
//! | `HA_QUARANTINE_UNTIL` | `[host_back] quarantine` | it is over |
//! | `HA_RETURNED` | 300 s | it says nothing about the last failure |
//! | `HA_RESTARTS` | 300 s | now |
//! | `since` in a lock file of `vm_down` | 300 s | now: the run is gone on with |
//! | `next` beside it | `[hold] longest` | it is looked at now |
//! | a line of the crowd file | now | now |
//! | `tried` of the plan for the loss of each host | 300 s | it is planned anew |
//! | a journal's name | none | it is the newest; it goes when there are too many |
//! | `TEMPLATE/ERROR` | see [`super::reconcile`] | the age is unknown |

use super::rules::{HoldRules, WaitRules};
use super::settings::Policy;
use crate::model::{Epoch, Incident, Progress};
use std::time::Duration;

/// Clocks of front-ends may differ by this much. Who does not want to trust them watches a record for a lease.
pub(in crate::policy) const CLOCKS: Duration = Duration::from_secs(300);

/// Nobody lets a host come back for more cycles than the settings may say.
const CYCLES: u32 = 1000;

/// How far ahead a run may write that nothing is done before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The longest time for a host to come back.
    pub wait: Duration,
    /// The longest time between two looks at what is held.
    pub hold: Duration,
}

impl Bounds {
    /// What these settings allow.
    #[must_use]
    pub fn new(wait: WaitRules, hold: HoldRules) -> Self {
        let wait = wait.cycle.saturating_mul(wait.cycles.max(CYCLES));
        Self { wait, hold: hold.longest.max(hold.look) }
    }

    pub(super) fn of(policy: &Policy) -> Self {
        Self::new(policy.wait, policy.hold)
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new(WaitRules::default(), HoldRules::default())
    }
}

/// Was it written by a clock that is further ahead than clocks differ?
pub(in crate::policy) fn is_ahead(now: Epoch, at: Epoch) -> bool {
    ahead(now, at).is_some()
}

fn ahead(now: Epoch, at: Epoch) -> Option<Duration> {
    Some(at.since(now)).filter(|ahead| *ahead > CLOCKS)
}

/// The moment as it counts. One that lies ahead was written before it was first seen, which is this long ago.
pub(in crate::policy) fn counts(now: Epoch, at: Epoch, seen: Duration) -> Epoch {
    if is_ahead(now, at) { now.before(seen) } else { at }
}

/// What is left of a time that ends at `until`, and may end this much from now at most.
///
/// # Errors
/// That it ends later, by how much from now: then the clock that wrote it was wrong.
pub(in crate::policy) fn left(now: Epoch, until: Epoch, most: Duration) -> Result<Duration, Duration> {
    let left = until.since(now);
    if left > most.saturating_add(CLOCKS) { Err(left) } else { Ok(left) }
}

/// How long nothing is done about this incident yet.
///
/// # Errors
/// That the clock that wrote this was wrong, and how far ahead it lies.
pub(super) fn rests(now: Epoch, incident: &Incident, bounds: Bounds) -> Result<Duration, Duration> {
    let Some(until) = incident.until else { return Ok(Duration::ZERO) };
    let most = if incident.progress == Progress::Open { bounds.wait } else { bounds.hold };
    let rest = left(now, until, most)?;
    // Both were written by the same clock.
    let wrong = is_ahead(now, incident.updated) && !rest.is_zero();
    if wrong { Err(rest) } else { Ok(rest) }
}

/// Why it is looked at now.
pub(super) fn beyond(ahead: Duration) -> String {
    format!(
        "its next look is {} s ahead, later than any setting allows: a clock was wrong; looking now",
        ahead.as_secs()
    )
}

/// When oned had heard the host last, where the record says that its failure began before: then its clock was behind.
fn heard_later(incident: &Incident) -> Option<Epoch> {
    incident.heard.map(Epoch).filter(|heard| is_ahead(incident.opened, *heard))
}

/// When "off" was about to be sent last. A clock that was behind would make a window forget it: it was after the host
/// was heard last.
pub(super) fn fenced(incident: &Incident) -> Option<Epoch> {
    let at = incident.fenced?;
    Some(heard_later(incident).map_or(at, |heard| heard.max(at)))
}

/// Mend what is remembered of an incident that a run takes up. Its own moments are written by its own clock from here
/// on. `seen` is how long ago the record was first seen as it is. `opened` stays: it tells two records of one failure
/// from those of two.
///
/// What was wrong, to be said.
pub(super) fn mend(incident: &mut Incident, now: Epoch, seen: Duration, policy: &Policy) -> Option<String> {
    let rest = rests(now, incident, Bounds::of(policy));
    let mut furthest = [rest.err(), ahead(now, incident.updated)].into_iter().flatten().max();
    if rest.is_err() {
        let whole = incident.until.map_or(Duration::ZERO, |until| until.since(incident.opened));
        let waits = incident.progress == Progress::Open;
        let again = if waits { whole.min(policy.wait.whole()) } else { Duration::ZERO };
        (incident.until, incident.signs) = (Some(now.plus(again)), None);
    }
    let waits = incident.progress == Progress::Open && rest.is_ok();
    if let Some(heard) = heard_later(incident).filter(|_| waits) {
        // It had less time to come back than it was given.
        incident.until =
            incident.until.max(Some(heard.plus(policy.wait.whole()).min(now.plus(policy.wait.whole()))));
    }
    // An event is one of many, and stays one.
    for (at, event) in incident.events.iter_mut().rev().enumerate() {
        if let Some(wrong) = ahead(now, *event) {
            furthest = furthest.max(Some(wrong));
            let apart = Duration::from_secs(u64::try_from(at).unwrap_or(0));
            *event = now.before(seen.saturating_add(apart));
        }
    }
    incident.events.sort_unstable();
    let since = [
        incident.held.as_mut().map(|held| &mut held.since),
        incident.waiting.as_mut().map(|looks| &mut looks.since),
        incident.on.as_mut(),
        incident.fenced.as_mut(),
    ];
    for at in since.into_iter().flatten() {
        let wrong = ahead(now, *at);
        if wrong.is_some() {
            furthest = furthest.max(wrong);
            *at = now.before(seen);
        }
    }
    furthest.map(|wrong| {
        format!(
            "its record has a moment that is {} s ahead, later than any setting allows: a clock was wrong; it is corrected",
            wrong.as_secs()
        )
    })
}

#[cfg(test)]
mod tests;
