//! What is written down of it, in a document of its own kind: no failure, so that neither brakes nor `host_error` take it for
//! one.

use super::run::{Run, Sent};
use crate::model::text::{cut, one_line};
use crate::model::{
    DocumentId, Emptying, End, Evacuated, Evacuation, HostState, Incident, Memory, Progress, VmId, VmState,
};
use crate::policy::holder;
use crate::policy::limits::unreadable;
use crate::policy::notes::Phase;
use crate::policy::port::{Source, Trouble};
use crate::policy::record::evacuation::{ended_by, may_live, standing};
use crate::policy::record::lease;
use crate::policy::report::{Fate, Outcome};
use crate::policy::surroundings::refused;
use crate::policy::timings::BEAT;
use std::time::Duration;

/// Characters of a VM's reason that are kept; of more VMs than this nothing.
const WHY: usize = 200;
const MOST_WITH_REASONS: usize = 500;

/// Look for a run of it that is gone: this one goes on with that.
pub(super) async fn find(run: &mut Run) -> Result<(), Outcome> {
    let memory = run.remember().await?;
    if let Some(failure) = refused(&memory) {
        return Err(Outcome::NotStarted(failure));
    }
    if let Some(failure) = unreadable(&memory) {
        return Err(Outcome::Held(failure));
    }
    if let Some((document, _)) = failure_of(&memory, run) {
        let what = format!("its failure is being worked on ({document})");
        return Err(Run::held(what, format!("`onerescue show {}` says how far that is", run.host.name)));
    }
    if let Some((document, evacuation)) = standing(&memory, run.id).cloned() {
        if may_live(&memory, &evacuation) {
            let what = format!("a run is at it already: {}", holder::owner(&evacuation.owner));
            return Err(Run::held(what, "wait for its end, or `onerescue abort` it"));
        }
        let word =
            ended_by(&memory, document, &evacuation).map(|word| (word.by.clone(), word.reason.clone()));
        let word = word.filter(|_| run.source == Source::Reconcile && evacuation.stage == Emptying::Under);
        take_up(run, &memory, document, evacuation);
        if let Some((by, reason)) = word {
            return ended(run, format!("ended by {by}: {reason}")).await;
        }
    }
    Ok(())
}

/// A person has ended it after its run was gone: no machine goes on with it.
async fn ended(run: &mut Run, why: String) -> Result<(), Outcome> {
    if let Some(record) = &mut run.record {
        (record.stage, record.outcome) = (Emptying::Done, Some(why.clone()));
        write(run).await?;
    }
    run.record = None;
    Err(Outcome::NothingToDo(why))
}

/// An incident of the host's failure that is not closed.
fn failure_of<'a>(memory: &'a Memory, run: &Run) -> Option<&'a (DocumentId, Incident)> {
    lease::standing(memory, run.id).filter(|(_, incident)| incident.progress != Progress::Closed)
}

/// Go on with what an earlier run has left: what it has moved is not moved again, and what it has ordered is read back first.
fn take_up(run: &mut Run, memory: &Memory, document: DocumentId, mut old: Evacuation) {
    let now = run.now();
    let goes_on = old.stage == Emptying::Under;
    if goes_on && ended_by(memory, document, &old).is_some() {
        // A person's word is heard where it is looked around; who begins anew by hand takes it back.
        old.stage = Emptying::Done;
    }
    if old.stage != Emptying::Under && run.source != Source::Reconcile {
        (old.by, old.reason, old.asked) = (run.policy.by.clone(), run.policy.reason.clone(), memory.now);
    }
    if goes_on {
        run.note(Phase::Claim, format!("{document} says that it was begun by {}: going on", old.by));
    }
    let (done, open): (Vec<_>, Vec<_>) = old.vms.drain(..).partition(|vm| vm.end == Some(End::Recovered));
    run.moved_before = done.into_iter().map(|vm| (vm.id, vm)).collect();
    for vm in open.into_iter().filter(|vm| vm.end.is_none()) {
        let Some(to) = vm.to else { continue };
        let state = if vm.stopped { VmState::Poweroff } else { VmState::RUNNING };
        let before = vm.sent.map_or(Duration::ZERO, |sent| memory.now.since(sent));
        let sent = Sent { name: vm.name, to, at: now, before, sequence: vm.sequence, state };
        run.away.insert(vm.id, sent);
    }
    (run.document, run.record) = (Some(document), Some(old));
}

/// Who wants it, and why, is written down before anything is touched.
pub(super) async fn open(run: &mut Run) -> Result<(), Outcome> {
    let at = run.epoch();
    let (by, reason) = (run.policy.by.clone(), run.policy.reason.clone());
    let fresh = || Evacuation {
        host: run.id,
        by,
        reason,
        opened: at,
        asked: at,
        disabled: run.host.state == HostState::Monitored,
        ..Evacuation::default()
    };
    let mut record = run.record.take().unwrap_or_else(fresh);
    if record.stage != Emptying::Under {
        record.disabled |= run.host.state == HostState::Monitored;
    }
    record.name.clone_from(&run.host.name);
    record.owner.clone_from(&run.me);
    (record.stage, record.outcome) = (Emptying::Under, None);
    record.all = run.policy.force == crate::policy::settings::Force::AlsoStopped;
    run.note(Phase::Claim, format!("it is emptied by {}: {}", record.by, record.reason));
    run.record = Some(record);
    write(run).await
}

/// This run is still the one that empties it, nobody has ended that, and no run works on a failure of the host.
pub(super) async fn still_ours(run: &mut Run) -> Result<(), Outcome> {
    let memory = run.remember().await?;
    let Some(document) = run.document else { return Ok(()) };
    let again = format!("`{}`", run.command());
    let there = memory.evacuations.iter().find(|(other, _)| *other == document);
    let Some((_, there)) = there else {
        return Err(Run::held(format!("somebody has deleted {document}, which remembers it"), again));
    };
    if there.owner != run.me {
        run.record = None;
        return Err(Run::held(
            format!("another run has taken it over: {}", holder::owner(&there.owner)),
            again,
        ));
    }
    if let Some((failure, _)) = failure_of(&memory, run) {
        return Err(Run::held(format!("its failure is being worked on ({failure})"), "wait for its end"));
    }
    if let Some(word) = ended_by(&memory, document, there).filter(|_| run.stopped.is_none()) {
        let what = format!("ended by {}: {}", word.by, word.reason);
        let restore = format!("`onerescue restore {}` brings back what was moved", run.host.name);
        run.stop(Run::held(what, restore));
    }
    Ok(())
}

/// Who looks from another front-end sees that this run is alive.
pub(super) async fn beat(run: &mut Run) -> Result<(), Outcome> {
    if run.now().since(run.wrote) >= BEAT { write(run).await } else { Ok(()) }
}

/// A machine goes on with it only while the host is out of service: who has enabled it meanwhile has ended that.
pub(super) async fn still_wanted(run: &mut Run) -> Result<(), Outcome> {
    let enabled = run.host.state == HostState::Monitored;
    if run.source != Source::Reconcile || !enabled {
        return Ok(());
    }
    if let Some(record) = &mut run.record {
        record.stage = Emptying::Done;
        record.outcome = Some("the host is in service, so it is not emptied any more".to_owned());
        write(run).await?;
    }
    run.record = None;
    Err(Outcome::NothingToDo("it is in service, so it is not emptied any more".to_owned()))
}

/// Write it down, until oned has taken it.
pub(super) async fn write(run: &mut Run) -> Result<(), Outcome> {
    loop {
        let Some(record) = standing_record(run) else { return Ok(()) };
        let document = run.document;
        let failure = match run.ask(move |world| world.note_evacuation(document, &record)).await {
            Ok(document) => {
                (run.document, run.wrote) = (Some(document), run.now());
                run.answered();
                return Ok(());
            }
            Err(failure) => failure,
        };
        if failure.trouble == Trouble::Gone {
            return Err(Run::held(
                "somebody has deleted the document that remembers it".to_owned(),
                format!("`{}`", run.command()),
            ));
        }
        let Some(pause) = run.patience(run.policy.wait, Phase::Claim, &failure) else {
            return Err(Outcome::NoCloud(failure));
        };
        run.wait(pause).await;
        if run.document.is_none() {
            // Names are not unique: the call whose answer was lost may have made the document.
            let memory = run.remember().await?;
            let ours = |(_, other): &&(DocumentId, Evacuation)| {
                run.record.as_ref().is_some_and(|record| {
                    (other.host, &other.owner, other.opened) == (run.id, &record.owner, record.opened)
                })
            };
            run.document = memory.evacuations.iter().find(ours).map(|(document, _)| *document);
        }
    }
}

/// The record as it would be written now.
fn standing_record(run: &mut Run) -> Option<Evacuation> {
    let at = run.epoch();
    let vms = vms(run);
    let record = run.record.as_mut()?;
    (record.updated, record.vms) = (at, vms);
    Some(record.clone())
}

/// Every VM, by id, with what an earlier run has moved.
fn vms(run: &Run) -> Vec<Evacuated> {
    let mut all = run.moved_before.clone();
    let short = run.vms.len() > MOST_WITH_REASONS;
    for (id, report) in run.vms.iter().filter(|(id, _)| !run.moved_before.contains_key(id)) {
        let sent = run.gone.get(id);
        let (end, why) = match &report.fate {
            Fate::Recovered(why) | Fate::NotReady(why) => (End::Recovered, why),
            Fate::Planned(why) | Fate::Left(why) => (End::Left, why),
            Fate::Held(why) => (End::Held, why),
            Fate::Failed(why) => (End::Failed, why),
        };
        let why = if short { String::new() } else { cut(&one_line(why), WHY) };
        let one = noted(run, *id, &report.name, sent);
        let end = Some(end).filter(|_| !run.unread.contains(id));
        all.insert(*id, Evacuated { end, why, ..one });
    }
    all.extend(run.away.iter().map(|(id, sent)| (*id, noted(run, *id, &sent.name, Some(sent)))));
    all.into_values().collect()
}

fn noted(run: &Run, id: VmId, name: &str, sent: Option<&Sent>) -> Evacuated {
    let (now, epoch) = (run.now(), run.epoch());
    Evacuated {
        id,
        name: cut(&one_line(name), 40),
        to: sent.map(|sent| sent.to),
        sequence: sent.and_then(|sent| sent.sequence),
        sent: sent.map(|sent| epoch.before(sent.passed(now))),
        stopped: sent.is_some_and(|sent| sent.state != VmState::RUNNING),
        end: None,
        why: String::new(),
    }
}
