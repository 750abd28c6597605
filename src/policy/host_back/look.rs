//! Is the host really back, and does it stay?

use super::close::{hand_over, mark};
use super::run::Run;
use crate::model::HostState;
use crate::policy::limits::span;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::{Fate, Outcome};
use crate::policy::settings::HandOver;

pub(super) async fn first_look(run: &mut Run) -> Result<(), Outcome> {
    look(run).await?;
    run.note(Phase::Observe, format!("{} is {}", run.named(), run.host.state));
    Ok(())
}

/// The host is read just before the next call, and must be MONITORED still.
pub(super) async fn look_again(run: &mut Run) -> Result<(), Outcome> {
    look(run).await?;
    if run.host.state == HostState::Monitored { Ok(()) } else { Err(gone(run)) }
}

/// The host is read while another run works on it: one that has failed again, or was taken out of service, is nobody's.
pub(super) async fn look_while_busy(run: &mut Run) -> Result<(), Outcome> {
    look(run).await?;
    let back = matches!(run.host.state, HostState::Monitored | HostState::Init | HostState::Disabled);
    if back { Ok(()) } else { Err(gone(run)) }
}

/// VMs are on their way to it: has it failed again?
pub(super) async fn has_failed(run: &mut Run) -> Result<bool, Outcome> {
    look(run).await?;
    Ok(run.host.state == HostState::Error)
}

async fn look(run: &mut Run) -> Result<(), Outcome> {
    let id = run.id;
    run.host = run.look(Phase::Observe, move |world| world.host(id)).await?;
    Ok(())
}

/// The host must be MONITORED for long enough: this run waits for that, or a later run does. A rehearsal does not wait.
pub(super) async fn wait_until_stable(run: &mut Run) -> Result<(), Outcome> {
    while !run.rehearses() {
        if let Some(stood) = run.marked() {
            run.monitored_before = stood;
            let text = format!("MONITORED for {}, as an earlier run has begun to see", span(stood));
            run.note(Phase::Wait, text);
            return Ok(());
        }
        if run.policy.hand_over == HandOver::No || run.since.is_none() {
            return wait(run).await;
        }
        hand_over(run, run.policy.back.stable).await?;
    }
    Ok(())
}

/// The host must be MONITORED for long enough: this run waits for that.
pub(super) async fn wait(run: &mut Run) -> Result<(), Outcome> {
    let stable = run.policy.back.stable;
    let text = format!("{} s before anything is started: until then it says what it has", stable.as_secs());
    run.note(Phase::Wait, text);
    mark(run, stable).await;
    // A host that is never MONITORED is not waited for.
    let until = run.now().plus(stable * 2);
    let between = run.policy.wait.look.max(stable / 10);
    let mut pause = between;
    loop {
        run.wait(pause).await;
        look(run).await?;
        let (state, heard, now) = (run.host.state, run.host.monitored_at, run.now());
        if state == HostState::Init && now < until {
            run.since = None;
            pause = between;
            continue;
        }
        if state != HostState::Monitored {
            return Err(gone(run));
        }
        let (since, first) = *run.since.get_or_insert((now, heard));
        let stood = now.since(since);
        if stood < stable {
            pause = between.min(stable.saturating_sub(stood));
            continue;
        }
        // `onehost enable` makes a disabled host MONITORED without asking it.
        if heard <= first {
            let what = format!("it is MONITORED, and oned has not heard it for {}", span(stood));
            let advice = format!("see whether it runs; `onehost forceupdate {}` asks it", run.host.name);
            return Err(Outcome::Held(Failure { trouble: Trouble::Unreachable, what, advice }));
        }
        run.note(Phase::Wait, format!("MONITORED for {} s without a break", stood.as_secs()));
        return Ok(());
    }
}

/// A host that is not MONITORED is nobody's to start VMs on.
pub(super) fn gone(run: &mut Run) -> Outcome {
    let why = match run.host.state {
        HostState::Error => "it is in ERROR again",
        HostState::Disabled | HostState::Offline => "somebody has taken it out of service",
        HostState::Monitored
        | HostState::Init
        | HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => "it is not MONITORED",
    };
    let why = format!("{why} ({})", run.host.state);
    if run.started == 0 && run.queue.is_empty() && run.vms.is_empty() {
        return Outcome::NothingToDo(why);
    }
    run.settle_rest(&Fate::Held(why));
    Outcome::Partly
}
