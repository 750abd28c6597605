//! The levels of a host: every device of one must say off, and one that fails falls to the next.

use super::device;
use super::proof::Proof;
use super::proven::contradicted_by_nobody;
use super::seen_on::{names, reservation};
use super::tries::{Attempt, Failed};
use crate::model::{DatastoreId, DeviceName, Level, Scope};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::settings::Purpose;
use std::collections::BTreeSet;

/// Level by level, until all devices of one have said off.
pub(super) async fn by_levels(run: &mut Run, levels: &[Level]) -> Result<Proof, Stop> {
    let text: Vec<_> = levels.iter().map(names).collect();
    run.note_once(Phase::Fence, format!("by {}", text.join("; if that fails by ")));
    let mut attempt = Attempt::new(run.now());
    let mut rest = levels;
    while let Some((level, others)) = rest.split_first() {
        let (device, last) = match by_level(run, &mut attempt, level, !others.is_empty()).await? {
            Ok(Some(proof)) => return contradicted_by_nobody(run, proof).await,
            // A level without devices proves nothing.
            Ok(None) => break,
            Err(failed) => failed,
        };
        match others.first().filter(|_| !attempt.is_overdue(run)) {
            Some(next) => run.note_once(Phase::Fence, format!("{last}; trying {} instead", names(next))),
            None => return Err(Stop::Held(not_off(run, &attempt, &device), Outcome::NotFenced)),
        }
        rest = others;
    }
    Err(Stop::Held(none(run), Outcome::NotFenced))
}

/// Every device of one level; or the one that has failed, and what it said last.
async fn by_level(
    run: &mut Run,
    attempt: &mut Attempt,
    level: &Level,
    others: bool,
) -> Result<Result<Option<Proof>, (DeviceName, String)>, Stop> {
    let mut proof: Option<Proof> = None;
    for device in &level.0 {
        let evidence = match device::off(run, attempt, device, others).await {
            Ok(evidence) => evidence,
            Err(Failed::Stop(stop)) => return Err(stop),
            Err(Failed::Device { last, said }) => {
                attempt.failed.push(said);
                return Ok(Err((device.name.clone(), last)));
            }
        };
        match &mut proof {
            Some(proof) => proof.add(evidence),
            None => proof = Some(Proof::new(run.subject.host, run.now(), evidence)),
        }
    }
    let (scope, reserved) = (scope(level), reservation(run, level));
    Ok(Ok(proof.map(|proof| proof.complete(run.now()).limited(scope, reserved))))
}

/// What is cut off when every device of the level says off.
fn scope(level: &Level) -> Scope {
    let mut cut: BTreeSet<DatastoreId> = BTreeSet::new();
    for device in &level.0 {
        match &device.scope {
            Scope::Host => return Scope::Host,
            Scope::Datastores(datastores) => cut.extend(datastores),
        }
    }
    Scope::Datastores(cut.into_iter().collect())
}

/// There is nobody to fence it.
pub(super) fn none(run: &Run) -> Failure {
    Failure {
        trouble: Trouble::Settings,
        what: format!("no fence device is set for {}", run.host()),
        advice: "add a [[host]] entry with its devices to onerescue.toml".to_owned(),
    }
}

fn not_off(run: &Run, attempt: &Attempt, device: &DeviceName) -> Failure {
    let (host, name) = (run.host(), &run.subject.name);
    let what = format!("{host} is not proven to be off: {}", attempt.failed.join("; "));
    let advice = match run.policy.purpose {
        Purpose::Recover | Purpose::Rehearse => format!(
            "look at {device} and at the host itself; if nothing can say that it is off and you have seen that it is: \
             `onerescue confirm-off {name} --reason …`; if this run has ended, run `{}` again",
            run.command()
        ),
        Purpose::Fence => format!(
            "look at {device} and at the host itself; when the host is off, run `{}` again",
            run.command()
        ),
    };
    Failure { trouble: Trouble::Unreachable, what, advice }
}
