//! What this front-end's reconcile has seen, in one small file: `run_dir/onerescue-seen.json`.
//!
//! One that cannot be read counts as nothing, and is replaced: that costs a lease.

use super::kept::{self, Readers};
use crate::policy::watched::Watched;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn file(run_dir: &Path) -> PathBuf {
    run_dir.join("onerescue-seen.json")
}

/// What was seen until now.
#[must_use]
pub(crate) fn read(run_dir: &Path) -> Watched {
    kept::read(&file(run_dir)).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Keep it.
///
/// # Errors
/// As the system says.
pub(crate) fn write(run_dir: &Path, watched: &Watched) -> io::Result<()> {
    fs::create_dir_all(run_dir)?;
    kept::write(&file(run_dir), &serde_json::to_string(watched)?, Readers::Owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, HostId, Incident, Memory};
    use std::time::Duration;

    #[test]
    fn what_was_seen_is_read_again_and_a_damaged_file_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), Watched::default());
        let incidents = vec![(DocumentId(7), Incident { host: HostId(1), ..Incident::default() })];
        let mut memory = Memory { incidents, ..Memory::default() };
        let mut watched = Watched::default();
        watched.look(Duration::from_secs(100), &memory, &[]);
        write(folder.path(), &watched).unwrap();
        read(folder.path()).tell(Duration::from_secs(160), &mut memory);
        assert_eq!(memory.unchanged(DocumentId(7)), Duration::from_secs(60));
        fs::write(file(folder.path()), "{\"records\": 1").unwrap();
        assert_eq!(read(folder.path()), Watched::default());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
