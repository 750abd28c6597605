//! Runs of `vm_down` that were ended on this front-end before they were done.
//!
//! The lock file of a VM says since when a run is at it, and nothing once that has ended by itself. One that was stopped or
//! killed leaves its word behind, and so does one that is to be looked at again. It costs no call of oned; a front-end that is lost takes its words with it.

use super::busy::held;
use super::lockfile;
use crate::model::{Epoch, VmId};
use crate::policy::vm_down::Kept;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// More than this are not looked at: they are the failure of more than VMs.
const MOST: usize = 1000;

/// The lock file of a VM.
pub(super) fn lock_file(run_dir: &Path, vm: VmId) -> PathBuf {
    run_dir.join(format!("onerescue-vm-{}.lock", vm.0))
}

/// The VMs, by id, with what each run has left. One that a process is at now is none of them.
#[must_use]
pub fn interrupted(run_dir: &Path) -> Vec<(VmId, Kept)> {
    let Ok(files) = fs::read_dir(run_dir) else { return Vec::new() };
    let noted = files.filter_map(|file| {
        let file = file.ok()?;
        let name = file.file_name();
        let vm = name.to_str()?.strip_prefix("onerescue-vm-")?.strip_suffix(".lock")?;
        let vm = VmId(vm.parse().ok()?);
        let mut text = String::new();
        let meta = file.metadata().ok()?;
        if !meta.is_file() {
            return None;
        }
        File::open(file.path()).ok()?.take(64).read_to_string(&mut text).ok()?;
        Some((vm, read(&text)?))
    });
    let mut noted: Vec<_> = noted.take(MOST).collect();
    let locked = held(noted.iter().map(|(vm, _)| (*vm, lock_file(run_dir, *vm))));
    noted.retain(|(vm, _)| !locked.contains_key(vm));
    noted.sort_unstable_by_key(|(vm, _)| *vm);
    noted
}

/// `since 1795165200`, and `next 1795165260` behind it where the VM is held.
fn read(text: &str) -> Option<Kept> {
    let mut words = text.trim().strip_prefix("since ")?.split(" next ");
    let mut moment = || words.next().map(|word| word.parse().map(Epoch));
    let since = moment()?.ok()?;
    Some(Kept { since, next: moment().and_then(Result::ok) })
}

/// The word of a run in the lock file of its VM; taken back when the run is over.
#[derive(Debug)]
pub(super) struct Word {
    file: File,
    keep: bool,
}

impl Word {
    /// One that cannot be written is not there: then nobody goes on.
    pub(super) fn write(lock: &File, now: Epoch) -> Option<Self> {
        let mut file = lock.try_clone().ok()?;
        let text = format!("since {}", now.0);
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes())).ok()?;
        Some(Self { file, keep: false })
    }
}

impl Word {
    /// The same file once more, for who takes the word back in the run's place.
    pub(super) fn file(&self) -> Option<File> {
        self.file.try_clone().ok()
    }

    /// It stays when the run is over. One that cannot be written is what it was: the VM is looked at sooner.
    pub(super) fn keep(mut self, kept: Kept) {
        let next = kept.next.map_or_else(String::new, |next| format!(" next {}", next.0));
        lockfile::write(&self.file, &format!("since {}{next}", kept.since.0));
        self.keep = true;
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        if !self.keep {
            let _ = self.file.set_len(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_ended_before_it_was_done_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = |vm| File::create(lock_file(folder.path(), VmId(vm))).unwrap();
        let over = file(3);
        drop(Word::write(&over, Epoch(100)));
        let killed = file(4);
        std::mem::forget(Word::write(&killed, Epoch(200)));
        let again = file(6);
        let held = Kept { since: Epoch(300), next: Some(Epoch(360)) };
        Word::write(&again, Epoch(300)).unwrap().keep(held);
        fs::write(lock_file(folder.path(), VmId(5)), "since when").unwrap();
        fs::write(folder.path().join("onerescue-vm-x.lock"), "since 1").unwrap();
        fs::write(folder.path().join("onerescue-host-6.lock"), "since 1").unwrap();
        assert_eq!(
            interrupted(folder.path()),
            [(VmId(4), Kept { since: Epoch(200), next: None }), (VmId(6), held)]
        );
        assert_eq!(interrupted(&folder.path().join("none")), []);
    }
}
