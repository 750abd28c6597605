//! `onerescue setup`: what an installation needs, shown before it is done.

mod hooks;
mod hosts;
mod scan;
mod scanned;

use crate::error::Result;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Set up what an installation needs: it is shown, and asked for, before it is done
#[derive(Clone, Debug, Args)]
pub(super) struct Setup {
    #[command(subcommand)]
    part: Part,
    /// The settings file
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
enum Part {
    Hooks(hooks::Hooks),
    Hosts(hosts::Hosts),
}

/// Set up one part. The exit code is 0 if it is done, or nothing was to do.
///
/// # Errors
/// Whatever keeps the settings from being read or the cloud from being reached, and what a person has not agreed to.
pub(super) fn setup(options: &Setup) -> Result<u8> {
    let config = options.config.as_deref();
    match &options.part {
        Part::Hooks(options) => hooks::hooks(options, config),
        Part::Hosts(options) => hosts::hosts(options, config),
    }
}
