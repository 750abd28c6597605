//! VMs whose run of `vm_down` was ended on this front-end before it was done, or that it holds: the same procedure begins again.
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
use crate::policy::vm_down::Kept;
use crate::policy::{Source, vm_down};
use crate::world::{Live, clock, interrupted};
use crate::{run_down, trail};
use log::Level;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Duration;

/// A VM, whether it was held before, and how its run ended.
pub(super) type Done = (VmId, bool, Result<Account>);

/// The VMs, with what their last run has left.
pub(super) type Due = VecDeque<(VmId, Kept)>;

/// All of them, due or not.
pub(super) fn all(desk: &Desk) -> Due {
    left(desk).into_iter().map(|(vm, kept, _)| (vm, kept)).collect()
}

/// The VMs that are due.
pub(super) fn due(desk: &Desk) -> Due {
    left(desk).into_iter().filter(|(_, _, left)| left.is_zero()).map(|(vm, kept, _)| (vm, kept)).collect()
}

/// The VMs that are held until a later look, and the time to it.
pub(super) fn held(desk: &Desk) -> Vec<(VmId, Duration)> {
    left(desk).into_iter().filter(|(_, _, left)| !left.is_zero()).map(|(vm, _, left)| (vm, left)).collect()
}

fn left(desk: &Desk) -> Vec<(VmId, Kept, Duration)> {
    let (now, hold) = (clock::wall_clock(), &desk.config.rules.hold);
    let all = interrupted(&desk.config.paths.run_dir).into_iter().filter(|(_, kept)| kept.goes_on(hold, now));
    all.map(|(vm, kept)| (vm, kept, kept.left(hold, now))).collect()
}

/// Look after these VMs, a few at a time. Each comes back once.
pub(super) fn begin<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    desk: &'env Desk,
    vms: &'env Mutex<Due>,
) -> Receiver<Done> {
    let (sender, done) = channel();
    for _ in 0..desk.config.reconcile.rules.parallel {
        let sender = sender.clone();
        let work = move || one_after_the_other(desk, vms, &sender);
        if let Err(error) = Builder::new().name("vm-down".to_owned()).spawn_scoped(scope, work) {
            log::warn!("reconcile: no thread can be had for VMs: {error}");
        }
    }
    done
}

fn one_after_the_other(desk: &Desk, vms: &Mutex<Due>, sender: &Sender<Done>) {
    loop {
        let next = vms.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((vm, kept)) = next else { return };
        // A look at a VM that is held says nothing until there is something to do.
        let level = if kept.next.is_some() { Level::Debug } else { Level::Info };
        log::log!(level, "reconcile: {vm}: {}", kept.why(clock::wall_clock()));
        let ended = catch_unwind(AssertUnwindSafe(|| one(desk, vm, kept)));
        let ended = ended.unwrap_or_else(|_| Err(ended_in_a_panic()));
        // Nobody listens any more only if this process ends.
        let _ = sender.send((vm, kept.next.is_some(), ended));
    }
}

fn one(desk: &Desk, id: VmId, kept: Kept) -> Result<Account> {
    let zone = zone(&desk.config, &desk.environment)?;
    let vm = named(&zone, id)?;
    if let Some(host) = vm.host {
        trail::about_in_thread(host);
    }
    let subject = vm_down::Subject::of(&vm, Source::Reconcile);
    let policy = VmDown { vm: None, config: None, dry_run: false }.policy(&desk.config);
    let mut world = Live::new(zone, &desk.config).noting().since(Some(kept.since));
    Ok(run_down(&mut world, subject, Some(&vm), &policy))
}
