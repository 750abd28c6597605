//! A VM whose requirements only oned's scheduler can evaluate: may it be left to that, and if not, why?
//!
//! It is never placed here without them. The scheduler moves UNKNOWN VMs that have no PCI devices, and it sees neither
//! `HA_LAYER` nor where the others of a VM group are on their way to.

use super::placement::Rooms;
use super::reasons::Unfit;
use super::view::View;
use crate::model::{HostId, Vm, VmId, VmState};
use crate::policy::rules::{Layers, Requirements};
use crate::policy::settings::Purpose;

const BY: &str = "by the scheduler, which alone can evaluate";

/// What the scheduler is asked, or why it is not; `None` where its answer would change nothing.
pub(super) fn ask(
    vms: &[&Vm],
    unfit: &[(HostId, Unfit)],
    rooms: &mut Rooms,
    view: &View<'_>,
) -> Option<Result<String, String>> {
    unfit.iter().find(|(_, why)| *why == Unfit::Unclear)?;
    let unclear = vms.iter().find_map(|vm| rooms.unclear(vm, view))?;
    let rules = &view.request.policy.plan;
    if rules.requirements == Requirements::Hold {
        return Some(Err(format!("{unclear}; requirements = \"scheduler\" under [plan] leaves it to that")));
    }
    let alone = |vm: VmId| rooms.bonds.of(vm).is_none_or(|bond| bond.together.is_none());
    let [vm] = vms else { return Some(Err(together(&unclear))) };
    if !alone(vm.id) {
        return Some(Err(together(&unclear)));
    }
    let lost = vm.state == VmState::UNKNOWN
        || vm.state == VmState::RUNNING && view.request.policy.purpose == Purpose::Rehearse;
    if !lost {
        return Some(Err(format!("{unclear}; that moves no VM that is {}", vm.state)));
    }
    if !vm.pci.is_empty() {
        return Some(Err(format!("{unclear}; that moves no VM with PCI devices")));
    }
    let layer = rooms.bonds.names(vm.id).next().map(str::to_owned);
    match (layer, rules.layers) {
        (Some(layer), Layers::Hard) => {
            Some(Err(format!("{unclear}; that does not see which hosts {layer} leaves")))
        }
        (Some(layer), Layers::Soft) => {
            Some(Ok(format!("{BY} {unclear}; it may break {layer} (plan.layers)")))
        }
        (None, _) => Some(Ok(format!("{BY} {unclear}"))),
    }
}

/// The members that are UNKNOWN count as placed, on the dead host. Source: `src/vm_group`.
fn together(unclear: &str) -> String {
    format!("{unclear}; that never moves VMs that their VM group keeps together")
}
