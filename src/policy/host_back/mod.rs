//! `host_back`: a host is MONITORED again. If it flaps, or runs a VM that oned has elsewhere, it is disabled. VMs that its
//! failure left down are started, and VMs that were moved away go back (`failback`).
//!
//! It fences nothing and kills nothing. A VM is started only on the host that oned has it on, and only if that host has
//! said that the VM does not run there.

mod claim;
mod close;
mod domains;
mod failback;
mod judge;
mod later;
mod look;
mod quarantine;
mod remember;
pub mod restore;
mod rules;
mod run;
mod settle;
mod start;
mod survey;

pub(in crate::policy) use later::{Due, due};
pub use quarantine::is_quarantined;
pub use rules::{Failback, Policy, Rules};

use super::desk::Suspended;
use super::healthy::Account;
use super::port::Subject;
use super::report::Outcome;
use crate::model::HostState;
use claim::{claim, must_lead};
use close::{finish, postpone};
use failback::send_vms_back;
use look::{first_look, wait_until_stable};
use remember::{leave_to_incident, read_memory};
use run::Run;
use start::start_vms;
use survey::{decide, must_be_armed, rehearsed, runs_twice, survey};

/// A run of `host_back` that has not asked its first question.
#[must_use]
pub fn begin(subject: Subject, policy: Policy) -> Suspended<Account> {
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, &subject, policy);
        let (Ok(outcome) | Err(outcome)) = procedure(&mut run).await;
        postpone(&run, &outcome).await;
        run.account(outcome)
    })
}

/// The whole run of `host_back`. An `Err` is an outcome too: the run ends early, and VMs that are not started yet are held.
async fn procedure(run: &mut Run) -> Result<Outcome, Outcome> {
    first_look(run).await?;
    must_lead(run).await?;
    claim(run).await?;

    // A host that flaps is disabled before anything else, and enabled again when its quarantine is over.
    if run.host.state == HostState::Disabled {
        quarantine::lift(run).await?;
    } else {
        quarantine::brake(run).await?;
        if run.has_nothing_to_do() {
            return Ok(finish(run).await);
        }
    }

    // A host says every 180 s which VMs it has: before that nobody knows. With `--hand-over` this run ends in that wait, and
    // a later one begins at the top and does not wait again.
    wait_until_stable(run).await?;
    read_memory(run).await?;
    leave_to_incident(run)?;

    let (host, mut survey) = survey(run, None).await?;
    decide(run, &host, &mut survey).await;
    must_be_armed(run, &host, &survey)?;
    if let Some(why) = runs_twice(&host, &survey) {
        return Err(quarantine::begin(run, why, None).await);
    }
    domains::run_once(run, &survey).await?;
    if run.rehearses() {
        return Ok(rehearsed(run));
    }
    start_vms(run).await?;
    send_vms_back(run).await?;
    Ok(finish(run).await)
}
