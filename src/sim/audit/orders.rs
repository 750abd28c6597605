//! The safety rules about the calls that change VMs: which may be sent, how often, and what they leave behind.

use super::proof::confirmed;
use crate::model::{HostId, VmId, VmState};
use crate::policy::{Fencing, Mode, Order, Placement, Policy, Purpose, Reply, Report, Requirements};
use crate::sim::cloud::{Change, Happening};
use crate::sim::physics::Breach;
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// No VM that this run has touched was started twice. With `-u`, on a person's word, or when every device lies,
/// nothing can prevent that.
pub(super) fn doubles(world: &SimWorld, policy: &Policy, broken: &mut Vec<String>) {
    let orders: Vec<_> = sent(world).collect();
    let proofs: BTreeSet<_> = orders.iter().map(|(_, proof)| *proof).collect();
    let trusting =
        policy.fencing == Fencing::Waived || proofs.iter().any(|host| confirmed(world, *host).is_some());
    if trusting || !proofs.iter().all(|host| world.fence_is_honest(policy, *host)) {
        return;
    }
    let cloud = world.transport().cloud();
    for breach in cloud.breaches() {
        let (vm, at, harms) = match breach {
            Breach::DoubleStart { vm, at, .. } | Breach::TwoDrivers { vm, at } => (vm, at, true),
            Breach::SentToDeadHost { vm, at, .. } => (vm, at, false),
            Breach::ConnectedElsewhere { .. } => continue,
        };
        let ours = harms && *at >= world.made();
        if ours && orders.iter().any(|(order, _)| order.vm() == *vm) {
            broken.push(format!("S1: {breach}"));
        }
    }
}

/// S11: whatever an owner writes, the front-end connects to addresses of his own VM only.
pub(super) fn elsewhere(world: &SimWorld, broken: &mut Vec<String>) {
    let cloud = world.transport().cloud();
    let breaches =
        cloud.breaches().iter().filter(|breach| matches!(breach, Breach::ConnectedElsewhere { .. }));
    broken.extend(breaches.map(|breach| format!("S11: {breach}")));
}

pub(super) fn sent(world: &SimWorld) -> impl Iterator<Item = (Order, HostId)> + '_ {
    world.seen().iter().filter_map(|seen| {
        if let Seen::Order { order, proof, .. } = seen { Some((*order, *proof)) } else { None }
    })
}

/// Has the VM, or some cluster, an `HA_POLICY`? Then less may be done than the flag says, and never more.
fn asks_for_less(world: &SimWorld, vm: VmId) -> bool {
    let has = |attributes: &BTreeMap<String, String>| attributes.contains_key("HA_POLICY");
    world.seen().iter().any(|seen| {
        let Seen::Survey { survey, .. } = seen else { return false };
        survey.vms.iter().any(|other| other.id == vm && has(&other.attributes))
            || survey.clusters.all.iter().any(|cluster| has(&cluster.attributes))
    })
}

/// S4 and S5: the flag's own calls and no other, and "delete and create again" once only, unless oned shows
/// that its clean-up is stuck, or the oned that had accepted it is gone and the VM is as it was.
pub(super) fn orders(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    let mut recreated: BTreeMap<VmId, (Duration, bool)> = BTreeMap::new();
    let mut states: BTreeMap<VmId, VmState> = BTreeMap::new();
    for seen in world.seen() {
        match seen {
            Seen::Survey { survey, .. } => states.extend(survey.vms.iter().map(|vm| (vm.id, vm.state))),
            Seen::Vms { vms, .. } => states.extend(vms.iter().map(|(vm, _)| (vm.id, vm.state))),
            Seen::Order { at, order, proof, reply, .. } => {
                let allowed = match order {
                    Order::Migrate { vm, .. } => policy.mode == Mode::Migrate || asks_for_less(world, *vm),
                    Order::Recreate { vm } => {
                        policy.mode == Mode::Recreate
                            || policy.mode == Mode::Delete && asks_for_less(world, *vm)
                    }
                    Order::Delete { .. } => policy.mode == Mode::Delete,
                    Order::Retry { vm } | Order::Resume { vm } => {
                        policy.mode != Mode::Delete || asks_for_less(world, *vm)
                    }
                    Order::Resched { vm } => {
                        (policy.mode == Mode::Migrate || asks_for_less(world, *vm))
                            && by_scheduler(policy)
                            && states.get(vm) == Some(&VmState::UNKNOWN)
                    }
                    Order::Fail { .. } => true,
                    Order::Unresched { .. } => by_scheduler(policy),
                };
                if !allowed || policy.purpose != Purpose::Recover {
                    broken.push(format!("S4: {order:?} in mode {:?}", policy.mode));
                }
                if *proof != subject {
                    broken.push(format!("S1: {order:?} under a proof about {proof}"));
                }
                if let Order::Recreate { vm } = order {
                    let state = states.get(vm).copied();
                    let stuck = state.is_some_and(|state| state.to_string() == "CLEANUP_RESUBMIT");
                    let untouched =
                        matches!(state, Some(VmState::UNKNOWN | VmState::RUNNING | VmState::Poweroff));
                    let again = |since| stuck || untouched && begun_again_since(world, since);
                    if recreated.get(vm).is_some_and(|(since, known)| !(*known && again(*since))) {
                        broken.push(format!("S5: {order:?} again, and the first call may have done it"));
                    }
                    match reply {
                        Reply::Accepted => drop(recreated.insert(*vm, (*at, true))),
                        Reply::Unknown(_) => drop(recreated.insert(*vm, (*at, false))),
                        Reply::Refused(..) | Reply::NotSent(_) => {}
                    }
                }
            }
            Seen::Host { .. }
            | Seen::Outlook { .. }
            | Seen::Witness { .. }
            | Seen::Dump { .. }
            | Seen::Record { .. }
            | Seen::Off { .. }
            | Seen::Power { .. }
            | Seen::Disable { .. }
            | Seen::Memory { .. } => {}
        }
    }
}

/// Has the oned that leads begun after this moment?
fn begun_again_since(world: &SimWorld, since: Duration) -> bool {
    let cloud = world.transport().cloud();
    let elected =
        |happening: &&Happening| matches!(happening.change, Change::Leader(_)) && happening.at > since;
    cloud.standpoint.oned.1 > since || cloud.happenings().iter().rev().any(|happening| elected(&happening))
}

/// No RESCHED flag of this run is left behind on a VM, unless the report says so.
pub(super) fn flags(world: &SimWorld, report: &Report, broken: &mut Vec<String>) {
    let set: BTreeSet<_> = sent(world)
        .filter(|(order, _)| matches!(order, Order::Resched { .. }))
        .map(|(order, _)| order.vm())
        .collect();
    let flagged = |vm: &VmId| {
        let cloud = world.transport().cloud();
        cloud.is_resched(*vm) && cloud.vm_state(*vm) != Some(VmState::Done)
    };
    for vm in set.into_iter().filter(flagged) {
        let told =
            report.vms.iter().any(|told| told.id == vm && told.to_string().contains("onevm unresched"));
        if !told {
            broken.push(format!("a RESCHED flag was left behind on {vm}"));
        }
    }
}

/// May a flag be set at all?
fn by_scheduler(policy: &Policy) -> bool {
    policy.settle.placement == Placement::Scheduler || policy.plan.requirements == Requirements::Scheduler
}
