//! The settings file is replaced as a whole: whoever reads it meanwhile has the old text or the new one. Its owner and its
//! mode stay.

use rustix::fs::{Gid, Mode, OFlags, Uid};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Put `new` in the place of `old`, if that is still what the file has.
///
/// # Errors
/// Why it was not replaced. The file is as it was then.
pub(crate) fn replace(path: &Path, old: &str, new: &str) -> io::Result<()> {
    // A link stays one.
    let path = path.canonicalize()?;
    let folder = path.parent().ok_or_else(|| io::Error::other("it is in no folder"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}", rustix::process::getpid()));
    let done = written(&path, &beside, new).and_then(|()| {
        if std::fs::read_to_string(&path)? != old {
            return Err(io::Error::other("somebody else has changed it meanwhile"));
        }
        std::fs::rename(&beside, &path)
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    done?;
    File::open(folder)?.sync_all()
}

/// The new text is on the disk, for the same people.
fn written(path: &Path, beside: &Path, text: &str) -> io::Result<()> {
    let seen = rustix::fs::stat(path)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(beside, flags, Mode::RUSR | Mode::WUSR)?;
    rustix::fs::fchown(&file, Some(Uid::from_raw(seen.st_uid)), Some(Gid::from_raw(seen.st_gid)))?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(seen.st_mode & 0o7777))?;
    let mut file = File::from(file);
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    #[test]
    fn mode_and_links_stay_and_what_changed_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        let before = fs::metadata(&file).unwrap();
        replace(&link, "old", "new").unwrap();
        let after = fs::metadata(&file).unwrap();
        assert_eq!(fs::read_to_string(&link).unwrap(), "new");
        assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(replace(&file, "old", "mine").unwrap_err().to_string().contains("somebody else"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }
}
