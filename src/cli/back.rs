//! `host_back`: a host is MONITORED again.

use super::hook::{on_signal_run, read_call, subject, zone};
use super::options::{help, parse};
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::policy::tend::Account;
use crate::policy::{HandOver, Purpose, host_back};
use crate::world::Live;
use crate::{finish, run_back, trail};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

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
        host_back::Policy {
            purpose: if self.dry_run { Purpose::Rehearse } else { Purpose::Recover },
            hand_over: if self.hand_over { HandOver::Yes } else { HandOver::No },
            back: config.back,
            wait: config.rules.wait,
            settle: config.rules.settle,
            plan: config.rules.plan.clone(),
            flaps: config.rules.brake.flaps,
            leader: config.rules.brake.leader,
        }
    }
}

/// `host_back`, from its input to its end.
#[must_use]
pub fn host_back(arguments: &[String]) -> ExitCode {
    finish::finish_account(look_after(arguments))
}

fn look_after(arguments: &[String]) -> Result<Account> {
    help::<HostBack>("host_back", arguments);
    let call = read_call(arguments)?;
    let options = HostBack::read(&call.options)?;
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.log));
    let zone = zone(&config, &environment)?;
    let subject = subject(&call, options.host.as_deref(), &zone)?;
    trail::about(subject.host);
    let again = format!("`host_back --host {}`: what was not started yet is started then", subject.name);
    on_signal_run(again.clone(), again)?;
    let policy = options.policy(&config);
    let mut world = Live::new(zone, &config);
    Ok(run_back(&mut world, subject, policy))
}
