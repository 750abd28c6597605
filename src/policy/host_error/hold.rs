//! A held run goes on later: what keeps it from fencing is written down, and looked at again, more and more slowly.

use super::itself::Leader;
use super::observe::{dead, is_called, unreadable};
use crate::model::{Held, Progress};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::record::heartbeat::Mute;
use crate::policy::record::writing::{Needed, write};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::settings::HandOver;
use std::time::Duration;

/// Hold: look again later; or the time for that is over, and `end` says how the run ends then.
pub(in crate::policy) async fn hold(
    run: &mut Run,
    failure: Failure,
    end: fn(Failure) -> Outcome,
) -> Result<(), Stop> {
    // VMs of this host are on their way elsewhere: they are read back, and nothing more is sent. And one look of many at
    // VMs that are held is over: the next one is the timer's.
    if run.fence.earlier.is_some() || run.only_looks() {
        return Err(Stop::Ended(end(failure)));
    }
    run.fence.weighed = None;
    run.hold.braked |= matches!(end(failure.clone()), Outcome::Held(_));
    if run.policy.hand_over == HandOver::Yes && run.record.incident.is_some() {
        return Err(Stop::Ended(end(hand_over(run, failure))));
    }
    let Some(pause) = pause(run, &failure) else { return Err(Stop::Ended(end(end_held(run, failure)))) };
    hold_record(run, &failure);
    write(run, Needed::No).await?;
    let device = !matches!(end(failure), Outcome::Held(_));
    run.pause_for_news(pause, if device { Mute::WaitedFor } else { Mute::Left }).await?;
    let host = match run.read_host(Phase::Observe).await? {
        Ok(host) => host,
        Err(failure) => return Err(Stop::Ended(unreadable(failure))),
    };
    is_called(run, &host);
    match dead(run, &host) {
        Some(reason) => Err(Stop::nothing(reason)),
        None => take_up(run).await,
    }
}

/// Take the incident up, now. Of many runs that look around at the same time the order of their documents decides, so
/// each writes down that it looks before it does.
pub(in crate::policy) async fn take_up(run: &mut Run) -> Result<(), Stop> {
    let (at, looks) = (run.epoch(), run.only_looks());
    if let Some(incident) = &mut run.record.incident {
        incident.updated = at;
        if !looks {
            incident.progress = Progress::Open;
        }
    }
    write(run, Needed::Yes).await
}

/// Brakes and witnesses let it pass: what is done from here is said again. A run that was held before its "off", and
/// would be again, is still held.
pub(in crate::policy) fn passes(run: &mut Run) {
    if run.fence.leader == Leader::Young && run.hold.at_off {
        return;
    }
    if std::mem::take(&mut run.hold.braked) {
        run.note(Phase::Hold, "nothing holds it any more");
        run.hold.quiet = false;
        run.hold.why.clear();
    }
}

/// The run ends here, and `onerescue reconcile` looks again. The longer it is held, the longer that takes.
fn hand_over(run: &mut Run, failure: Failure) -> Failure {
    hold_record(run, &failure);
    let (at, rules) = (run.epoch(), run.policy.hold);
    let Some(incident) = &mut run.record.incident else { return failure };
    let since = incident.held.as_ref().map_or(at, |held| held.since);
    let pause = at.since(since).min(rules.longest).max(rules.look);
    incident.until = Some(at.plus(pause));
    let advice = format!("{}; `onerescue reconcile` looks again in {} s", failure.advice, pause.as_secs());
    Failure { advice, ..failure }
}

/// How long to wait before the next look, said once; `None` when the time for that is over, or when a look would see
/// the same.
pub(in crate::policy) fn pause(run: &mut Run, failure: &Failure) -> Option<Duration> {
    let now = run.now();
    let since = *run.hold.since.get_or_insert(now);
    let rules = run.policy.hold;
    let left = rules.deadline.saturating_sub(now.since(since));
    if left.is_zero() || failure.trouble == Trouble::Settings || run.only_looks() {
        return None;
    }
    let pause = rules.look.saturating_mul(1 << run.hold.looks.min(16)).min(rules.longest).min(left);
    let pause = pause.max(Duration::from_millis(100));
    run.hold.looks += 1;
    run.hold.quiet = true;
    if run.hold.why == failure.what {
        run.detail(Phase::Hold, format!("still held; looking again in {} s", pause.as_secs()));
        return Some(pause);
    }
    let text = format!(
        "HELD: {}; {}; looking again in {} s, for up to {} s in all",
        failure.what,
        failure.advice,
        pause.as_secs(),
        left.as_secs()
    );
    run.note(Phase::Hold, text);
    run.hold.why.clone_from(&failure.what);
    Some(pause)
}

/// The record is held by this, and this run does not look again.
pub(super) fn end_held(run: &mut Run, failure: Failure) -> Failure {
    hold_record(run, &failure);
    let command = run.command();
    if failure.trouble == Trouble::Settings || failure.advice.contains(&command) {
        return failure;
    }
    let advice = format!("{}; after that run `{command}`, because this run has ended", failure.advice);
    Failure { advice, ..failure }
}

fn hold_record(run: &mut Run, failure: &Failure) {
    let at = run.epoch();
    if let Some(incident) = &mut run.record.incident {
        let since = incident.held.as_ref().map_or(at, |held| held.since);
        let (why, advice) = (failure.what.clone(), failure.advice.clone());
        incident.held = Some(Held { why, advice, since });
        incident.progress = Progress::Held;
    }
}
