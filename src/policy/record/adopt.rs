//! Make the record this run's: begin a new one, or go on with the one of an earlier run.

use super::lease::{Watch, standing};
use super::opening::{Opening, Over};
use super::release::drop_own;
use super::writing::{Needed, write};
use crate::model::{
    ClusterId, DocumentId, End, Epoch, Held, Hold, Incident, IncidentVm, Memory, Moment, Progress, Stages,
    VmId,
};
use crate::policy::moments::mend;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Source, Trouble};
use crate::policy::report::{Disabled, Outcome};
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use std::collections::BTreeSet;

/// A record keeps this many events of its host.
const EVENTS: usize = 20;

/// A new record: of many runs that look at the same time the order of their documents decides.
pub(super) async fn begin(run: &mut Run, memory: &Memory) -> Result<Option<(DocumentId, Watch)>, Stop> {
    let at = memory.now;
    let mut incident = Incident {
        host: run.subject.host,
        cluster: run.suspect.cluster.unwrap_or(ClusterId(0)),
        opened: at,
        updated: at,
        error: run.suspect.error.clone(),
        heard: run.suspect.heard,
        stages: Stages { began: Some(begun(run)), ..Stages::default() },
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
pub(super) async fn taken(
    run: &mut Run,
    opening: &mut Opening,
    document: DocumentId,
    hold: Hold,
) -> Result<bool, Stop> {
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
    run.vms.written = Some(incident.updated);
    set_aside(run, opening, &mut incident);
    run.looks_again(&mut incident);
    take_up(run, &mut incident, at);
    run.record.incident = Some(incident);
    if let Some(word) = run.record.aborted.take() {
        return Err(run.abort(word));
    }
    if let Some(over) = opening.over.take() {
        // An earlier run has left it open, and there is nothing to do any more, or nothing that a machine does.
        return Err(left_aside(run, &over).unwrap_or_else(|| over.stop()));
    }
    write(run, Needed::Yes).await?;
    Ok(true)
}

/// The host is DISABLED by a run of this incident, and oned hears it: only a person knows whether it is well again.
fn left_aside(run: &mut Run, over: &Over) -> Option<Stop> {
    let (at, host) = (run.epoch(), run.host());
    let ours = |incident: &&mut Incident| incident.disabled.is_some() && over.is_disabled();
    let incident = run.record.incident.as_mut().filter(ours)?;
    let what = format!("{host} is DISABLED by an earlier run of this incident, and oned hears it again");
    let advice = format!(
        "look which of its VMs it runs (`virsh list`), then `onehost enable {}`: `host_back` starts what is left down on it",
        run.subject.name
    );
    let since = incident.held.as_ref().map_or(at, |held| held.since);
    incident.held = Some(Held { why: what.clone(), advice: advice.clone(), since });
    Some(Stop::Ended(Outcome::Held(Failure { trouble: Trouble::Refused, what, advice })))
}

/// A DISABLED host whose incident goes on all the same. One that is not DISABLED is not set aside any more.
fn set_aside(run: &mut Run, opening: &mut Opening, incident: &mut Incident) {
    if opening.over.take_if(|over| over.goes_on(run.suspect.heard, incident)).is_some() {
        let text = "it is DISABLED since this incident has proven it off, and was not heard since: going on";
        run.note(Phase::Claim, text);
        run.suspect.heard = incident.heard.or(run.suspect.heard);
        run.suspect.disabled = Disabled::Before;
    } else if !opening.over.as_ref().is_some_and(Over::is_disabled) {
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
        if incident.error != run.suspect.error {
            incident.stages = Stages { began: Some(begun(run)), ..Stages::default() };
        }
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

/// When this run has begun.
fn begun(run: &Run) -> Epoch {
    run.record.clock.epoch(Moment::default())
}

/// A record that is begun says until when the host may come back; one that goes on keeps that.
fn set_until(run: &Run, incident: &mut Incident, at: Epoch) {
    let begins = incident.progress == Progress::Closed || run.record.document.is_none();
    if begins {
        incident.signs = None;
    }
    if begins || incident.until.is_none() {
        incident.until = Some(at.plus(run.policy.wait.whole()));
    }
}
