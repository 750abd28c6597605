//! May this VM be touched at all?

use super::Verdict;
use crate::model::{HostId, LcmState, Scope, Vm, VmId, VmState};
use crate::policy::states::{self, Class};
use std::collections::BTreeSet;

/// A VM that oned does not charge to the dead host is none of our business. VMs that are on no host keep the
/// last host in their history, so the state decides for them.
pub(super) fn elsewhere(vm: &Vm, dead: HostId) -> Option<Verdict> {
    match states::class(vm.state) {
        Class::NotPlaced | Class::Done => return None,
        Class::Lost
        | Class::Running
        | Class::Transient
        | Class::Failure
        | Class::Resubmit
        | Class::Stopped
        | Class::Strange => {}
    }
    match vm.host {
        Some(host) if host == dead => None,
        Some(host) if states::class(vm.state) == Class::Failure => Some(Verdict::Hold(format!(
            "{} on {host}: a driver failed there; when that host is well, `onevm recover --retry {}`",
            vm.state, vm.id.0
        ))),
        Some(host) if matches!(states::class(vm.state), Class::Transient | Class::Lost | Class::Resubmit) => {
            Some(Verdict::Await(format!("{}: it is on its way to {host}", vm.state)))
        }
        Some(host) => Some(Verdict::Leave(format!("{} on {host}, not on the dead host", vm.state))),
        None => Some(Verdict::Hold(format!("{}, and oned does not say on which host", vm.state))),
    }
}

/// A VM that was on its way off the dead host: oned shows its destination and charges both hosts. It ends there,
/// or oned puts it back.
pub(super) fn leaving(vm: &Vm, dead: HostId, charged: &BTreeSet<VmId>) -> Option<Verdict> {
    let moving = matches!(vm.state, VmState::Active(LcmState::Migrate | LcmState::SaveMigrate));
    if !moving || vm.host == Some(dead) || !charged.contains(&vm.id) {
        return None;
    }
    Some(Verdict::Await(format!(
        "{}: it was being migrated off the dead host; oned ends that by itself",
        vm.state
    )))
}

/// Why a VM that oned put back after a live migration is not started anywhere.
pub(super) const MAY_RUN_ELSEWHERE: &str = "it was being migrated live when the host died and may run on the other \
    host although oned does not know: look there with `virsh list`, and start it by hand only if it is not listed";

/// oned refuses every recovery of a locked VM, whatever the level of the lock and even to oneadmin.
pub(in crate::policy) fn locked(vm: &Vm) -> Option<String> {
    let lock = vm.lock.filter(|lock| lock.0 != 0)?;
    Some(format!("locked ({lock}), and oned recovers no locked VM; `onevm unlock {}` frees it", vm.id.0))
}

/// The host may still run and write what it is not cut off from, so every disk of the VM must be on what it is.
pub(in crate::policy) fn not_cut_off(vm: &Vm, scope: &Scope) -> Option<String> {
    let Scope::Datastores(cut) = scope else { return None };
    let mut disks = vm.system_datastore.iter().chain(&vm.image_datastores);
    if vm.system_datastore.is_none() {
        return Some("oned does not say which system datastore holds its disks".to_owned());
    }
    let open = disks.find(|datastore| !cut.contains(datastore))?;
    Some(format!("the host is cut off from some datastores only, and a disk of this VM is on {open}"))
}
