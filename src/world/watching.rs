//! What a watcher does, beside what every recovery can.

use super::lockfile::{Got, LockFile, lock};
use super::touch::Ports;
use super::{Live, busy};
use crate::config::Config;
use crate::error::Error;
use crate::model::{DocumentId, Forced, Heard, Host, HostId, Locked, Peer};
use crate::policy::Failure;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The lock of the one watcher of a front-end, until it is dropped.
#[derive(Debug)]
pub struct OneWatcher(#[expect(dead_code, reason = "held until it is dropped")] LockFile);

impl OneWatcher {
    /// Make sure that no other watcher of this front-end is at work.
    ///
    /// # Errors
    /// [`Error::Instead`] that names it, or why that cannot be made sure.
    pub fn alone(run_dir: &Path) -> Result<Self, Error> {
        match lock(&lock_file(run_dir), &[])? {
            Got::Ours(lock) => Ok(Self(lock)),
            Got::Held(locked) => {
                let by = locked.holders.first();
                let by = by.map_or_else(String::new, |by| format!(": process {} ({})", by.pid, by.program));
                Err(Error::instead(
                    format!("another `onerescue watch` is at work on this front-end{by}"),
                    "nothing: one is enough; `systemctl status onerescue-watch` shows it",
                ))
            }
        }
    }
}

/// The watcher that is at work on this front-end, as far as that can be seen.
#[must_use]
pub fn watcher(run_dir: &Path) -> Option<Locked> {
    busy::held(std::iter::once(((), lock_file(run_dir)))).remove(&())
}

fn lock_file(run_dir: &Path) -> PathBuf {
    run_dir.join("onerescue-watch.lock")
}

impl Live {
    /// The same, for who watches the hosts' ssh ports.
    #[must_use]
    pub fn watching(mut self, config: &Config) -> Self {
        self.ports = Some(Ports::new(config));
        self
    }

    pub(super) fn pool(&mut self) -> Result<Vec<Host>, Failure> {
        let hosts = self.zone().hosts()?;
        self.find_ports(&hosts);
        Ok(hosts)
    }

    pub(super) fn touch(&mut self, hosts: &[Peer], listen: Duration) -> Vec<(HostId, Heard)> {
        self.ports.as_mut().map_or_else(Vec::new, |ports| ports.round(hosts, listen))
    }

    pub(super) fn note_forced(
        &mut self,
        document: Option<DocumentId>,
        forced: &Forced,
    ) -> Result<DocumentId, Failure> {
        self.zone().record_forced(document, forced)
    }
}
