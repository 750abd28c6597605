//! Recover the VMs of a host that is proven off: survey, plan, act, and read back what has become of each.
//!
//! Success is what is read back, never what a call answered. Every order needs the proof, and the host is looked at again
//! before each few of them.

mod act;
pub(in crate::policy) mod adopt;
pub(in crate::policy) mod after;
pub(in crate::policy) mod alive;
mod apply;
mod disable;
mod domains;
pub(in crate::policy) mod ending;
pub(in crate::policy) mod failed_live;
mod gated;
pub(in crate::policy) mod held_vms;
mod judge;
mod migrating;
mod ready;
mod retries;
mod scheduler;
mod settle;
mod survey;
mod targets;
mod torn;

pub(in crate::policy) use survey::{Looked, rehearsed, survey};

use super::notes::Phase;
use super::order::Order;
use super::port::{Failure, Trouble};
use super::report::Outcome;
use super::run::Run;
use crate::model::Scope;
use crate::policy::fencing::proof::Proof;
use crate::policy::run::stop::Stop;
use ending::{all_done, call_off, no_cloud};
use ready::{Ready, Seen, ready, twice};
use survey::Purpose;

/// How the work on VMs has ended.
pub(in crate::policy) enum Moved {
    Done(Outcome),
    /// The host is on again: it is fenced once more first.
    OnAgain,
}

/// Where the work on VMs begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum StartAt {
    /// The host was just proven off.
    Survey,
    /// Nothing more is sent: VMs on their way are read back.
    ReadBack,
}

/// What is done next.
enum Next {
    Survey(Purpose),
    ReadBack,
    Done(Moved),
}

/// What a look at the cloud comes to.
enum Todo {
    /// Send these, if there are any, with everything looked at before.
    Orders(Vec<Order>),
    /// Take these RESCHED flags back, and whatever the power of the host: that starts nothing.
    Flags(Vec<Order>),
    /// Disable the host, so that oned gives its VMs up.
    Disable,
    /// Look at the hosts that VMs were sent to.
    Targets,
    /// Ask how long the oned that leads has been at work.
    Oned,
    /// There is nothing more to do.
    Done(Outcome),
}

/// Recover what can be recovered.
pub(in crate::policy) async fn move_vms(run: &mut Run, proof: &Proof, start: StartAt) -> Result<Moved, Stop> {
    let mut next = match start {
        StartAt::Survey => {
            has_place(run).await?;
            Next::Survey(Purpose::Plan)
        }
        StartAt::ReadBack => next(run),
    };
    let mut seen = Seen::now(run);
    loop {
        let todo = match next {
            Next::Survey(purpose) => survey::plan(run, proof, &mut seen, purpose).await?,
            Next::ReadBack => settle::read_back(run, proof).await?,
            Next::Done(moved) => return Ok(moved),
        };
        next = match todo {
            Todo::Orders(orders) => act::send(run, proof, &mut seen, orders).await?,
            Todo::Flags(flags) => act::take_back(run, proof, flags).await,
            Todo::Disable => disable::disable(run, proof, &mut seen).await?,
            Todo::Targets => Next::Survey(Purpose::Targets),
            Todo::Oned => torn::look_at_oned(run).await?,
            Todo::Done(outcome) => Next::Done(Moved::Done(outcome)),
        };
    }
}

/// Wait for a place among the runs of this process that work on VMs. `onerescue reconcile` works on several hosts, and on the
/// VMs of so many at a time as `[reconcile] parallel` says. Who waits for a device, is held or is looked at takes no place.
async fn has_place(run: &mut Run) -> Result<(), Stop> {
    let mut said = false;
    while !run.ask(|world| world.has_place()).await {
        if !std::mem::replace(&mut said, true) {
            run.note(Phase::Plan, "waiting for a place: the VMs of other hosts are worked on");
        }
        run.pause(run.policy.wait.look).await?;
    }
    Ok(())
}

/// What is next when no order is waiting to be sent.
fn next(run: &Run) -> Next {
    let vms = &run.vms;
    if vms.halted.is_none() && vms.any_open() {
        return Next::Survey(Purpose::Plan);
    }
    if vms.progress.is_empty() {
        return Next::Done(Moved::Done(all_done(run)));
    }
    if disable::is_needed(run) {
        return Next::Survey(Purpose::Disable);
    }
    Next::ReadBack
}

/// `fence_host`: its caller takes the answer for all of the host, so every device is read once more.
pub(in crate::policy) async fn only_fenced(run: &mut Run, proof: &Proof) -> Result<Moved, Stop> {
    if *proof.scope() != Scope::Host {
        let what = format!("{} is cut off from some datastores only, not off: {proof}", run.host());
        let advice = format!(
            "repair the devices that switch its power; `host_error --host {} -m` knows which VMs may move",
            run.subject.name
        );
        let failure = Failure { trouble: Trouble::Refused, what, advice };
        return Err(Stop::Ended(Outcome::NotFenced(failure)));
    }
    let mut seen = Seen::now(run);
    Ok(match ready(run, proof, &mut seen, &[], std::time::Duration::ZERO).await? {
        Ready::Yes => Moved::Done(Outcome::Fenced),
        Ready::CalledOff | Ready::FlagsFirst => Moved::Done(all_done(run)),
        Ready::OnAgain => Moved::OnAgain,
    })
}

/// The host was being fenced again, with VMs on their way, and that ended without a proof: nothing more is sent. The
/// outcome, where nothing is read back either.
pub(in crate::policy) fn call_off_on_again(run: &mut Run, outcome: Outcome) -> Option<Outcome> {
    let what = format!("{} was proven off and was on again", run.host());
    let advice = twice(&run.subject.name);
    let failure = match outcome {
        Outcome::NoCloud(failure) => return Some(no_cloud(run, failure)),
        Outcome::NotStarted(failure)
        | Outcome::NotFenced(failure)
        | Outcome::Contradicted(failure)
        | Outcome::Held(failure) => failure,
        Outcome::NothingToDo(reason) | Outcome::HandedOver(reason) => {
            Failure { trouble: Trouble::Refused, what: format!("{what}: {reason}"), advice }
        }
        Outcome::Recovered | Outcome::Fenced | Outcome::Rehearsed(_) | Outcome::Partly => {
            Failure { trouble: Trouble::Refused, what, advice }
        }
    };
    call_off(run, failure);
    None
}
