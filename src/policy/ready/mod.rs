//! Readiness: when a VM that runs counts as up for those that wait for it.
//!
//! `HA_READY` is its owner's word: `RUNNING` (without it), `AGENT`, `CONTEXT`, `TCP:PORT`, `TCP:ADDRESS:PORT`, `EXEC:NAME`;
//! `HA_READY_DELAY` are seconds for which it must be so. A service of OneFlow with `ready_status_gate` counts as CONTEXT for the VMs
//! of its roles that say nothing themselves. `[ready]` says what an owner may choose; anything else counts as RUNNING, and that is
//! said: whatever an owner writes makes no VM wait for longer than `[settle] after_wait`, and is about his own VM only.
//!
//! An answer counts only if it was given after the start: of the agent by the time of the monitoring (`judge`), of CONTEXT by a
//! `READY=YES` that was seen to be away before. A connection goes to an address of the VM's own interfaces (`reach`).

mod gate;
mod judge;
mod opening;
mod reach;

pub use gate::{Gate, Kind};
pub use judge::{Asked, Readiness, judge};
pub use opening::Opening;
pub use reach::door;

use super::port::Survey;
use super::rules::ReadyRules;
use crate::model::VmId;
use std::collections::{BTreeMap, BTreeSet};

/// The gates of the VMs that were read: those that count as up as soon as they run have none.
#[must_use]
pub fn gates(survey: &Survey, rules: &ReadyRules) -> BTreeMap<VmId, Gate> {
    let services = survey.services.all.iter().filter(|service| service.gate);
    // Its owner writes SERVICE_ID, so the service has to name the VM as well.
    let named: BTreeSet<_> = services
        .flat_map(|service| service.roles.iter().flat_map(|role| role.vms.iter().map(|vm| (service.id, *vm))))
        .collect();
    let vms = survey.needed.iter().chain(&survey.vms).filter(|vm| vm.says_when_ready());
    let gate = |vm: &crate::model::Vm| {
        let served = vm.service().is_some_and(|service| named.contains(&(service, vm.id)));
        Gate::of(vm, served, rules)
    };
    vms.map(|vm| (vm.id, gate(vm))).filter(|(_, gate)| gate.is_there()).collect()
}
