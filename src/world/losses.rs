//! What the loss of each host would hold, in one file of this front-end: `run_dir/onerescue-losses.json`.
//!
//! One that is not there, or that cannot be read, counts as nothing: it is planned anew.

use super::kept::{self, Readers};
use crate::policy::losses::{FORMAT, Losses};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn file(run_dir: &Path) -> PathBuf {
    run_dir.join("onerescue-losses.json")
}

/// What was planned last.
#[must_use]
pub(crate) fn read(run_dir: &Path) -> Losses {
    let text = kept::read(&file(run_dir));
    let losses: Option<Losses> = text.and_then(|text| serde_json::from_str(&text).ok());
    losses.filter(|losses| losses.format <= FORMAT).unwrap_or_default()
}

/// Keep it.
///
/// # Errors
/// As the system says.
pub(crate) fn write(run_dir: &Path, losses: &Losses) -> io::Result<()> {
    fs::create_dir_all(run_dir)?;
    kept::write(&file(run_dir), &serde_json::to_string(losses)?, Readers::Owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Epoch;

    #[test]
    fn what_was_planned_is_read_again_and_what_a_newer_version_wrote_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let read = || read(folder.path());
        assert_eq!(read(), Losses::default());
        let mut losses = Losses { format: FORMAT, planned: Some(Epoch(7)), ..Losses::default() };
        losses.begin(Epoch(6), "fe1 4711 1795165661");
        write(folder.path(), &losses).unwrap();
        assert_eq!(read(), losses);
        write(folder.path(), &Losses { format: FORMAT + 1, ..losses }).unwrap();
        assert_eq!(read(), Losses::default());
        fs::write(file(folder.path()), "{\"format\":1").unwrap();
        assert_eq!(read(), Losses::default());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
