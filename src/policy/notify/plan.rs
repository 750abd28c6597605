//! What a receiver is to be told now.

use super::losses::{LossNews, news};
use super::message::{Change, change};
use super::stance::{Stance, stance};
use crate::model::{
    Attempt, DocumentId, Epoch, Event, Incident, Memory, NotedLoss, Notices, Progress, Sending,
};
use crate::policy::losses::Losses;
use crate::policy::record::lease::is_twin;
use std::collections::BTreeSet;
use std::time::Duration;

/// What ended so long ago is not told any more, and its notes are forgotten.
const OLD: Duration = Duration::from_secs(2 * 24 * 3600);

/// A sender takes less: what another front-end began to send before that was ended there.
const SENDING: Duration = Duration::from_secs(120);

/// Reasons that hold one incident and are told; a reason that is another one at each look is not told for ever.
const MOST_MARKS: usize = 12;

/// A receiver, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the settings.
    pub name: String,
    /// What it is to be told.
    pub events: BTreeSet<Event>,
}

/// What is to be done for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// The notes of a receiver that is new, or is to be told other things, are begun.
    Begin,
    /// Something is over of which it is not told: only the notes change.
    Note,
    /// What has failed is sent again after that.
    Later(Epoch),
    /// These are told, in one message.
    Send(Vec<Change>),
}

/// A receiver's next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done.
    pub due: Due,
    /// The notes as they are to be before that.
    pub notes: Notices,
    /// Every incident and every loss that is told and stands, for a receiver that keeps alerts.
    pub standing: Vec<Change>,
}

/// What this receiver is to be told now. `losses` is what the loss of each host would hold, where that is known now. `me` is the sender, who has the lock of this front-end's senders: whoever sent here
/// before is dead.
#[must_use]
pub fn plan(
    memory: &Memory,
    losses: Option<&Losses>,
    before: Option<&Notices>,
    wanted: &Wanted,
    me: &str,
) -> Plan {
    let now = memory.now;
    let is_new = before.is_none_or(|notes| !notes.events.iter().eq(&wanted.events));
    let mut notes = begun(memory, before, wanted, is_new);
    let (mut changes, mut standing, mut is_fresh) = (Vec::new(), Vec::new(), false);
    for (document, incident) in told_of(memory, &notes) {
        let at = stance(memory, *document, incident);
        let known = notes.of(*document);
        let is_wanted = wanted.events.contains(&at.event);
        if at.event != Event::Ended && (is_wanted || known.is_some_and(|noted| !noted.said.is_empty())) {
            standing.push(change(memory, *document, incident, at.event, false));
        }
        let said = known.map(|noted| noted.said.as_slice()).unwrap_or_default();
        if !is_wanted || said.contains(&at.mark) || is_full(said, &at) {
            continue;
        }
        let attempt = known.and_then(|noted| noted.attempt.as_ref()).filter(|tried| tried.mark == at.mark);
        if attempt.is_some_and(|attempt| is_being_sent(attempt, now, me)) {
            continue;
        }
        is_fresh |= attempt.is_none();
        let doubt = attempt.is_some_and(|attempt| attempt.sending != Sending::Failed)
            || known.is_some_and(|noted| noted.unsure.contains(&at.mark));
        changes.push((*document, at.mark, change(memory, *document, incident, at.event, doubt)));
    }
    let of_losses = losses.map_or_else(LossNews::default, |losses| news(losses, &notes, wanted, now, me));
    standing.extend(of_losses.standing);
    let is_over = !of_losses.over.is_empty();
    for noted in of_losses.over {
        notes.set_loss(NotedLoss { held: 0, attempt: None, ..noted });
    }
    // Something new is tried at once, and what has failed goes with it.
    let waits = notes.until.filter(|until| *until > now && !is_fresh && !of_losses.is_fresh);
    let due = match (changes.is_empty() && of_losses.changes.is_empty(), waits) {
        (true, _) if is_new => Due::Begin,
        (true, _) if is_over => Due::Note,
        (true, _) => Due::Nothing,
        (false, Some(until)) => Due::Later(until),
        (false, None) => {
            let mut all = attempted(&mut notes, changes, now, me);
            for (noted, change) in of_losses.changes {
                notes.set_loss(noted);
                notes.planned = losses.and_then(|losses| losses.planned);
                all.push(change);
            }
            Due::Send(all)
        }
    };
    Plan { due, notes, standing }
}

/// The notes of this receiver. Those of one that is to be told other things begin anew: what it was told stays told.
fn begun(memory: &Memory, before: Option<&Notices>, wanted: &Wanted, is_new: bool) -> Notices {
    let mut notes = before.cloned().unwrap_or_default();
    if is_new {
        let (receiver, events) = (wanted.name.clone(), wanted.events.iter().copied().collect());
        (notes.receiver, notes.events, notes.begun) = (receiver, events, memory.now);
        (notes.failures, notes.until) = (0, None);
    }
    notes.incidents.retain(|noted| is_kept(memory, noted.incident));
    notes
}

/// Note that these are about to be sent.
fn attempted(
    notes: &mut Notices,
    changes: Vec<(DocumentId, String, Change)>,
    at: Epoch,
    me: &str,
) -> Vec<Change> {
    for (incident, mark, _) in &changes {
        let attempt = Attempt { mark: mark.clone(), by: me.to_owned(), at, sending: Sending::Begun };
        notes.amend(*incident, |noted| {
            let last = noted.attempt.replace(attempt).filter(|last| last.sending != Sending::Failed);
            if let Some(last) = last.filter(|last| !noted.unsure.contains(&last.mark)) {
                noted.unsure.push(last.mark);
                let most = noted.unsure.len().saturating_sub(MOST_MARKS);
                noted.unsure.drain(..most);
            }
        });
    }
    changes.into_iter().map(|(.., change)| change).collect()
}

/// Incidents that may be told, in their order.
fn told_of<'a>(memory: &'a Memory, notes: &Notices) -> impl Iterator<Item = &'a (DocumentId, Incident)> {
    let begun = notes.begun;
    memory.incidents.iter().filter(move |(_, incident)| {
        let before = incident.progress == Progress::Closed && incident.updated < begun;
        !before && !is_old(memory, incident) && !is_twin(memory, incident)
    })
}

fn is_old(memory: &Memory, incident: &Incident) -> bool {
    incident.progress == Progress::Closed && memory.now.since(incident.updated) > OLD
}

/// One that cannot be read now may be read again.
fn is_kept(memory: &Memory, document: DocumentId) -> bool {
    let mut there = memory.incidents.iter();
    there.any(|(other, incident)| *other == document && !is_old(memory, incident))
        || memory.unreadable.iter().any(|(other, _)| *other == document)
}

fn is_full(said: &[String], at: &Stance) -> bool {
    at.mark.contains("held ") && said.len() >= MOST_MARKS
}

/// Is another front-end at it?
pub(super) fn is_being_sent(attempt: &Attempt, now: Epoch, me: &str) -> bool {
    let front_end = |by: &str| by.rsplitn(3, ' ').last().unwrap_or_default().to_owned();
    attempt.sending == Sending::Begun
        && front_end(&attempt.by) != front_end(me)
        // A moment that lies ahead is of a clock that was wrong.
        && attempt.at <= now.plus(SENDING)
        && now.since(attempt.at) < SENDING
}
