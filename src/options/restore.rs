//! The options of `onerescue restore`, as a person writes them and as a scenario plays them.

use super::host_back::of_settings;
use super::parse;
use crate::config::Config;
use crate::error::Result;
use crate::policy::{HandOver, host_back};
use clap::Parser;
use std::path::PathBuf;

/// Put a host that was emptied into service again, and bring back what was moved from it
#[derive(Clone, Debug, Parser)]
#[command(name = "restore")]
pub struct Restore {
    /// The host, by name or id
    pub host: String,
    /// Name what would go back; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Restore {
    /// Read the options.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] in one line.
    pub fn read(options: &[String]) -> Result<Self> {
        parse("restore", options)
    }

    /// These options over the settings.
    #[must_use]
    pub fn policy(&self, config: &Config) -> host_back::Policy {
        of_settings(config, self.dry_run, HandOver::No)
    }
}
