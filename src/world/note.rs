//! What stands in the lock file of a host: the record that a run of this front-end is locking or has locked, and when a
//! signal stopped that run. Shape: `17`, `17 1795165661` or, by a person, `17 1795165661 person`; nothing once the run has
//! let go.
//!
//! It is written without a call of oned, so it is there where oned cannot be reached any more. One that cannot be written
//! is not there: then the lease decides.

use crate::model::{DocumentId, Epoch};
use crate::policy::stopping::By;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The word of one that a person has stopped.
const PERSON: &str = "person";

/// The longest that is read: two numbers and a word.
const LONGEST: u64 = 64;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) document: DocumentId,
    pub(super) stopped: Option<(Epoch, By)>,
}

impl Note {
    pub(super) fn read(file: &File) -> Option<Self> {
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        let mut words = text.split_whitespace();
        let document = DocumentId(words.next()?.parse().ok()?);
        let at = words.next().and_then(|word| word.parse().ok()).map(Epoch);
        let by = if words.next() == Some(PERSON) { By::Person } else { By::Machine };
        let stopped = at.map(|at| (at, by));
        Some(Self { document, stopped })
    }

    /// In place of what stands there; `None` empties it. A file that root has made cannot be written.
    pub(super) fn write(note: Option<Self>, mut file: &File) {
        let text = match note {
            Some(Self { document, stopped: Some((at, By::Machine)) }) => format!("{} {}", document.0, at.0),
            Some(Self { document, stopped: Some((at, By::Person)) }) => {
                format!("{} {} {PERSON}", document.0, at.0)
            }
            Some(Self { document, stopped: None }) => document.0.to_string(),
            None => String::new(),
        };
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    }
}

/// The file of this name, for what is noted in it.
///
/// # Errors
/// As the system says.
pub(super) fn note_of(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    File::options().read(true).write(true).custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else_is_a_note() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("onerescue-host-7.lock");
        let write = |note| {
            Note::write(note, &File::options().write(true).create(true).truncate(false).open(&path).unwrap());
        };
        let read = || Note::read(&File::open(&path).unwrap());
        let at = Epoch(1_795_165_661);
        for note in [Some((at, By::Machine)), Some((at, By::Person)), None] {
            let note = Some(Note { document: DocumentId(17), stopped: note });
            write(note);
            assert_eq!(read(), note);
        }
        write(None);
        assert_eq!(read(), None);
        for garbage in ["hello", "-1", "17x 3"] {
            std::fs::write(&path, garbage).unwrap();
            assert_eq!(read(), None, "{garbage}");
        }
    }
}
