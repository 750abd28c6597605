//! `onerescue restore`: a host that was emptied by day is in service again, and what was moved from it goes back.
//!
//! It is enabled, and must be MONITORED for `[host_back] stable` without a break. Then its VMs go back by the code of
//! `failback`: one at a time, live, where the planner would place them, and only those that run where they were moved to. One
//! whose owner has said `ONEDRS_BLOCKED`, or that a person has moved since, stays. A person has asked for it, so `disarm` and
//! `HA_POLICY`, which are about failures, do not keep it.

use super::claim::must_lead;
use super::failback::send_back;
use super::later::TAIL;
use super::look::{first_look, gone, look_again, wait};
use super::remember::{leave_to_incident, read_memory};
use super::rules::Policy;
use super::run::{Guest, Run, Task};
use super::survey::{runs_twice, survey};
use crate::model::text::vms;
use crate::model::{DocumentId, Emptying, End, Evacuation, Holder, HostState, Memory, Progress};
use crate::policy::desk::Suspended;
use crate::policy::healthy::{self, Account, Claimed, Deed};
use crate::policy::holder::{by, owner};
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::port::{Failure, Subject, Trouble, World};
use crate::policy::record::evacuation::{ended_by, may_live, standing};
use crate::policy::report::{Fate, Outcome};
use std::collections::VecDeque;

/// A run of `onerescue restore` that has not asked its first question.
#[must_use]
pub fn begin(subject: &Subject, policy: Policy) -> Suspended<Account> {
    let subject = subject.clone();
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, &subject, policy);
        run.task = Task::Restore;
        let mut record = None;
        let outcome = match procedure(&mut run, &mut record).await {
            // VMs are elsewhere that were to go back.
            Err(Outcome::NothingToDo(why)) if record.is_some() => {
                held(why, format!("when it is well: `{}`", run.command()))
            }
            Ok(outcome) | Err(outcome) => outcome,
        };
        end(&mut run, record, &outcome).await;
        run.account(outcome)
    })
}

type Record = Option<(DocumentId, Evacuation)>;

async fn procedure(run: &mut Run, record: &mut Record) -> Result<Outcome, Outcome> {
    first_look(run).await?;
    must_lead(run).await?;
    claim(run).await?;
    let memory = read_memory(run).await?;
    no_failure(run)?;
    let (document, evacuation) = emptied(run, &memory)?;
    let guests = guests(&evacuation);
    run.note(Phase::Plan, format!("{document}: moved from it and to go back: {}", vms(guests.len())));
    run.guests = Some(guests);
    if run.rehearses() {
        return Ok(rehearsed(run, &evacuation));
    }
    *record = Some((document, begun(&memory, evacuation)));
    write(run, record).await?;
    enable(run).await?;
    wait(run).await?;
    let (host, survey) = survey(run, None).await?;
    if let Some(why) = runs_twice(&host, &survey) {
        return Err(held(why, format!("end those domains there, then `{}`", run.command())));
    }
    while let Some(guest) = run.guests.as_mut().and_then(VecDeque::pop_front) {
        // It is named even where this run ends before it is sent.
        run.guests.get_or_insert_default().push_front(guest);
        look_again(run).await?;
        must_lead(run).await?;
        not_ended(run, record).await?;
        run.guests.as_mut().and_then(VecDeque::pop_front);
        send_back(run, guest).await?;
    }
    Ok(outcome(run))
}

/// No other run works on the host, by the same lock that `host_error` takes.
async fn claim(run: &mut Run) -> Result<(), Outcome> {
    let id = run.id;
    let question = move |world: &mut dyn World, over: &[Holder]| world.claim(id, over);
    if let Claimed::Busy(locked) = healthy::claim(run, &run.host.name, &run.command(), question).await? {
        let what = format!("another run is working on this host{}", by(&locked));
        return Err(held(what, format!("`onerescue show {}`; wait for its end", run.host.name)));
    }
    if !matches!(run.host.state, HostState::Monitored | HostState::Init | HostState::Disabled) {
        return Err(gone(run));
    }
    Ok(())
}

/// An incident of its failure that is open has its VMs.
fn no_failure(run: &Run) -> Result<(), Outcome> {
    leave_to_incident(run)?;
    match run.incident() {
        Some(incident) if incident.progress != Progress::Closed => Err(held(
            "its failure is being worked on".to_owned(),
            format!("`onerescue show {}` says how far that is", run.host.name),
        )),
        Some(_) | None => Ok(()),
    }
}

/// The evacuation that this ends.
fn emptied(run: &Run, memory: &Memory) -> Result<(DocumentId, Evacuation), Outcome> {
    let Some((document, evacuation)) = standing(memory, run.id) else {
        let why = "it was not emptied by `onerescue evacuate`, or that has ended".to_owned();
        return Err(Outcome::NothingToDo(why));
    };
    if may_live(memory, evacuation) {
        let what = format!("a run is at it: {}", owner(&evacuation.owner));
        return Err(held(what, format!("wait for its end, or `onerescue abort {}`", run.host.name)));
    }
    Ok((*document, evacuation.clone()))
}

/// What was moved live, or ordered so by a run that is gone: each is looked at before it goes back.
fn guests(evacuation: &Evacuation) -> VecDeque<Guest> {
    let moved = evacuation.vms.iter().filter(|vm| !vm.stopped);
    let moved = moved.filter(|vm| matches!(vm.end, Some(End::Recovered) | None));
    moved.filter_map(|vm| Some(Guest { vm: vm.id, at: vm.to? })).collect()
}

/// What would go back, if it still runs where it was moved to.
fn rehearsed(run: &mut Run, evacuation: &Evacuation) -> Outcome {
    let home = run.named();
    for guest in run.guests.take().unwrap_or_default() {
        let name = evacuation.vms.iter().find(|vm| vm.id == guest.vm).map_or("?", |vm| &vm.name).to_owned();
        let text =
            format!("back to {home}, live, if it still runs on {} and the planner places it there", guest.at);
        run.settle(guest.vm, &name, Fate::Planned(text));
    }
    Outcome::Rehearsed(None)
}

fn begun(memory: &Memory, mut evacuation: Evacuation) -> Evacuation {
    if evacuation.stage != Emptying::Restoring {
        evacuation.asked = memory.now;
    }
    evacuation.owner.clone_from(&memory.me);
    Evacuation { stage: Emptying::Restoring, updated: memory.now, ..evacuation }
}

async fn write(run: &Run, record: &Record) -> Result<(), Outcome> {
    let Some((document, evacuation)) = record.clone() else { return Ok(()) };
    let question = move |world: &mut dyn World| world.note_evacuation(Some(document), &evacuation);
    run.look(Phase::Claim, question).await.map(drop)
}

async fn enable(run: &mut Run) -> Result<(), Outcome> {
    if run.host.state == HostState::Disabled {
        let replies = run.tend(vec![Deed::Enable { host: run.id }]).await;
        // A lost answer is read back by who waits for it to be MONITORED.
        if let Some(bad) =
            replies.iter().find(|reply| matches!(reply, Reply::Refused(..) | Reply::NotSent(_)))
        {
            return Err(held(
                format!("it could not be enabled: {}", bad.said()),
                format!("`{}`", run.command()),
            ));
        }
    }
    run.since = None;
    look_again(run)
        .await
        .or_else(|outcome| if run.host.state == HostState::Init { Ok(()) } else { Err(outcome) })?;
    run.since = (run.host.state == HostState::Monitored).then(|| (run.now(), run.host.monitored_at));
    Ok(())
}

/// Has a person ended it?
async fn not_ended(run: &Run, record: &Record) -> Result<(), Outcome> {
    let Some((document, evacuation)) = record else { return Ok(()) };
    let memory = run.look(Phase::Claim, |world| world.memory()).await?;
    match ended_by(&memory, *document, evacuation) {
        Some(word) => Err(held(
            format!("ended by {}: {}", word.by, word.reason),
            format!("`{}` goes on with it", run.command()),
        )),
        None => Ok(()),
    }
}

fn held(what: String, advice: String) -> Outcome {
    Outcome::Held(Failure { trouble: Trouble::Refused, what, advice })
}

fn outcome(run: &Run) -> Outcome {
    if run.vms.values().any(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_))) {
        Outcome::Partly
    } else if run.started > 0 {
        Outcome::Recovered
    } else {
        Outcome::NothingToDo("it is in service, and no VM of it had to go back".to_owned())
    }
}

/// The evacuation is over when everything was looked at; else the next run goes on with it.
async fn end(run: &mut Run, record: Record, outcome: &Outcome) {
    let Some((document, mut evacuation)) = record else { return };
    let why = if let Outcome::Held(failure) | Outcome::NoCloud(failure) = outcome {
        failure.what.clone()
    } else {
        format!("the host is {}", run.host.state)
    };
    for guest in run.guests.take().unwrap_or_default() {
        let name = evacuation.vms.iter().find(|vm| vm.id == guest.vm).map_or("?", |vm| &vm.name).to_owned();
        run.settle(guest.vm, &name, Fate::Held(format!("it was not sent back: {why}")));
    }
    let whole = matches!(outcome, Outcome::Recovered | Outcome::NothingToDo(_) | Outcome::Partly)
        && run.host.state == HostState::Monitored;
    evacuation.stage = if whole { Emptying::Over } else { Emptying::Done };
    (evacuation.updated, evacuation.outcome) = (run.epoch(), Some(outcome.to_string()));
    if let Err(unwritten) = write(run, &Some((document, evacuation))).await {
        run.note(Phase::Report, format!("how it ended could not be written down: {unwritten}"));
    }
    // What a run that is killed in the wait would have left to `host_back`.
    if run.host.attributes.contains_key(TAIL) {
        run.write(vec![(TAIL, "0".to_owned())]).await;
    }
}
