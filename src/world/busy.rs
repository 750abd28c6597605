//! Which hosts are worked on by a process of this front-end, without disturbing any.

use super::holders::Locks;
use crate::model::{HostId, Locked};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The lock file of a host.
pub(super) fn lock_file(run_dir: &Path, host: HostId) -> PathBuf {
    run_dir.join(format!("onerescue-host-{}.lock", host.0))
}

/// The hosts of these whose lock somebody on this front-end holds, and who. Nothing is locked for that: a hook that begins
/// at the same moment would take it for another run. A lock that does not show up here is still a lock.
#[must_use]
pub fn busy(run_dir: &Path, hosts: impl Iterator<Item = HostId>) -> BTreeMap<HostId, Locked> {
    held(hosts.map(|host| (host, lock_file(run_dir, host))))
}

/// Remove lock files that were left behind by processes which were killed, and that nobody needs.
pub fn sweep(run_dir: &Path) {
    super::lockfile::sweep(run_dir);
}

/// May nobody but its owner, this user or root, put lock files into this folder?
///
/// # Errors
/// Why not.
pub fn keeps_locks(run_dir: &Path) -> io::Result<()> {
    super::lockfile::trusted(run_dir).map(drop)
}

/// The same for any files, each with what it is the lock of.
pub(super) fn held<T: Ord>(files: impl Iterator<Item = (T, PathBuf)>) -> BTreeMap<T, Locked> {
    let locks = Locks::read();
    files.filter_map(|(of, file)| Some((of, locks.of(&file)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Holder;
    use std::fs;

    #[test]
    fn a_lock_is_seen_without_being_touched() {
        let folder = tempfile::tempdir().unwrap();
        let hosts = || [7, 8].map(HostId).into_iter();
        assert_eq!(busy(folder.path(), hosts()), BTreeMap::new());
        let take = || fs::File::create(lock_file(folder.path(), HostId(7))).unwrap();
        let lock = take();
        lock.try_lock().unwrap();
        assert!(take().try_lock().is_err());
        let own = std::process::id().to_string();
        let seen = fs::read_to_string("/proc/locks").unwrap_or_default();
        // Some containers show no locks at all; then the lock itself is what is left.
        if seen.split_whitespace().any(|word| word == own) {
            let busy = busy(folder.path(), hosts());
            let own = Holder { pid: std::process::id(), program: "onerescue".to_owned() };
            assert_eq!(busy.keys().collect::<Vec<_>>(), [&HostId(7)]);
            assert_eq!(busy[&HostId(7)].holders, [own]);
        }
        drop(lock);
        assert_eq!(busy(folder.path(), hosts()), BTreeMap::new());
        take().try_lock().unwrap();
    }
}
