//! A program of ours that is started beside a run and outlives it. Nobody waits for what it does, and it has nothing of ours:
//! no pipe, no lock, and a session of its own, which it takes itself.

use crate::world::clock::now;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many of them are at work.
static AT_WORK: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

fn at_work() -> MutexGuard<'static, usize> {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Start it. It has our environment: it looks for the same cloud.
///
/// # Errors
/// As the system says.
pub(in crate::world) fn start_apart(program: &Path, arguments: &[&str]) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the other place that starts a program: one of ours")]
    let mut command = Command::new(program);
    let mut child = command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    *at_work() += 1;
    // So that it leaves no corpse while this process lives.
    let reap = move || {
        let _ = child.wait();
        *at_work() -= 1;
        ENDED.notify_all();
    };
    if thread::Builder::new().name("apart".to_owned()).spawn(reap).is_err() {
        *at_work() -= 1;
    }
    Ok(())
}

/// Wait until all of them have ended, at most this long: where this process ends, systemd ends them too.
pub(in crate::world) fn wait_for_those_apart(time: Duration) {
    let until = now() + time;
    let mut count = at_work();
    while *count > 0 {
        let left = until.saturating_duration_since(now());
        if left.is_zero() {
            return;
        }
        (count, _) = ENDED.wait_timeout(count, left).unwrap_or_else(PoisonError::into_inner);
    }
}
