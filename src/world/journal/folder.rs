//! The folder of the journals: one file for each run, `host-7.document-12.1795165661.4711.jsonl`.
//!
//! The name has the host, the record that the run worked on (`none` until it has one), when it began in epoch
//! seconds, and its process. Old ones are deleted when a run begins: those older than a record may be, then the
//! oldest, so that they stay few and small.

use super::Paper;
use crate::model::{DocumentId, HostId};
use crate::policy::RecordRules;
use rustix::fs::{FileType, Mode};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Journals of one incident that are kept: its first and its last ones. A held one has a run every few minutes.
const OF_ONE: usize = 50;

/// Bytes of all journals together.
const ALL: u64 = 256 * 1024 * 1024;

/// More is read of no journal; none is written longer than a quarter of it.
const MOST: u64 = 256 * 1024 * 1024;

/// More is read of no first line; 10,000 VMs of a subject are 60 KiB.
const MOST_OF_LINE: u64 = 4 * 1024 * 1024;

/// A journal by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// When its run began, in epoch seconds.
    pub began: i64,
    /// Its process.
    pub process: u32,
    /// The host.
    pub host: HostId,
    /// The record, if the run had one.
    pub document: Option<DocumentId>,
    /// The file.
    pub path: PathBuf,
}

impl Found {
    fn read(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
        let parts: Vec<_> = name.split('.').collect();
        let [host, document, began, process] = parts.as_slice() else { return None };
        let document = document.strip_prefix("document-")?;
        let document = if document == "none" { None } else { Some(DocumentId(document.parse().ok()?)) };
        Some(Self {
            began: began.parse().ok()?,
            process: process.parse().ok()?,
            host: HostId(host.strip_prefix("host-")?.parse().ok()?),
            document,
            path,
        })
    }

    fn name(&self) -> String {
        let document = self.document.map_or_else(|| "none".to_owned(), |document| document.0.to_string());
        format!("host-{}.document-{document}.{}.{}.jsonl", self.host.0, self.began, self.process)
    }
}

/// Every journal of a folder, the oldest first.
///
/// # Errors
/// As the system says.
pub fn found(folder: &Path) -> io::Result<Vec<Found>> {
    let entries = fs::read_dir(folder)?.filter_map(Result::ok);
    let mut all: Vec<_> = entries.filter_map(|entry| Found::read(entry.path())).collect();
    all.sort();
    Ok(all)
}

/// The text of a journal.
///
/// # Errors
/// As the system says, or that it is too large.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other(format!("it is larger than {MOST} bytes")));
    }
    // A run that was killed may have left half a character in its last line, which is not read.
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The first line of a journal, with its end.
///
/// # Errors
/// As the system says.
pub fn read_begin(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    BufReader::new(File::open(path)?.take(MOST_OF_LINE)).read_line(&mut text)?;
    Ok(text)
}

/// The file of one run.
#[derive(Debug)]
pub struct Sheet {
    file: File,
    folder: PathBuf,
    is: Found,
}

impl Sheet {
    /// A new file in this folder, which is made if it is missing; old ones are deleted.
    ///
    /// # Errors
    /// Why not, naming the folder or the file.
    pub fn new(folder: &Path, rules: RecordRules, host: HostId, began: i64) -> Result<Self, String> {
        let named = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| named(folder, error))?;
        trusted(folder).map_err(|error| named(folder, error))?;
        prune(folder, rules, began).map_err(|error| named(folder, error))?;
        let mut is = Found { began, process: std::process::id(), host, document: None, path: PathBuf::new() };
        is.path = folder.join(is.name());
        // Two runs of a process for the same host within a second do not share a file: the second has none.
        let file = File::options().write(true).create_new(true).mode(0o600).open(&is.path);
        let file = file.map_err(|error| named(&is.path, error))?;
        Ok(Self { file, folder: folder.to_owned(), is })
    }
}

impl Paper for Sheet {
    fn write(&mut self, text: &str) -> Result<(), String> {
        self.file.write_all(text.as_bytes()).map_err(|error| format!("{}: {error}", self.is.path.display()))
    }

    fn about(&mut self, document: DocumentId) {
        if self.is.document == Some(document) {
            return;
        }
        let mut new = Found { document: Some(document), ..self.is.clone() };
        new.path = self.folder.join(new.name());
        // Under its old name it is found by its host.
        if fs::rename(&self.is.path, &new.path).is_ok() {
            self.is = new;
        }
    }
}

/// Whoever can write there could have our files written anywhere, or put journals there.
pub(crate) fn trusted(folder: &Path) -> io::Result<()> {
    let stat = rustix::fs::lstat(folder)?;
    let me = rustix::process::geteuid().as_raw();
    let why = if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        "it is not a directory".to_owned()
    } else if stat.st_uid != me && stat.st_uid != 0 {
        format!("it belongs to user {}, not to root or to user {me}, who runs this", stat.st_uid)
    } else if Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
        format!("group or others may write it: its mode is {:04o}", stat.st_mode & 0o7777)
    } else {
        return Ok(());
    };
    Err(io::Error::other(why))
}

/// Delete what is too old, too many of one incident, of too many incidents, or too much together. What cannot be
/// deleted stays: another run may have been faster.
fn prune(folder: &Path, rules: RecordRules, now: i64) -> io::Result<()> {
    let all = found(folder)?;
    let age = i64::try_from(rules.age.as_secs()).unwrap_or(i64::MAX);
    let most = usize::try_from(rules.most).unwrap_or(usize::MAX);
    let of = |one: &Found| (one.host, one.document);
    // Read from the newest on, so the first one of an incident is put here last.
    let first: BTreeMap<_, _> = all.iter().rev().map(|one| (of(one), &one.path)).collect();
    let mut kept = BTreeMap::new();
    let mut bytes = 0_u64;
    for one in all.iter().rev() {
        bytes = bytes.saturating_add(fs::metadata(&one.path).map_or(0, |file| file.size()));
        let number = kept.entry(of(one)).or_insert(0_usize);
        *number += 1;
        let crowd = *number >= OF_ONE && first.get(&of(one)) != Some(&&one.path);
        let many = kept.len() > most;
        if now.saturating_sub(one.began) > age || crowd || many || bytes > ALL {
            let _ = fs::remove_file(&one.path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
