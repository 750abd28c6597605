//! What is noted when a message was sent, or was not.

use super::message::About;
use super::stance::{CLOSED, OPENED};
use crate::model::{Attempt, ClusterId, Epoch, HostId, Noted, NotedLoss, Notices, Sending};
use std::time::Duration;

/// The time before what has failed is sent again doubles, up to this.
const LONGEST: Duration = Duration::from_secs(30 * 60);
const FIRST: Duration = Duration::from_secs(60);

/// The notes that were written before a message, as they are after it. `sent` is what became of it: nothing if it arrived.
#[must_use]
pub fn ended(mut notes: Notices, told: &[About], sent: Option<Sending>, now: Epoch) -> Notices {
    for about in told {
        match about {
            About::Incident(incident) => {
                notes.amend(*incident, |noted| match (sent, noted.attempt.take()) {
                    (None, Some(attempt)) => say(noted, attempt.mark),
                    (Some(sending), Some(attempt)) => noted.attempt = Some(Attempt { sending, ..attempt }),
                    (_, None) => {}
                });
            }
            About::Loss(host) => loss(&mut notes, *host, sent),
        }
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

/// What was told of a loss counts from now on, and its end ends what is noted.
fn loss(notes: &mut Notices, host: HostId, sent: Option<Sending>) {
    let Some(mut known) = notes.of_loss(host).cloned() else { return };
    if let Some(attempt) = known.attempt.take() {
        match sent {
            None => known.held = attempt.mark.parse().unwrap_or_default(),
            Some(sending) => known.attempt = Some(Attempt { sending, ..attempt }),
        }
    }
    notes.set_loss(known);
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
pub fn merge(there: Option<Notices>, ours: Notices, told: &[About]) -> Notices {
    let Some(mut all) = there.filter(|there| there.events == ours.events) else { return ours };
    for about in told {
        match about {
            About::Incident(incident) => {
                if let Some(one) = ours.of(*incident) {
                    all.amend(*incident, |noted| *noted = one.clone());
                }
            }
            About::Loss(host) => all.set_loss(ours.of_loss(*host).cloned().unwrap_or_else(|| gone(*host))),
        }
    }
    all.planned = all.planned.max(ours.planned);
    (all.failures, all.until) = (ours.failures, ours.until);
    all
}

/// Its end was told, so nothing is noted of it.
fn gone(host: HostId) -> NotedLoss {
    NotedLoss { host, name: String::new(), cluster: ClusterId(0), held: 0, attempt: None }
}
