//! The wait: does the host come back by itself? What an earlier run has waited counts.

use super::hold::take_up;
use super::observe::{dead, is_called, unreadable};
use crate::model::Moment;
use crate::policy::arming::utc;
use crate::policy::notes::Phase;
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::settings::HandOver;
use std::time::Duration;

/// Wait for the host to come back; it does not, or the run is over.
pub(super) async fn for_return(run: &mut Run) -> Result<(), Stop> {
    let (wait, at) = (run.policy.wait, run.epoch());
    let until = run.record.incident.as_ref().and_then(|incident| incident.until);
    let pause = until.map_or(wait.whole(), |until| until.since(at)).min(wait.whole());
    if pause.is_zero() {
        return Ok(());
    }
    if run.policy.hand_over == HandOver::Yes && pause > wait.look {
        let reason = format!(
            "`onerescue reconcile` goes on in {} s, at {}, if the host has not come back",
            pause.as_secs(),
            utc(at.plus(pause))
        );
        return Err(Stop::Ended(Outcome::HandedOver(reason)));
    }
    run.note(Phase::Wait, said(run, pause));
    let until = run.now().plus(pause);
    while !is_over(run, until).await? {}
    run.note(Phase::Wait, "the host did not come back");
    run.comes_to(|stages| &mut stages.waited);
    take_up(run).await
}

fn said(run: &Run, pause: Duration) -> String {
    let (wait, whole) = (run.policy.wait, run.policy.wait.whole());
    if pause < whole {
        return format!("{} s are left for the host to come back, of {} s", pause.as_secs(), whole.as_secs());
    }
    format!(
        "{} cycles of {} s for the host to come back, looking every {} s",
        wait.cycles,
        wait.cycle.as_secs(),
        wait.look.as_secs()
    )
}

/// One pause and one look: is the time over?
async fn is_over(run: &mut Run, until: Moment) -> Result<bool, Stop> {
    let mut pause = run.policy.wait.look.min(until.since(run.now()));
    let host = loop {
        run.pause_for_host(pause).await?;
        let (id, wait) = (run.subject.host, run.policy.wait);
        match run.ask(move |world| world.host(id)).await {
            Ok(host) => break host,
            Err(failure) => match run.patience(wait, Phase::Observe, &failure) {
                Some(longer) => pause = longer,
                None => return Err(Stop::Ended(unreadable(failure))),
            },
        }
    };
    run.answered();
    is_called(run, &host);
    if let Some(reason) = dead(run, &host) {
        return Err(Stop::nothing(reason));
    }
    Ok(run.now() >= until)
}
