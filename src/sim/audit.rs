//! The safety rules, checked after a run against what really happened in the simulated cloud.
//!
//! It trusts neither the policy nor its report: calls are read from the transport's log, power from the
//! machines.

use super::cloud::Change;
use super::physics::Power;
use super::transport::{CallRecord, Outcome};
use super::world::SimWorld;
use crate::model::{HostId, HostState, VmId};
use crate::policy::{Fencing, Mode, Policy, Report};
use std::collections::BTreeSet;
use std::time::Duration;

/// The most time that one run may take, whatever goes wrong. The sum of all deadlines is below it.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// Every safety rule that this run has broken, in words; empty is good. `charged` are the VMs that were on
/// the host when the run began.
#[must_use]
pub fn audit(world: &SimWorld, policy: &Policy, report: &Report, charged: &[VmId]) -> Vec<String> {
    let mut broken = Vec::new();
    let calls: Vec<_> =
        world.transport().calls().into_iter().filter(|call| call.at >= world.began()).collect();
    let changing: Vec<_> = calls.iter().filter(|call| changes_vm(&call.method)).collect();
    power(world, policy, report, &changing, &mut broken);
    for off in world.offs().iter().filter(|off| off.at >= world.began()) {
        if off.state != Some(HostState::Error) {
            broken.push(format!("S8: {} was sent off while oned had it in {:?}", off.host, off.state));
        }
        if off.host != report.host {
            broken.push(format!("S2: off was sent to {}, which is not the host of this run", off.host));
        }
    }
    outcomes(report, charged, &mut broken);
    destructive(policy, &changing, &mut broken);
    if report.took.0 > LONGEST {
        broken.push(format!("S6: the run took {} s", report.took.0.as_secs()));
    }
    let bound = 20_000 + 60 * charged.len();
    if calls.len() > bound {
        broken.push(format!("S6: {} calls for {} VMs", calls.len(), charged.len()));
    }
    broken
}

fn changes_vm(method: &str) -> bool {
    matches!(method, "one.vm.migrate" | "one.vm.recover" | "one.vm.action" | "one.vm.deploy")
}

/// S1: no call that changes a VM goes out while the machine has power, unless the operator said `-u` or a
/// device lied.
fn power(
    world: &SimWorld,
    policy: &Policy,
    report: &Report,
    changing: &[&CallRecord],
    broken: &mut Vec<String>,
) {
    if policy.fencing == Fencing::Waived || world.lies(report.host) {
        return;
    }
    for breach in world.transport().cloud().breaches() {
        broken.push(format!("S1: {breach}"));
    }
    for call in changing {
        if power_at(world, report.host, call.at) == Power::On {
            broken.push(format!("S1: {call} at {:?} while {} had power", call.at, report.host));
        }
    }
    if !changing.is_empty() && report.proof.is_none() {
        broken.push("S1: VMs were touched and the report has no proof".to_owned());
    }
    if report.proof.as_ref().is_some_and(|proof| proof.host() != report.host) {
        broken.push("S1: the proof names another host".to_owned());
    }
}

fn power_at(world: &SimWorld, host: HostId, at: Duration) -> Power {
    let cloud = world.transport().cloud();
    let mut power = Power::On;
    for happening in cloud.happenings().iter().take_while(|happening| happening.at <= at) {
        if let Change::Power(changed, now) = happening.change
            && changed == host
        {
            power = now;
        }
    }
    power
}

/// S3: every VM that was seen has exactly one outcome, once VMs were looked at.
fn outcomes(report: &Report, charged: &[VmId], broken: &mut Vec<String>) {
    let ids: BTreeSet<_> = report.vms.iter().map(|vm| vm.id).collect();
    if ids.len() != report.vms.len() {
        broken.push("S3: a VM has two outcomes".to_owned());
    }
    if report.vms.is_empty() {
        return;
    }
    for vm in charged.iter().filter(|vm| !ids.contains(vm)) {
        broken.push(format!("S3: {vm} has no outcome"));
    }
}

/// S4: recreate and delete only if the flag says so.
fn destructive(policy: &Policy, changing: &[&CallRecord], broken: &mut Vec<String>) {
    for call in changing.iter().filter(|call| call.method == "one.vm.recover") {
        let operation = call.params.rsplit(", ").next().unwrap_or_default();
        let allowed = match policy.mode {
            Mode::Migrate => operation == "2",
            Mode::Recreate => operation == "2" || operation == "4",
            Mode::Delete => operation == "3",
        };
        if !allowed {
            broken.push(format!("S4: {call} in mode {:?}", policy.mode));
        }
    }
}

/// The VMs whose call to change them was accepted by oned since this time.
#[must_use]
pub fn changed_since(world: &SimWorld, since: Duration) -> Vec<String> {
    let calls = world.transport().calls();
    let accepted = calls
        .iter()
        .filter(|call| call.at >= since && changes_vm(&call.method) && call.outcome == Outcome::Done);
    accepted.map(ToString::to_string).collect()
}
