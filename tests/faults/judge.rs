//! Is it as if it had gone well?

use super::played::{Played, Whereabouts, ordered};
use onerescue::model::{HostId, VmId};

/// Who chooses where VMs go.
#[derive(Clone, Copy)]
pub(crate) enum Placed {
    /// The plan: the host has to be the same.
    ByPlan,
    /// oned's scheduler: any other host will do.
    ByScheduler,
}

/// A VM that was torn is led on: so many calls more are carried out for it.
const LED: usize = 2;

/// Everything in which a disturbed cell differs from the undisturbed one and must not.
pub(crate) fn differences(is: &Played, right: &Played, placed: Placed) -> Vec<String> {
    let mut differs = is.broken.clone();
    for (vm, right) in &right.vms {
        let whereabouts = is.vms.get(vm);
        if whereabouts.is_none_or(|found| !same(found, right, placed, is.is_torn(*vm))) {
            differs.push(format!("{vm} is {whereabouts:?} and should be {right:?}"));
        }
    }
    // Disabling a host that is DISABLED changes nothing, and what is written into a template is no order.
    let harmless = ["one.host.status", "one.host.update", "one.vm.update"];
    for (order, times) in
        is.orders.iter().filter(|(order, _)| !harmless.iter().any(|one| order.starts_with(one)))
    {
        let right = right.orders.get(order).copied().unwrap_or(0);
        let led = if ordered(order).is_some_and(|vm| is.is_torn(vm)) { LED } else { 0 };
        if *times > right + led {
            differs.push(format!("{order}: carried out {times} times and not {right}"));
        }
    }
    if is.offs > right.offs {
        differs.push(format!("off: sent {} times and not {}", is.offs, right.offs));
    }
    if !is.flags.is_empty() {
        differs.push(format!("RESCHED is still set: {:?}", is.flags));
    }
    if !is.closed {
        differs.push("its record is still open".to_owned());
    }
    differs
}

impl Played {
    /// Was its work torn? It may have gone to another host than the first, or back.
    fn is_torn(&self, vm: VmId) -> bool {
        self.left.iter().any(|(torn, _)| *torn == vm)
    }
}

fn same(is: &Whereabouts, right: &Whereabouts, placed: Placed, torn: bool) -> bool {
    if matches!(placed, Placed::ByPlan) && !torn {
        return is == right;
    }
    let there = is.host.is_some_and(|host| is.domains.is_empty() || is.domains == [host]);
    let stays = |vm: &Whereabouts| vm.host == Some(HostId(0));
    is.state == right.state && there && stays(is) == stays(right) && is.domains.len() == right.domains.len()
}
