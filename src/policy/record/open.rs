//! Open the incident: read what is remembered, and go on with the host's own record or begin a new one.

use super::adopt::{begin, taken};
use super::contents::tail;
use super::lease::{Watch, ended_by, is_here, life, may_live, standing};
use super::lock::{Took, take};
use super::opening::Opening;
use super::release::old;
use crate::model::text::vms;
use crate::model::{DocumentId, End, Hold, Incident, IncidentVm, Life, Memory, Progress};
use crate::policy::arming::utc;
use crate::policy::holder::{lives_and_is_silent, owner, silent};
use crate::policy::host_error::lead::lead;
use crate::policy::moving::held_vms;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Source, Trouble};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::surroundings::refused;
use crate::policy::timings::{LEASE, QUIET};

/// So many VMs are named.
const FEW: usize = 3;

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

/// Another run may work on it: look again until it shows that it is, or until its lease is over.
async fn look_later(run: &mut Run, watch: &Watch, who: &str) -> Result<(), Stop> {
    run.record.incident = None;
    // Nobody waits where nothing is to be held, and reconcile comes again.
    if run.policy.hold.deadline.is_zero() || run.subject.source == Source::Reconcile {
        return Err(at_work(run, who));
    }
    if watch.has_just_begun(run.now()) {
        let text = format!(
            "another run may be working on this host ({}); watching its record for up to {} s",
            owner(who),
            LEASE.as_secs()
        );
        run.note(Phase::Claim, text);
    }
    run.pause(run.policy.hold.look.min(LEASE)).await
}

/// Somebody else works on the host: what, and where it can be seen.
pub(in crate::policy) fn busy(run: &Run, what: &str) -> Stop {
    Stop::nothing(format!("{what}; `onerescue show {}` says what it does", run.subject.name))
}

fn at_work(run: &Run, who: &str) -> Stop {
    busy(run, &format!("another run is working on this host: {}", owner(who)))
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
        incident.proof.is_none() && memory.now.since(incident.updated) < run.policy.brake.flap_time
    };
    let Some((document, incident)) = last.filter(|(_, incident)| open || recent(incident)) else {
        let error = run.suspect.error.as_deref();
        run.vms.remembered = last.map(|(_, last)| tail(last, memory.now, error)).unwrap_or_default();
        run.vms.written = last.map(|(_, last)| last.updated);
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
            return Err(at_work(run, &incident.owner));
        }
        if !watch.is_over(run.now()) || life(memory, incident) == Life::Lives {
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
        let ended = format!("the run that was watched has ended ({}): {ended}", owner(&incident.owner));
        return Some(ended + &still_down(incident));
    }
    if incident.error == run.suspect.error && run.subject.source == Source::Reconcile {
        // It was to be looked at again, and that was over before this run came to it.
        let ended = incident.outcome.as_deref().unwrap_or("no outcome is written down");
        return Some(format!("its incident is closed: {ended}{}", still_down(incident)));
    }
    None
}

/// `; 2 VMs are held or failed (vm 3 db, vm 5 web): …`: what a closed incident has left, and the command for it.
fn still_down(incident: &Incident) -> String {
    let down = |vm: &&IncidentVm| matches!(vm.end, Some(End::Held | End::Failed));
    let all: Vec<_> = incident.vms.iter().filter(down).map(|vm| format!("{} {}", vm.id, vm.name)).collect();
    if all.is_empty() {
        return String::new();
    }
    let more = if all.len() > FEW { ", …" } else { "" };
    let few = all.iter().take(FEW).cloned().collect::<Vec<_>>().join(", ");
    format!("; {} held or failed ({few}{more}): `{}` tries again", vms(all.len()), incident.command())
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
    let advice = format!("to go on, run `{}`", run.command());
    Some(Failure { trouble: Trouble::Refused, what, advice })
}
