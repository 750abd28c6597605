//! `onerescue evacuate`: a host that is alive is disabled, and its VMs are moved to others, live where they run.
//!
//! ```text
//! first_look → must_lead → claim → find → still_given_back → failed_since → list_all → open → disable → (look_around, read_back, send_next)* → finish
//! ```
//!
//! Nothing is fenced, so neither brakes nor `disarm` keep it: a person has asked for it, and says why. It is written down
//! before anything is touched, and each order before it is sent, so that a run that is killed is gone on with and no VM is
//! ordered twice. Where a VM is, is read back from oned, never assumed: one that fails to move live stays where it runs.
//! A host that dies meanwhile is `host_error`'s (`given_back`).

mod alive;
mod close;
mod given_back;
mod judge;
mod list;
mod look;
mod record;
mod rules;
mod run;
mod send;
mod settle;

pub use rules::{Extent, Policy, Rules};

use super::desk::Suspended;
use super::healthy::Account;
use super::port::Subject;
use super::report::Outcome;
use close::{finish, give_up, rehearsed};
use given_back::{failed_since, still_given_back};
use list::list_all;
use look::{claim, disable, first_look, look_around, must_be_fit, must_lead};
use record::{find, open, still_wanted};
use run::Run;
use send::send_next;
use settle::read_back;

/// A run of `onerescue evacuate` that has not asked its first question.
#[must_use]
pub fn begin(subject: &Subject, policy: Policy) -> Suspended<Account> {
    let subject = subject.clone();
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, &subject, policy);
        let outcome = match procedure(&mut run).await {
            Ok(outcome) => outcome,
            Err(outcome) => give_up(&mut run, outcome).await,
        };
        run.account(outcome)
    })
}

/// The whole run. An `Err` ends it early, and VMs that were not sent are held.
async fn procedure(run: &mut Run) -> Result<Outcome, Outcome> {
    first_look(run).await?;
    must_lead(run).await?;
    claim(run).await?;
    find(run).await?;
    still_given_back(run).await?;
    failed_since(run).await?;
    must_be_fit(run)?;
    still_wanted(run).await?;

    // Each VM that cannot be moved is named with its reason before anything is touched.
    let listed = list_all(run).await?;
    if run.rehearses() {
        return Ok(rehearsed(run, listed));
    }
    listed.all_or_nothing(run)?;

    open(run).await?;
    disable(run).await?;
    loop {
        look_around(run).await?;
        read_back(run).await?;
        send_next(run).await?;
        if run.is_done() {
            return Ok(finish(run).await);
        }
        run.wait(run.policy.wait.look).await;
    }
}
