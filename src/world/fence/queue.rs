//! The queue before a controller: it gets as many calls at the same time as its device's `concurrency` says, however
//! many processes of this front-end want one.
//!
//! A place is a lock file in `run_dir`, `onerescue-device-pdu_a-10.9.0.11-1.lock`, held for one call. The kernel takes
//! it back from a process that dies; an agent that outlives a killed run does not keep it, because nobody bounds that
//! agent any more. Who waits is woken by the kernel, in its order. Other front-ends are not counted.
//!
//! A queue protects a controller from too many sessions and proves nothing, so one that cannot be made does not keep a
//! host from being fenced: the call is made without it, and the log says so.

use super::super::lockfile;
use crate::world::clock::now;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// A waiting thread does nothing but wait.
const STACK: usize = 64 * 1024;

/// A file name has at most 255 bytes, and ours has more than the controller in it.
const LONGEST_NAME: usize = 128;

/// Where the places of every controller are.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    run_dir: PathBuf,
}

/// One call of a controller. Its place is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// What waiting has left of the call's timeout.
    pub(super) left: Duration,
    /// None where the queue could not be made.
    _place: Option<File>,
}

impl Queue {
    /// A queue whose lock files are in `run_dir`.
    pub(super) fn new(run_dir: PathBuf) -> Self {
        Self { run_dir }
    }

    /// Wait for one of a controller's places, at most `timeout`.
    ///
    /// # Errors
    /// A text that says how long no place became free.
    pub(super) fn turn(&self, controller: &str, places: u32, timeout: Duration) -> Result<Turn, String> {
        let began = now();
        let place = match self.place(controller, places, timeout) {
            Ok(place) => Some(place),
            Err(NoPlace::Busy) => {
                return Err(format!("it is busy: all of its {places} places stayed taken for {timeout:?}"));
            }
            Err(NoPlace::NoQueue(error)) => {
                log::warn!("{controller} is called without its queue in {}: {error}", self.run_dir.display());
                None
            }
        };
        Ok(Turn { left: timeout.saturating_sub(began.elapsed()), _place: place })
    }

    fn place(&self, controller: &str, places: u32, timeout: Duration) -> Result<File, NoPlace> {
        let name = file_name(controller);
        let mut held = Vec::new();
        for number in 1..=places {
            let path = self.run_dir.join(format!("onerescue-device-{name}-{number}.lock"));
            let file = lockfile::place(&path).map_err(NoPlace::NoQueue)?;
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => held.push(file),
                Err(TryLockError::Error(error)) => return Err(NoPlace::NoQueue(error)),
            }
        }
        wait(held).recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoPlace::Busy,
            RecvTimeoutError::Disconnected => NoPlace::NoQueue(io::Error::other("nobody could wait for it")),
        })
    }
}

/// What may stand in a file name. Two controllers that come out the same share their places, which only slows them down.
fn file_name(controller: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' };
    controller.chars().take(LONGEST_NAME).map(plain).collect()
}

/// Why there is no place.
enum NoPlace {
    /// Every place is held by another call, all the time.
    Busy,
    /// There is nothing to wait in.
    NoQueue(io::Error),
}

/// A thread for each place sleeps until the kernel gives it that place. What comes too late, or beside another one, is
/// dropped, and so given back at once.
fn wait(files: Vec<File>) -> Receiver<File> {
    let (sender, receiver) = channel();
    for file in files {
        let sender = sender.clone();
        let wait = move || {
            if lock(&file).is_ok() {
                let _ = sender.send(file);
            }
        };
        // Without a thread this place is not waited for; without any, nobody sends.
        let _ = thread::Builder::new().stack_size(STACK).spawn(wait);
    }
    receiver
}

fn lock(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            ended => return ended,
        }
    }
}

#[cfg(test)]
mod tests;
