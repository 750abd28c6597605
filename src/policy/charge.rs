//! VMs that oned charges to another host than the one that they are on: an oned that died had accepted a migration and not
//! moved the capacity.
//!
//! A VM's place is its last history record. The host that it is charged to seems fuller than it is, the one that it is on
//! emptier; oned does not give it up when that one fails, and moves it no more.

use crate::model::{Host, HostId, Vm};
use crate::policy::states::{self, Class};

/// The command that mends it; only with oned stopped.
pub(super) const MENDS: &str = "with oned stopped, `onedb fsck` mends that";

/// The host that oned charges this VM to, if that is not the one that it is on.
pub(super) fn elsewhere<'a>(vm: &Vm, hosts: impl Iterator<Item = &'a Host> + Clone) -> Option<HostId> {
    match states::class(vm.state) {
        Class::Lost | Class::Running | Class::Transient | Class::Failure | Class::Stopped => {}
        Class::Resubmit | Class::NotPlaced | Class::Done | Class::Strange => return None,
    }
    let on = hosts.clone().find(|host| Some(host.id) == vm.host)?;
    let charged = |host: &&Host| host.vms.contains(&vm.id);
    if charged(&on) { None } else { hosts.into_iter().find(charged).map(|host| host.id) }
}
