//! The process that tells receivers, `onerescue notify`: how a run starts it, and whose turn it is on this front-end.
//!
//! A run does nothing else for that, and without a `[[notify]]` not even that. What a process that was killed has not told,
//! `onerescue reconcile` has told by the next one.

use super::lockfile::{self, Got, LockFile};
use super::runner::{start_apart, wait_for_those_apart};
use crate::config::{Config, Origin};
use crate::error::Result;
use crate::model::{DocumentId, Incident, Memory};
use crate::policy::notify::{is_news, mark};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The program, and where it is from here: beside this one, or as the package has it.
const PROGRAM: &str = "onerescue";
const PLACES: [&str; 2] = [".", "../../bin"];

/// Who waits for his turn gives up after this; then somebody else is next.
const TURN: Duration = Duration::from_secs(90);

/// What starts a sender when a record says something new.
#[derive(Debug)]
pub struct Sender {
    settings: Option<PathBuf>,
    /// The longest that one takes, but for the calls of oned.
    timeout: Duration,
    /// How this run has seen the incidents stand.
    seen: BTreeMap<DocumentId, BTreeSet<String>>,
}

impl Sender {
    /// For the receivers of these settings; nothing where there are none.
    #[must_use]
    pub fn of(config: &Config) -> Option<Self> {
        let timeout = config.receivers.iter().map(|receiver| receiver.timeout).max()?;
        let settings = (config.origin == Origin::Named).then(|| config.file.clone());
        Some(Self { settings, timeout, seen: BTreeMap::new() })
    }

    /// What is remembered was read.
    pub(super) fn read(&mut self, memory: &Memory) {
        let there: BTreeSet<DocumentId> = memory.incidents.iter().map(|(document, _)| *document).collect();
        self.seen.retain(|document, _| there.contains(document));
        for (document, incident) in &memory.incidents {
            self.seen.entry(*document).or_default().insert(mark(incident));
        }
    }

    /// A record was written: start a sender if that is news.
    pub(super) fn wrote(&mut self, document: DocumentId, incident: &Incident) {
        let seen = self.seen.entry(document).or_default();
        let news = is_news(seen, incident);
        seen.insert(mark(incident));
        if news {
            self.start();
        }
    }

    /// Start one. Why it cannot be is for the log: nothing waits for that.
    pub fn start(&self) {
        let mut arguments = vec!["notify", "--apart"];
        let settings = self.settings.as_ref().and_then(|path| path.to_str());
        arguments.extend(settings.into_iter().flat_map(|path| ["--config", path]));
        let started = program().and_then(|program| {
            start_apart(&program, &arguments).map_err(|why| format!("{}: {why}", program.display()))
        });
        if let Err(why) = started {
            log::warn!("nobody is told at once, `onerescue reconcile` does that: {why}");
        }
    }

    /// Wait for those that this process has started, for as long as a receiver may take.
    pub fn wait(&self) {
        wait_for_those_apart(self.timeout + Duration::from_secs(5));
    }
}

fn program() -> std::result::Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| format!("where this program is: {error}"))?;
    let folder = own.parent().unwrap_or(Path::new("/"));
    let mut places = PLACES.iter().map(|place| folder.join(place).join(PROGRAM));
    places.find(|path| path.is_file()).ok_or_else(|| format!("{PROGRAM} is not beside {}", own.display()))
}

/// A session of its own for a process that a run has started, and no file of those who have started that run: a lock of
/// theirs would be held for as long as a receiver hangs. It comes before anything is opened here.
pub fn apart() {
    let files = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let files: Vec<i32> = files.filter_map(|file| file.file_name().to_str()?.parse().ok()).collect();
    for file in files.into_iter().filter(|file| *file > 2) {
        // The folder that was read is closed already.
        let _ = nix::unistd::close(file);
    }
    if let Err(error) = rustix::process::setsid() {
        log::debug!("no session of its own: {error}");
    }
}

/// The turn of this process to send; nothing if another one waits already, which sees what this one would.
///
/// # Errors
/// [`crate::Error::File`] if the locks cannot be had.
pub fn turn(run_dir: &Path) -> Result<Option<File>> {
    let Got::Ours(next) = lockfile::lock(&run_dir.join("onerescue-notify-next.lock"), &[])? else {
        return Ok(None);
    };
    let turn = lockfile::lock_within(&run_dir.join("onerescue-notify.lock"), TURN)?;
    drop::<LockFile>(next);
    Ok(Some(turn))
}
