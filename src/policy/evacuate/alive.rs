//! The planner plans for a dead host: what is true of dead hosts alone is taken out of what it is shown.
//!
//! A VM that runs is shown as UNKNOWN, and nothing of it is lost on its way: not the state of its TPM, and no driver has to
//! follow it from a host that does not answer. Whose failures are nobody's business (`HA_POLICY`) and what it waits for at a
//! start (`HA_AFTER`, the roles of a service) does not matter to one that goes on running.

use crate::model::{Datastore, Listing, Pin, Sharing, Vm, VmId, VmState};
use crate::policy::port::Survey;
use std::collections::BTreeSet;

/// Drivers whose disks one host has. Source: `share/etc/oned.conf`, `TM_MAD_CONF`.
const LOCAL: [&str; 2] = ["ssh", "local"];

/// This survey, with these VMs as if their host were dead.
pub(super) fn shown(survey: &Survey, vms: &BTreeSet<VmId>) -> Survey {
    let mut shown = survey.clone();
    for vm in shown.vms.iter_mut().filter(|vm| vms.contains(&vm.id)) {
        vm.state = VmState::UNKNOWN;
        (vm.needs.tpm, vm.needs.uefi) = (false, false);
        for disk in &mut vm.needs.disks {
            "shared".clone_into(&mut disk.tm_mad);
            disk.tm_mad_system.clear();
        }
        vm.attributes.retain(|name, _| name != "HA_POLICY" && name != "HA_AFTER");
    }
    for datastore in &mut shown.datastores {
        datastore.sharing = Sharing::Yes;
        "shared".clone_into(&mut datastore.tm_mad);
    }
    for cluster in &mut shown.clusters.all {
        cluster.attributes.remove("HA_POLICY");
    }
    (shown.services, shown.needed) = (Listing::default(), survey.needed.clone());
    shown
}

/// Why a VM that runs cannot be moved live, whatever the target. Source: the checks of `one.vm.migrate`.
pub(super) fn not_live(survey: &Survey, vm: &Vm) -> Option<String> {
    if !vm.pci.is_empty() {
        return Some(
            "it has a PCI device, and no VM is moved live with one: power it off, then `--all` moves it"
                .to_owned(),
        );
    }
    if vm.needs.topology.as_ref().is_some_and(|topology| topology.pin != Pin::None) {
        return Some(
            "it is pinned to CPUs, and oned moves no such VM live: power it off, then `--all` moves it"
                .to_owned(),
        );
    }
    let system = survey.datastores.iter().find(|datastore| Some(datastore.id) == vm.system_datastore);
    if let Some(system) = system.filter(|system| is_local(system, vm)) {
        let name = format!("{} ({})", system.name, system.id);
        return Some(format!(
            "its disks are on system datastore {name}, which is not shared: power it off, then `--all` moves it with them"
        ));
    }
    let local = |driver: &str| LOCAL.contains(&driver);
    let disk = vm.needs.disks.iter().find(|disk| local(&disk.tm_mad_system))?;
    Some(format!("its disk {} is on the host's own disk (TM_MAD_SYSTEM {})", disk.id, disk.tm_mad_system))
}

fn is_local(datastore: &Datastore, vm: &Vm) -> bool {
    let driver = if datastore.tm_mad.is_empty() { &vm.tm_mad } else { &datastore.tm_mad };
    match datastore.sharing {
        Sharing::Yes => false,
        Sharing::No => true,
        Sharing::Unsaid | Sharing::Unclear(_) => LOCAL.contains(&driver.as_str()),
    }
}
