//! The end of a recovery: what is written down for the last time, and the report.

use crate::model::{End as VmEnd, Epoch, Held, Incident, Progress};
use crate::policy::fencing::proof::Proof;
use crate::policy::holder::owner;
use crate::policy::moving::ending::give_up;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::record::release::release;
use crate::policy::record::writing::{Needed, write};
use crate::policy::report::{Fate, Outcome, Report, VmReport};
use crate::policy::run::Run;
use crate::policy::run::record::Left;
use crate::policy::run::stop::Lost;
use crate::policy::run::stop::Stop;
use crate::policy::settings::Purpose;

/// How a recovery ends; with the proof that its host is off, if there is one.
pub(super) struct End {
    outcome: Outcome,
    proof: Option<Proof>,
}

impl End {
    pub(super) fn with(outcome: Outcome, proof: Proof) -> Self {
        Self { outcome, proof: Some(proof) }
    }

    fn without(outcome: Outcome) -> Self {
        Self { outcome, proof: None }
    }
}

/// The end that this stop is.
pub(super) fn ended(run: &mut Run, stop: Stop) -> End {
    match stop {
        Stop::Ended(outcome) => End::without(told(run, outcome)),
        Stop::Held(failure, end) => End::without(told(run, end(failure))),
        Stop::Lost(lost) => leave_to(run, &lost),
        Stop::OtherRecord | Stop::Again => End::without(Outcome::Partly),
    }
}

/// Another run goes on with the incident: leave everything to that one.
fn leave_to(run: &mut Run, lost: &Lost) -> End {
    let reason = format!(
        "another run has taken this incident over: {}; `onerescue show {}` says what it does",
        owner(&lost.owner),
        run.subject.name
    );
    if lost.keeps {
        // It is written once more, whatever is newer.
        run.record.owned = run.now();
    } else {
        run.record.incident = None;
    }
    give_up(run, &reason);
    End::without(Outcome::NothingToDo(reason))
}

/// The outcome without a proof, as it is said. Who asked for nothing but a fence must not take it for success, and what
/// was sent already is said.
fn told(run: &Run, outcome: Outcome) -> Outcome {
    if let Outcome::NothingToDo(reason) = &outcome
        && run.fence.told.is_empty()
        && run.policy.purpose == Purpose::Recover
        && leaves_vms(run)
    {
        run.note(Phase::Settle, format!("nothing more is done: {reason}"));
        return Outcome::Partly;
    }
    let told = run.fence.told.keys().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    match (run.policy.purpose, outcome) {
        (_, Outcome::NothingToDo(reason)) if !told.is_empty() => {
            let what =
                format!("\"off\" was sent to {told}, so {} may still power off, but {reason}", run.host());
            let advice =
                "look at the machine: if it is needed, switch it on again; if it is broken, power it off and run the same command \
                 again"
                    .to_owned();
            Outcome::Held(Failure { trouble: Trouble::Refused, what, advice })
        }
        (Purpose::Fence, Outcome::NothingToDo(reason)) => Outcome::Held(Failure {
            trouble: Trouble::Refused,
            what: format!("{} was not fenced: {reason}", run.host()),
            advice: "fence it only while OpenNebula has it in ERROR".to_owned(),
        }),
        (_, Outcome::Held(failure)) => Outcome::Held(told_too(run, failure, &told)),
        (_, Outcome::NotFenced(failure)) => Outcome::NotFenced(told_too(run, failure, &told)),
        (_, Outcome::NoCloud(failure)) => Outcome::NoCloud(told_too(run, failure, &told)),
        (
            _,
            other @ (Outcome::NotStarted(_)
            | Outcome::Recovered
            | Outcome::Fenced
            | Outcome::NothingToDo(_)
            | Outcome::HandedOver(_)
            | Outcome::Rehearsed(_)
            | Outcome::Contradicted(_)
            | Outcome::Partly),
        ) => other,
    }
}

/// Are there VMs that are not where they should be, or of which that is not known?
fn leaves_vms(run: &Run) -> bool {
    let not_well = |fate: &Fate| matches!(fate, Fate::Held(_) | Fate::Failed(_));
    !run.vms.undecided.is_empty() || run.vms.reports.values().any(|vm| not_well(&vm.fate))
}

/// What was sent already may still take effect, and a contradiction counts more than how it ended.
fn told_too(run: &Run, failure: Failure, told: &str) -> Failure {
    let what = match &run.fence.contradiction {
        Some(what) if *what != failure.what => format!("{what}; and at the end: {}", failure.what),
        Some(_) | None => failure.what,
    };
    if told.is_empty() || what.contains("\"off\" was sent") {
        return Failure { what, ..failure };
    }
    Failure { what: format!("{what}; \"off\" was sent to {told} before that"), ..failure }
}

/// Write the record for the last time, let go of it, then report.
pub(super) async fn close(mut run: Run, end: End) -> Report {
    let mut end = end;
    loop {
        let proof = end.proof.take().filter(|_| !run.fence.disproven);
        prepare(&mut run, &end.outcome, proof.as_ref());
        if let Err(Stop::Lost(lost)) = write(&mut run, Needed::No).await {
            end = leave_to(&mut run, &lost);
        } else {
            end.proof = proof;
            break;
        }
    }
    release(&mut run).await;
    run.note_end(end.outcome.of(run.vms.reports.values()));
    Report {
        host: run.subject.host,
        mode: run.policy.mode,
        purpose: run.policy.purpose,
        outcome: end.outcome,
        again: run.command(),
        early: run.waiting.why.take(),
        proof: end.proof,
        trail: run.trail(),
        took: run.now(),
        disabled: run.suspect.disabled,
        name: run.subject.name,
        halted: run.vms.halted.map(|failure| failure.advice),
        vms: run.vms.reports.into_values().collect(),
    }
}

/// Every VM has its outcome, and the record says how far the incident has come.
fn prepare(run: &mut Run, outcome: &Outcome, proof: Option<&Proof>) {
    for (vm, name) in std::mem::take(&mut run.vms.undecided) {
        if !run.vms.reports.contains_key(&vm) {
            let why = "its host was on again, and is not proven off".to_owned();
            run.vms.settle(vm, &name, Fate::Held(why));
        }
    }
    run.vms.tell_unmoved(outcome);
    run.end_a_look();
    let over = match outcome {
        Outcome::Recovered | Outcome::Fenced | Outcome::Partly | Outcome::NothingToDo(_) => true,
        Outcome::Rehearsed(_)
        | Outcome::HandedOver(_)
        | Outcome::Contradicted(_)
        | Outcome::NotStarted(_)
        | Outcome::NoCloud(_)
        | Outcome::NotFenced(_)
        | Outcome::Held(_) => false,
    };
    let over = over || run.record.aborted.is_some() || run.only_looks();
    let (left, at) = (run.record.left, run.epoch());
    if let Some(incident) = &mut run.record.incident {
        incident.outcome = Some(of_incident(incident, outcome, run.vms.reports.values()));
        incident.release();
        incident.progress = match (over, proof) {
            (true, _) => Progress::Closed,
            (false, _) if left == Left::AsItStands => incident.progress,
            (false, Some(_)) => Progress::Off,
            (false, None) if matches!(outcome, Outcome::HandedOver(_)) => Progress::Open,
            (false, None) => Progress::Held,
        };
        if incident.progress == Progress::Held {
            incident.held = incident.held.take().or_else(|| held_by(outcome, at));
        }
    }
    run.keep_waiting(outcome, proof);
}

/// What a run ends with that nothing has held before, for who looks at the record.
fn held_by(outcome: &Outcome, since: Epoch) -> Option<Held> {
    match outcome {
        Outcome::Held(failure)
        | Outcome::NotFenced(failure)
        | Outcome::NoCloud(failure)
        | Outcome::NotStarted(failure)
        | Outcome::Contradicted(failure) => {
            Some(Held { why: failure.what.clone(), advice: failure.advice.clone(), since })
        }
        Outcome::Recovered
        | Outcome::Fenced
        | Outcome::Partly
        | Outcome::NothingToDo(_)
        | Outcome::HandedOver(_)
        | Outcome::Rehearsed(_) => None,
    }
}

/// The outcome as the record tells it: an earlier run may have recovered VMs.
fn of_incident<'a>(
    incident: &Incident,
    outcome: &Outcome,
    vms: impl IntoIterator<Item = &'a VmReport>,
) -> String {
    let recovered = incident.vms.iter().any(|vm| vm.end == Some(VmEnd::Recovered));
    let untouched =
        |word: &str, failure: &Failure| format!("{word}the last run touched no VM: {}", failure.what);
    if let Outcome::Held(failure) = outcome
        && recovered
    {
        return untouched("held, ", failure);
    }
    if let Outcome::NotFenced(failure) = outcome
        && recovered
    {
        return untouched("", failure);
    }
    outcome.of(vms)
}
