//! Open the incident: read what is remembered, and go on with the host's own record or begin a new one.

use super::contents::tail;
use super::lease::{LEASE, QUIET, Watch, ended_by, is_here, may_live, standing};
use super::lock::{Took, take};
use super::release::{drop_own, old};
use super::writing::{Needed, write};
use crate::model::{
    ClusterId, DocumentId, End, Epoch, Hold, HostState, Incident, IncidentVm, Memory, Progress, VmId,
};
use crate::policy::arming::utc;
use crate::policy::holder::{lives_and_is_silent, silent};
use crate::policy::host_error::lead::lead;
use crate::policy::moments::mend;
use crate::policy::moving::held_vms;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Source, Trouble};
use crate::policy::report::{Disabled, Outcome};
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::surroundings::refused;
use std::collections::BTreeSet;
use std::time::Duration;

/// A record keeps this many events of its host.
const EVENTS: usize = 20;

/// What matters only until the record is this run's.
#[derive(Debug, Default)]
pub(in crate::policy) struct Opening {
    /// Nothing is to be recovered any more, for this reason: the record is only closed.
    pub(in crate::policy) over: Option<Over>,
    /// When a person has stopped the last run on this front-end, as its lock file says; the record may not say so.
    pub(in crate::policy) given_up: Option<Epoch>,
    /// The document that a run of this front-end was locking when it died.
    pub(in crate::policy) left_behind: Option<DocumentId>,
    /// The document that this run has asked to lock without an answer: it may have been locked.
    pub(super) asked_to_lock: Option<DocumentId>,
    /// When a run of this front-end, which is dead, wrote the record last.
    pub(super) predecessor: Option<Epoch>,
    /// For how long its record had not changed when it was taken up, as far as this front-end has seen.
    pub(super) unchanged: Duration,
}

/// Why nothing is to be recovered, unless the record shows otherwise.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Over {
    pub(in crate::policy) outcome: Outcome,
    /// The host's state; none if it is gone.
    pub(in crate::policy) state: Option<HostState>,
}

impl Over {
    pub(in crate::policy) fn stop(self) -> Stop {
        Stop::Ended(self.outcome)
    }

    /// Does this incident go on although the host is DISABLED?
    pub(in crate::policy) fn goes_on(&self, heard: Option<i64>, incident: &Incident) -> bool {
        let silent = !matches!((heard, incident.heard), (Some(now), Some(before)) if now > before);
        self.state == Some(HostState::Disabled) && is_set_aside_by(incident) && silent
    }
}

/// May the host be DISABLED by a run of this incident, or was it proven off before somebody else did that? A run that
/// is not killed goes on then too.
pub(in crate::policy) fn is_set_aside_by(incident: &Incident) -> bool {
    incident.disabled.is_some() || incident.proof.is_some()
}

/// What is remembered of this host.
enum Found {
    /// No record that this run goes on with.
    Nothing,
    /// This one, as the run has it now; whether it was watched before.
    Record { document: DocumentId, lock: Option<Hold>, watch: Watch, watched: bool },
    /// Another run may be working on it; who.
    Watched(Watch, String),
}

/// Open the incident's record; it is this run's, and written, or the run is over.
pub(in crate::policy) async fn open_record(run: &mut Run, opening: &mut Opening) -> Result<(), Stop> {
    let mut seen: Option<Watch> = None;
    loop {
        let memory = match run.read(Phase::Claim, |world| world.memory()).await? {
            Ok(memory) => memory,
            Err(failure) => {
                run.record.incident = None;
                return Err(Stop::Ended(Outcome::NoCloud(failure)));
            }
        };
        run.record.clock.begin(memory.now, run.now());
        let (document, lock, watch) = match find(run, opening, &memory, seen.take())? {
            Found::Watched(watch, who) => {
                look_later(run, &watch, &who).await?;
                seen = Some(watch);
                continue;
            }
            Found::Record { document, lock, watch, watched } => {
                if watched {
                    lead(run).await?;
                }
                (document, lock, watch)
            }
            Found::Nothing => match begin(run, &memory).await? {
                Some((document, watch)) => (document, None, watch),
                None => continue,
            },
        };
        seen = match take(run, opening, document, lock, watch).await? {
            Took::Ours(hold) if taken(run, opening, document, hold).await? => return Ok(()),
            Took::Ours(_) => None,
            Took::LookAgain(watch) => Some(watch),
            Took::LookSoon(watch) => {
                look_soon(run, &watch).await?;
                Some(watch)
            }
            Took::LookLater(watch) => {
                look_later(run, &watch, "it has locked the record").await?;
                Some(watch)
            }
        };
    }
}

/// A lock is there that no record names: look again soon whether its run writes itself down, whoever runs this.
async fn look_soon(run: &mut Run, watch: &Watch) -> Result<(), Stop> {
    run.record.incident = None;
    if watch.has_just_begun(run.now()) {
        let text = "its record is locked by nobody that it names; looking whether a run writes itself down";
        run.note(Phase::Claim, text);
    }
    run.pause(QUIET / 3).await
}

/// Another run may be at it: look again until it shows that it is, or until its lease is over.
async fn look_later(run: &mut Run, watch: &Watch, who: &str) -> Result<(), Stop> {
    run.record.incident = None;
    // Nobody waits where nothing is to be held, and reconcile comes again.
    if run.policy.hold.deadline.is_zero() || run.subject.source == Source::Reconcile {
        return Err(busy(who));
    }
    if watch.has_just_begun(run.now()) {
        let text = format!(
            "another run may be working on this host ({who}); watching its record for up to {} s",
            LEASE.as_secs()
        );
        run.note(Phase::Claim, text);
    }
    run.pause(run.policy.hold.look.min(LEASE)).await
}

pub(in crate::policy) fn busy(who: &str) -> Stop {
    Stop::nothing(format!("another run is working on this host: {who}"))
}

/// The record to go on with, if there is one; or why the run is over.
fn find(run: &mut Run, opening: &mut Opening, memory: &Memory, watch: Option<Watch>) -> Result<Found, Stop> {
    if let Some(failure) = refused(memory) {
        return Err(Stop::Ended(Outcome::NotStarted(failure)));
    }
    run.record.here.clone_from(&memory.here);
    run.record.old = old(memory, run.subject.host, &run.policy.record, &run.policy.brake);
    let last = standing(memory, run.subject.host);
    let open = last.is_some_and(|last| is_open(run, memory, last));
    if let Some(over) = opening.over.take_if(|_| !open) {
        return Err(over.stop());
    }
    if let Some(failure) = stopped(run, opening, last) {
        return Err(Stop::Ended(Outcome::Held(failure)));
    }
    if let Some((_, incident)) = last.filter(|_| !open)
        && let Some(reason) = has_ended(run, incident, watch.is_some())
    {
        return Err(Stop::nothing(reason));
    }
    let recent = |incident: &Incident| {
        incident.proof.is_none() && memory.now.since(incident.updated) < run.policy.brake.flaps.time
    };
    let Some((document, incident)) = last.filter(|(_, incident)| open || recent(incident)) else {
        let error = run.suspect.error.as_deref();
        run.vms.remembered = last.map(|(_, last)| tail(last, memory.now, error)).unwrap_or_default();
        return Ok(Found::Nothing);
    };
    if lives_and_is_silent(memory, *document, incident) {
        let failure = silent(memory, incident, &run.command());
        return Err(Stop::Ended(Outcome::Held(failure)));
    }
    let watched = watch.is_some();
    let watch = watch.unwrap_or_else(|| Watch::new(run.now(), *document, incident));
    if may_live(memory, *document, incident) {
        if watch.has_moved(*document, incident) {
            return Err(busy(&incident.owner));
        }
        if !watch.is_over(run.now()) {
            return Ok(Found::Watched(watch, incident.owner.clone()));
        }
    }
    run.record.aborted = ended_by(memory, incident.host, *document).cloned();
    opening.predecessor = is_here(memory, incident).then_some(incident.updated);
    opening.unchanged = memory.unchanged(*document);
    run.record.me = (memory.me.clone(), memory.run.clone());
    run.record.incident = Some(incident.clone());
    Ok(Found::Record { document: *document, lock: incident.lock, watch, watched })
}

/// Does a run go on with this record whatever it shows else? Also with a closed one whose VMs are held.
fn is_open(run: &Run, memory: &Memory, (document, incident): &(DocumentId, Incident)) -> bool {
    let ended = ended_by(memory, incident.host, *document).is_some();
    let retries = !ended && held_vms::goes_on(incident, run.suspect.error.as_deref());
    incident.progress != Progress::Closed || retries
}

/// Why nothing is to be done for a failure whose record is closed.
fn has_ended(run: &Run, incident: &Incident, watched: bool) -> Option<String> {
    if watched {
        // This event is of the same failure.
        let ended = incident.outcome.as_deref().unwrap_or("its incident is closed");
        return Some(format!("the run that was watched has ended ({}): {ended}", incident.owner));
    }
    if incident.error == run.suspect.error && run.subject.source == Source::Reconcile {
        // It was to be looked at again, and that was over before this run came to it.
        let ended = incident.outcome.as_deref().unwrap_or("no outcome is written down");
        return Some(format!("its incident is closed: {ended}"));
    }
    None
}

/// Why nobody but a person begins: one has stopped the run of this failure. The record says so, or only the lock file here,
/// where oned could not be told.
fn stopped(run: &Run, opening: &Opening, last: Option<&(DocumentId, Incident)>) -> Option<Failure> {
    match run.subject.source {
        Source::Event | Source::Reconcile => {}
        Source::Person => return None,
    }
    let of_this = last.filter(|(_, incident)| incident.error == run.suspect.error);
    let written = of_this.and_then(|(_, incident)| incident.stopped);
    let noted = opening.given_up.filter(|_| last.is_none() || of_this.is_some());
    let at = utc(written.or(noted)?);
    let record = of_this.map_or_else(String::new, |(document, _)| format!(" ({document})"));
    let what = format!("a person has stopped the recovery of this failure at {at}{record}");
    let advice = format!("go on by hand: `{}`", run.command());
    Some(Failure { trouble: Trouble::Refused, what, advice })
}

/// A new record: of many runs that look at the same time the order of their documents decides.
async fn begin(run: &mut Run, memory: &Memory) -> Result<Option<(DocumentId, Watch)>, Stop> {
    let at = memory.now;
    let mut incident = Incident {
        host: run.subject.host,
        cluster: run.suspect.cluster.unwrap_or(ClusterId(0)),
        opened: at,
        updated: at,
        error: run.suspect.error.clone(),
        heard: run.suspect.heard,
        ..Incident::default()
    };
    run.record.me = (memory.me.clone(), memory.run.clone());
    take_up(run, &mut incident, at);
    run.record.incident = Some(incident);
    write(run, Needed::Yes).await?;
    Ok(match (run.record.document, &run.record.incident) {
        (Some(document), Some(incident)) => Some((document, Watch::new(run.now(), document, incident))),
        _ => None,
    })
}

/// The lock is ours: go on with the record; `false` where another one counts.
async fn taken(run: &mut Run, opening: &mut Opening, document: DocumentId, hold: Hold) -> Result<bool, Stop> {
    run.record.owned = run.now();
    if run.record.document == Some(document) {
        return counts(run, document, hold).await;
    }
    let Some(mut incident) = run.record.incident.take() else { return Ok(false) };
    let at = run.epoch();
    let begun = at.since(incident.opened).as_secs();
    run.note(Phase::Claim, format!("{document} remembers this incident, opened {begun} s ago"));
    let ended = incident.outcome.is_some() || incident.interrupted.is_some();
    if !ended {
        let text = format!("its last run, {}, is gone; taking it over", incident.owner);
        run.note(Phase::Claim, text);
        incident.takeovers = incident.takeovers.saturating_add(1);
    }
    let dead = ended || opening.predecessor.is_some();
    run.record.dead_owner = dead.then(|| (incident.owner.clone(), incident.run.clone()));
    run.record.document = Some(document);
    run.vms.remembered = incident.vms.iter().map(|vm| (vm.id, vm.clone())).collect();
    (incident.lock, incident.released) = (Some(hold), None);
    if let Some(text) = mend(&mut incident, at, opening.unchanged, &run.policy) {
        run.note(Phase::Claim, text);
    }
    set_aside(run, opening, &mut incident);
    run.looks_again(&mut incident);
    take_up(run, &mut incident, at);
    run.record.incident = Some(incident);
    if let Some(word) = run.record.aborted.take() {
        return Err(run.abort(word));
    }
    if let Some(over) = opening.over.take() {
        // An earlier run has left it open, and there is nothing to do any more.
        return Err(over.stop());
    }
    write(run, Needed::Yes).await?;
    Ok(true)
}

/// A DISABLED host whose incident goes on all the same. One that is not DISABLED is not set aside any more.
fn set_aside(run: &mut Run, opening: &mut Opening, incident: &mut Incident) {
    if opening.over.take_if(|over| over.goes_on(run.suspect.heard, incident)).is_some() {
        let text = "it is DISABLED since this incident had it off, and was not heard since: going on";
        run.note(Phase::Claim, text);
        run.suspect.heard = incident.heard.or(run.suspect.heard);
        run.suspect.disabled = Disabled::Before;
    } else {
        incident.disabled = None;
    }
    incident.heard = run.suspect.heard;
}

/// This run's record is locked: it counts, unless another one was made before it.
async fn counts(run: &mut Run, document: DocumentId, hold: Hold) -> Result<bool, Stop> {
    let memory = match run.read_on(Phase::Claim, |world| world.memory()).await? {
        Ok(memory) => memory,
        Err(failure) => {
            run.record.incident = None;
            return Err(Stop::Ended(Outcome::NoCloud(failure)));
        }
    };
    let first = standing(&memory, run.subject.host).map(|(document, _)| *document);
    if let Some(other) = first.filter(|other| *other != document) {
        let text =
            format!("{other} is another run's record of this incident, and was made before {document}");
        run.note(Phase::Claim, text);
        drop_own(run).await;
        return Ok(false);
    }
    run.record.owned = run.now();
    // Written with what comes next.
    if let Some(incident) = &mut run.record.incident {
        (incident.lock, incident.released) = (Some(hold), None);
    }
    Ok(true)
}

/// What every run writes of itself.
fn take_up(run: &mut Run, incident: &mut Incident, at: Epoch) {
    let looks = run.record.retry.is_look();
    (incident.owner, incident.run) = run.record.me.clone();
    // What a person has named for a run by hand is no rule for hooks and timers.
    let by_hand =
        run.subject.source == Source::Person && run.record.here.as_ref().is_some_and(|here| here.named);
    if !by_hand {
        incident.ran.clone_from(&run.record.here);
    }
    incident.name.clone_from(&run.subject.name);
    incident.flags = Some(run.flags());
    let event = match run.subject.source {
        Source::Event => true,
        Source::Person => false,
        // An event that was lost counts too.
        Source::Reconcile if looks => false,
        Source::Reconcile => incident.progress == Progress::Closed || run.record.document.is_none(),
    };
    if !looks {
        set_until(run, incident, at);
    }
    // Since when it is held stays known until nothing holds it.
    incident.held = incident.held.take().filter(|_| incident.progress == Progress::Held);
    if run.suspect.error.is_some() {
        // It may have come back meanwhile, and failed anew.
        incident.error.clone_from(&run.suspect.error);
    }
    if !looks {
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
    let known = run.vms.remembered.values().filter(|vm| !looks || !done(vm)).map(|vm| vm.id);
    let known: BTreeSet<VmId> = run.subject.vms.iter().copied().chain(known).collect();
    run.subject.vms = known.into_iter().collect();
}

/// A record that is begun says until when the host may come back; one that goes on keeps that.
fn set_until(run: &Run, incident: &mut Incident, at: Epoch) {
    let begins = incident.progress == Progress::Closed || run.record.document.is_none();
    if begins || incident.until.is_none() {
        incident.until = Some(at.plus(run.policy.wait.whole()));
    }
}
