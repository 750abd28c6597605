//! The wait: does the host come back by itself? What an earlier run has waited counts. `-p` is the longest wait: signs that it
//! does not come back end it sooner ([`super::evidence`]).

use super::evidence::{Clues, Sign, is_on_again, look, remember};
use super::hold::take_up;
use super::observe::{dead, is_called, unreadable};
use crate::model::{DeviceName, Moment, Signs};
use crate::policy::arming::utc;
use crate::policy::moments::Bounds;
use crate::policy::notes::Phase;
use crate::policy::port::Source;
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::run::waiting::By;
use crate::policy::settings::HandOver;
use std::time::Duration;

/// A device without a time between two readings is not read without a pause.
const MOMENT: Duration = Duration::from_millis(100);

/// Wait for the host to come back; it does not, or the run is over.
pub(super) async fn for_return(run: &mut Run) -> Result<(), Stop> {
    let pause = left(run);
    if pause.is_zero() {
        return Ok(());
    }
    wait(run, run.now().plus(pause)).await
}

/// What has ended the wait before its time must not be older than two looks when the fence begins, and no device may contradict
/// devices that have ended it. Did the wait go on?
pub(in crate::policy) async fn goes_on(run: &mut Run) -> Result<bool, Stop> {
    let (now, looks) = (run.now(), run.policy.wait.look.saturating_mul(2));
    if !run.fence.told.is_empty() {
        run.waiting.is_past();
    }
    let Some(until) = run.waiting.goes_on(now, looks) else { return Ok(false) };
    let text = "what ended the wait is old by now or was contradicted, so the wait goes on";
    run.note(Phase::Wait, text);
    if let Some(incident) = &mut run.record.incident {
        incident.stages.waited = None;
    }
    wait(run, until).await?;
    Ok(true)
}

/// The device says on, before any was sent "off". Have devices ended the wait, this one or others? Then it goes on.
pub(in crate::policy) fn is_contradicted(run: &mut Run, device: &DeviceName) -> bool {
    let now = run.now();
    if !run.fence.told.is_empty() || !run.waiting.is_contradicted(now) {
        return false;
    }
    is_on_again(run, device);
    true
}

/// What is left of the time that the host has to come back. Where a run has come further than this nothing is.
fn left(run: &mut Run) -> Duration {
    let (whole, at) = (run.policy.wait.whole(), run.epoch());
    // Reconcile goes by the record, not by options of its own.
    let most = match run.subject.source {
        Source::Reconcile => Bounds::of(&run.policy).wait,
        Source::Event | Source::Person => whole,
    };
    let Some(incident) = &mut run.record.incident else { return whole };
    if let Some(Signs::Over { at, until, .. }) = &incident.signs {
        if incident.proof.is_some() || incident.fenced.is_some_and(|fenced| fenced >= *at) {
            return Duration::ZERO;
        }
        // It may have been held since.
        incident.until = incident.until.max(Some(*until));
    }
    incident.until.map_or(whole, |until| until.since(at).min(most))
}

async fn wait(run: &mut Run, until: Moment) -> Result<(), Stop> {
    let pause = until.since(run.now());
    if run.policy.hand_over == HandOver::Yes && pause > run.policy.wait.look {
        return at_a_tick(run, until).await;
    }
    run.note(Phase::Wait, said(run, pause));
    let mut clues = Clues::default();
    loop {
        let sign = look(run, &mut clues).await;
        let soon = matches!(sign, Sign::Off);
        if let Sign::Over(by, why) = sign {
            is_early(run, by, &why, until);
            break;
        }
        if is_over(run, until, soon).await? {
            run.note(Phase::Wait, "the host did not come back");
            break;
        }
    }
    run.comes_to(|stages| &mut stages.waited);
    take_up(run).await
}

/// Nobody waits here: a hook leaves it to the timer, whose tick looks whether the wait is over before its time.
async fn at_a_tick(run: &mut Run, until: Moment) -> Result<(), Stop> {
    let mut clues = Clues::of_a_tick(run);
    while run.subject.source == Source::Reconcile {
        match look(run, &mut clues).await {
            Sign::Over(by, why) => {
                is_early(run, by, &why, until);
                run.comes_to(|stages| &mut stages.waited);
                return take_up(run).await;
            }
            Sign::Off => run.pause(run.policy.fence.interval).await?,
            Sign::Nothing => break,
        }
    }
    let (at, pause) = (run.epoch(), until.since(run.now()));
    let reason = format!(
        "`onerescue reconcile` goes on in {} s, at {}, if the host has not come back",
        pause.as_secs(),
        utc(at.plus(pause))
    );
    Err(Stop::Ended(Outcome::HandedOver(reason)))
}

/// The wait is over before its time.
fn is_early(run: &mut Run, by: By, why: &str, until: Moment) {
    let (now, at) = (run.now(), run.epoch());
    let left = until.since(now);
    let text = format!("over {} s before its time: {why}", left.as_secs());
    run.note(Phase::Wait, text.clone());
    run.waiting.is_over(by, text.clone(), now, until);
    remember(run, Some(Signs::Over { why: text, at, until: at.plus(left) }));
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

/// One pause and one look at the host: is the time over? `soon`: its devices are to be read again.
async fn is_over(run: &mut Run, until: Moment, soon: bool) -> Result<bool, Stop> {
    let look = run.policy.wait.look;
    let look = if soon { look.min(run.policy.fence.interval.max(MOMENT)) } else { look };
    let mut pause = look.min(until.since(run.now()));
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
