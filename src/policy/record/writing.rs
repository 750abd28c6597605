//! Write the incident down.
//!
//! Before a fence the record must be written: without it nobody would know of the fence. Afterwards a record that
//! cannot be written is noted and stops nothing.

use super::ownership::lost;
use crate::model::{DocumentId, Incident, Memory};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::timings::OWNED;

/// Must the record be written before the run goes on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Needed {
    Yes,
    No,
}

/// Whether a try to write has come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Done,
    /// It is the run's, perhaps: look, and try once more.
    LookFirst,
    /// There is no document any more, or it is not known whether there is one: see once more what is due.
    Again,
}

/// Write the incident, if there is one and it has changed.
///
/// # Errors
/// Another run has it now, or it cannot be written and must be.
pub(in crate::policy) async fn write(run: &mut Run, needed: Needed) -> Result<(), Stop> {
    while is_due(run) {
        let old = run.record.document.is_some() && run.now().since(run.record.owned) >= OWNED;
        let first = if old { Written::LookFirst } else { Written::Again };
        if put(run, needed, first).await? == Written::Done {
            break;
        }
    }
    Ok(())
}

fn is_due(run: &mut Run) -> bool {
    run.keep_vms();
    let record = &run.record;
    let unchanged = record.incident == record.written && record.document.is_some();
    record.incident.is_some() && !unchanged
}

/// Look whether the record is still ours, then write it, changed or not.
///
/// # Errors
/// As [`write`].
pub(in crate::policy) async fn rewrite(run: &mut Run, needed: Needed) -> Result<(), Stop> {
    match put(run, needed, Written::LookFirst).await? {
        Written::Done => Ok(()),
        Written::LookFirst | Written::Again => write(run, needed).await,
    }
}

/// The record was just seen to be ours: write it, changed or not. If that fails the run goes on.
///
/// # Errors
/// As [`write`].
pub(in crate::policy) async fn write_over(run: &mut Run) -> Result<(), Stop> {
    put(run, Needed::No, Written::Again).await.map(|_| ())
}

async fn put(run: &mut Run, needed: Needed, mut next: Written) -> Result<Written, Stop> {
    loop {
        let seen = if next == Written::LookFirst { is_ours(run, needed).await? } else { Ok(()) };
        let failure = match seen {
            Ok(()) => match write_once(run).await {
                Ok(()) => return Ok(Written::Done),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        next = unwritten(run, needed, failure).await?;
        if next != Written::LookFirst {
            return Ok(next);
        }
    }
}

async fn is_ours(run: &mut Run, needed: Needed) -> Result<Result<(), Failure>, Stop> {
    let memory = match needed {
        Needed::Yes => run.read_on(Phase::Claim, |world| world.memory()).await?,
        // What needs no record goes on without.
        Needed::No => run.ask(|world| world.memory()).await,
    };
    let memory = match memory {
        Ok(memory) => memory,
        Err(failure) => return Ok(Err(failure)),
    };
    run.record.clock.begin(memory.now, run.now());
    if let Some(lost) = lost(run, &memory) {
        return Err(Stop::Lost(lost));
    }
    run.record.owned = run.now();
    Ok(Ok(()))
}

async fn write_once(run: &mut Run) -> Result<(), Failure> {
    let Some(incident) = run.standing_record() else { return Ok(()) };
    send(run, incident).await?;
    run.answered();
    Ok(())
}

/// One call that writes it.
pub(super) async fn send(run: &mut Run, incident: Incident) -> Result<(), Failure> {
    let document = run.record.document;
    let (incident, written) = run
        .ask(move |world| {
            let written = world.record(document, &incident);
            (incident, written)
        })
        .await;
    run.record.document = Some(written?);
    run.record.wrote = run.now();
    run.record.written = Some(incident);
    Ok(())
}

async fn unwritten(run: &mut Run, needed: Needed, failure: Failure) -> Result<Written, Stop> {
    if needed == Needed::No {
        let text = format!("the record could not be written: {}; going on without", failure.what);
        run.note(Phase::Report, text);
        return Ok(Written::Done);
    }
    if failure.trouble == Trouble::Gone && run.record.document.is_some() {
        run.note(Phase::Claim, "somebody has deleted the record; beginning a new one");
        run.record.document = None;
        return Ok(Written::Again);
    }
    let Some(pause) = run.patience(run.policy.wait, Phase::Claim, &failure) else {
        return Err(cannot_be(run, failure));
    };
    run.pause(pause).await?;
    if run.record.document.is_some() {
        return Ok(Written::LookFirst);
    }
    // Names are not unique: the call whose answer was lost may have made the document.
    match run.read_on(Phase::Claim, |world| world.memory()).await? {
        Ok(memory) => {
            run.record.clock.begin(memory.now, run.now());
            run.record.document = mine(run, &memory);
            Ok(Written::Again)
        }
        Err(failure) => {
            run.record.incident = None;
            Err(Stop::Ended(Outcome::NoCloud(failure)))
        }
    }
}

/// The record that this run has written although the answer was lost; of two the first.
fn mine(run: &Run, memory: &Memory) -> Option<DocumentId> {
    let ours = run.record.incident.as_ref()?;
    let mut own = memory.incidents.iter();
    own.find(|(_, incident)| incident.host == run.subject.host && incident.is_owned_as(ours))
        .map(|(id, _)| *id)
}

/// Nothing is done that no record tells of.
pub(super) fn cannot_be(run: &mut Run, failure: Failure) -> Stop {
    // Not tried once more at the end.
    run.record.incident = None;
    let more = if run.fence.told.is_empty() { "" } else { " more" };
    let Failure { trouble, what, advice } = failure;
    let what = format!("the incident cannot be written down, so nothing{more} is fenced: {what}");
    let first = advice.strip_suffix(", then run this again").unwrap_or(&advice);
    let advice = format!("{first}; then run `{}`", run.command());
    Stop::Ended(Outcome::NoCloud(Failure { trouble, what, advice }))
}
