//! VMs whose run of `vm_down` was ended on this front-end before it was done: the same procedure begins again.
//!
//! Attempts are counted in the VM, whether it is to be started at all is decided by that procedure, and only the time in which
//! a run is gone on with is decided here beside: none of it looks at hosts.

use super::super::down::named;
use super::super::hook::zone;
use super::look::Desk;
use super::work::ended_in_a_panic;
use crate::error::Result;
use crate::model::VmId;
use crate::options::VmDown;
use crate::policy::healthy::Account;
use crate::policy::{Source, vm_down};
use crate::world::{Live, clock, interrupted};
use crate::{run_down, trail};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope};

pub(super) type Done = (VmId, Result<Account>);

/// The VMs that are due.
pub(super) fn due(desk: &Desk) -> VecDeque<VmId> {
    let now = clock::wall_clock();
    let all = interrupted(&desk.config.paths.run_dir).into_iter();
    all.filter(|(_, since)| desk.config.down.goes_on(*since, now)).map(|(vm, _)| vm).collect()
}

/// Look after these VMs, a few at a time. Each comes back once.
pub(super) fn begin<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    desk: &'env Desk,
    vms: &'env Mutex<VecDeque<VmId>>,
) -> Receiver<Done> {
    let (sender, done) = channel();
    for _ in 0..desk.config.reconcile.rules.parallel {
        let sender = sender.clone();
        let work = move || all(desk, vms, &sender);
        if let Err(error) = Builder::new().name("vm-down".to_owned()).spawn_scoped(scope, work) {
            log::warn!("reconcile: no thread can be had for VMs: {error}");
        }
    }
    done
}

fn all(desk: &Desk, vms: &Mutex<VecDeque<VmId>>, sender: &Sender<Done>) {
    loop {
        let next = vms.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(vm) = next else { return };
        log::info!("reconcile: {vm}: its run of vm_down was ended before it was done");
        let ended = catch_unwind(AssertUnwindSafe(|| one(desk, vm)));
        let ended = ended.unwrap_or_else(|_| Err(ended_in_a_panic()));
        // Nobody listens any more only if this process ends.
        let _ = sender.send((vm, ended));
    }
}

fn one(desk: &Desk, id: VmId) -> Result<Account> {
    let zone = zone(&desk.config, &desk.environment)?;
    let vm = named(&zone, id)?;
    if let Some(host) = vm.host {
        trail::about_in_thread(host);
    }
    let subject = vm_down::Subject::of(&vm, Source::Reconcile);
    let policy = VmDown { vm: None, config: None, dry_run: false }.policy(&desk.config);
    let since = interrupted(&desk.config.paths.run_dir).into_iter().find(|(vm, _)| *vm == id);
    let mut world = Live::new(zone, &desk.config).noting().since(since.map(|(_, since)| since));
    Ok(run_down(&mut world, subject, Some(&vm), &policy))
}
