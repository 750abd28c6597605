//! The fence: power the host off, level by level, and prove it.
//!
//! A device's word counts only when it is read back as "off", several times. A host that is off already is proven without
//! being sent anything. Every device of one level must say off; a level that fails falls to the next, and when all have
//! failed the run holds and begins again later.
//!
//! A [`Clearance`](super::Clearance) and a [`Proof`] can be made in here only: no host is fenced without the first, and
//! nothing is done with a VM without the second.

pub(in crate::policy) mod clearance;
pub mod confirmation;
mod device;
mod dump;
mod life;
mod orders;
pub mod proceed;
pub(in crate::policy) mod proof;
pub(in crate::policy) mod recheck;
mod rehearse;
mod seen_on;
mod tries;

pub(in crate::policy) use rehearse::rehearse;

use super::host_error::gain::is_worth_it;
use super::host_error::hold::{hold, passes, take_up};
use super::host_error::witnesses;
use super::notes::Phase;
use super::port::{Failure, Trouble};
use super::record::writing::{Needed, write};
use super::report::Outcome;
use super::run::Run;
use super::settings::{Fencing, Purpose};
use crate::model::{DatastoreId, DeviceName, Level, PowerState, Progress, Scope};
use crate::policy::run::stop::Stop;
use clearance::{Ahead, clearance};
use proof::{Evidence, Proof};
use seen_on::{names, reached_by_peers, readable, recognise, reservation, usable};
use std::collections::BTreeSet;
use tries::{Attempt, Failed};

/// Prove the host off. What keeps the run from that is looked at again, for as long as the settings say.
pub(in crate::policy) async fn prove_off(run: &mut Run) -> Result<Proof, Stop> {
    loop {
        match attempt(run).await {
            Ok(Some(proof)) => return Ok(proof),
            Ok(None) | Err(Stop::Again) => {}
            Err(Stop::Held(failure, end)) => hold(run, failure, end).await?,
            Err(stop) => return Err(stop),
        }
    }
}

/// The same for a host that was off and is on again.
pub(in crate::policy) async fn prove_off_again(run: &mut Run) -> Result<Proof, Stop> {
    take_up(run).await?;
    prove_off(run).await
}

/// Look at everything, then at the devices; `None` to do so once more.
async fn attempt(run: &mut Run) -> Result<Option<Proof>, Stop> {
    clearance(run, Ahead::Fence).await?;
    // Who asks for a fence and nothing else cannot waive it.
    if run.policy.fencing == Fencing::Waived && run.policy.purpose != Purpose::Fence {
        return waived(run).await.map(Some);
    }
    if let Some(failure) = has_lied(run) {
        return Err(Stop::Held(failure, Outcome::NotFenced));
    }
    while !is_worth_it(run).await? {
        clearance(run, Ahead::Fence).await?;
    }
    let host = run.subject.host;
    let levels = run.ask(move |world| world.fence_levels(host)).await;
    passes(run);
    let levels = match levels {
        Ok(levels) => levels,
        Err(failure) if run.confirmation().is_some() => {
            run.note(Phase::Fence, failure.what);
            return accept(run, Vec::new()).await;
        }
        Err(failure) => return Err(Stop::Held(failure, Outcome::NotFenced)),
    };
    reached_by_peers(run, &levels);
    recognise(run, &levels).await;
    let (good, why) = usable(run, &levels);
    if run.confirmation().is_some() {
        return doubt(run, readable(&levels)).await;
    }
    if good.is_empty() {
        return Err(Stop::Held(why.unwrap_or_else(|| none(run)), Outcome::NotFenced));
    }
    by_levels(run, &good).await.map(Some)
}

/// Level by level, until all devices of one have said off.
async fn by_levels(run: &mut Run, levels: &[Level]) -> Result<Proof, Stop> {
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

/// A person says that the host is off: does a device contradict?
async fn doubt(run: &mut Run, mut devices: Vec<DeviceName>) -> Result<Option<Proof>, Stop> {
    let mut asked = Vec::new();
    while let Some(device) = devices.pop() {
        let state = run.power_state(&device, 0).await;
        run.note(Phase::Prove, format!("{device} says {state}"));
        if state == PowerState::On {
            run.note(Phase::Prove, "so the word of a person that the host is off is not taken");
            run.is_on();
            // Everything that a person's word excuses from is asked again.
            take_up(run).await?;
            return Ok(None);
        }
        asked.push(device);
    }
    accept(run, asked).await
}

/// Take a person's word, once: no device says on. It is used up before anything follows from it.
async fn accept(run: &mut Run, devices: Vec<DeviceName>) -> Result<Option<Proof>, Stop> {
    let Some(word) = run.confirmation().cloned() else { return Ok(None) };
    if let Some(incident) = &mut run.record.incident {
        incident.confirmation = Some(word.clone());
    }
    let evidence = Evidence::Confirmed { by: word.by, reason: word.reason, devices };
    run.note(Phase::Prove, evidence.to_string());
    let proof = Proof::new(run.subject.host, run.now(), evidence);
    write(run, Needed::Yes).await?;
    contradicted_by_nobody(run, proof).await.map(Some)
}

/// `-u`
async fn waived(run: &mut Run) -> Result<Proof, Stop> {
    run.note(Phase::Fence, format!("WARNING: {}", Evidence::Waived));
    let at = run.epoch();
    if let Some(incident) = &mut run.record.incident {
        incident.fenced = Some(at);
    }
    let proof = Proof::new(run.subject.host, run.now(), Evidence::Waived);
    contradicted_by_nobody(run, proof).await
}

/// Hear witnesses about a host that is proven off, then write the proof down.
async fn contradicted_by_nobody(run: &mut Run, mut proof: Proof) -> Result<Proof, Stop> {
    if let Some(summary) = witnesses::after_off(run, &proof).await? {
        proof.add(Evidence::Witnesses(summary));
    }
    let is = match proof.scope() {
        Scope::Host => "is off",
        Scope::Datastores(_) => "may still run, cut off from its disks",
    };
    run.note(Phase::Prove, format!("{} {is}: {proof}", run.host()));
    (run.fence.earlier, run.fence.disproven, run.fence.contradiction) = (None, false, None);
    run.fence.heard = None;
    run.fence.left_alone.clear();
    // One word, one fence.
    run.record.proceed.1 = false;
    let began = run.record.clock.epoch(crate::model::Moment::default());
    let shown = (!proof.is_waived()).then(|| proof.to_string());
    let looks = run.only_looks();
    if let Some(incident) = &mut run.record.incident {
        if !looks {
            incident.progress = Progress::Off;
        }
        incident.began = Some(began);
        incident.proof = shown;
        (incident.held, incident.alive) = (None, None);
    }
    write(run, Needed::No).await?;
    Ok(proof)
}

/// Its devices said off while it ran, and nobody has looked yet which VMs run twice: they are not believed again.
fn has_lied(run: &Run) -> Option<Failure> {
    let incident = run.record.incident.as_ref()?;
    incident.alive.filter(|_| run.confirmation().is_none())?;
    let what = format!("{} was proven off before, and ran: its devices are not believed again", run.host());
    let name = &run.subject.name;
    let advice = format!(
        "go and look; if it is off now: `onerescue confirm-off {name} --reason …`, and mend what its devices switch"
    );
    Some(Failure { trouble: Trouble::Refused, what, advice })
}

fn none(run: &Run) -> Failure {
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
