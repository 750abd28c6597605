//! The operator's own program, fed as OpenNebula feeds the stock `fence_host.sh`: the HOST document, base64,
//! on its standard input.

use super::runner::{Call, Ran, run};
use super::verdict;
use crate::config::trust;
use crate::model::{NotOff, PowerState};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::time::Duration;

/// A program that powers a host off, or says whether it is on.
#[derive(Clone, Copy)]
pub(super) struct Program<'a> {
    /// Absolute path, then arguments. At least one word; the settings were checked for that.
    pub(super) words: &'a [String],
    pub(super) timeout: Duration,
}

impl Program<'_> {
    /// Whether it may be started.
    ///
    /// # Errors
    /// A text that names the program and says why not.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.words.first() {
            Some(program) => trust::check_program(Path::new(program)),
            None => Err("no program is named".to_owned()),
        }
    }

    /// Run it as the `off` program. Its answer is information, and a proof only where the settings accept
    /// that.
    ///
    /// # Errors
    /// Why it did not work, or was not started, on one line.
    pub(super) fn off(&self, document: &str) -> Result<(), NotOff> {
        verdict::order(&self.run(document).map_err(NotOff::not_sent)?)
    }

    /// Run it as the `status` program.
    pub(super) fn status(&self, document: &str) -> PowerState {
        match self.run(document) {
            Ok(ran) => verdict::command_status(&ran),
            Err(why) => PowerState::Unknown(verdict::one_line(&why)),
        }
    }

    fn run(&self, document: &str) -> Result<Ran, String> {
        self.check()?;
        let (program, arguments) = self.words.split_first().ok_or("no program is named")?;
        Ok(run(&Call {
            program: Path::new(program),
            arguments,
            stdin: STANDARD.encode(document).as_bytes(),
            deadline: self.timeout,
            ca_file: None,
        }))
    }
}
