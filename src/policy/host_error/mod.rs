//! `host_error`: a host is in ERROR. Each VM that can run elsewhere is moved, and only after the host is proven off.
//!
//! ```text
//! first_look → lead → claim → open_record → for_return → prove_off                      → move_vms                     → close
//! observe      claim                         wait         brake, confirm, fence, prove    survey, plan, act, settle      report
//! ```

pub(in crate::policy) mod brakes;
mod claim;
mod end;
pub(in crate::policy) mod evidence;
pub(in crate::policy) mod gain;
pub(in crate::policy) mod hold;
pub(in crate::policy) mod itself;
pub(in crate::policy) mod lead;
pub(in crate::policy) mod observe;
mod rehearse;
pub(in crate::policy) mod wait;
pub(in crate::policy) mod witnesses;

use super::desk::Suspended;
use super::fencing::{prove_off, prove_off_again};
use super::moving::alive::turned_out;
use super::moving::{Moved, StartAt, call_off_on_again, move_vms, only_fenced};
use super::port::Subject;
use super::record::open::open_record;
use super::record::opening::Opening;
use super::record::release::drop_own;
use super::report::{Outcome, Report};
use super::run::Run;
use super::settings::{Policy, Purpose};
use crate::policy::run::stop::Stop;
use end::{End, close, ended};

/// A run of `host_error` or `fence_host` that has not asked its first question.
#[must_use]
pub fn begin(subject: Subject, policy: Policy) -> Suspended<Report> {
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, subject, policy);
        let end = match procedure(&mut run).await {
            Ok(end) => end,
            Err(stop) => ended(&mut run, stop),
        };
        close(run, end).await
    })
}

/// The whole run of `host_error`.
async fn procedure(run: &mut Run) -> Result<End, Stop> {
    let mut opening = Opening::default();
    observe::first_look(run, &mut opening).await?;
    if run.policy.purpose == Purpose::Rehearse {
        return rehearse::rehearse(run).await;
    }
    lead::lead(run).await?;
    claim::claim(run, &mut opening).await?;
    loop {
        open_record(run, &mut opening).await?;
        wait::for_return(run).await?;
        match recover(run).await {
            Err(Stop::OtherRecord) => drop_own(run).await,
            end => return end,
        }
    }
}

/// The host is fenced until it is proven off, then its VMs are moved. If it is seen on again, it is fenced again, and its VMs
/// are planned again.
async fn recover(run: &mut Run) -> Result<End, Stop> {
    let mut proven = prove_off(run).await;
    loop {
        let proof = match proven {
            Ok(proof) => proof,
            Err(stop) => return without_proof(run, stop).await,
        };
        let moved = match run.policy.purpose {
            Purpose::Fence => only_fenced(run, &proof).await?,
            Purpose::Recover | Purpose::Rehearse => move_vms(run, &proof, StartAt::Survey).await?,
        };
        match moved {
            Moved::Done(outcome) => {
                let outcome = turned_out(run, &proof, outcome).await?;
                return Ok(End::with(outcome, proof));
            }
            // `[fence] again` bounds this.
            Moved::OnAgain => {
                run.fence.earlier = run.vms.touched.then_some(proof);
                proven = prove_off_again(run).await;
            }
        }
    }
}

/// The fence has ended without a proof. If VMs were sent elsewhere before, they are still read back.
async fn without_proof(run: &mut Run, stop: Stop) -> Result<End, Stop> {
    let Stop::Ended(outcome) = stop else { return Err(stop) };
    let Some(proof) = run.fence.earlier.take() else { return Err(Stop::Ended(outcome)) };
    if let Some(outcome) = call_off_on_again(run, outcome) {
        return Ok(End::with(outcome, proof));
    }
    match move_vms(run, &proof, StartAt::ReadBack).await? {
        Moved::Done(outcome) => Ok(End::with(outcome, proof)),
        // Nothing more is sent, so nobody looks whether it is on.
        Moved::OnAgain => Ok(End::with(Outcome::Partly, proof)),
    }
}
