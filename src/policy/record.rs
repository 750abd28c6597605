//! Write the incident down, where every front-end finds it, and go on.
//!
//! Before a fence the record must be written: without it nobody would know of the fence. Afterwards a record that
//! cannot be written is noted and stops nothing.

use super::brake::Braking;
use super::case::Case;
use super::fence::{Fencing, confirmed};
use super::incident::{Step, wait};
use super::leave::Leaving;
use super::notes::Phase;
use super::observe::{Observing, begin_to_wait};
use super::place::Placing;
use super::port::{Failure, Trouble};
use super::proof::Proof;
use super::recover::Proven;
use super::remember::{Remembering, made};
use super::report::Outcome;
use super::settings::Purpose;
use super::still::{Effect, before};
use crate::model::{DocumentId, Incident, Moment, Progress, Scope};
use std::time::Duration;

/// What follows when the record is written.
#[derive(Debug)]
pub(super) enum After {
    /// The record was made: lock it.
    Made,
    /// The incident is open: wait for the host to come back.
    Opened,
    /// It is held: look again after this time.
    Held(Duration),
    /// It is taken up, now: look around.
    Look,
    /// "Off" goes out; the host was confirmed at that moment.
    Off(Box<Fencing>, Moment),
    /// A person's word is used up.
    Confirmed(Proof),
    /// The host is proven off.
    Proven(Proof),
    /// This was decided on.
    Change { effect: Effect, proof: Proof, checked: Moment, surveyed: Moment },
    /// It is over.
    Ended(Outcome, Option<Proof>),
}

impl After {
    /// Must the record be written before this?
    pub(super) fn needs_it(&self) -> bool {
        match self {
            Self::Made | Self::Opened | Self::Look | Self::Off(..) | Self::Confirmed(_) => true,
            Self::Held(_) | Self::Proven(_) | Self::Change { .. } | Self::Ended(..) => false,
        }
    }

    pub(super) fn go_on(self, case: Box<Case>, now: Moment) -> Step {
        match self {
            Self::Made => made(case, now),
            Self::Opened => begin_to_wait(case, now),
            Self::Held(pause) => wait(pause, Observing::held(case)),
            Self::Look => Step::Brake(Braking::new(case)),
            Self::Off(fence, confirmed) => fence.written(case, now, confirmed),
            Self::Confirmed(proof) => confirmed(case, now, proof),
            Self::Proven(proof) => match case.policy.purpose {
                Purpose::Fence => fenced(case, now, proof),
                Purpose::Recover | Purpose::Rehearse => Placing::step(case, now, proof),
            },
            Self::Change { effect, proof, checked, surveyed } => {
                before(Proven { case, proof, checked, surveyed }, effect)
            }
            Self::Ended(outcome, proof) => Leaving::end(case, now, outcome, proof),
        }
    }
}

/// See [`Step::Record`].
#[derive(Debug)]
pub struct Recording {
    case: Box<Case>,
    incident: Box<Incident>,
    after: After,
}

/// `fence_host`: its caller takes the answer for all of the host, so every device is read once more.
fn fenced(case: Box<Case>, now: Moment, proof: Proof) -> Step {
    if *proof.scope() == Scope::Host {
        return before(Proven { case, proof, checked: now, surveyed: now }, Effect::Fenced);
    }
    let what = format!("{} is cut off from some datastores only, not off: {proof}", case.host());
    let advice = "mend the devices that switch its power; `host_error` knows which VMs may move".to_owned();
    case.stop(now, Outcome::NotFenced(Failure { trouble: Trouble::Refused, what, advice }))
}

/// Take the incident up, now, and look around. Of many runs that look at the same time the order of their documents
/// decides, so each writes down that it looks before it does.
pub(super) fn look_around(mut case: Box<Case>, now: Moment) -> Step {
    let (at, looks) = (case.epoch(now), case.only_looks());
    if let Some(incident) = &mut case.incident {
        incident.updated = at;
        if !looks {
            incident.progress = Progress::Open;
        }
    }
    write(case, now, After::Look)
}

/// A record that was seen to be ours longer ago than this is looked at before it is written over.
const OWNED: Duration = Duration::from_secs(60);

/// Write the case's incident, if there is one and it has changed; then go on.
pub(super) fn write(mut case: Box<Case>, now: Moment, after: After) -> Step {
    case.keep_vms();
    let unchanged = case.incident == case.written && case.document.is_some();
    if case.incident.is_none() || unchanged {
        return after.go_on(case, now);
    }
    if case.document.is_some() && now.since(case.owned) >= OWNED {
        return Remembering::still_ours(case, after);
    }
    write_now(case, now, after)
}

/// The record is ours: write it.
pub(super) fn write_now(mut case: Box<Case>, now: Moment, after: After) -> Step {
    match case.standing_record(now) {
        Some(incident) => Step::Record(Recording { case, incident: Box::new(incident), after }),
        None => after.go_on(case, now),
    }
}

impl Recording {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// The document to write over; `None` makes a new one.
    #[must_use]
    pub fn document(&self) -> Option<DocumentId> {
        self.case.document
    }

    /// What to write.
    #[must_use]
    pub fn incident(&self) -> &Incident {
        &self.incident
    }

    /// Where it was written, or why it may not have been.
    #[must_use]
    pub fn answer(self, now: Moment, written: Result<DocumentId, Failure>) -> Step {
        let Self { mut case, incident, after } = self;
        match written {
            Ok(document) => {
                case.answered();
                case.document = Some(document);
                case.wrote = now;
                case.is_written(*incident);
                after.go_on(case, now)
            }
            Err(failure) => unwritten(case, now, failure, after),
        }
    }
}

pub(super) fn unwritten(mut case: Box<Case>, now: Moment, failure: Failure, after: After) -> Step {
    if !after.needs_it() {
        let text = format!("the record could not be written: {}; going on without", failure.what);
        case.note(now, Phase::Report, text);
        return after.go_on(case, now);
    }
    if failure.trouble == Trouble::Gone && case.document.is_some() {
        case.note(now, Phase::Claim, "somebody has deleted the record; beginning a new one");
        case.document = None;
        return write(case, now, after);
    }
    let Some(pause) = case.patience(now, Phase::Claim, &failure) else {
        // Not tried once more at the end.
        case.incident = None;
        let more = if case.told.is_empty() { "" } else { " more" };
        let Failure { trouble, what, advice } = failure;
        let what = format!("the incident cannot be written down, so nothing{more} is fenced: {what}");
        let first = advice.strip_suffix(", then run this again").unwrap_or(&advice);
        let advice = format!("{first}; then run `{}`", case.command());
        return case.stop(now, Outcome::NoCloud(Failure { trouble, what, advice }));
    };
    let again = if case.document.is_some() {
        Remembering::still_ours(case, after)
    } else {
        // Names are not unique: the call whose answer was lost may have made the document.
        Remembering::find(case, after)
    };
    wait(pause, again)
}
