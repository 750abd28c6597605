//! SIGTERM: the process ends within a second, and lets go of its incidents.
//!
//! Every program that calls oned ends so, with the same exit code; only runs about a dead host have an incident. A run comes to rest between two steps and never goes on. What it had written down last is then marked as
//! interrupted and unlocked, so that the next run goes on at once. Programs that were started are ended, so a run that
//! waits for one comes to rest too; one inside a call to oned is not waited for. What was decided since the last
//! write needs no writing: each order stands in the record before it is sent.

use super::Zone;
use super::live::wall_clock;
use super::oned::{Http, Transport};
use super::runner::now;
use crate::model::{DocumentId, Epoch, HostId, Incident};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The exit code of a process that was stopped by a signal.
pub const STOPPED: u8 = 9;

/// How long a program has to clean up, how long runs have to come to rest, and how long oned may take to answer.
const GRACE: Duration = Duration::from_millis(150);
const REST: Duration = Duration::from_millis(300);
const WRITING: Duration = Duration::from_millis(500);

/// A record that a run holds, as it was written last, and the file that says so on this front-end.
struct Held {
    document: DocumentId,
    incident: Incident,
    note: PathBuf,
}

/// What there is to stop in this process.
struct State {
    stopped: bool,
    running: usize,
    resting: usize,
    programs: BTreeSet<i32>,
    held: BTreeMap<HostId, Held>,
}

static STATE: Mutex<State> = Mutex::new(State {
    stopped: false,
    running: 0,
    resting: 0,
    programs: BTreeSet::new(),
    held: BTreeMap::new(),
});
static CHANGED: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on SIGTERM ends this process in good order; the records, if it writes any, are written through this zone.
/// `advice` is the one thing to do then.
///
/// # Errors
/// As the system says if the signal cannot be had.
pub fn watch(zone: Option<Zone<Http>>, advice: String) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM])?;
    thread::Builder::new().name("stop".to_owned()).spawn(move || {
        if signals.forever().next().is_some() {
            stop(zone, &advice);
        }
    })?;
    Ok(())
}

fn stop(zone: Option<Zone<Http>>, advice: &str) {
    log::info!("stopped by a signal: letting go");
    state().stopped = true;
    CHANGED.notify_all();
    end_programs(Signal::TERM);
    if !rest(GRACE) {
        end_programs(Signal::KILL);
        rest(REST.saturating_sub(GRACE));
    }
    if let Some(zone) = zone {
        let_go_of_all(zone);
    }
    let text = format!("stopped by a signal\n  do this: {advice}\n");
    let _ = io::stderr().lock().write_all(text.as_bytes());
    std::process::exit(i32::from(STOPPED));
}

fn let_go_of_all(zone: Zone<Http>) {
    let held = std::mem::take(&mut state().held);
    let (sender, done) = channel();
    let write = move || {
        for (host, held) in held {
            let Held { document, incident, note } = held;
            // First: who finds the note would take the lock of the next owner for ours.
            let forget = || drop(std::fs::File::options().write(true).truncate(true).open(&note));
            let text = match let_go(&zone, wall_clock(), document, &incident, forget) {
                Ok(text) => text,
                Err(why) => format!("the record could not be written: {why}"),
            };
            log::info!("{host}: {text}");
        }
        let _ = sender.send(());
    };
    if thread::Builder::new().name("let-go".to_owned()).spawn(write).is_ok() {
        let _ = done.recv_timeout(WRITING);
    }
}

/// Mark the record as interrupted and unlock it, if it is still that run's; in between `forget` what this front-end has
/// noted about it.
pub(crate) fn let_go<T: Transport>(
    zone: &Zone<T>,
    now: Epoch,
    document: DocumentId,
    incident: &Incident,
    forget: impl FnOnce(),
) -> Result<String, String> {
    let memory = zone.memory(now, &incident.owner).map_err(|failure| failure.what)?;
    let own = memory.incidents.iter().find(|(other, _)| *other == document);
    if own.is_none_or(|(_, own)| !own.is_owned_as(incident)) {
        return Ok(format!("{document} is another run's"));
    }
    let incident = incident.interrupted_at(memory.now);
    zone.record(Some(document), &incident).map_err(|failure| failure.what)?;
    forget();
    zone.leave(Some(document), &[]).map_err(|failure| failure.what)?;
    Ok(format!("{document} says that it was interrupted"))
}

fn end_programs(signal: Signal) {
    for pid in state().programs.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        let _ = kill_process_group(pid, signal);
    }
}

/// Wait until every run is at rest: yes; or this time is over.
fn rest(time: Duration) -> bool {
    let busy = |state: &mut State| state.running == 0 || state.resting < state.running;
    let waited = CHANGED.wait_timeout_while(state(), time, busy).unwrap_or_else(PoisonError::into_inner);
    !waited.1.timed_out()
}

/// A run of this process, until it is dropped.
#[derive(Debug)]
pub(super) struct Running;

impl Running {
    pub(super) fn begin() -> Self {
        state().running += 1;
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = state();
        state.running = state.running.saturating_sub(1);
        CHANGED.notify_all();
    }
}

/// Between two steps, or after the last: it does not return once the process is to stop.
pub(crate) fn between_steps() {
    let mut state = state();
    if !state.stopped {
        return;
    }
    state.resting += 1;
    CHANGED.notify_all();
    loop {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Let time pass; less if the process is to stop.
pub(super) fn wait(pause: Duration) {
    let until = now() + pause;
    let mut state = state();
    while !state.stopped {
        let left = until.saturating_duration_since(now());
        if left.is_zero() {
            return;
        }
        (state, _) = CHANGED.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
    }
}

/// A run has written its record.
pub(super) fn holds(document: DocumentId, incident: &Incident, note: PathBuf) {
    let held = Held { document, incident: incident.clone(), note };
    state().held.insert(incident.host, held);
}

/// A run has let go of its record.
pub(super) fn has_let_go(host: HostId) {
    state().held.remove(&host);
}

/// Is the process to stop? Then no program is started any more.
pub(super) fn is_stopped() -> bool {
    state().stopped
}

/// A program of this process group was started.
pub(super) fn program_began(pid: i32) {
    let mut state = state();
    state.programs.insert(pid);
    if let (true, Some(pid)) = (state.stopped, Pid::from_raw(pid)) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// It has ended, and is about to be reaped: its number may be used again.
pub(super) fn program_ended(pid: i32) {
    state().programs.remove(&pid);
}
