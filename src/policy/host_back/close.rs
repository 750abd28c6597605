//! What a run writes into the host's template at its end, for the next run.

use super::judge::RETURNED;
use super::later::{Mark, TAIL};
use super::remember::leave_to_incident;
use super::rules::LATER;
use super::run::Run;
use crate::model::{DocumentId, HostState, Incident, Progress};
use crate::policy::arming::utc;
use crate::policy::limits::span;
use crate::policy::notes::Phase;
use crate::policy::port::Source;
use crate::policy::record::lease::{may_live, standing};
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::settings::HandOver;
use std::time::Duration;

/// VMs that are remembered as not started. Of more, the others are left to people.
const MOST: usize = 200;

/// The run ends here, and a later run goes on when the host has been MONITORED for this long. Where that cannot be
/// written down nobody would go on, so this run waits itself.
pub(super) async fn hand_over(run: &mut Run, stable: Duration) -> Result<(), Outcome> {
    let now = run.epoch();
    let mark = Mark::of(run, stable);
    let mut attributes = vec![(TAIL, mark.write())];
    let decided = run.guests.is_some();
    attributes.extend(returned(run).filter(|_| decided));
    let outcome = if decided && down(run).next().is_some() {
        Outcome::Partly
    } else {
        Outcome::HandedOver(format!(
            "`onerescue reconcile` goes on in {} s, at {}, if it stays MONITORED",
            mark.at.since(now).as_secs(),
            utc(mark.at)
        ))
    };
    if run.write(attributes).await {
        return Err(outcome);
    }
    run.policy.hand_over = HandOver::No;
    Ok(())
}

/// The host is said to be back, so that it takes VMs of others only when no other host does; and if this run is killed in
/// its wait, a later one goes on.
pub(super) async fn mark(run: &mut Run, stable: Duration) {
    if run.since.is_some() {
        let text = Mark::of(run, stable).write();
        run.write(vec![(TAIL, text.clone())]).await;
        run.host.attributes.insert(TAIL.to_owned(), text);
    }
}

/// Everything has its outcome. What was not started is written into the host, so that a later run tries those again,
/// and a VM whose guest shuts itself down by then is not taken for a victim of that failure. reconcile looks at those again
/// when the host has been MONITORED for twice as long, at the latest after [`LATER`], for `[hold] vms`: a domain that runs
/// elsewhere ends, a person unlocks a VM.
pub(super) async fn finish(run: &Run) -> Outcome {
    let mut attributes: Vec<_> = returned(run).into_iter().collect();
    let most = run.policy.again;
    let again = run.last.is_some() && run.monitored_for() < most && down(run).next().is_some();
    match next_look(run).filter(|_| again) {
        Some((pause, mark)) => {
            attributes.push((TAIL, mark));
            if !run.rehearses() {
                let (pause, most) = (span(pause), span(most));
                let text = format!(
                    "VMs that could not be started: `onerescue reconcile` looks again in {pause}, for up to {most}"
                );
                run.note(Phase::Report, text);
            }
        }
        None => attributes.extend(Mark::read(&run.host).map(|_| (TAIL, "0".to_owned()))),
    }
    let outcome = outcome(run);
    if !attributes.is_empty() && !run.rehearses() {
        // A tail that is not written down is looked at again, and nothing is found then.
        run.write(attributes).await;
    }
    if !run.rehearses() {
        close_incident(run).await;
    }
    outcome
}

/// The run is held, and its host is one that reconcile looks after: later, not at once again, unless it waits for an incident.
pub(super) async fn postpone(run: &Run, outcome: &Outcome) {
    let looks =
        Mark::read(&run.host).is_some() || run.incident().is_some_and(|incident| incident.alive.is_some());
    let held = matches!(outcome, Outcome::Held(_)) && run.host.state == HostState::Monitored;
    let held = held && leave_to_incident(run).is_ok();
    if let Some((_, mark)) = next_look(run).filter(|_| looks && held && !run.rehearses()) {
        run.write(vec![(TAIL, mark)]).await;
    }
}

/// When the host has been MONITORED for twice as long, at the latest after [`LATER`].
fn next_look(run: &Run) -> Option<(Duration, String)> {
    run.since?;
    let stood = run.monitored_for();
    let pause = stood.clamp(Duration::from_secs(60), LATER);
    Some((pause, Mark::of(run, stood.saturating_add(pause)).write()))
}

/// The host ran while VMs of it were moved away, and now it says that it runs none of them: that incident has ended. Where
/// it cannot be written the next run of this does it.
async fn close_incident(run: &Run) {
    let open = |(_, incident): &&(DocumentId, Incident)| incident.ran_on().is_some();
    if run.incident().and_then(|incident| incident.alive).is_none() {
        return;
    }
    let Ok(memory) = run.ask(|world| world.memory()).await else { return };
    let Some((document, incident)) = standing(&memory, run.id).filter(open).cloned() else { return };
    if may_live(&memory, document, &incident) {
        return;
    }
    let text = "the host ran while VMs of it were moved away, and says that it runs none of them any more";
    let mut closed = Incident { progress: Progress::Closed, updated: memory.now, ..incident };
    (closed.alive, closed.held, closed.outcome) = (None, None, Some(text.to_owned()));
    let id = run.id;
    let written = run.ask(move |world| world.record(Some(document), &closed)).await;
    run.ask(move |world| world.leave(id, None, &[])).await.ok();
    run.note(
        Phase::Report,
        match written {
            Ok(_) => format!("{document} is closed: {text}"),
            Err(failure) => format!("{document} could not be closed: {}", failure.what),
        },
    );
}

fn outcome(run: &Run) -> Outcome {
    let looked = run.guests.is_some() || !run.vms.is_empty() || run.last.is_some();
    if down(run).next().is_some() {
        Outcome::Partly
    } else if run.started > 0 {
        Outcome::Recovered
    } else if looked {
        Outcome::NothingToDo("the failure left no VM down on it".to_owned())
    } else {
        Outcome::NothingToDo("no VM is charged to it, and no failure of it is recorded".to_owned())
    }
}

/// VMs that should run and do not.
fn down(run: &Run) -> impl Iterator<Item = &VmReport> {
    run.vms.values().filter(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_)))
}

/// What was done about the host's last failure, and which VMs were not started.
fn returned(run: &Run) -> Option<(&'static str, String)> {
    run.last.as_ref()?;
    let down = down(run).take(MOST).map(|vm| vm.id.0.to_string());
    let words: Vec<_> = std::iter::once(run.epoch().0.to_string()).chain(down).collect();
    Some((RETURNED, words.join(" ")))
}

impl Mark {
    fn of(run: &Run, stable: Duration) -> Self {
        let since = run.epoch().before(run.monitored_for());
        let heard = run.since.and_then(|(_, heard)| heard).unwrap_or(0);
        Self { since, heard, at: since.plus(stable) }
    }
}

impl Run {
    /// The time that the host has been MONITORED as an earlier run has marked it, if this run was started for that mark and its time has come.
    pub(super) fn marked(&self) -> Option<Duration> {
        let last = self.last.as_ref().map(|(incident, seen)| (incident, *seen));
        let stood = Mark::read(&self.host)?.stood(&self.host, last, self.epoch(), self.policy.back);
        stood.filter(|_| self.source == Source::Reconcile)
    }
}
