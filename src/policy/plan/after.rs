//! What each VM waits for: the VMs that its `HA_AFTER` names, and those of the parents of its role in a OneFlow service.
//!
//! `HA_AFTER` has names or ids: `41, database`; the first 500 count. Of VMs that wait in a circle the most important goes
//! first (`plan::sequence`). Nobody waits for what runs elsewhere, and who has waited in this run (`moving::after`) waits
//! for nobody again. An order that cannot be read holds nothing: it is said, and not waited for.
//! VM groups have no order: `HA_AFTER` says it there.

use super::listed;
use super::names::Names;
use super::view::View;
use crate::model::{Deployment, DocumentId, Service, ServiceRole, Vm, VmId, VmState};
use crate::policy::states::{self, Class};
use std::collections::{BTreeMap, BTreeSet};

/// `HISTORY/ACTION` of delete-recreate. Source: `include/History.h`.
const RECREATED: i64 = 14;

/// What one VM waits for, and what has to be said about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub(super) after: BTreeSet<VmId>,
    /// What it has waited for, and starts without.
    pub(super) without: BTreeSet<VmId>,
    pub(super) notes: Vec<String>,
}

/// Every VM that was read, to be found.
struct Known<'a> {
    services: BTreeMap<DocumentId, &'a Service>,
    by_id: BTreeMap<VmId, &'a Vm>,
    names: Names<'a>,
}

/// What each VM waits for, by id.
pub(super) fn wanted(vms: &[&Vm], view: &View<'_>) -> BTreeMap<VmId, Turn> {
    let mut turns = BTreeMap::new();
    if vms.iter().all(|vm| vm.after().next().is_none() && vm.service().is_none()) {
        return turns;
    }
    let survey = view.survey;
    let known = Known {
        services: survey.services.all.iter().map(|service| (service.id, service)).collect(),
        by_id: survey.needed.iter().chain(&survey.vms).map(|vm| (vm.id, vm)).collect(),
        names: Names::new(&survey.vms, &survey.needed),
    };
    let mut unknown = BTreeSet::new();
    for vm in vms {
        let mut turn = Turn::default();
        by_attribute(vm, &known, view, &mut turn);
        match vm.service().filter(|_| vm.host == Some(view.request.host)) {
            Some(id) if known.services.contains_key(&id) => by_service(vm, id, &known, view, &mut turn),
            // Said of one of its VMs.
            Some(id) if unknown.insert(id) => {
                let why = survey.services.absent(id.0);
                turn.notes.push(format!("the order of its OneFlow service {} is not known: {why}", id.0));
            }
            Some(_) | None => {}
        }
        if view.request.waited.contains(&vm.id) {
            turn.without = std::mem::take(&mut turn.after);
        }
        turns.insert(vm.id, turn);
    }
    turns
}

/// `HA_AFTER`: ids, and names, of which each means all VMs that are called so.
fn by_attribute(vm: &Vm, known: &Known<'_>, view: &View<'_>, turn: &mut Turn) {
    let runs = |id: &VmId| known.by_id.get(id).is_some_and(|other| runs_elsewhere(other, view));
    let (mut strange, mut several, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for word in vm.after().filter(|word| seen.insert(*word)) {
        let id = word.parse().ok().map(VmId).filter(|id| known.by_id.contains_key(id));
        let found = id.map_or_else(|| known.names.meant(vm, word), |id| vec![id]);
        if found.is_empty() {
            strange.push(word.chars().take(40).collect::<String>());
        }
        let waits: BTreeSet<VmId> = found.into_iter().filter(|id| *id != vm.id && !runs(id)).collect();
        if waits.len() > 1 {
            let word: String = word.chars().take(40).collect();
            several.push(format!("several VMs are called {word} ({}): after all of them", listed(&waits)));
        }
        turn.after.extend(waits);
    }
    let more = several.len().saturating_sub(3);
    turn.notes.extend(several.into_iter().take(3));
    if more > 0 {
        turn.notes.push(format!("and so for {more} more names"));
    }
    if let Some(first) = strange.first() {
        let more = if strange.len() > 1 { format!(" and {} more", strange.len() - 1) } else { String::new() };
        let why = "which is no VM of its owner or its group, by id or by name: it does not wait for that";
        turn.notes.push(format!("HA_AFTER names {first}{more}, {why}"));
    }
}

/// The role of this VM waits for its parents, as OneFlow deploys a service that is `straight`.
fn by_service(vm: &Vm, id: DocumentId, known: &Known<'_>, view: &View<'_>, turn: &mut Turn) {
    let Some(service) = known.services.get(&id) else { return };
    if service.deployment != Deployment::Straight {
        return;
    }
    // Its owner writes SERVICE_ID, so the service has to name the VM as well.
    let Some(own) = service.roles.iter().find(|role| role.vms.contains(&vm.id)) else {
        turn.notes.push(format!("its OneFlow service {} does not name it: not ordered by it", service.name));
        return;
    };
    for parent in parents(own, service) {
        let waits = |id: &&VmId| **id != vm.id && known.by_id.get(id).is_some_and(|other| comes(other, view));
        let before: Vec<VmId> = parent.vms.iter().filter(waits).copied().collect();
        if !before.is_empty() {
            turn.notes.push(format!("after role {} of service {}", parent.name, service.name));
            turn.after.extend(before);
        }
    }
}

fn parents<'a>(role: &ServiceRole, service: &'a Service) -> impl Iterator<Item = &'a ServiceRole> {
    let names: BTreeSet<&str> = role.parents.iter().map(String::as_str).collect();
    service.roles.iter().filter(move |other| names.contains(other.name.as_str()))
}

/// Is a VM of a parent one that will run again, and does not yet? What a person has stopped was not needed before. What is
/// created again is PENDING until the scheduler starts it.
fn comes(vm: &Vm, view: &View<'_>) -> bool {
    let stays = match states::class(vm.state) {
        Class::NotPlaced => vm.state != VmState::Pending || vm.last_action != Some(RECREATED),
        Class::Stopped | Class::Done => true,
        Class::Lost
        | Class::Running
        | Class::Transient
        | Class::Failure
        | Class::Resubmit
        | Class::Strange => false,
    };
    !stays && !runs_elsewhere(vm, view)
}

fn runs_elsewhere(vm: &Vm, view: &View<'_>) -> bool {
    let ready = !view.request.unready.contains(&vm.id);
    ready && vm.state == VmState::RUNNING && vm.host.is_some_and(|host| host != view.request.host)
}
