//! Is it as if it had gone well?

use super::played::{Played, Whereabouts};
use onerescue::model::HostId;

/// Who chooses where VMs go.
#[derive(Clone, Copy)]
pub(crate) enum Placed {
    /// The plan: the host has to be the same.
    ByPlan,
    /// oned's scheduler: any other host will do.
    ByScheduler,
    /// A leader that is gone may have accepted an order, and its drivers died with it: the VM runs on some host, and was led on.
    Anywhere,
}

/// Everything in which a disturbed cell differs from the undisturbed one and must not.
pub(crate) fn differences(is: &Played, right: &Played, placed: Placed) -> Vec<String> {
    let mut differs = is.broken.clone();
    for (vm, right) in &right.vms {
        let is = is.vms.get(vm);
        if is.is_none_or(|is| !same(is, right, placed)) {
            differs.push(format!("{vm} is {is:?} and should be {right:?}"));
        }
    }
    // Disabling a host that is DISABLED changes nothing, and what is written into a template is no order.
    let harmless = ["one.host.status", "one.host.update", "one.vm.update"];
    for (order, times) in
        is.orders.iter().filter(|(order, _)| !harmless.iter().any(|one| order.starts_with(one)))
    {
        let right = right.orders.get(order).copied().unwrap_or(0);
        if *times > right && !matches!(placed, Placed::Anywhere) {
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

fn same(is: &Whereabouts, right: &Whereabouts, placed: Placed) -> bool {
    match placed {
        Placed::ByPlan => is == right,
        Placed::ByScheduler | Placed::Anywhere => {
            let there = is.host.is_some_and(|host| is.domains.is_empty() || is.domains == [host]);
            let moved = |vm: &Whereabouts| vm.host == Some(HostId(0));
            is.state == right.state
                && there
                && (moved(is) == moved(right) || matches!(placed, Placed::Anywhere))
                && is.domains.len() == right.domains.len()
        }
    }
}
