//! `vm_down`: a VM is down on a healthy host.

use super::hook::{on_signal_run, read_stdin, zone};
use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use crate::model::{Vm, VmId};
use crate::options::{VmDown, help};
use crate::policy::healthy::Account;
use crate::policy::{Source, vm_down};
use crate::wire::hook_call::VmCall;
use crate::world::oned::Http;
use crate::world::{Live, Zone};
use crate::{finish, run_down, trail};
use std::process::ExitCode;

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
    trail::start(Some(&config.paths.log));
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
    on_signal_run(machine, format!("{again}; nothing continues it by itself"))?;
    let subject = vm_down::Subject::of(&vm, source);
    let world = Live::new(zone, &config);
    let mut world = if options.dry_run { world } else { world.noting() };
    Ok(run_down(&mut world, subject, Some(&vm), &policy))
}

pub(super) fn named(zone: &Zone<Http>, id: VmId) -> Result<Vm> {
    let pool = zone.oned().vms_one_by_one(&[id])?;
    pool.good.into_iter().next().ok_or_else(|| {
        let what = format!("there is no {id}, or it cannot be read");
        Error::instead(what, format!("run `onevm list`, and `onevm show {}`", id.0))
    })
}
