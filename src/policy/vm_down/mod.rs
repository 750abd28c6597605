//! `vm_down`: a VM is UNKNOWN or POWEROFF, and its host is well.
//!
//! The VM is started on its own host (`retry_count` times), then moved and started elsewhere (`[settle] targets` times); then
//! it gets the name `CRASH_LOOP`. Nothing is fenced. Attempts are counted in the VM's own attributes before each of them, so
//! that all front-ends together start a VM only so many times.

mod attempt;
mod attempts;
mod crowd;
mod elsewhere;
mod gone;
mod kept;
mod look;
mod ready;
mod rules;
mod run;
mod settle;

pub use super::port::VmSubject as Subject;
pub(in crate::policy) use attempt::CRASH_LOOP;
pub use kept::Kept;
pub use rules::{Policy, Rules};

use super::desk::Suspended;
use super::healthy::{Account, Fallen, fallen, is_on_its_way};
use super::notes::Phase;
use crate::model::Vm;
use attempt::{end_crash_loop, start, start_elsewhere};
use crowd::must_be_no_crowd;
use look::{Down, look_at_vm};
use ready::Came;
use run::{End, Run};
use settle::Tried;

/// A run of `vm_down` that has not asked its first question, with the event's VM document if there is one.
#[must_use]
pub fn begin(subject: Subject, event: Option<&Vm>, policy: &Policy) -> Suspended<Account> {
    let (event, policy) = (event.cloned(), policy.clone());
    Suspended::new(|desk| async move {
        let mut run = Run::new(desk, subject, policy);
        let (Ok(end) | Err(end)) = procedure(&mut run, event.as_ref()).await;
        run.account(end)
    })
}

/// The whole run of `vm_down`. The VM may come back by itself, and a person may work on it: so it is looked at before and
/// after a wait, and before each attempt. The cheapest question comes first.
async fn procedure(run: &mut Run, event: Option<&Vm>) -> Result<End, End> {
    if let Some(vm) = event {
        must_be_down(run, vm)?;
    }
    if let Err(end) = must_be_no_crowd(run).await {
        if let Some(vm) = event {
            run.write_crash(vm).await;
        }
        return Err(end);
    }
    run.must_lead().await?;
    run.claim().await?;
    let mut down = look_at_vm(run).await?;
    if !run.rehearses() {
        let pause = run.policy.down.wait_interval;
        let text = format!("{} s: it may come back, and a person may be at it", pause.as_secs());
        run.note(Phase::Wait, text);
        run.wait(pause).await;
        must_be_no_crowd(run).await?;
        down = look_at_vm(run).await?;
    }
    loop {
        match attempt(run, &down).await? {
            Tried::There(vm) => match ready::wait(run, &down, vm).await? {
                Came::To(end) => return Ok(end),
                Came::DownAgain(why) => down_again(run, &why).await?,
            },
            Tried::DownAgain(why) => down_again(run, &why).await?,
            // It was waited before, and for so long only.
            Tried::NotMade(_) => run.attempts.withdraw(),
        }
        down = look_at_vm(run).await?;
    }
}

/// It may come back by itself, as before.
async fn down_again(run: &Run, why: &str) -> Result<(), End> {
    let pause = run.policy.down.wait_interval;
    let text = format!("it is down again: {why}; looking again in {} s", pause.as_secs());
    run.note(Phase::Settle, text);
    run.wait(pause).await;
    must_be_no_crowd(run).await
}

/// The VM of the event must be down, and not by a person's wish: else the run ends without a call of oned. What a driver has
/// failed, or is at work on for an attempt, is looked at first.
fn must_be_down(run: &Run, vm: &Vm) -> Result<(), End> {
    run.note(Phase::Observe, format!("{} is {} on {}", run.named(), vm.state, run.place));
    match fallen(vm) {
        Fallen::NotOurs(_) if is_on_its_way(vm) => Ok(()),
        Fallen::NotOurs(why) => Err(End::left(why)),
        Fallen::Lost | Fallen::Crashed(_) | Fallen::Failed(_) => Ok(()),
    }
}

/// Start the VM on its own host, a few times; then elsewhere; then no more.
async fn attempt(run: &mut Run, down: &Down) -> Result<Tried, End> {
    let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let here = count(run.policy.down.retry_count);
    let all = here.saturating_add(count(run.policy.rules.settle.targets));
    let recent = down.recent(run);
    let plan = format!("attempt {} of {all}", recent.saturating_add(1));
    run.set_quiet(false);
    if recent < here {
        start(run, down, &plan).await
    } else if recent < all {
        start_elsewhere(run, down, &plan).await
    } else {
        Err(end_crash_loop(run, down, recent).await)
    }
}
