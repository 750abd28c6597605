//! `host_back`: a host is MONITORED again.

use super::hook::{on_signal_run, read_call, subject, zone};
use crate::config::{Config, Environment};
use crate::error::Result;
use crate::options::{HostBack, help};
use crate::policy::healthy::Account;
use crate::world::Live;
use crate::{finish, run_back, trail};
use std::process::ExitCode;

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
    trail::start(Some(&config.paths.log));
    let zone = zone(&config, &environment)?;
    let subject = subject(&call, options.host.as_deref(), &zone)?;
    trail::about(subject.host);
    let again = format!("`host_back --host {}`: what was not started yet is started then", subject.name);
    on_signal_run(again.clone(), again)?;
    let policy = options.policy(&config);
    let mut world = Live::new(zone, &config);
    Ok(run_back(&mut world, subject, policy))
}
