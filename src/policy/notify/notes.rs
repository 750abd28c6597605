//! What is noted when a message was sent, or was not.

use super::stance::{CLOSED, OPENED};
use crate::model::{Attempt, DocumentId, Epoch, Noted, Notices, Sending};
use std::time::Duration;

/// The time before what has failed is sent again doubles, up to this.
const LONGEST: Duration = Duration::from_secs(30 * 60);
const FIRST: Duration = Duration::from_secs(60);

/// The notes that were written before a message, as they are after it. `sent` is what became of it: nothing if it arrived.
#[must_use]
pub fn ended(mut notes: Notices, told: &[DocumentId], sent: Option<Sending>, now: Epoch) -> Notices {
    for incident in told {
        notes.amend(*incident, |noted| match (sent, noted.attempt.take()) {
            (None, Some(attempt)) => say(noted, attempt.mark),
            (Some(sending), Some(attempt)) => noted.attempt = Some(Attempt { sending, ..attempt }),
            (_, None) => {}
        });
    }
    if sent.is_some() {
        notes.failures = notes.failures.saturating_add(1);
        let pause = FIRST.saturating_mul(1 << notes.failures.saturating_sub(1).min(10)).min(LONGEST);
        notes.until = Some(now.plus(pause));
    } else {
        (notes.failures, notes.until) = (0, None);
    }
    notes
}

/// Whoever was told anything knows that it was opened. After an end everything else may be told again, and an end after that.
fn say(noted: &mut Noted, mark: String) {
    let closes = CLOSED.contains(&mark.as_str());
    noted.said.retain(|said| if closes { said == OPENED } else { !CLOSED.contains(&said.as_str()) });
    noted.unsure.retain(|unsure| !closes && *unsure != mark);
    for mark in [OPENED.to_owned(), mark] {
        if !noted.said.contains(&mark) {
            noted.said.push(mark);
        }
    }
}

/// The notes as they stand there, with what this sender has noted of its own message: what another front-end has written
/// meanwhile stays.
#[must_use]
pub fn merge(there: Option<Notices>, ours: Notices, told: &[DocumentId]) -> Notices {
    let Some(mut all) = there.filter(|there| there.events == ours.events) else { return ours };
    for one in ours.incidents.into_iter().filter(|noted| told.contains(&noted.incident)) {
        all.amend(one.incident, |noted| *noted = one.clone());
    }
    (all.failures, all.until) = (ours.failures, ours.until);
    all
}
