//! The options of `onerescue evacuate`, as a person writes them and as a scenario plays them.

use super::parse;
use crate::config::Config;
use crate::error::Result;
use crate::policy::arming;
use crate::policy::evacuate::{Extent, Policy};
use crate::policy::{Force, Purpose};
use clap::Parser;
use std::path::PathBuf;

/// Empty a host that is alive: disable it, and move its VMs to others, live where they run
#[derive(Clone, Debug, Parser)]
#[command(name = "evacuate")]
#[expect(clippy::struct_excessive_bools, reason = "one per option")]
pub struct Evacuate {
    /// The host, by name or id
    pub host: String,
    /// Why, in one line of at most 200 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// POWEROFF and SUSPENDED VMs too: their disks go, and they stay as they are
    #[arg(long)]
    pub all: bool,
    /// Name what would go where, and what cannot go and why; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Touch nothing if one VM cannot be moved
    #[arg(long)]
    pub all_or_nothing: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Evacuate {
    /// Read the options.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] in one line.
    pub fn read(options: &[String]) -> Result<Self> {
        parse("evacuate", options)
    }

    /// These options over the settings, for this person.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] for a reason that cannot be used.
    pub fn policy(&self, config: &Config, by: String) -> Result<Policy> {
        Ok(Policy {
            purpose: if self.dry_run { Purpose::Rehearse } else { Purpose::Recover },
            force: if self.all { Force::AlsoStopped } else { Force::RunningOnly },
            extent: if self.all_or_nothing { Extent::AllOrNothing } else { Extent::WhatCan },
            by,
            reason: arming::reason(&self.reason).map_err(crate::Error::Usage)?,
            rules: config.evacuate,
            wait: config.rules.wait,
            settle: config.rules.settle,
            plan: config.rules.plan.clone(),
            leader: config.rules.observer.leader,
        })
    }
}
