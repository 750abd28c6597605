//! The fence: power the host off, level by level, and prove it.
//!
//! A device's word counts only when it is read back as "off", several times. A host that is off already is proven without
//! being sent anything, unless its device may say so of one that runs. Every device of one level must say off; a level that fails falls to the next, and when all have
//! failed the run holds and begins again later.
//!
//! A [`Clearance`](super::Clearance) and a [`Proof`] can be made in here only: no host is fenced without the first, and
//! nothing is done with a VM without the second.

pub(in crate::policy) mod beside;
pub(in crate::policy) mod clearance;
pub mod confirmation;
mod device;
mod dump;
mod levels;
mod life;
mod orders;
pub mod proceed;
pub(in crate::policy) mod proof;
mod proven;
pub(in crate::policy) mod recheck;
mod rehearse;
pub(in crate::policy) mod seen_on;
mod tries;
mod word;

pub(in crate::policy) use rehearse::rehearse;

use super::host_error::gain::is_worth_it;
use super::host_error::hold::{hold, passes, take_up};
use super::host_error::wait::goes_on;
use super::notes::Phase;
use super::port::{Failure, Trouble};
use super::report::Outcome;
use super::run::Run;
use super::settings::{Fencing, Purpose};
use crate::policy::run::stop::Stop;
use clearance::{Ahead, clearance};
use levels::{by_levels, none};
use proof::Proof;
use seen_on::{reached_by_peers, readable, recognise, usable};
use word::{accept, doubt, waived};

/// Prove the host off. What keeps the run from that is looked at again, for as long as the settings say.
pub(in crate::policy) async fn prove_off(run: &mut Run) -> Result<Proof, Stop> {
    loop {
        match attempt(run).await {
            Ok(Some(proof)) => {
                run.waiting.is_past();
                return Ok(proof);
            }
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
    if goes_on(run).await? {
        return Ok(None);
    }
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
    if goes_on(run).await? {
        return Ok(None);
    }
    by_levels(run, &good).await.map(Some)
}

/// Its devices said off while it ran, and nobody has looked yet which VMs run twice: they are not believed again.
pub(in crate::policy) fn has_lied(run: &Run) -> Option<Failure> {
    let incident = run.record.incident.as_ref()?;
    incident.alive.filter(|_| run.confirmation().is_none())?;
    let what = format!("{} was proven off before, and ran: its devices are not believed again", run.host());
    let name = &run.subject.name;
    let advice = format!(
        "go and look; if it is off now: `onerescue confirm-off {name} --reason …`, and repair what its devices switch"
    );
    Some(Failure { trouble: Trouble::Refused, what, advice })
}
