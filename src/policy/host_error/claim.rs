//! The claim: no other run of this front-end works on the host. Its lock file says so, and the record where that file is
//! held by somebody who may be no run.

use crate::model::{Locked, Moment};
use crate::policy::holder::{Holds, holds, is_for_a_failure, is_held_by, is_silent, stuck, who, who_since};
use crate::policy::notes::Phase;
use crate::policy::port::{Claim, Failure, Trouble};
use crate::policy::record::lease::{may_live, standing};
use crate::policy::record::open::busy;
use crate::policy::record::opening::Opening;
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use std::time::Duration;

/// No fence program is given longer than this: its own time is over much earlier.
const FENCING: Duration = Duration::from_secs(1800);

/// A run for a host that was back looks at it at least once a minute.
const GIVES_WAY: Duration = Duration::from_secs(300);

/// Why there is nothing to do while this run works on the host.
fn busy_with(run: &Run, who: &str) -> Stop {
    busy(run, &format!("another run is working on this host{who}"))
}

/// Claim the host, or end because somebody else has it.
pub(super) async fn claim(run: &mut Run, opening: &mut Opening) -> Result<(), Stop> {
    // Those who hold the lock and are no runs.
    let mut over = Vec::new();
    // Since when a fence program is waited for.
    let mut since = None;
    // Since when a run is waited for that looks after a host that was back.
    let mut waits = None;
    loop {
        let (host, holders) = (run.subject.host, over.clone());
        let locked = match run.ask(move |world| world.claim(host, &holders)).await {
            Ok(Claim::Ours(left_behind)) => {
                opening.left_behind = left_behind;
                return Ok(());
            }
            Ok(Claim::Stopped(at)) => {
                opening.given_up = Some(at);
                return Ok(());
            }
            Ok(Claim::Fencing { program, left }) => {
                at_work(run, since, program, left).await?;
                since = since.or(Some(run.now()));
                over = Vec::new();
                continue;
            }
            Ok(Claim::Others) => return Err(busy_with(run, "")),
            Ok(Claim::Held(locked)) => locked,
            Err(failure) => return Err(Stop::Ended(Outcome::NotStarted(failure))),
        };
        match holds(&locked) {
            Holds::Strangers if over != locked.holders => {
                let text = format!("the lock of this host is taken from {}, which is no run", who(&locked));
                run.note(Phase::Claim, text);
                over = locked.holders;
            }
            Holds::Run | Holds::OldRun if !is_for_a_failure(&locked) => {
                gives_way(run, &mut waits, &locked).await?;
            }
            Holds::Run => return Err(busy_with(run, &format!(": {}", who_since(&locked)))),
            Holds::OldRun | Holds::Strangers => return Err(behind(run, &locked).await?),
        }
    }
}

/// A run for a host that was back ends at its next look, because the host is in ERROR again: it is waited for. One of
/// `onerescue reconcile` may be about this failure, and then its record says so.
async fn gives_way(run: &mut Run, waits: &mut Option<Moment>, locked: &Locked) -> Result<(), Stop> {
    if !is_held_by(locked, "host_back") {
        let memory = match run.read_on(Phase::Claim, |world| world.memory()).await? {
            Ok(memory) => memory,
            Err(failure) => return Err(Stop::Ended(Outcome::NoCloud(failure))),
        };
        let last = standing(&memory, run.subject.host);
        if last.is_some_and(|(document, incident)| may_live(&memory, *document, incident)) {
            return Err(busy_with(run, &format!(": {}", who_since(locked))));
        }
    }
    if waits.is_none() {
        run.note(Phase::Claim, format!("{} looks after this host; waiting for its end", who(locked)));
    }
    let now = run.now();
    if now.since(*waits.get_or_insert(now)) >= GIVES_WAY {
        return Err(Stop::Ended(Outcome::Held(stuck(locked, &run.host(), &run.command()))));
    }
    run.pause(run.policy.wait.look).await
}

/// At most one "off" at a time: the program of a run that was killed is waited for.
async fn at_work(run: &mut Run, since: Option<Moment>, program: u32, left: Duration) -> Result<(), Stop> {
    // Of one that was only about to be started nobody knows the number.
    let who = if program == 0 { "a process".to_owned() } else { format!("process {program}") };
    let what = format!("{who}, the fence program of a run that is gone, is still at work on this host");
    if since.is_some_and(|since| run.now().since(since) >= FENCING) {
        let advice = format!("end it with `kill -9 {program}`, then run `{}`", run.command());
        return Err(Stop::Ended(Outcome::Held(Failure { trouble: Trouble::Refused, what, advice })));
    }
    if since.is_none() {
        run.note(Phase::Claim, format!("{what}; waiting for its end, at most {} s", left.as_secs()));
    }
    let pause = left.clamp(Duration::from_secs(1), run.policy.wait.look.max(Duration::from_secs(1)));
    run.pause(pause).await
}

/// Somebody holds the lock of this front-end: does anybody write the record?
async fn behind(run: &mut Run, locked: &Locked) -> Result<Stop, Stop> {
    let memory = match run.read_on(Phase::Claim, |world| world.memory()).await? {
        Ok(memory) => memory,
        Err(failure) => return Ok(Stop::Ended(Outcome::NoCloud(failure))),
    };
    run.record.clock.begin(memory.now, run.now());
    if is_silent(&memory, standing(&memory, run.subject.host)) {
        let failure = stuck(locked, &run.host(), &run.command());
        return Ok(Stop::Ended(Outcome::Held(failure)));
    }
    Ok(busy_with(run, &format!(": {}", who_since(locked))))
}
