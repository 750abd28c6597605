//! Which files may be believed, and reading them.
//!
//! Whoever can write the settings or read a secret can power off hosts, so owners and modes are checked on
//! the opened file. Directories above it are not looked at.

use rustix::fs::{Access, FileType, Mode, OFlags};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More than any settings file or secret needs.
const MOST_BYTES: u64 = 1024 * 1024;

/// What a file is for; it decides who may touch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The settings: everybody may read them, only the owner may write.
    Settings,
    /// A secret: nobody but the owner may do anything, and it is not a symbolic link.
    Secret,
    /// A program that is started: only the owner may write.
    Program,
}

/// What was seen of a file.
#[derive(Clone, Copy, Debug)]
struct Seen {
    regular: bool,
    mode: u32,
    owner: u32,
    /// The user that runs this.
    me: u32,
}

impl Seen {
    fn of(stat: &rustix::fs::Stat) -> Self {
        Self {
            regular: FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile,
            mode: stat.st_mode & 0o7777,
            owner: stat.st_uid,
            me: rustix::process::geteuid().as_raw(),
        }
    }

    /// Why a file must not be used, or nothing.
    fn judge(self, role: Role) -> Result<(), String> {
        let (forbidden, who) = match role {
            Role::Settings | Role::Program => (0o022, "group or others may write it"),
            Role::Secret => (0o077, "group or others may use it"),
        };
        if !self.regular {
            return Err("it is not a regular file".to_owned());
        }
        if self.owner != 0 && self.owner != self.me {
            return Err(format!(
                "it belongs to user {}, not to root or to user {}, who runs this",
                self.owner, self.me
            ));
        }
        if self.mode & forbidden != 0 {
            return Err(format!("{who}: its mode is {:04o}", self.mode));
        }
        Ok(())
    }
}

/// Read a text file after checking that it may be believed; at most 1 MiB. The error says why not, without
/// the path, and tells a missing file (`NotFound`) from everything else.
pub(crate) fn read(path: &Path, role: Role) -> io::Result<String> {
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    if role == Role::Secret {
        flags |= OFlags::NOFOLLOW;
    }
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::LOOP => io::Error::other("it is a symbolic link"),
        other => other.into(),
    })?;
    let stat = rustix::fs::fstat(&file)?;
    Seen::of(&stat).judge(role).map_err(io::Error::other)?;
    let mut text = String::new();
    File::from(file).take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

/// The first of `directories` that has `name`, if that file may be started.
///
/// # Errors
/// A text that names the file and says why it cannot be started.
pub(crate) fn find_program(name: &str, directories: &[PathBuf]) -> Result<PathBuf, String> {
    for directory in directories {
        let path = directory.join(name);
        if path.symlink_metadata().is_ok() {
            check_program(&path)?;
            return Ok(path);
        }
    }
    let places: Vec<_> = directories.iter().map(|dir| dir.display().to_string()).collect();
    Err(format!("there is no program {name} in {}", places.join(" or ")))
}

/// Whether a program may be started: regular, readable and executable for us, writable for its owner only.
/// An unreadable script is refused because python answers it with exit status 2, which means "off" to an
/// agent's caller.
///
/// # Errors
/// A text that names the file and says why it cannot be started.
pub(crate) fn check_program(path: &Path) -> Result<(), String> {
    let refuse = |why: &dyn std::fmt::Display| format!("{} cannot be started: {why}", path.display());
    let stat = rustix::fs::stat(path).map_err(|error| refuse(&io::Error::from(error)))?;
    Seen::of(&stat).judge(Role::Program).map_err(|why| refuse(&why))?;
    rustix::fs::access(path, Access::READ_OK | Access::EXEC_OK)
        .map_err(|_| refuse(&"it is not readable and executable for the user who runs this"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    const ROW_55: [(&str, u32, u32, Role, bool); 8] = [
        ("secret, owner only", 0o600, 500, Role::Secret, true),
        ("secret, read only", 0o400, 0, Role::Secret, true),
        ("secret, world readable", 0o644, 500, Role::Secret, false),
        ("secret, group readable", 0o640, 500, Role::Secret, false),
        ("secret of somebody else", 0o600, 501, Role::Secret, false),
        ("settings, readable", 0o644, 0, Role::Settings, true),
        ("settings, group writable", 0o660, 0, Role::Settings, false),
        ("program of somebody else", 0o755, 501, Role::Program, false),
    ];

    #[test]
    fn row_55_owners_and_modes_decide() {
        for (what, mode, owner, role, good) in ROW_55 {
            let seen = Seen { regular: true, mode, owner, me: 500 };
            assert_eq!(seen.judge(role).is_ok(), good, "{what}");
        }
    }

    #[test]
    fn row_55_a_secret_is_not_a_link_a_directory_or_readable_for_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        fs::write(&file, "hunter2\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&file, Role::Secret).unwrap(), "hunter2\n");

        let link = dir.path().join("link");
        symlink(&file, &link).unwrap();
        assert_eq!(read(&link, Role::Secret).unwrap_err().to_string(), "it is a symbolic link");
        let directory = read(dir.path(), Role::Secret).unwrap_err();
        assert_eq!(directory.to_string(), "it is not a regular file");

        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let open = read(&file, Role::Secret).unwrap_err();
        assert_eq!(open.to_string(), "group or others may use it: its mode is 0644");
    }

    #[test]
    fn row_40_a_program_that_cannot_be_started_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let places = [dir.path().to_owned()];
        let missing = find_program("fence_none", &places).unwrap_err();
        assert!(missing.starts_with("there is no program fence_none in "), "{missing}");

        let path = dir.path().join("fence_x");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        for (mode, why) in [
            (0o644, "it is not readable and executable for the user who runs this"),
            (0o775, "group or others may write it: its mode is 0775"),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = find_program("fence_x", &places).unwrap_err();
            assert!(error.contains("fence_x cannot be started") && error.ends_with(why), "{error}");
        }
    }
}
