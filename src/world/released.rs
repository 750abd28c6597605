//! Runs of this front-end that are dead and have not let go of their incidents: their records are released.
//!
//! It sends nothing to a device and touches no VM, so a front-end that follows does it too.

use super::Zone;
use super::busy::lock_file;
use super::identity::with_owners;
use super::lockfile::{self, Got};
use super::note::{Note, note_of};
use super::off;
use super::oned::Transport;
use super::stop::let_go;
use crate::model::{Epoch, HostId, Incident};
use crate::policy::Failure;
use crate::policy::stopping::{By, KEPT, to_let_go};
use std::collections::BTreeSet;
use std::path::Path;

/// Let go of the records of this host whose runs were `me`'s front-end's. What was done with each; nothing where a run is
/// at work on the host here, or the fence program of one that is dead.
///
/// # Errors
/// A [`Failure`] if the records cannot be read or written.
pub fn release<T: Transport>(
    zone: &Zone<T>,
    folder: &Path,
    host: HostId,
    me: &str,
    now: Epoch,
) -> Result<Vec<String>, Failure> {
    // While this process has it nobody begins here; who tries that finds the host in the next minute.
    let Ok(Got::Ours(lock)) = lockfile::lock(&lock_file(folder, host), &[]) else { return Ok(Vec::new()) };
    if off::noted(&lock.note()).is_some_and(|program| program.at_work(now).is_some()) {
        return Ok(Vec::new());
    }
    let stopped = Note::read(lock.file()).and_then(|note| note.stopped);
    let (at, by) = stopped.unwrap_or((now, By::Machine));
    let memory = with_owners(zone.memory(now, me)?);
    let forget = || {
        if by == By::Machine {
            Note::write(None, lock.file());
        }
    };
    let one = |(document, incident): (_, Incident)| let_go(zone, by, at, document, &incident, forget);
    let said = to_let_go(by, &memory, host).into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    // A write that was on its way when the person stopped the run has landed by then.
    if said.is_empty() && now.since(at) > KEPT {
        Note::write(None, lock.file());
    }
    Ok(said)
}

/// The hosts whose lock file says that a person has stopped the last run here.
#[must_use]
pub fn noted_by_persons(run_dir: &Path) -> BTreeSet<HostId> {
    let Ok(files) = std::fs::read_dir(run_dir) else { return BTreeSet::new() };
    let noted = files.filter_map(|file| {
        let file = file.ok()?;
        let name = file.file_name();
        let host = name.to_str()?.strip_prefix("onerescue-host-")?.strip_suffix(".lock")?;
        let note = Note::read(&note_of(&file.path()).ok()?)?;
        let by_person = note.stopped.is_some_and(|(_, by)| by == By::Person);
        Some(HostId(host.parse().ok()?)).filter(|_| by_person)
    });
    noted.collect()
}
