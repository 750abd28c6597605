//! Lock files: opened so that nobody else can put something in their place, never inherited, and removed when they are let
//! go.
//!
//! A lock counts if its file is still the one of that name when it was taken: who lets go removes the file first, and who
//! takes one over puts a new file in its place.

use super::clock::{now, wall_clock};
use super::holders::{Locks, age};
use super::stop;
use crate::error::Error;
use crate::model::{Holder, Locked};
use rustix::fs::OFlags;
use std::fs::{self, DirBuilder, File, Metadata, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Who looks after old files holds a lock for a moment: that is not a run. And tries of a run that is late by a moment.
const MOMENT: Duration = Duration::from_millis(20);
const MOMENTS: u32 = 10;

/// A file that changes this often under our hands is not ours to fight for.
const TRIES: u32 = 20;

/// More is read of no note.
const LONGEST: u64 = 256;

/// Files that were let go by processes that were killed are removed when they are this old.
const OLD: Duration = Duration::from_secs(3600);

/// More are not looked at by one sweep.
const MOST: usize = 1000;

/// A lock, until it is dropped.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
    path: PathBuf,
}

/// What became of taking one.
pub(super) enum Got {
    /// It is ours.
    Ours(LockFile),
    /// Somebody holds it.
    Held(Locked),
}

/// The folder of lock files. It is made if it is missing and ours to make.
///
/// # Errors
/// [`Error::File`] if it cannot be made, or if others than its owner, this user or root, may put something there.
pub(super) fn folder(path: &Path) -> Result<Metadata, Error> {
    let failed = |source| Error::File { doing: "keep locks in", path: path.to_owned(), source };
    make(path).map_err(failed)?;
    trusted(path).map_err(failed)
}

/// Make the folder if it is missing, for its owner alone. What it is in must be there, and be ours or everybody's, as
/// `/run/lock`: nothing above is made.
///
/// # Errors
/// As the system says; a folder that is there is none.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Whoever may put something into the folder could take our locks, or have us write elsewhere.
///
/// # Errors
/// Why others than its owner, this user or root, may do that.
pub(super) fn trusted(path: &Path) -> io::Result<Metadata> {
    let seen = fs::symlink_metadata(path)?;
    let me = rustix::process::geteuid().as_raw();
    let mode = seen.permissions().mode();
    let why = if !seen.is_dir() {
        "it is a link or a file, not a directory".to_owned()
    } else if me != 0 && seen.uid() != me && seen.uid() != 0 {
        format!("it belongs to user {}, not to root or to user {me}, who runs this", seen.uid())
    } else if mode & 0o022 != 0 {
        format!("group or others may write it: its mode is {:04o}", mode & 0o7777)
    } else {
        return Ok(seen);
    };
    Err(io::Error::other(why))
}

/// Open the file of a lock; it is made if it is missing.
fn open(path: &Path, folder: &Metadata) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let made =
        File::options().read(true).write(true).create_new(true).mode(0o600).custom_flags(flags).open(path);
    let file = match made {
        Ok(file) => {
            if folder.uid() != rustix::process::geteuid().as_raw() {
                // Root makes it for the folder's owner, who comes next.
                let _ = fchown(&file, Some(folder.uid()), Some(folder.gid()));
            }
            file
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let own = File::options().read(true).write(true).custom_flags(flags).open(path);
            // One that another version has made as root can be locked all the same.
            own.or_else(|_| File::options().read(true).custom_flags(flags).open(path))?
        }
        Err(error) => return Err(error),
    };
    let seen = file.metadata()?;
    let owners = [rustix::process::geteuid().as_raw(), 0, folder.uid()];
    if !seen.is_file() {
        return Err(io::Error::other("it is not a plain file; remove it"));
    }
    if !owners.contains(&seen.uid()) {
        return Err(io::Error::other(format!("it belongs to user {}; remove it", seen.uid())));
    }
    if seen.permissions().mode() & 0o077 != 0 {
        // As older versions made it: nobody else needs to open it, and who can open it can lock it.
        let _ = file.set_permissions(Permissions::from_mode(0o600));
    }
    Ok(file)
}

/// The same, where something else in its place is removed first: nobody but this user and root could have put it there.
fn open_here(path: &Path, folder: &Metadata) -> io::Result<File> {
    let mut opened = open_once(path, folder);
    for _ in 0..TRIES {
        match opened {
            // Who let it go has removed it between two looks.
            Err(error) if error.kind() == io::ErrorKind::NotFound => opened = open_once(path, folder),
            opened => return opened,
        }
    }
    opened
}

fn open_once(path: &Path, folder: &Metadata) -> io::Result<File> {
    open(path, folder).or_else(|error| {
        let seen = fs::symlink_metadata(path)?;
        let kind = seen.file_type();
        if kind.is_symlink() || kind.is_fifo() || kind.is_socket() {
            fs::remove_file(path)?;
            return open(path, folder);
        }
        Err(error)
    })
}

/// Take a lock, if nobody holds it, or if only these do, who are no runs: then a new file takes its place, with the note
/// that is in the old one.
///
/// # Errors
/// [`Error::File`] if the folder or the file cannot be used.
pub(super) fn lock(path: &Path, over: &[Holder]) -> Result<Got, Error> {
    let inside = folder(path.parent().unwrap_or(Path::new("/")))?;
    let failed = |source| Error::File { doing: "lock", path: path.to_owned(), source };
    let mut moments = 0;
    for _ in 0..TRIES {
        let file = open_here(path, &inside).map_err(failed)?;
        match file.try_lock() {
            Ok(()) if is_there(path, &file) => return Ok(Got::Ours(LockFile::new(file, path))),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let held = Locks::read().held(&file.metadata().map_err(failed)?);
                if !held.holders.is_empty() && held.holders.iter().all(|holder| over.contains(holder)) {
                    return replace(path, &inside, &file).map_err(failed);
                }
                if moments == MOMENTS {
                    return Ok(Got::Held(held));
                }
                moments += 1;
                stop::wait(MOMENT);
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
    Err(failed(io::Error::other("its file was replaced again and again")))
}

/// Open and lock a file that is not removed, waiting at most this long: others hold it for milliseconds.
///
/// # Errors
/// [`Error::File`] if the folder or the file cannot be used, or if somebody holds it all the time.
pub(super) fn lock_within(path: &Path, time: Duration) -> Result<File, Error> {
    let inside = folder(path.parent().unwrap_or(Path::new("/")))?;
    let failed = |source| Error::File { doing: "lock", path: path.to_owned(), source };
    let file = open_here(path, &inside).map_err(failed)?;
    let until = now() + time;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if now() < until => stop::wait(MOMENT),
            Err(TryLockError::WouldBlock) => {
                let held = file.metadata().map(|seen| Locks::read().held(&seen)).map_err(failed)?;
                let who = held.holders.first().map_or_else(String::new, |holder| {
                    format!(": process {} ({})", holder.pid, holder.program)
                });
                return Err(failed(io::Error::other(format!(
                    "somebody held it for {} s{who}",
                    time.as_secs()
                ))));
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Open one of several places of a queue, as a lock file is opened.
///
/// # Errors
/// As the system says.
pub(super) fn place(path: &Path) -> io::Result<File> {
    let inside =
        folder(path.parent().unwrap_or(Path::new("/"))).map_err(|error| io::Error::other(error.chain()))?;
    open_here(path, &inside)
}

/// A new file, locked before it gets its name. Of several processes that do so at once the folder's own lock lets one.
fn replace(path: &Path, folder: &Metadata, old: &File) -> io::Result<Got> {
    let guard = File::open(path.parent().unwrap_or(Path::new("/")))?;
    let held = |file: &File| Ok(Got::Held(Locks::read().held(&file.metadata()?)));
    if guard.try_lock().is_err() || !is_there(path, old) {
        return held(old);
    }
    let fresh = path.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut file = open(&fresh, folder)?;
    if file.try_lock().is_err() {
        return held(&file);
    }
    let mut note = String::new();
    let _ = old.take(LONGEST).read_to_string(&mut note);
    file.write_all(note.as_bytes())?;
    fs::rename(&fresh, path)?;
    log::warn!(
        "{}: its lock was held by a process that is no run of onerescue; a new file is in its place",
        path.display()
    );
    Ok(Got::Ours(LockFile::new(file, path)))
}

fn is_there(path: &Path, file: &File) -> bool {
    let number = |seen: Metadata| (seen.dev(), seen.ino());
    let (there, ours) = (fs::symlink_metadata(path).map(number), file.metadata().map(number));
    there.is_ok_and(|there| ours.is_ok_and(|ours| there == ours))
}

impl LockFile {
    fn new(file: File, path: &Path) -> Self {
        // Since when a run holds it.
        let since_1970 = u64::try_from(wall_clock().0).map(Duration::from_secs).unwrap_or_default();
        let _ = file.set_modified(SystemTime::UNIX_EPOCH + since_1970);
        Self { file, path: path.to_owned() }
    }

    /// The file, for what is noted in it.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// What is noted in it.
    pub(super) fn note(&self) -> String {
        let mut text = String::new();
        let mut file = &self.file;
        let _ = file.rewind().and_then(|()| file.take(LONGEST).read_to_string(&mut text));
        let _ = file.rewind();
        text
    }
}

/// Replace what is noted in a lock file. One that cannot be written is left alone.
pub(super) fn write(mut file: &File, text: &str) {
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
}

/// A file with a note stays for the next run. Who waits for one that is removed finds out that it is not there.
impl Drop for LockFile {
    fn drop(&mut self) {
        if self.file.metadata().is_ok_and(|seen| seen.len() == 0) && is_there(&self.path, &self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Remove the lock files that processes have left behind which were killed: old, without a note, and held by nobody.
pub(super) fn sweep(run_dir: &Path) {
    let (Ok(inside), Ok(files)) = (folder(run_dir), fs::read_dir(run_dir)) else { return };
    let ours = |name: &str| {
        name.strip_prefix("onerescue-").is_some_and(|rest| rest.split('.').next_back() == Some("lock"))
    };
    for entry in files.flatten().filter(|entry| entry.file_name().to_str().is_some_and(ours)).take(MOST) {
        let old = |seen: Metadata| seen.is_file() && seen.len() == 0 && age(&seen) > OLD;
        if !entry.metadata().is_ok_and(old) {
            continue;
        }
        if let Ok(file) = open(&entry.path(), &inside)
            && file.try_lock().is_ok()
            && is_there(&entry.path(), &file)
        {
            drop(LockFile { file, path: entry.path() });
        }
    }
}

#[cfg(test)]
mod tests;
