//! What metrics and `onerescue status` need beside the zone, in small files of this front-end: `run_dir/onerescue-tick`, when
//! reconcile has looked last, and `run_dir/onerescue-devices.json`, what devices have said to `onerescue check`. And the file that is written
//! for `node_exporter`.

use super::kept::{self, Readers};
use crate::model::Epoch;
use crate::policy::metrics::Answers;
use std::fs;
use std::io;
use std::path::Path;

const TICK: &str = "onerescue-tick";
const DEVICES: &str = "onerescue-devices.json";

/// When reconcile has looked last; none where it never has.
pub(crate) fn tick(run_dir: &Path) -> Option<Epoch> {
    kept::read(&run_dir.join(TICK))?.trim().parse().ok().map(Epoch)
}

/// It has looked now.
///
/// # Errors
/// As the system says.
pub(crate) fn write_tick(run_dir: &Path, at: Epoch) -> io::Result<()> {
    fs::create_dir_all(run_dir)?;
    kept::write(&run_dir.join(TICK), &at.0.to_string(), Readers::Owner)
}

/// What devices have said.
pub(crate) fn answers(run_dir: &Path) -> Answers {
    let text = kept::read(&run_dir.join(DEVICES));
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Keep that.
///
/// # Errors
/// As the system says.
pub(crate) fn write_answers(run_dir: &Path, answers: &Answers) -> io::Result<()> {
    kept::write(&run_dir.join(DEVICES), &serde_json::to_string(answers)?, Readers::Owner)
}

/// Write the file for `node_exporter`, which runs as somebody else.
///
/// # Errors
/// As the system says.
pub(crate) fn write(file: &Path, text: &str) -> io::Result<()> {
    kept::write(file, text, Readers::All)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_for_everybody_to_read_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("onerescue.prom");
        for text in ["one\n", "two\n"] {
            write(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write(&folder.path().join("none/onerescue.prom"), "").is_err());
        assert_eq!(tick(folder.path()), None);
        write_tick(folder.path(), Epoch(7)).unwrap();
        assert_eq!(tick(folder.path()), Some(Epoch(7)));
    }
}
