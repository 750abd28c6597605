//! Since when does the zone have its leader? Kept in a small file, because no program that asks has been there all the
//! time, and oned does not tell: `one.zone.raftstatus` has a term and no moment.
//!
//! Each election begins another term, and a term has one leader at most. So a term of which the file says nothing counts
//! from the moment of this look: the election may have been a second ago. What such an age means is for the policy.

use super::clock::since_boot;
use crate::model::{Raft, RaftState};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the file in `run_dir`.
const FILE: &str = "leader";
/// A note is shorter.
const LONGEST: u64 = 200;

/// The first look at a term.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    /// The boot of this machine: `since` counts from there. Source: `/proc/sys/kernel/random/boot_id`.
    boot: String,
    /// `RAFT/SERVER_ID`: an endpoint may be an address that moves from one front-end to the next.
    server: i64,
    term: i64,
    /// The time since the boot, by a clock that nobody sets.
    since: Duration,
}

/// What this front-end remembers of its zone's leader.
#[derive(Debug)]
pub struct Lead {
    folder: PathBuf,
    /// The note of this process, for a folder that cannot be written.
    own: Option<Note>,
}

impl Lead {
    /// Kept in this folder: `run_dir`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), own: None }
    }

    /// How long ago this server was first seen to be in this term, and note it if that is now. `None` for one that is
    /// alone.
    pub fn seen(&mut self, raft: Option<&Raft>) -> Option<Duration> {
        let raft = raft.filter(|raft| raft.state != RaftState::Solo)?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Some(self.seen_at(raft, boot.trim(), since_boot()))
    }

    fn seen_at(&mut self, raft: &Raft, boot: &str, now: Duration) -> Duration {
        let same = |note: &Note| {
            (note.server, note.term, note.boot.as_str()) == (raft.server, raft.term, boot)
                && note.since <= now
        };
        let kept = read(&self.folder.join(FILE)).into_iter().chain(self.own.take()).filter(same);
        let note = kept.min_by_key(|note| note.since).unwrap_or_else(|| {
            let note = Note { boot: boot.to_owned(), server: raft.server, term: raft.term, since: now };
            if let Err(error) = write(&self.folder, &note) {
                log::debug!("{} cannot be written: {error}", self.folder.join(FILE).display());
            }
            note
        });
        now.saturating_sub(self.own.insert(note).since)
    }
}

/// Shape: `6f5e3a1c-… 1 14 86400250`: boot, server, term, milliseconds. What is damaged says nothing.
fn read(path: &Path) -> Option<Note> {
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    let words: Vec<_> = text.split_whitespace().collect();
    let [boot, server, term, since] = words.as_slice() else { return None };
    Some(Note {
        boot: (*boot).to_owned(),
        server: server.parse().ok()?,
        term: term.parse().ok()?,
        since: Duration::from_millis(since.parse().ok()?),
    })
}

/// Written aside and moved into its place, so that nobody reads half of it.
fn write(folder: &Path, note: &Note) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let aside = folder.join(format!("{FILE}.{}", std::process::id()));
    let _ = fs::remove_file(&aside);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
    writeln!(file, "{} {} {} {}", note.boot, note.server, note.term, note.since.as_millis())?;
    fs::rename(&aside, folder.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: &str = "6f5e3a1c-0000";

    fn leads(server: i64, term: i64) -> Raft {
        Raft { server, state: RaftState::Leader, term }
    }

    fn look(folder: &Path, raft: Raft, boot: &str, seconds: u64) -> u64 {
        let age = Lead::new(folder).seen_at(&raft, boot, Duration::from_secs(seconds));
        age.as_secs()
    }

    /// Each look is another process.
    #[test]
    fn a_lead_counts_from_the_first_look_in_its_term() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("run");
        assert_eq!(look(folder, leads(0, 4), BOOT, 1000), 0);
        assert_eq!(look(folder, leads(0, 4), BOOT, 1400), 400);
        // Another term, another server behind the same address, another boot: each is a lead that begins.
        assert_eq!(look(folder, leads(0, 6), BOOT, 1500), 0);
        assert_eq!(look(folder, leads(0, 6), BOOT, 1501), 1);
        assert_eq!(look(folder, leads(1, 6), BOOT, 1600), 0);
        assert_eq!(look(folder, leads(1, 6), "another", 1700), 0);
        // A moment that lies ahead was not written on this boot.
        assert_eq!(look(folder, leads(1, 6), "another", 1699), 0);
        for damaged in ["", "hello", "another 1 6", "another 1 6 x", "another 1 6 1 1"] {
            fs::write(folder.join(FILE), damaged).unwrap();
            assert_eq!(look(folder, leads(1, 6), "another", 1800), 0, "{damaged:?}");
        }
    }

    #[test]
    fn who_is_alone_has_no_leader_and_leaves_no_note() {
        let folder = tempfile::tempdir().unwrap();
        let mut lead = Lead::new(folder.path());
        assert_eq!(lead.seen(Some(&Raft { server: -1, state: RaftState::Solo, term: 0 })), None);
        assert_eq!(lead.seen(None), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        for state in [RaftState::Candidate, RaftState::Follower, RaftState::Leader, RaftState::Unknown(9)] {
            let age = lead.seen(Some(&Raft { server: 0, state, term: 3 })).unwrap();
            assert!(age < Duration::from_secs(5));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// A run whose folder cannot be written does not wait for ever.
    #[test]
    fn without_a_folder_it_counts_from_the_first_look_of_the_process() {
        let mut lead = Lead::new(Path::new("/proc/nothing"));
        let mut age = |seconds| lead.seen_at(&leads(0, 1), BOOT, Duration::from_secs(seconds)).as_secs();
        assert_eq!((age(10), age(400)), (0, 390));
    }
}
