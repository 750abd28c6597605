//! SIGTERM, SIGINT and SIGHUP: the process ends within a second, or as soon as it has let go of its incidents.
//!
//! A person's signal ends the incident itself; a machine's leaves it to the next run, see [`stopping::by`].
//!
//! Every program that calls oned ends so, with the same exit code; only runs about a dead host have an incident. A run comes to rest between two steps and never goes on. What it had written down last is then marked as
//! interrupted and unlocked, so that the next run goes on at once. That is tried for as long as the stop allows, past an election;
//! first it is noted beside the lock of each host, which needs nobody. A second signal changes nothing. Programs that were
//! started are ended, so a run that waits for one comes to rest too; one inside a call to oned is not waited for. What was
//! decided since the last write needs no writing: each order stands in the record before it is sent.

use super::Zone;
use super::clock::now;
use super::clock::wall_clock;
use super::note::{Note, note_of};
use super::oned::{Http, Transport};
use crate::model::{DocumentId, Epoch, Hold, HostId, Incident};
use crate::policy::stopping::{self, Begun, By, by, let_go_by, taken_back, told, tries_again};
use crate::policy::{Failure, Order};
use crate::terminal::above;
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The exit code of a process that was stopped by a signal.
pub const STOPPED: u8 = 9;

/// How long a program has to clean up, and how long runs have to come to rest.
const GRACE: Duration = Duration::from_millis(150);
const REST: Duration = Duration::from_millis(300);

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
    /// The lock files of hosts that runs have claimed.
    claimed: BTreeMap<HostId, PathBuf>,
    /// The words of runs without an incident, see [`super::interrupted`].
    words: Vec<File>,
}

static STATE: Mutex<State> = Mutex::new(State {
    stopped: false,
    running: 0,
    resting: 0,
    programs: BTreeSet::new(),
    held: BTreeMap::new(),
    claimed: BTreeMap::new(),
    words: Vec::new(),
});
static CHANGED: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The records that a process writes.
#[derive(Debug)]
pub struct Records {
    /// They are written through this zone.
    pub zone: Zone<Http>,
    /// How long a process that is stopped tries that.
    pub within: Duration,
    /// Who began its runs.
    pub begun: Begun,
}

/// What a signal ends.
#[derive(Debug)]
pub enum Stops {
    /// Runs that have incidents.
    Incidents(Box<Records>),
    /// A run that has none: what to do then, and what to do when a person has stopped it.
    Run {
        /// `onerescue reconcile goes on`
        machine: String,
        /// `vm_down --vm 7 goes on`
        person: String,
    },
    /// A command: SIGTERM only, and what to do then. A terminal's signals end it at once, as any command.
    Command(String),
}

/// From now on a signal ends this process in good order.
///
/// # Errors
/// As the system says if the signals cannot be had.
pub fn watch(stops: Stops) -> io::Result<()> {
    let mut signals = Signals::new(heard(&stops))?;
    let on_terminal = File::open("/dev/tty").is_ok();
    thread::Builder::new().name("stop".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            stop(stops, signal, on_terminal);
        }
    })?;
    Ok(())
}

/// What `nohup` or a shell has this process ignore stays ignored.
fn heard(stops: &Stops) -> Vec<i32> {
    let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    let all: &[i32] = match stops {
        Stops::Incidents(_) | Stops::Run { .. } => &[SIGTERM, SIGINT, SIGHUP],
        Stops::Command(_) => &[SIGTERM],
    };
    all.iter().copied().filter(|signal| *signal == SIGTERM || !ignored.contains(signal)).collect()
}

/// Shape: `SigIgn:\t0000000000001001`, the lowest bit is signal 1. Source: `proc_pid_status(5)`.
fn ignored(status: &str) -> BTreeSet<i32> {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    [SIGINT, SIGHUP].into_iter().filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// Who has sent this signal to what was begun so.
fn sender(signal: i32, begun: Begun) -> By {
    by(
        match signal {
            SIGINT => stopping::Signal::Interrupt,
            SIGHUP => stopping::Signal::HangUp,
            _ => stopping::Signal::Terminate,
        },
        begun,
    )
}

fn stop(stops: Stops, signal: i32, on_terminal: bool) {
    let begun = match &stops {
        Stops::Incidents(_) | Stops::Run { .. } | Stops::Command(_) if on_terminal => Begun::ByPerson,
        Stops::Incidents(records) => records.begun,
        Stops::Run { .. } | Stops::Command(_) => Begun::ByMachine,
    };
    let by = sender(signal, begun);
    log::info!("stopped by signal {signal}: letting go");
    note_all(wall_clock(), by);
    state().stopped = true;
    CHANGED.notify_all();
    end_programs(Signal::TERM);
    if !rest(GRACE) {
        end_programs(Signal::KILL);
        rest(REST.saturating_sub(GRACE));
    }
    let text = match stops {
        Stops::Incidents(records) => {
            let (held, claimed) = {
                let state = state();
                let held: Vec<_> =
                    state.held.values().map(|held| told(held.document, &held.incident)).collect();
                (held, !state.claimed.is_empty())
            };
            let_go_of_all(*records, by);
            match by {
                By::Person if !held.is_empty() => format!("stopped by a person\n{}", held.concat()),
                By::Person if claimed => {
                    stopped("run the same command again; nothing on this front-end continues it by itself")
                }
                By::Person => stopped("run the same command again"),
                By::Machine => {
                    stopped("nothing; `onerescue reconcile` goes on, or run the same command again")
                }
            }
        }
        Stops::Run { machine, person } => stopped(match by {
            By::Machine => &machine,
            By::Person => &person,
        }),
        Stops::Command(advice) => stopped(&advice),
    };
    let _ = above(|| io::stderr().lock().write_all(text.as_bytes()));
    std::process::exit(i32::from(STOPPED));
}

fn stopped(advice: &str) -> String {
    format!("stopped by a signal\n  do this: {advice}\n")
}

/// What this front-end knows of it, whatever becomes of the records. A person's word is noted for hosts too whose record is
/// only being made or locked.
fn note_all(now: Epoch, by: By) {
    let mut state = state();
    let stopped = Some((now, by));
    for held in state.held.values() {
        note(&held.note, Note { document: held.document, stopped });
    }
    if by == By::Machine {
        return;
    }
    for (_, path) in state.claimed.iter().filter(|(host, _)| !state.held.contains_key(host)) {
        note(path, Note { document: NOT_MADE, stopped });
    }
    for word in state.words.drain(..) {
        let _ = word.set_len(0);
    }
}

/// No document has this number.
const NOT_MADE: DocumentId = DocumentId(u32::MAX);

fn note(path: &Path, note: Note) {
    if let Ok(file) = File::options().write(true).open(path) {
        Note::write(Some(note), &file);
    }
}

/// All at the same time: a call that hangs keeps no other waiting.
fn let_go_of_all(Records { zone, within, .. }: Records, by: By) {
    let held = std::mem::take(&mut state().held);
    let (zone, began) = (Arc::new(zone), now());
    let (sender, done) = channel();
    let mut left = 0;
    for (host, held) in held {
        let (zone, sender) = (Arc::clone(&zone), sender.clone());
        let write = move || {
            let text = let_go_of(&zone, by, &held, within);
            log::info!("{host}: {text}");
            let _ = sender.send(());
        };
        left += usize::from(thread::Builder::new().name("let-go".to_owned()).spawn(write).is_ok());
    }
    for _ in 0..left {
        if done.recv_timeout(within.saturating_sub(now().saturating_duration_since(began))).is_err() {
            return;
        }
    }
}

/// Try until it is done, or cannot be.
fn let_go_of(zone: &Zone<Http>, by: By, held: &Held, within: Duration) -> String {
    let began = now();
    loop {
        let forget = || match note_of(&held.note) {
            Ok(file) => Note::write(None, &file),
            Err(error) => log::debug!("{}: {error}", held.note.display()),
        };
        let failure = match let_go(zone, by, wall_clock(), held.document, &held.incident, forget) {
            Ok(text) => return text,
            Err(failure) => failure,
        };
        let Some(pause) = tries_again(&failure, now().saturating_duration_since(began), within) else {
            return format!("the record could not be written: {}", failure.what);
        };
        log::debug!("{}; trying again", failure.what);
        sleep(pause);
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing is left in this process that could end the pause")]
fn sleep(pause: Duration) {
    thread::sleep(pause);
}

/// Mark the record as interrupted, or as ended by a person, and unlock it, if it is still that run's; in between `forget` what this
/// front-end has noted about it. Doing it again does no harm.
///
/// # Errors
/// A [`Failure`]; what comes before it may have been done.
pub(crate) fn let_go<T: Transport>(
    zone: &Zone<T>,
    by: By,
    now: Epoch,
    document: DocumentId,
    incident: &Incident,
    forget: impl FnOnce(),
) -> Result<String, Failure> {
    let memory = zone.memory(now, &incident.owner)?;
    let Some(word) = let_go_by(by, &memory, document, incident) else {
        return Ok(format!("{document} is another run's"));
    };
    zone.record(Some(document), &word)?;
    // First: who finds the note would take the lock of the next owner for ours.
    forget();
    zone.free(document, incident.lock)?;
    if by == By::Machine {
        return Ok(format!("{document} says that it was interrupted"));
    }
    let sent = |order: &Order| format!("; {}: unresched: {:?}", order.vm(), zone.send(order));
    let taken_back: String = taken_back(incident).iter().map(sent).collect();
    Ok(format!("{document} says that a person has ended it{taken_back}"))
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

/// A host that a run of this process has claimed, until it is dropped.
#[derive(Debug)]
pub(super) struct Claimed(HostId);

impl Claimed {
    pub(super) fn of(host: HostId, note: PathBuf) -> Self {
        state().claimed.insert(host, note);
        Self(host)
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        state().claimed.remove(&self.0);
    }
}

/// A run has written its record.
pub(super) fn holds(document: DocumentId, incident: &Incident, note: PathBuf) {
    let held = Held { document, incident: incident.clone(), note };
    state().held.insert(incident.host, held);
}

/// A run has left its word in this file.
pub(super) fn has_word(file: File) {
    state().words.push(file);
}

/// A run has locked its record; it is written down with what comes next.
pub(super) fn has_locked(host: HostId, document: DocumentId, lock: Hold) {
    if let Some(held) = state().held.get_mut(&host).filter(|held| held.document == document) {
        held.incident.lock = Some(lock);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_stays_ignored() {
        let status = |mask: &str| format!("Name:\thost_error\nSigIgn:\t{mask}\nSigCgt:\tffffffffffffffff\n");
        assert_eq!(ignored(&status("0000000000000000")), BTreeSet::new());
        assert_eq!(ignored(&status("0000000000000001")), BTreeSet::from([SIGHUP]));
        assert_eq!(ignored(&status("0000000000001003")), BTreeSet::from([SIGHUP, SIGINT]));
        assert_eq!(ignored(&status("nonsense")), BTreeSet::new());
        assert_eq!(ignored(""), BTreeSet::new());
    }
}
