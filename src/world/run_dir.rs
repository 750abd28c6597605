//! The folder of the lock files. It is lost with every boot where it is a tmpfs, and is made again.

use super::lockfile::{self, Got};
use crate::error::Error;
use std::io;
use std::path::Path;

/// Make the folder, and a lock file in it that is locked as that of a host and taken away again.
///
/// # Errors
/// [`Error::File`] about the first of these that fails.
pub fn try_out(folder: &Path) -> Result<(), Error> {
    let path = folder.join(format!("onerescue-check-{}.lock", std::process::id()));
    match lockfile::lock(&path, &[])? {
        Got::Ours(_) => Ok(()),
        Got::Held(_) => {
            Err(Error::File { doing: "lock", path, source: io::Error::other("somebody holds it") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lockfile::make;
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_missing_folder_is_made_for_its_owner_and_nothing_above_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("one");
        try_out(&folder).unwrap();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        make(&folder).unwrap();
        assert!(make(&parent.path().join("a/b")).is_err() && !parent.path().join("a").exists());
        let file = parent.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(try_out(&file).is_err());
    }
}
