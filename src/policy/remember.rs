//! Open the incident: read what is remembered, and go on with the host's own record or begin a new one.

use super::arming::utc;
use super::case::Case;
use super::fence::Fencing;
use super::holder::{is_silent, lives_and_is_silent, silent, stuck, who};
use super::incident::{Step, wait};
use super::kept::tail;
use super::lead::Leading;
use super::leave::{Leaving, old};
use super::moments::mend;
use super::notes::Phase;
use super::observe::set_until;
use super::own::{Taking, abort_of, leave_to, lost, overwritten};
use super::port::{Failure, Source, Trouble};
use super::record::{After, unwritten, write, write_now};
use super::report::{Disabled, Outcome};
use super::retry;
use super::standing::{LEASE, QUIET, Watch, ended_by, is_here, may_live, standing};
use super::surroundings::refused;
use crate::model::{
    ClusterId, DocumentId, End, Epoch, Hold, Incident, IncidentVm, Locked, Memory, Moment, Progress, VmId,
};
use std::collections::BTreeSet;

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
    /// Open it, unless another run is at it; since when that is watched.
    Open(Option<Watch>),
    /// Somebody holds the lock of this front-end: does anybody write the record?
    Behind(Locked),
    /// A new record was made and locked: does it count?
    Ours(DocumentId, Hold),
    /// The answer to writing a new record was lost: is it there?
    Find(After),
    /// Is it still ours? Then write it.
    Still(After),
    /// "Off" goes out, as is written; the host was confirmed at that moment. Who else has written so?
    BeforeOff(Box<Fencing>, Moment),
}

impl Remembering {
    pub(super) fn open(case: Box<Case>) -> Step {
        Self::open_again(case, None)
    }

    /// Look whether whoever holds the lock of this front-end works on the host.
    pub(super) fn behind(case: Box<Case>, locked: Locked) -> Step {
        Step::Remember(Self { case, goal: Goal::Behind(locked) })
    }

    pub(super) fn open_again(case: Box<Case>, watch: Option<Watch>) -> Step {
        Step::Remember(Self { case, goal: Goal::Open(watch) })
    }

    pub(super) fn find(case: Box<Case>, after: After) -> Step {
        Step::Remember(Self { case, goal: Goal::Find(after) })
    }

    pub(super) fn still_ours(case: Box<Case>, after: After) -> Step {
        Step::Remember(Self { case, goal: Goal::Still(after) })
    }

    pub(super) fn before_off(case: Box<Case>, fence: Fencing, confirmed: Moment) -> Step {
        Step::Remember(Self { case, goal: Goal::BeforeOff(Box::new(fence), confirmed) })
    }

    /// A lock is there that no record names: look again soon whether its run writes itself down, whoever runs this.
    pub(super) fn soon(mut case: Box<Case>, now: Moment, watch: Watch) -> Step {
        case.incident = None;
        if watch.has_just_begun(now) {
            let text =
                "its record is locked by nobody that it names; looking whether a run writes itself down";
            case.note(now, Phase::Claim, text);
        }
        wait(QUIET / 3, Self::open_again(case, Some(watch)))
    }

    /// Another run may be at it: look again until it shows that it is, or until its lease is over.
    pub(super) fn later(mut case: Box<Case>, now: Moment, watch: Watch, who: &str) -> Step {
        case.incident = None;
        // Nobody waits where nothing is to be held, and reconcile comes again.
        if case.policy.hold.deadline.is_zero() || case.subject.source == Source::Reconcile {
            return busy(case, now, who);
        }
        if watch.has_just_begun(now) {
            let text = format!(
                "another run may be working on this host ({who}); watching its record for up to {} s",
                LEASE.as_secs()
            );
            case.note(now, Phase::Claim, text);
        }
        let pause = case.policy.hold.look.min(LEASE);
        wait(pause, Self::open_again(case, Some(watch)))
    }

    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// What is remembered, or why it cannot be read. Without a memory nothing is fenced.
    #[must_use]
    pub fn answer(self, now: Moment, memory: Result<Memory, Failure>) -> Step {
        let memory = match memory {
            Ok(memory) => memory,
            Err(failure) => return self.unread(now, failure),
        };
        let Self { mut case, goal } = self;
        if matches!(goal, Goal::Open(_)) {
            // Finding a record that cannot be written does not end oned's silence.
            case.answered();
        }
        case.clock.get_or_insert((memory.now, now));
        match goal {
            Goal::Open(watch) => open(case, now, &memory, watch),
            Goal::Behind(locked) => {
                let last = standing(&memory, case.subject.host);
                if is_silent(&memory, last) {
                    let failure = stuck(&locked, &case.host(), &case.command());
                    return case.stop(now, Outcome::Held(failure));
                }
                busy(case, now, &who(&locked))
            }
            Goal::Ours(document, hold) => confirm(case, now, &memory, document, hold),
            Goal::Find(after) => {
                case.document = mine(&case, &memory);
                write(case, now, after)
            }
            Goal::Still(after) => {
                if let Some(lost) = lost(&case, &memory) {
                    return leave_to(case, now, &lost);
                }
                case.owned = now;
                write_now(case, now, after)
            }
            Goal::BeforeOff(fence, confirmed) => {
                if let Some(lost) = lost(&case, &memory) {
                    return leave_to(case, now, &lost);
                }
                if let Some(word) = abort_of(&case, &memory) {
                    fence.take_back(&mut case);
                    return case.abort(now, word);
                }
                case.answered();
                case.owned = now;
                if overwritten(&mut case, now, &memory) {
                    return fence.unwritten(case, now, confirmed);
                }
                fence.counted(case, now, confirmed, &memory)
            }
        }
    }

    fn unread(mut self, now: Moment, failure: Failure) -> Step {
        // What needs no record goes on without.
        let needed = !matches!(&self.goal, Goal::Still(after) if !after.needs_it());
        if needed && let Some(pause) = self.case.patience(now, Phase::Claim, &failure) {
            return wait(pause, Step::Remember(self));
        }
        let Self { mut case, goal } = self;
        match goal {
            Goal::Still(after) => unwritten(case, now, failure, after),
            Goal::BeforeOff(fence, _) => {
                fence.take_back(&mut case);
                case.stop(now, Outcome::NoCloud(failure))
            }
            Goal::Open(_) | Goal::Behind(_) | Goal::Ours(..) | Goal::Find(_) => {
                case.incident = None;
                case.stop(now, Outcome::NoCloud(failure))
            }
        }
    }
}

fn busy(case: Box<Case>, now: Moment, who: &str) -> Step {
    case.stop(now, Outcome::NothingToDo(format!("another run is working on this host: {who}")))
}

/// The record that this run has written although the answer was lost; of two the first.
fn mine(case: &Case, memory: &Memory) -> Option<DocumentId> {
    let ours = case.incident.as_ref()?;
    let mut own = memory.incidents.iter();
    own.find(|(_, incident)| incident.host == case.subject.host && incident.is_owned_as(ours))
        .map(|(id, _)| *id)
}

fn open(mut case: Box<Case>, now: Moment, memory: &Memory, watch: Option<Watch>) -> Step {
    if let Some(failure) = refused(memory) {
        return case.stop(now, Outcome::NotStarted(failure));
    }
    let at = memory.now;
    case.here.clone_from(&memory.here);
    case.old = old(memory, case.subject.host, &case.policy.record, &case.policy.brake);
    let flap = case.policy.brake.flaps.time;
    let error = case.error.clone();
    let last = standing(memory, case.subject.host);
    let ended = last.is_some_and(|(document, last)| ended_by(memory, last.host, *document).is_some());
    let retries = |incident: &Incident| !ended && retry::goes_on(incident, error.as_deref());
    let goes_on = |incident: &Incident| {
        incident.progress != Progress::Closed
            || retries(incident)
            || (incident.proof.is_none() && at.since(incident.updated) < flap)
    };
    let open = last.is_some_and(|(_, incident)| incident.progress != Progress::Closed || retries(incident));
    if let Some(over) = case.over.take_if(|_| !open) {
        return over.stop(case, now);
    }
    if let Some(failure) = stopped(&case, last) {
        return case.stop(now, Outcome::Held(failure));
    }
    if let Some((_, incident)) = last.filter(|_| watch.is_some() && !open) {
        // This event is of the same failure.
        let ended = incident.outcome.as_deref().unwrap_or("its incident is closed");
        let reason = format!("the run that was watched has ended ({}): {ended}", incident.owner);
        return case.stop(now, Outcome::NothingToDo(reason));
    }
    if let Some((_, incident)) = last.filter(|(_, incident)| !open && incident.error == case.error)
        && case.subject.source == Source::Reconcile
    {
        // It was to be looked at again, and that was over before this run came to it.
        let ended = incident.outcome.as_deref().unwrap_or("no outcome is written down");
        return case.stop(now, Outcome::NothingToDo(format!("its incident is closed: {ended}")));
    }
    let Some((document, incident)) = last.filter(|(_, incident)| goes_on(incident)) else {
        case.remembered = last.map(|(_, last)| tail(last, at, error.as_deref())).unwrap_or_default();
        return begin(case, now, memory);
    };
    if lives_and_is_silent(memory, *document, incident) {
        let failure = silent(memory, incident, &case.command());
        return case.stop(now, Outcome::Held(failure));
    }
    let watched = watch.is_some();
    let watch = watch.unwrap_or_else(|| Watch::new(now, *document, incident));
    if watch.has_moved(*document, incident) && may_live(memory, *document, incident) {
        return busy(case, now, &incident.owner);
    }
    if may_live(memory, *document, incident) && !watch.is_over(now) {
        return Remembering::later(case, now, watch, &incident.owner);
    }
    case.aborted = ended_by(memory, incident.host, *document).cloned();
    case.predecessor = is_here(memory, incident).then_some(incident.updated);
    case.unchanged = memory.unchanged(*document);
    case.me.clone_from(&memory.me);
    case.run.clone_from(&memory.run);
    case.incident = Some(incident.clone());
    let take = Taking::step(case, *document, incident.lock, watch);
    if watched { Leading::before(take) } else { take }
}

/// Why nobody but a person begins: one has stopped the run of this failure. The record says so, or only the lock file here,
/// where oned could not be told.
fn stopped(case: &Case, last: Option<&(DocumentId, Incident)>) -> Option<Failure> {
    match case.subject.source {
        Source::Event | Source::Reconcile => {}
        Source::Person => return None,
    }
    let of_this = last.filter(|(_, incident)| incident.error == case.error);
    let written = of_this.and_then(|(_, incident)| incident.stopped);
    let noted = case.given_up.filter(|_| last.is_none() || of_this.is_some());
    let at = utc(written.or(noted)?);
    let record = of_this.map_or_else(String::new, |(document, _)| format!(" ({document})"));
    let what = format!("a person has stopped the recovery of this failure at {at}{record}");
    let advice = format!("go on by hand: `{}`", case.command());
    Some(Failure { trouble: Trouble::Refused, what, advice })
}

/// A new record: of many runs that look at the same time the order of their documents decides.
fn begin(mut case: Box<Case>, now: Moment, memory: &Memory) -> Step {
    let at = memory.now;
    let mut incident = Incident {
        host: case.subject.host,
        cluster: case.cluster.unwrap_or(ClusterId(0)),
        opened: at,
        updated: at,
        error: case.error.clone(),
        heard: case.heard,
        ..Incident::default()
    };
    case.me.clone_from(&memory.me);
    case.run.clone_from(&memory.run);
    take_up(&mut case, &mut incident, at);
    case.incident = Some(incident);
    write(case, now, After::Made)
}

/// The new record is there: lock it.
pub(super) fn made(case: Box<Case>, now: Moment) -> Step {
    match (case.document, &case.incident) {
        (Some(document), Some(incident)) => {
            let watch = Watch::new(now, document, incident);
            Taking::step(case, document, None, watch)
        }
        _ => Remembering::open(case),
    }
}

/// The lock is ours.
pub(super) fn taken(mut case: Box<Case>, now: Moment, document: DocumentId, hold: Hold) -> Step {
    case.owned = now;
    if case.document == Some(document) {
        return Step::Remember(Remembering { case, goal: Goal::Ours(document, hold) });
    }
    let Some(mut incident) = case.incident.take() else { return Remembering::open(case) };
    let at = case.epoch(now);
    let begun = at.since(incident.opened).as_secs();
    case.note(now, Phase::Claim, format!("{document} remembers this incident, opened {begun} s ago"));
    let ended = incident.outcome.is_some() || incident.interrupted.is_some();
    if !ended {
        let text = format!("its last run, {}, is gone; taking it over", incident.owner);
        case.note(now, Phase::Claim, text);
        incident.takeovers = incident.takeovers.saturating_add(1);
    }
    case.dead_owner =
        (ended || case.predecessor.is_some()).then(|| (incident.owner.clone(), incident.run.clone()));
    case.document = Some(document);
    case.remembered = incident.vms.iter().map(|vm| (vm.id, vm.clone())).collect();
    (incident.lock, incident.released) = (Some(hold), None);
    if let Some(text) = mend(&mut incident, at, case.unchanged, &case.policy) {
        case.note(now, Phase::Claim, text);
    }
    set_aside(&mut case, now, &mut incident);
    case.looks_again(&mut incident);
    take_up(&mut case, &mut incident, at);
    case.incident = Some(incident);
    if let Some(word) = case.aborted.take() {
        return case.abort(now, word);
    }
    if let Some(over) = case.over.take() {
        // An earlier run has left it open, and there is nothing to do any more.
        return over.stop(case, now);
    }
    write(case, now, After::Opened)
}

/// A DISABLED host whose incident goes on all the same. One that is not DISABLED is not set aside any more.
fn set_aside(case: &mut Case, now: Moment, incident: &mut Incident) {
    if case.over.take_if(|over| over.goes_on(case.heard, incident)).is_some() {
        let text = "it is DISABLED since this incident had it off, and was not heard since: going on";
        case.note(now, Phase::Claim, text);
        case.heard = incident.heard.or(case.heard);
        case.disabled = Disabled::Before;
    } else {
        incident.disabled = None;
    }
    incident.heard = case.heard;
}

/// This run's record is locked: go on with it, unless another one was made before it.
fn confirm(mut case: Box<Case>, now: Moment, memory: &Memory, document: DocumentId, hold: Hold) -> Step {
    let counts = standing(memory, case.subject.host).map(|(document, _)| *document);
    if let Some(other) = counts.filter(|other| *other != document) {
        let text =
            format!("{other} is another run's record of this incident, and was made before {document}");
        case.note(now, Phase::Claim, text);
        return Leaving::again(case, document);
    }
    case.owned = now;
    if let Some(incident) = &mut case.incident {
        (incident.lock, incident.released) = (Some(hold), None);
    }
    // Written with what comes next.
    After::Opened.go_on(case, now)
}

/// What every run writes of itself.
fn take_up(case: &mut Case, incident: &mut Incident, at: Epoch) {
    incident.owner.clone_from(&case.me);
    incident.run.clone_from(&case.run);
    // What a person has named for a run by hand is no rule for hooks and timers.
    let by_hand = case.subject.source == Source::Person && case.here.as_ref().is_some_and(|here| here.named);
    if !by_hand {
        incident.ran.clone_from(&case.here);
    }
    incident.name.clone_from(&case.subject.name);
    incident.flags = Some(case.flags());
    let event = match case.subject.source {
        Source::Event => true,
        Source::Person => false,
        // An event that was lost counts too.
        Source::Reconcile if case.retry.is_look() => false,
        Source::Reconcile => incident.progress == Progress::Closed || case.document.is_none(),
    };
    if !case.retry.is_look() {
        set_until(case, incident, at);
    }
    // Since when it is held stays known until nothing holds it.
    incident.held = incident.held.take().filter(|_| incident.progress == Progress::Held);
    if case.error.is_some() {
        // It may have come back meanwhile, and failed anew.
        incident.error.clone_from(&case.error);
    }
    if !case.retry.is_look() {
        incident.progress = Progress::Open;
    }
    (incident.outcome, incident.interrupted, incident.stopped) = (None, None, None);
    if event {
        incident.events.push(at);
        let old = incident.events.len().saturating_sub(EVENTS);
        incident.events.drain(..old);
    }
    // No VM that an earlier run knew is forgotten; who looks again at some leaves those that are done alone.
    let done = |vm: &IncidentVm| matches!(vm.end, Some(End::Recovered | End::Left));
    let known = case.remembered.values().filter(|vm| !case.retry.is_look() || !done(vm)).map(|vm| vm.id);
    let known: BTreeSet<VmId> = case.subject.vms.iter().copied().chain(known).collect();
    case.subject.vms = known.into_iter().collect();
}
