//! `host_back`: a host is MONITORED again. What did its failure leave on it?
//!
//! It fences nothing and kills nothing. A VM is started only on the host that oned charges it to, and only if that
//! host has said that it does not run.

mod claim;
mod close;
mod failback;
mod judge;
mod later;
mod look;
mod quarantine;
mod remember;
mod rules;
mod run;
mod settle;
mod start;
mod survey;

pub(in crate::policy) use later::{Due, due};
pub use rules::{Failback, Policy, Rules};

use super::desk::Suspended;
use super::healthy::Account;
use super::port::Subject;
use super::report::Outcome;
use crate::model::HostState;
use claim::{claim, lead};
use close::finish;
use failback::go_back;
use look::{first_look, wait_until_stable};
use remember::{leave_to_incident, remember};
use run::Run;
use start::start;
use survey::{decide, rehearsed, runs_twice, survey};

/// Begin a run.
#[must_use]
pub fn begin(subject: Subject, policy: Policy) -> Suspended<Account> {
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, &subject, policy);
        let (Ok(outcome) | Err(outcome)) = look_after(&mut run).await;
        run.account(outcome)
    })
}

/// The whole procedure. An `Err` is an outcome too: the run ends early, and VMs that are not started yet are held.
async fn look_after(run: &mut Run) -> Result<Outcome, Outcome> {
    first_look(run).await?;
    lead(run).await?;
    claim(run).await?;

    // A host that flaps is disabled before anything else, and enabled again when that time is over.
    if run.host.state == HostState::Disabled {
        quarantine::lift(run).await?;
    } else {
        quarantine::brake(run).await?;
        if run.nothing_happened() {
            return Ok(finish(run).await);
        }
    }

    // A host says every 180 s which VMs it has: before that nobody knows. With `--hand-over` a later run goes on here.
    wait_until_stable(run).await?;
    remember(run).await?;
    leave_to_incident(run)?;

    let (host, survey) = survey(run, None).await?;
    decide(run, &host, &survey);
    if let Some(why) = runs_twice(&host, &survey) {
        return Err(quarantine::begin(run, why, None).await);
    }
    if run.rehearses() {
        return Ok(rehearsed(run));
    }
    start(run).await?;
    go_back(run).await?;
    Ok(finish(run).await)
}
