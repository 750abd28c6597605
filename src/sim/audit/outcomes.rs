//! The safety rules about a report: every VM has its one outcome, and what is called recovered was read back so.

use super::orders::sent;
use crate::model::{Vm, VmId, VmState};
use crate::policy::{Fate, Mode, Order, Outcome, Policy, Purpose, Report};
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::collections::{BTreeMap, BTreeSet};

/// S3: every VM that was seen on the dead host has exactly one outcome.
pub(super) fn outcomes(world: &SimWorld, policy: &Policy, report: &Report, broken: &mut Vec<String>) {
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
pub(super) fn recovered(world: &SimWorld, policy: &Policy, report: &Report, broken: &mut Vec<String>) {
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
            | Seen::Dump { .. }
            | Seen::Record { .. }
            | Seen::Off { .. }
            | Seen::Power { .. }
            | Seen::Disable { .. }
            | Seen::Memory { .. } => {}
        }
    }
    let claimed = report.vms.iter().filter(|vm| matches!(vm.fate, Fate::Recovered(_) | Fate::NotReady(_)));
    for vm in claimed.filter(|vm| !seen_good.contains(&vm.id)) {
        broken.push(format!("S10: {vm}, and it was not read back so"));
    }
}
