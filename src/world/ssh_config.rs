//! What oneadmin's ssh would do for a host, by its own settings: `ssh -G NAME`, which connects to nobody.

use super::runner::{Call, Outcome, reason, run};
use crate::config::{Config, trust};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The end of one question.
const ONE: Duration = Duration::from_secs(5);

/// The settings of ssh for one host. Shape: `hostname 10.0.0.7`, one keyword in small letters a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SshConfig(String);

/// The ssh that peers are reached with.
pub(super) fn program(config: &Config) -> PathBuf {
    config.witness.ssh.first().map_or_else(|| PathBuf::from("/usr/bin/ssh"), PathBuf::from)
}

impl SshConfig {
    /// Ask for a name that was checked to be one.
    ///
    /// # Errors
    /// Why ssh does not say it.
    pub(super) fn of(ssh: &Path, name: &str) -> Result<Self, String> {
        trust::check_program(ssh)?;
        let arguments = ["-G".to_owned(), name.to_owned()];
        let ran =
            run(&Call { program: ssh, arguments: &arguments, stdin: b"", deadline: ONE, ca_file: None });
        if ran.outcome != Outcome::Exited(0) {
            return Err(format!("`ssh -G`: {}", reason(&ran)));
        }
        Ok(Self(ran.stdout))
    }

    /// The value of this keyword, where there is one that is not `none`.
    pub(super) fn value(&self, keyword: &str) -> Option<&str> {
        let value = self.0.lines().find_map(|line| line.strip_prefix(keyword)?.strip_prefix(' '));
        value.map(str::trim).filter(|value| *value != "none")
    }

    /// Is the keyword there at all?
    pub(super) fn names(&self, keyword: &str) -> bool {
        self.0.lines().any(|line| line.split(' ').next() == Some(keyword))
    }
}
