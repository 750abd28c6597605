//! The safety rules of `host_back` and `vm_down`, checked against what really happened.
//!
//! It trusts neither the policy nor its account: what was sent is in [`Tended`], with the domains of the machines and
//! the history of the VM at that moment.

use crate::model::{HostId, Vm, VmId, VmState};
use crate::policy::healthy::{Account, Deed, Hook};
use crate::policy::{Fate, Outcome, Reply};
use crate::short_report::{LONGEST as LONGEST_REPORT, short_account};
use crate::sim::physics::Breach;
use crate::sim::seen::{Seen, Tended};
use crate::sim::world::SimWorld;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most time that one run may take.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// What a person does to switch a VM off: `poweroff`, `poweroff-hard`.
const PERSON: [i64; 2] = [19, 20];

/// Every safety rule that this run has broken, in words; empty is good. `charged` are the VMs that it was about.
#[must_use]
pub fn audit_tend(world: &SimWorld, account: &Account, charged: &[VmId]) -> Vec<String> {
    let mut broken = Vec::new();
    for tended in world.tended() {
        started(tended, account.hook, &mut broken);
    }
    repeated(world, &mut broken);
    if account.hook == Hook::Evacuate {
        evacuated(world, &mut broken);
    }
    doubles(world, &mut broken);
    super::orders::elsewhere(world, &mut broken);
    outcomes(world, account, charged, &mut broken);
    bounds(world, account, charged.len(), &mut broken);
    if matches!(account.outcome, Outcome::Rehearsed(_)) && !world.tended().is_empty() {
        broken.push("T5: a dry run has changed something".to_owned());
    }
    broken
}

/// A VM is started only where it is off, and only if no person has switched it off.
fn started(tended: &Tended, hook: Hook, broken: &mut Vec<String>) {
    let Some(vm) = &tended.vm else { return };
    let ended = vm.history.iter().rev().find(|record| !matches!(record.action, Some(0 | 1)));
    let by = ended.and_then(|record| record.action).unwrap_or(0);
    match &tended.deed {
        Deed::Resume { vm: id } | Deed::Move { vm: id, .. } => {
            let elsewhere = tended.domains.iter().any(|host| Some(*host) != vm.host);
            if elsewhere {
                broken.push(format!("T1: {} while {id} runs on {:?}", tended.deed, tended.domains));
            }
            if matches!(tended.deed, Deed::Move { .. }) && !tended.domains.is_empty() {
                broken.push(format!("T1: {} while it runs", tended.deed));
            }
            // Whose disks go is not started.
            if hook != Hook::Evacuate && vm.state == VmState::Poweroff && PERSON.contains(&by) {
                broken.push(format!("T2: {}, and a person has switched it off", tended.deed));
            }
        }
        Deed::Live { .. } if vm.state != VmState::RUNNING => {
            broken.push(format!("T1: {} of a VM that is {}", tended.deed, vm.state));
        }
        Deed::Live { .. }
        | Deed::NoteVm { .. }
        | Deed::Execute { .. }
        | Deed::NoteHost { .. }
        | Deed::Disable { .. }
        | Deed::Offline { .. }
        | Deed::Enable { .. } => {}
    }
}

/// A resume that oned may have taken is not sent again before the VM was read back as down.
fn repeated(world: &SimWorld, broken: &mut Vec<String>) {
    let mut open: BTreeMap<VmId, Duration> = BTreeMap::new();
    let read: Vec<_> = world
        .seen()
        .iter()
        .filter_map(|seen| if let Seen::Vms { at, vms, .. } = seen { Some((*at, vms)) } else { None })
        .collect();
    for tended in world.tended() {
        let Deed::Resume { vm } = &tended.deed else { continue };
        if let Some(sent) = open.get(vm) {
            let down = |state: VmState| matches!(state, VmState::Poweroff) || state == VmState::UNKNOWN;
            let seen_down = read.iter().any(|(at, vms)| {
                at > sent
                    && *at <= tended.at
                    && vms.iter().any(|(read, _)| read.id == *vm && down(read.state))
            });
            if !seen_down {
                broken.push(format!("T3: {} again, and the first may have done it", tended.deed));
            }
        }
        if matches!(tended.reply, Reply::Accepted | Reply::Unknown(_)) {
            open.insert(*vm, tended.at);
        }
    }
}

/// Each order was written down before it was sent, and is not sent again unless nothing has become of the first.
fn evacuated(world: &SimWorld, broken: &mut Vec<String>) {
    let mut before: BTreeMap<VmId, usize> = BTreeMap::new();
    for tended in world.tended() {
        let (Deed::Live { vm, to } | Deed::Move { vm, to, .. }) = &tended.deed else { continue };
        let last = world.noted().iter().rev().find(|(at, _)| *at <= tended.at);
        let noted = last.is_some_and(|(_, record)| {
            record.vms.iter().any(|one| one.id == *vm && one.to == Some(*to) && one.end.is_none())
        });
        if !noted {
            broken.push(format!("E1: {}, and that was not written down before", tended.deed));
        }
        let records = tended.vm.as_ref().map_or(0, |vm| vm.history.len());
        let refused = matches!(tended.reply, Reply::Refused(..) | Reply::NotSent(_));
        if before.get(vm).is_some_and(|before| records > *before) {
            broken.push(format!("E2: {} again, and the first has done something", tended.deed));
        }
        if !refused {
            before.insert(*vm, records);
        }
    }
}

/// No VM that was touched runs twice.
fn doubles(world: &SimWorld, broken: &mut Vec<String>) {
    let touched: BTreeSet<_> = world.tended().iter().filter_map(|tended| tended.deed.vm()).collect();
    let cloud = world.transport().cloud();
    for breach in cloud.breaches() {
        if let Breach::DoubleStart { vm, at, .. } = breach
            && *at >= world.made()
            && touched.contains(vm)
        {
            broken.push(format!("T1: {breach}"));
        }
    }
}

/// Every VM has one outcome, and what is called recovered runs.
fn outcomes(world: &SimWorld, account: &Account, charged: &[VmId], broken: &mut Vec<String>) {
    let ids: BTreeSet<_> = account.vms.iter().map(|vm| vm.id).collect();
    if ids.len() != account.vms.len() {
        broken.push("T4: a VM has two outcomes".to_owned());
    }
    let touched = world.tended().iter().filter_map(|tended| tended.deed.vm());
    for vm in touched.filter(|vm| !ids.contains(vm)) {
        broken.push(format!("T4: {vm} was touched and has no outcome"));
    }
    // What would have stopped the real run before its VMs has stopped a rehearsal too.
    let told = if let Outcome::Rehearsed(Some(stop)) = &account.outcome { stop } else { &account.outcome };
    let whole = matches!(told, Outcome::Recovered | Outcome::Partly | Outcome::Rehearsed(None));
    let cloud = world.transport().cloud();
    // One that was terminated before the run looked is nobody's any more.
    let exists = |vm: &VmId| cloud.vm_state(*vm).is_some_and(|state| state != VmState::Done);
    for vm in charged.iter().filter(|vm| whole && !ids.contains(vm) && exists(vm)) {
        broken.push(format!("T4: {vm} was there and has no outcome"));
    }
    let open = account.vms.iter().any(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_)));
    if account.outcome == Outcome::Recovered && open {
        broken.push("T4: it calls itself recovered and is not".to_owned());
    }
    let lists: Vec<_> = world
        .seen()
        .iter()
        .filter_map(|seen| if let Seen::Vms { vms, .. } = seen { Some(vms) } else { None })
        .collect();
    let read = |id: VmId| {
        let runs = |(vm, hosts): &(Vm, Vec<HostId>)| {
            let off =
                account.hook == Hook::Evacuate && matches!(vm.state, VmState::Poweroff | VmState::Suspended);
            vm.id == id && (off || vm.state == VmState::RUNNING && !hosts.is_empty())
        };
        lists.iter().any(|vms| vms.iter().any(runs))
    };
    for vm in account
        .vms
        .iter()
        .filter(|vm| matches!(vm.fate, Fate::Recovered(_) | Fate::NotReady(_)) && !read(vm.id))
    {
        broken.push(format!("T4: {vm}, and it was not read back so"));
    }
}

fn bounds(world: &SimWorld, account: &Account, vms: usize, broken: &mut Vec<String>) {
    if account.took.0 > LONGEST {
        broken.push(format!("T6: the run took {} s", account.took.0.as_secs()));
    }
    let calls = world.transport().calls().iter().filter(|call| call.at >= world.began()).count();
    if calls > 10_000 + 60 * vms {
        broken.push(format!("T6: {calls} calls for {vms} VMs"));
    }
    if short_account(account).len() > LONGEST_REPORT {
        broken.push("T6: the report is too long".to_owned());
    }
    let session = world.transport().cloud().session.clone();
    if format!("{account:?} {:?}", world.told()).contains(&session) {
        broken.push("T7: the session is in the account or the trail".to_owned());
    }
}
