//! The queue before a device: it gets as many calls at the same time as it takes, however many processes of this
//! front-end want one.
//!
//! A place is a lock file in `run_dir`, `onerescue-device-NAME-K.lock`, held for one call. The kernel takes it
//! back from a process that dies; an agent that outlives a killed run does not keep it, because nobody bounds
//! that agent any more. Who waits is woken by the kernel, in its order. Other front-ends are not counted.
//!
//! A queue protects a device from too many sessions and proves nothing, so one that cannot be made does not keep a
//! host from being fenced: the call is made without it, and the log says so.

use super::runner::now;
use crate::model::DeviceName;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// A waiting thread does nothing but wait.
const STACK: usize = 64 * 1024;

/// Where the places of every device are.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    run_dir: PathBuf,
}

/// One call of a device. Its place is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// What waiting has left of the device's timeout.
    pub(super) left: Duration,
    /// None where the queue could not be made.
    _place: Option<File>,
}

impl Queue {
    /// A queue whose lock files are in `run_dir`.
    pub(super) fn new(run_dir: PathBuf) -> Self {
        Self { run_dir }
    }

    /// Wait for one of a device's places, at most `timeout`.
    ///
    /// # Errors
    /// A text that says how long no place became free.
    pub(super) fn turn(&self, device: &DeviceName, places: u32, timeout: Duration) -> Result<Turn, String> {
        let began = now();
        let place = match self.place(device, places, timeout) {
            Ok(place) => Some(place),
            Err(NoPlace::Busy) => {
                return Err(format!("it is busy: all of its {places} places stayed taken for {timeout:?}"));
            }
            Err(NoPlace::NoQueue(error)) => {
                log::warn!(
                    "device \"{device}\" is called without its queue in {}: {error}",
                    self.run_dir.display()
                );
                None
            }
        };
        Ok(Turn { left: timeout.saturating_sub(began.elapsed()), _place: place })
    }

    fn place(&self, device: &DeviceName, places: u32, timeout: Duration) -> Result<File, NoPlace> {
        // Lost with every boot where it is a tmpfs; if it cannot be made, opening a file says so.
        let _ = std::fs::create_dir_all(&self.run_dir);
        let mut held = Vec::new();
        for number in 1..=places {
            let path = self.run_dir.join(format!("onerescue-device-{device}-{number}.lock"));
            let file = File::options().write(true).create(true).truncate(false).open(&path);
            // One that root has made can be locked all the same.
            let file = file.or_else(|_| File::open(&path)).map_err(NoPlace::NoQueue)?;
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
