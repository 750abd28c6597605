//! Which hosts are worked on by a process of this front-end, without disturbing any.

use crate::model::HostId;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The lock file of a host.
pub(super) fn lock_file(run_dir: &Path, host: HostId) -> PathBuf {
    run_dir.join(format!("onerescue-host-{}.lock", host.0))
}

/// The hosts of these whose lock somebody on this front-end holds. Nothing is locked for that: a hook that begins at
/// the same moment would take it for another run. A lock that does not show up here is still a lock.
#[must_use]
pub fn busy(run_dir: &Path, hosts: impl Iterator<Item = HostId>) -> BTreeSet<HostId> {
    held(hosts.map(|host| (host, lock_file(run_dir, host))))
}

/// The same for any files, each with what it is the lock of.
pub(super) fn held<T: Ord>(files: impl Iterator<Item = (T, PathBuf)>) -> BTreeSet<T> {
    let locks = locked_inodes(&fs::read_to_string("/proc/locks").unwrap_or_default());
    let is_held = |file: &Path| {
        fs::metadata(file).is_ok_and(|seen| {
            let device = (rustix::fs::major(seen.dev()), rustix::fs::minor(seen.dev()));
            locks.get(&seen.ino()).is_some_and(|devices| devices.contains(&device))
        })
    };
    files.filter(|(_, file)| is_held(file)).map(|(of, _)| of).collect()
}

/// Shape: `1: FLOCK  ADVISORY  WRITE 4711 00:1a:98765 0 EOF`; the device is in hex. Lines of processes that wait have
/// `->` behind the number. Source: `proc_locks(5)`.
fn locked_inodes(text: &str) -> BTreeMap<u64, BTreeSet<(u32, u32)>> {
    let mut inodes: BTreeMap<u64, BTreeSet<(u32, u32)>> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().skip(1);
        let (Some("FLOCK"), Some(file)) = (words.next(), words.nth(3)) else { continue };
        let mut parts = file.split(':');
        let hex = |part: Option<&str>| u32::from_str_radix(part?, 16).ok();
        let (major, minor) = (hex(parts.next()), hex(parts.next()));
        let inode = parts.next().and_then(|inode| inode.parse().ok());
        if let (Some(major), Some(minor), Some(inode)) = (major, minor, inode) {
            inodes.entry(inode).or_default().insert((major, minor));
        }
    }
    inodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_seen_without_being_touched() {
        let folder = tempfile::tempdir().unwrap();
        let hosts = || [7, 8].map(HostId).into_iter();
        assert_eq!(busy(folder.path(), hosts()), BTreeSet::new());
        let take = || fs::File::create(lock_file(folder.path(), HostId(7))).unwrap();
        let lock = take();
        lock.try_lock().unwrap();
        assert!(take().try_lock().is_err());
        let own = std::process::id().to_string();
        let seen = fs::read_to_string("/proc/locks").unwrap_or_default();
        // Some containers show no locks at all; then the lock itself is what is left.
        if seen.split_whitespace().any(|word| word == own) {
            assert_eq!(busy(folder.path(), hosts()), BTreeSet::from([HostId(7)]));
        }
        drop(lock);
        assert_eq!(busy(folder.path(), hosts()), BTreeSet::new());
        take().try_lock().unwrap();
    }

    #[test]
    fn only_whole_locks_on_files_are_read() {
        let text = "1: FLOCK  ADVISORY  WRITE 4711 00:1a:98765 0 EOF\n\
                    2: POSIX  ADVISORY  WRITE 4711 00:1a:5 0 EOF\n\
                    3: -> FLOCK  ADVISORY  WRITE 4711 00:1a:6 0 EOF\n4: FLOCK\n5: FLOCK a b c x:y:z 0 EOF\n";
        let inodes = locked_inodes(text);
        assert_eq!(inodes.into_iter().collect::<Vec<_>>(), [(98765, BTreeSet::from([(0, 26)]))]);
    }
}
