//! Who holds a lock file, by what `/proc` shows. Nothing is locked for that.

use super::clock::wall_clock;
use super::identity::{Process, process};
use crate::model::{Epoch, Holder, Locked};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every lock on a whole file of this machine, and the processes that took it.
pub(super) struct Locks(BTreeMap<Key, BTreeSet<u32>>);

/// Major and minor number of the device, and the inode.
type Key = (u32, u32, u64);

impl Locks {
    /// Those of this moment. Some containers show none.
    pub(super) fn read() -> Self {
        Self(taken(&fs::read_to_string("/proc/locks").unwrap_or_default()))
    }

    /// The lock of this file; none if nobody is seen to hold it.
    pub(super) fn of(&self, file: &Path) -> Option<Locked> {
        let seen = fs::symlink_metadata(file).ok()?;
        self.0.contains_key(&key(&seen)).then(|| self.held(&seen))
    }

    /// Who holds the lock of this file, which is held.
    pub(super) fn held(&self, file: &Metadata) -> Locked {
        let taken_by = self.0.get(&key(file)).into_iter().flatten().copied();
        let alive = |pid: &u32| !matches!(process(*pid), Process::None);
        let mut pids: BTreeSet<u32> = taken_by.filter(alive).collect();
        if pids.is_empty() {
            // Who took it is dead, and a program has inherited it.
            pids = with_open(file);
        }
        let holders = pids.into_iter().map(|pid| Holder { pid, program: program(pid) }).collect();
        Locked { holders, since: Some(age(file)) }
    }
}

fn key(file: &Metadata) -> Key {
    (rustix::fs::major(file.dev()), rustix::fs::minor(file.dev()), file.ino())
}

/// How long ago a file was written, by this machine's clock. One that lies further ahead than clocks differ was written by
/// a clock that was wrong, nobody knows when: it is not young.
pub(super) fn age(file: &Metadata) -> Duration {
    let (now, written) = (wall_clock(), Epoch(file.mtime()));
    if written > now.plus(AHEAD) { Duration::MAX } else { now.since(written) }
}

/// Clocks may differ by this much.
const AHEAD: Duration = Duration::from_secs(300);

/// The processes that have this file open, as far as this user may look.
fn with_open(file: &Metadata) -> BTreeSet<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return BTreeSet::new() };
    let has = |folder: &PathBuf| {
        let open = fs::read_dir(folder.join("fd")).into_iter().flatten().flatten();
        let mut open = open.filter_map(|entry| fs::metadata(entry.path()).ok());
        open.any(|open| (open.dev(), open.ino()) == (file.dev(), file.ino()))
    };
    let number = |folder: &PathBuf| folder.file_name()?.to_str()?.parse().ok();
    let all = processes.flatten().map(|entry| entry.path());
    let all = all.filter_map(|folder| Some((number(&folder)?, folder)));
    // This process has opened it to look.
    let others = all.filter(|(pid, _)| *pid != std::process::id());
    others.filter(|(_, folder)| has(folder)).map(|(pid, _)| pid).collect()
}

/// An upgrade replaces the file of a program that runs, and the kernel says so behind its name.
fn program(pid: u32) -> String {
    if pid == std::process::id() {
        return "onerescue".to_owned();
    }
    let file = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let name = file.and_then(|file| Some(file.file_name()?.to_string_lossy().into_owned()));
    let name = name.map(|name| name.trim_end_matches(" (deleted)").to_owned());
    let comm = || fs::read_to_string(format!("/proc/{pid}/comm")).map(|name| name.trim().to_owned());
    name.or_else(|| comm().ok()).unwrap_or_default()
}

/// Shape: `1: FLOCK  ADVISORY  WRITE 4711 00:1a:98765 0 EOF`; the device is in hex. Lines of processes that wait have
/// `->` behind the number. A number that is not one of this namespace is 0 or negative. Source: `proc_locks(5)`.
fn taken(text: &str) -> BTreeMap<Key, BTreeSet<u32>> {
    let mut all: BTreeMap<Key, BTreeSet<u32>> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().skip(1).take(5).collect();
        let ["FLOCK", _, _, pid, file] = words.as_slice() else { continue };
        let mut parts = file.split(':');
        let hex = |part: Option<&str>| u32::from_str_radix(part?, 16).ok();
        let (major, minor) = (hex(parts.next()), hex(parts.next()));
        let inode = parts.next().and_then(|inode| inode.parse().ok());
        if let (Some(major), Some(minor), Some(inode)) = (major, minor, inode) {
            let pids = all.entry((major, minor, inode)).or_default();
            pids.extend(pid.parse::<u32>().ok().filter(|pid| *pid > 0));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_locks_on_files_are_read() {
        let text = "1: FLOCK  ADVISORY  WRITE 4711 00:1a:98765 0 EOF\n\
                    2: POSIX  ADVISORY  WRITE 4711 00:1a:5 0 EOF\n\
                    3: -> FLOCK  ADVISORY  WRITE 4711 00:1a:6 0 EOF\n4: FLOCK\n5: FLOCK a b c x:y:z 0 EOF\n\
                    6: FLOCK  ADVISORY  WRITE -1 00:1b:7 0 EOF\n";
        let all: Vec<_> = taken(text).into_iter().collect();
        assert_eq!(all, [((0, 26, 98765), BTreeSet::from([4711])), ((0, 27, 7), BTreeSet::new())]);
    }
}
