//! Small files that are written whole: whoever reads at the same time sees the old one or the new one.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// A file that is larger than this is not ours: 10,000 records are 2 MiB.
const MOST: u64 = 16 << 20;

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner.
    Owner,
    /// Everybody, whatever the umask of the unit.
    All,
    /// Whom this mode lets in.
    Mode(u32),
}

/// What is in it; a file that cannot be read is nothing.
pub(crate) fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text)).ok()?;
    Some(text)
}

/// Write it in the place of the one that is there. The new one has a name of its own until it is whole, which ends in the
/// number of this process.
///
/// # Errors
/// As the system says.
pub(crate) fn write(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let new = path.with_extension(std::process::id().to_string());
    let _ = fs::remove_file(&new);
    let mut out = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = out.write_all(text.as_bytes());
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::All => 0o644,
        Readers::Mode(mode) => mode,
    };
    let allowed = written.and_then(|()| out.set_permissions(Permissions::from_mode(mode)));
    let kept = allowed.and_then(|()| fs::rename(&new, path));
    if kept.is_err() {
        let _ = fs::remove_file(&new);
    }
    kept
}
