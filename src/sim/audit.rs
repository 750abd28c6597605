//! The safety rules, checked after a run against what really happened in the simulated cloud.
//!
//! It trusts neither the policy nor its report: what was asked, answered and sent is in [`Seen`], power and
//! domains are those of the machines. Where a VM may be placed is not judged here; the properties do that.

use super::audit_brake::braked;
use super::audit_fence::fence;
use super::audit_proof::{confirmed, proven};
use super::audit_well::well;
use super::audit_words::owned;
use super::physics::Breach;
use super::seen::Seen;
use super::world::SimWorld;
use crate::model::{HostId, Vm, VmId, VmState};
use crate::policy::{
    Fate, Fencing, Mode, Order, Outcome, Placement, Policy, Purpose, Reply, Report, Requirements,
};
use crate::short_report::{LONGEST as LONGEST_REPORT, short};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most time that one run may take, whatever goes wrong, beside the time for which it is held. The sum of all
/// other deadlines is below it.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// Every safety rule that this run has broken, in words; empty is good. `charged` are the VMs that were on
/// the host when the run began.
#[must_use]
pub fn audit(world: &SimWorld, policy: &Policy, report: &Report, charged: &[VmId]) -> Vec<String> {
    let mut broken = audit_deeds(world, policy, report.host);
    outcomes(world, policy, report, &mut broken);
    recovered(world, policy, report, &mut broken);
    if report.proof.as_ref().is_some_and(|proof| proof.host() != report.host) {
        broken.push("S1: the proof names another host".to_owned());
    }
    bounds(world, policy, report, charged.len(), &mut broken);
    flags(world, report, &mut broken);
    let session = world.transport().cloud().session.clone();
    if format!("{report:?} {:?} {:?}", world.told(), world.transport().calls()).contains(&session) {
        broken.push("S7: the session is in the report, the trail or the log of calls".to_owned());
    }
    broken
}

/// The same for a run that may not have ended: the rules about what was done, not about what was reported.
#[must_use]
pub fn audit_deeds(world: &SimWorld, policy: &Policy, subject: HostId) -> Vec<String> {
    let mut broken = Vec::new();
    fence(world, policy, subject, &mut broken);
    braked(world, policy, subject, &mut broken);
    proven(world, policy, subject, &mut broken);
    orders(world, policy, subject, &mut broken);
    doubles(world, policy, &mut broken);
    owned(world, subject, &mut broken);
    well(world, policy, subject, &mut broken);
    broken
}

/// No VM that this run has touched was started twice. With `-u`, on a person's word, or when every device lies,
/// nothing can prevent that.
fn doubles(world: &SimWorld, policy: &Policy, broken: &mut Vec<String>) {
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
        };
        let ours = harms && *at >= world.made();
        if ours && orders.iter().any(|(order, _)| order.vm() == *vm) {
            broken.push(format!("S1: {breach}"));
        }
    }
}

fn sent(world: &SimWorld) -> impl Iterator<Item = (Order, HostId)> + '_ {
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
/// that its clean-up is stuck.
fn orders(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    let mut recreated: BTreeMap<VmId, bool> = BTreeMap::new();
    let mut states: BTreeMap<VmId, VmState> = BTreeMap::new();
    for seen in world.seen() {
        match seen {
            Seen::Survey { survey, .. } => states.extend(survey.vms.iter().map(|vm| (vm.id, vm.state))),
            Seen::Vms { vms, .. } => states.extend(vms.iter().map(|(vm, _)| (vm.id, vm.state))),
            Seen::Order { order, proof, reply, .. } => {
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
                    let stuck = states.get(vm).is_some_and(|state| state.to_string() == "CLEANUP_RESUBMIT");
                    if recreated.get(vm).is_some_and(|known| !(*known && stuck)) {
                        broken.push(format!("S5: {order:?} again, and the first call may have done it"));
                    }
                    match reply {
                        Reply::Accepted => drop(recreated.insert(*vm, true)),
                        Reply::Unknown(_) => drop(recreated.insert(*vm, false)),
                        Reply::Refused(..) | Reply::NotSent(_) => {}
                    }
                }
            }
            Seen::Host { .. }
            | Seen::Outlook { .. }
            | Seen::Witness { .. }
            | Seen::Record { .. }
            | Seen::Off { .. }
            | Seen::Power { .. }
            | Seen::Disable { .. }
            | Seen::Memory { .. } => {}
        }
    }
}

/// No RESCHED flag of this run is left behind on a VM, unless the report says so.
fn flags(world: &SimWorld, report: &Report, broken: &mut Vec<String>) {
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

/// S3: every VM that was seen on the dead host has exactly one outcome.
fn outcomes(world: &SimWorld, policy: &Policy, report: &Report, broken: &mut Vec<String>) {
    let ids: BTreeSet<_> = report.vms.iter().map(|vm| vm.id).collect();
    if ids.len() != report.vms.len() {
        broken.push("S3: a VM has two outcomes".to_owned());
    }
    let surveys = world
        .seen()
        .iter()
        .filter_map(|seen| if let Seen::Survey { survey, .. } = seen { Some(survey) } else { None });
    // A host that came back before anything was decided leaves nothing to say about its VMs.
    let came_back = matches!(report.outcome, Outcome::NothingToDo(_));
    for survey in surveys.filter(|_| !came_back) {
        let host = survey.hosts.iter().find(|host| host.id == report.host);
        for vm in host.iter().flat_map(|host| &host.vms).filter(|vm| !ids.contains(vm)) {
            broken.push(format!("S3: {vm} was seen and has no outcome"));
        }
    }
    let done = matches!(report.outcome, Outcome::Recovered);
    let open = report.vms.iter().any(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_)));
    if done && (open || report.proof.is_none() || policy.purpose != Purpose::Recover) {
        broken.push("S3: it calls itself recovered and is not".to_owned());
    }
}

/// S10: what is reported as recovered was read back so after the last order for it.
fn recovered(world: &SimWorld, policy: &Policy, report: &Report, broken: &mut Vec<String>) {
    let elsewhere = |vm: &Vm| {
        let rests = [VmState::RUNNING, VmState::Poweroff, VmState::Suspended];
        rests.contains(&vm.state) && vm.host.is_some_and(|host| host != report.host)
    };
    // What its owner asks for less destruction gets less; the last order for it says what is good.
    let last: BTreeMap<VmId, Order> = sent(world).map(|(order, _)| (order.vm(), order)).collect();
    let deletes = |vm: VmId| {
        let saves = last.get(&vm).is_some_and(|order| !matches!(order, Order::Delete { .. }));
        policy.mode == Mode::Delete && !saves
    };
    let good = |vm: &Vm| if deletes(vm.id) { vm.state == VmState::Done } else { elsewhere(vm) };
    let mut seen_good: BTreeSet<VmId> = BTreeSet::new();
    for seen in world.seen() {
        match seen {
            Seen::Order { order, .. } => drop(seen_good.remove(&order.vm())),
            Seen::Vms { asked, vms, .. } => {
                seen_good.extend(vms.iter().filter(|(vm, _)| good(vm)).map(|(vm, _)| vm.id));
                let missing = |id: &&VmId| !vms.iter().any(|(vm, _)| vm.id == **id);
                seen_good.extend(asked.iter().filter(|vm| deletes(**vm)).filter(missing));
            }
            Seen::Survey { survey, .. } => {
                seen_good.extend(survey.vms.iter().filter(|vm| good(vm)).map(|vm| vm.id));
            }
            Seen::Host { .. }
            | Seen::Outlook { .. }
            | Seen::Witness { .. }
            | Seen::Record { .. }
            | Seen::Off { .. }
            | Seen::Power { .. }
            | Seen::Disable { .. }
            | Seen::Memory { .. } => {}
        }
    }
    let claimed = report.vms.iter().filter(|vm| matches!(vm.fate, Fate::Recovered(_)));
    for vm in claimed.filter(|vm| !seen_good.contains(&vm.id)) {
        broken.push(format!("S10: {vm}, and it was not read back so"));
    }
}

fn bounds(world: &SimWorld, policy: &Policy, report: &Report, vms: usize, broken: &mut Vec<String>) {
    if report.took.0 > LONGEST.saturating_add(policy.hold.deadline) {
        broken.push(format!("S6: the run took {} s", report.took.0.as_secs()));
    }
    let calls = world.transport().calls();
    let calls = calls.iter().filter(|call| call.at >= world.began()).count();
    if calls > 20_000 + 60 * vms {
        broken.push(format!("S6: {calls} calls for {vms} VMs"));
    }
    let length = short(report).len();
    if length > LONGEST_REPORT {
        broken.push(format!("S6: the report has {length} bytes"));
    }
}

/// May a flag be set at all?
fn by_scheduler(policy: &Policy) -> bool {
    policy.settle.placement == Placement::Scheduler || policy.plan.requirements == Requirements::Scheduler
}
