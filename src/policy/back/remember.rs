//! What is known of the host's failures: does it flap, and is an incident still open?

use super::act::Acting;
use super::case::Case;
use super::look::Observing;
use super::survey::Surveying;
use super::{Step, quarantine, wait};
use crate::model::{HostState, Incident, Memory, Moment, Progress};
use crate::policy::limits::unreadable;
use crate::policy::notes::{Entry, Phase};
use crate::policy::port::{Failure, Subject, Trouble};
use crate::policy::record::lease::standing;
use crate::policy::report::Outcome;
use crate::policy::surroundings::refused;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    First,
    BeforeActing,
}

/// See [`Step::Remember`].
#[derive(Debug)]
pub struct Remembering {
    case: Box<Case>,
    stage: Stage,
}

impl Remembering {
    pub(super) fn first(case: Box<Case>) -> Step {
        Step::Remember(Self { case, stage: Stage::First })
    }

    pub(super) fn before_acting(case: Box<Case>) -> Step {
        Step::Remember(Self { case, stage: Stage::BeforeActing })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The host.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// Everything that is remembered, or why it cannot be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, memory: Result<Memory, Failure>) -> Step {
        let memory = match memory {
            Ok(memory) => memory,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Observe, failure) {
                    Ok(pause) => wait(pause, Step::Remember(self)),
                    Err(outcome) => self.case.end(now, outcome),
                };
            }
        };
        let Self { mut case, stage } = self;
        case.diary.answered();
        case.clock = Some((memory.now, now));
        if let Some(failure) = refused(&memory) {
            return case.end(now, Outcome::NotStarted(failure));
        }
        if let Some(failure) = unreadable(&memory) {
            return case.end(now, Outcome::Held(failure));
        }
        let last = standing(&memory, case.subject.host);
        case.unchanged = last.map_or(Duration::ZERO, |(document, _)| memory.unchanged(*document));
        case.incident = last.map(|(_, incident)| incident.clone());
        match stage {
            Stage::First => first(case, now, &memory),
            Stage::BeforeActing => before_acting(case, now),
        }
    }
}

fn first(mut case: Box<Case>, now: Moment, memory: &Memory) -> Step {
    if case.host.as_ref().is_some_and(|host| host.state == HostState::Disabled) {
        if let Some(deed) = quarantine::note_begun(&case).filter(|_| !case.rehearses()) {
            return Acting::note_first(case, deed);
        }
        return match quarantine::lift(&mut case, now) {
            Ok(_) if case.rehearses() => case.end(now, Outcome::Rehearsed(None)),
            Ok(deeds) => Acting::lift(case, deeds),
            Err(why) => case.end(now, Outcome::NothingToDo(why)),
        };
    }
    if let Some(why) = quarantine::late(&case, now) {
        return quarantine::begin(case, now, why);
    }
    if let Some(deed) = quarantine::ended_by_a_person(&case) {
        return Acting::note_first(case, deed);
    }
    if let Some(why) = quarantine::flaps(&mut case, now, memory) {
        return quarantine::begin(case, now, why);
    }
    if let Some(incident) = &case.incident {
        let text = format!("its last incident is {}", said(incident));
        case.diary.note(now, Phase::Observe, text);
    }
    let empty = case.host.as_ref().is_some_and(|host| host.vms.is_empty());
    if empty && case.incident.is_none() && case.attribute("ZOMBIES").is_empty() {
        return Acting::finish(case, now);
    }
    Observing::stable(case, now)
}

/// An incident in which "off" was sent has its VMs: whoever works on it decides about them.
fn before_acting(case: Box<Case>, now: Moment) -> Step {
    match case.incident.as_ref().map(|incident| (incident.progress, said(incident))) {
        // Its run looks at the host before it sends anything, and sees that it is back.
        None | Some((Progress::Open | Progress::Held | Progress::Closed, _)) => Surveying::step(case),
        Some((Progress::Fencing | Progress::Off, said)) => {
            let name = &case.subject.name;
            let what = format!("its incident is {said}, so its VMs belong to that");
            let advice = format!(
                "if no run works on it any more: `host_error --host {name} -m`, then `host_back --host {name}`"
            );
            case.end(now, Outcome::Held(Failure { trouble: Trouble::Unreachable, what, advice }))
        }
    }
}

/// `closed: recovered`, `not closed (progress off, by fe1 4711 1795165661)`
fn said(incident: &Incident) -> String {
    match (incident.progress, &incident.outcome) {
        (Progress::Closed, Some(outcome)) => format!("closed: {outcome}"),
        (Progress::Closed, None) => "closed".to_owned(),
        (Progress::Open | Progress::Held | Progress::Fencing | Progress::Off, _) => {
            let progress = format!("{:?}", incident.progress).to_lowercase();
            format!("not closed (progress {progress}, by {})", incident.owner)
        }
    }
}
