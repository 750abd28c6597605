//! `vm_down`: a VM is down on a healthy host.

use super::hook::{on_signal_run, read_stdin, zone};
use super::options::{help, parse};
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{Vm, VmId};
use crate::policy::tend::Account;
use crate::policy::{Purpose, Source, vm_down};
use crate::wire::hook_call::VmCall;
use crate::world::oned::Http;
use crate::world::{Live, Zone};
use crate::{finish, run_down, trail};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// [`Error::Usage`] in one line.
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

/// `vm_down`, from its input to its end.
#[must_use]
pub fn vm_down(arguments: &[String]) -> ExitCode {
    finish::finish_account(look_after(arguments))
}

fn look_after(arguments: &[String]) -> Result<Account> {
    help::<VmDown>("vm_down", arguments);
    let call = VmCall::read(&read_stdin(arguments)?, arguments)?;
    if call.vm.is_none() && call.options.is_empty() {
        return Err(Error::HookCall("it is empty: neither a template nor options".to_owned()));
    }
    let options = VmDown::read(&call.options)?;
    let environment = Environment::capture();
    let config = Config::load(&environment, options.config.as_deref())?;
    trail::start(Some(&config.log));
    let policy = options.policy(&config);
    let zone = zone(&config, &environment)?;
    let (vm, source) = match (call.vm, options.vm) {
        (Some(_), Some(_)) => {
            return Err(Error::Usage("a template and --vm name two VMs: give one".to_owned()));
        }
        (Some(vm), None) => (vm, Source::Event),
        (None, Some(id)) => (named(&zone, VmId(id))?, Source::Person),
        (None, None) => {
            return Err(Error::HookCall("there is neither a template nor --vm".to_owned()));
        }
    };
    if let Some(host) = vm.host {
        trail::about(host);
    }
    let again = format!("`vm_down --vm {}`", vm.id.0);
    let machine = format!(
        "{again}, or nothing: `onerescue reconcile` on this front-end goes on while it leads; attempts until now are counted"
    );
    on_signal_run(machine, format!("{again}; no machine goes on with it"))?;
    let subject = vm_down::Subject::of(&vm, source);
    let world = Live::new(zone, &config);
    let mut world = if options.dry_run { world } else { world.noting() };
    Ok(run_down(&mut world, subject, Some(&vm), &policy))
}

pub(super) fn named(zone: &Zone<Http>, id: VmId) -> Result<Vm> {
    let pool = zone.oned().vms_one_by_one(&[id])?;
    pool.good
        .into_iter()
        .next()
        .ok_or_else(|| Error::Usage(format!("there is no {id}, or it cannot be read")))
}
