//! The options of `vm_down`.

use super::parse;
use crate::config::Config;
use crate::error::Result;
use crate::policy::{Purpose, vm_down};
use clap::Parser;
use std::path::PathBuf;

/// Start a VM that went down on a healthy host: there a few times, then elsewhere.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "vm_down",
    version,
    override_usage = "vm_down [TEMPLATE] [--vm ID] [--config FILE] [--dry-run]"
)]
#[command(after_help = "TEMPLATE is the base64 VM document, as an argument or on standard input.")]
pub struct VmDown {
    /// The VM, by id, when there is no template
    #[arg(long, value_name = "ID")]
    pub vm: Option<u32>,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say what would be done and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl VmDown {
    /// Read the options, without the template.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] in one line.
    pub fn read(options: &[String]) -> Result<Self> {
        parse("vm_down", options)
    }

    /// These options over the settings.
    #[must_use]
    pub fn policy(&self, config: &Config) -> vm_down::Policy {
        vm_down::Policy {
            purpose: if self.dry_run { Purpose::Rehearse } else { Purpose::Recover },
            down: config.down,
            rules: config.rules.clone(),
        }
    }
}
