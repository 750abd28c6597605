//! The options of `host_back`.

use super::parse;
use crate::config::Config;
use crate::error::Result;
use crate::policy::{HandOver, Purpose, host_back};
use clap::Parser;
use std::path::PathBuf;

/// Look after a host that is MONITORED again: start what its failure left down, quarantine what cannot be trusted.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "host_back",
    version,
    override_usage = "host_back [TEMPLATE] [--host ID|NAME] [--hand-over] [--config FILE] [--dry-run]"
)]
#[command(after_help = "TEMPLATE is the base64 HOST document, as an argument or on standard input.")]
pub struct HostBack {
    /// The host, by id or name, when there is no template
    #[arg(long, value_name = "ID|NAME")]
    pub host: Option<String>,
    /// Do not wait here: `onerescue reconcile` goes on
    #[arg(long)]
    pub hand_over: bool,
    /// The settings file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say what would be done and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl HostBack {
    /// Read the options, without the template.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] in one line.
    pub fn read(options: &[String]) -> Result<Self> {
        parse("host_back", options)
    }

    /// These options over the settings.
    #[must_use]
    pub fn policy(&self, config: &Config) -> host_back::Policy {
        let hand_over = if self.hand_over { HandOver::Yes } else { HandOver::No };
        of_settings(config, self.dry_run, hand_over)
    }
}

/// A run by the settings.
pub(super) fn of_settings(config: &Config, dry_run: bool, hand_over: HandOver) -> host_back::Policy {
    host_back::Policy {
        purpose: if dry_run { Purpose::Rehearse } else { Purpose::Recover },
        hand_over,
        back: config.back,
        wait: config.rules.wait,
        settle: config.rules.settle,
        plan: config.rules.plan.clone(),
        flaps: config.rules.brake.flapping(),
        again: config.rules.hold.vms,
        peers: config.rules.witness.peers,
        leader: config.rules.observer.leader,
    }
}
