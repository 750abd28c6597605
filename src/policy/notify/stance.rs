//! How an incident stands, as far as a person must know it.

use crate::model::text::{cut_chars, one_line};
use crate::model::{DocumentId, Event, Incident, Memory, Progress};
use crate::policy::record::history::{aborted, counts};
use std::collections::BTreeSet;
use std::time::Duration;

/// What is held for longer needs a person: it did not pass by itself.
const LONG: Duration = Duration::from_secs(15 * 60);

/// A reason is told apart from another one by so many characters at most.
const REASON: usize = 60;

/// The mark of an incident that a run works on, and those of one that is closed.
pub(super) const OPENED: &str = "opened";
pub(super) const CLOSED: [&str; 3] = [ENDED, LOOKS, LEFT];
const ENDED: &str = "ended";
const LOOKS: &str = "needs you looks";
const LEFT: &str = "needs you left";

/// What a change is, and the mark by which it is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stance {
    pub(super) event: Event,
    pub(super) mark: String,
}

impl Stance {
    fn of(event: Event, mark: impl Into<String>) -> Self {
        Self { event, mark: mark.into() }
    }
}

/// How it stands now.
pub(super) fn stance(memory: &Memory, document: DocumentId, incident: &Incident) -> Stance {
    let by_a_person = incident.stopped.is_some() || aborted(memory, document).is_some();
    let standing = standing(incident, by_a_person);
    let since = incident.held.as_ref().map_or(memory.now, |held| held.since);
    if standing.event == Event::Held && memory.now.since(since) >= LONG {
        return Stance::of(Event::NeedsYou, format!("needs you {}", standing.mark));
    }
    standing
}

/// The mark of how it stands, by the record alone.
#[must_use]
pub fn mark(incident: &Incident) -> String {
    standing(incident, incident.stopped.is_some()).mark
}

/// Has a write of the record changed what a person must know? That one which was seen to stand so is looked at again, and
/// stands so once more, is no news.
#[must_use]
pub fn is_news(seen: &BTreeSet<String>, now: &Incident) -> bool {
    let mark = mark(now);
    seen.is_empty() || (mark != OPENED && !seen.contains(&mark))
}

fn standing(incident: &Incident, by_a_person: bool) -> Stance {
    let vms = counts(incident);
    let closed = incident.progress == Progress::Closed;
    if incident.ran_on().is_some() {
        return Stance::of(Event::NeedsYou, "needs you ran on");
    }
    if closed && vms.held + vms.failed > 0 && !by_a_person {
        return Stance::of(Event::NeedsYou, if incident.waiting.is_some() { LOOKS } else { LEFT });
    }
    if closed {
        return Stance::of(Event::Ended, ENDED);
    }
    match incident.held.as_ref().filter(|_| incident.progress == Progress::Held) {
        Some(held) => Stance::of(Event::Held, format!("held {}", without_figures(&held.why))),
        None => Stance::of(Event::Opened, OPENED),
    }
}

/// `N of N hosts fail`: the figures of a reason change with each look, and the reason does not.
fn without_figures(why: &str) -> String {
    let mut text = String::new();
    for c in one_line(why).chars() {
        match c {
            '0'..='9' if text.ends_with('N') => {}
            '0'..='9' => text.push('N'),
            c => text.push(c),
        }
    }
    cut_chars(&text, REASON)
}
