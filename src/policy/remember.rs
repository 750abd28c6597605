//! Open the incident: read what is remembered, and go on with the host's own record or begin a new one.

use super::case::{Case, Failure, Source};
use super::incident::{Step, wait};
use super::notes::{Entry, Phase};
use super::record::{After, write};
use super::report::Outcome;
use crate::model::{ClusterId, DocumentId, Epoch, Incident, Memory, Moment, Progress};
use std::time::Duration;

/// A record keeps this many events of its host.
const EVENTS: usize = 20;

/// See [`Step::Remember`].
#[derive(Debug)]
pub struct Remembering {
    case: Box<Case>,
    goal: Goal,
}

#[derive(Debug)]
enum Goal {
    /// Open it, unless another front-end is at it; since when that is waited for.
    Open(Option<Moment>),
    /// The answer to writing a new record was lost: is it there?
    Find(After),
}

impl Remembering {
    pub(super) fn open(case: Box<Case>) -> Step {
        Step::Remember(Self { case, goal: Goal::Open(None) })
    }

    pub(super) fn find(case: Box<Case>, after: After) -> Step {
        Step::Remember(Self { case, goal: Goal::Find(after) })
    }

    /// Another front-end is at it: wait until it has ended, or has not written for a while.
    fn later(mut case: Box<Case>, now: Moment, since: Moment, owner: &str) -> Step {
        // Reconcile comes again.
        let patience = match case.subject.source {
            Source::Reconcile => Duration::ZERO,
            Source::Event | Source::Person => LEASE.max(case.policy.hold.deadline),
        };
        if now.since(since) >= patience {
            let reason = format!("another run is working on this host: {owner}");
            return case.stop(now, Outcome::NothingToDo(reason));
        }
        if since == now {
            let text = format!("another front-end is working on this host ({owner}); waiting for it to end");
            case.note(now, Phase::Claim, text);
        }
        let pause = case.policy.hold.look;
        wait(pause, Step::Remember(Self { case, goal: Goal::Open(Some(since)) }))
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.trail
    }

    /// What is remembered, or why it cannot be read. Without a memory nothing is fenced.
    #[must_use]
    pub fn answer(mut self, now: Moment, memory: Result<Memory, Failure>) -> Step {
        let memory = match memory {
            Ok(memory) => memory,
            Err(failure) => {
                if let Some(pause) = self.case.patience(now, Phase::Claim, &failure) {
                    return wait(pause, Step::Remember(self));
                }
                return self.case.stop(now, Outcome::NoCloud(failure));
            }
        };
        let Self { mut case, goal } = self;
        if matches!(goal, Goal::Open(_)) {
            // Finding a record that cannot be written does not end oned's silence.
            case.answered();
        }
        case.clock.get_or_insert((memory.now, now));
        match goal {
            Goal::Open(since) => {
                if let Some(owner) = busy(&case, &memory) {
                    return Self::later(case, now, since.unwrap_or(now), &owner);
                }
                if let Some(reason) = case.over.take() {
                    return close(case, now, &memory, reason);
                }
                open(&mut case, now, &memory);
                write(case, now, After::Opened)
            }
            Goal::Find(after) => {
                case.document = mine(&case, &memory);
                write(case, now, after)
            }
        }
    }
}

/// How long a record of another front-end's run counts as being worked on after it was written last. A held run writes
/// at least every five minutes; clocks may differ.
pub(super) const LEASE: Duration = Duration::from_secs(400);

/// Whose run on another front-end is at this host. One of our own front-end is dead: this run has its lock.
fn busy(case: &Case, memory: &Memory) -> Option<String> {
    let front_end = |owner: &str| owner.split(' ').next().unwrap_or_default().to_owned();
    let last = memory.incidents.iter().rev().find(|(_, incident)| incident.host == case.subject.host);
    let (_, incident) = last.filter(|(_, incident)| incident.progress != Progress::Closed)?;
    let fresh = incident.outcome.is_none() && memory.now.since(incident.updated) < LEASE;
    (fresh && front_end(&incident.owner) != front_end(&memory.me)).then(|| incident.owner.clone())
}

/// The record that this run has written although the answer was lost.
fn mine(case: &Case, memory: &Memory) -> Option<DocumentId> {
    let owner = &case.incident.as_ref()?.owner;
    let mut own = memory.incidents.iter().rev();
    own.find(|(_, incident)| incident.host == case.subject.host && incident.owner == *owner)
        .map(|(id, _)| *id)
}

fn open(case: &mut Case, now: Moment, memory: &Memory) {
    let at = memory.now;
    let flap = case.policy.brake.flaps.time;
    // Of several records the one that was made last counts.
    let last = memory.incidents.iter().rev().find(|(_, incident)| incident.host == case.subject.host);
    let goes_on = |incident: &Incident| {
        incident.progress != Progress::Closed
            || (incident.proof.is_none() && at.since(incident.updated) < flap)
    };
    let mut incident = match last.filter(|(_, incident)| goes_on(incident)) {
        Some((document, incident)) => {
            let begun = at.since(incident.opened).as_secs();
            case.note(now, Phase::Claim, format!("{document} remembers this incident, opened {begun} s ago"));
            case.document = Some(*document);
            incident.clone()
        }
        None => new(case, at),
    };
    incident.owner.clone_from(&memory.me);
    incident.name.clone_from(&case.subject.name);
    let event = match case.subject.source {
        Source::Event => true,
        Source::Person => false,
        // An event that was lost counts too.
        Source::Reconcile => incident.progress == Progress::Closed || case.document.is_none(),
    };
    if event {
        incident.events.push(at);
        let old = incident.events.len().saturating_sub(EVENTS);
        incident.events.drain(..old);
    }
    (incident.progress, incident.outcome, incident.held) = (Progress::Open, None, None);
    case.incident = Some(incident);
}

/// End the incident that an earlier run has left open, if there is one.
fn close(mut case: Box<Case>, now: Moment, memory: &Memory, reason: String) -> Step {
    let mut own = memory.incidents.iter().rev().filter(|(_, incident)| incident.host == case.subject.host);
    if own.next().is_some_and(|(_, incident)| incident.progress != Progress::Closed) {
        open(&mut case, now, memory);
    }
    case.stop(now, Outcome::NothingToDo(reason))
}

fn new(case: &Case, at: Epoch) -> Incident {
    Incident {
        host: case.subject.host,
        name: case.subject.name.clone(),
        cluster: case.cluster.unwrap_or(ClusterId(0)),
        owner: String::new(),
        opened: at,
        updated: at,
        progress: Progress::Open,
        events: Vec::new(),
        error: case.error.clone(),
        fenced: None,
        on: None,
        held: None,
        began: None,
        proof: None,
        confirmation: None,
        outcome: None,
        ..Incident::default()
    }
}
