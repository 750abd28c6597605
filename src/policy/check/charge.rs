//! Does oned charge every VM to the host that it is on? An oned that died in a batch of migrations has left some that not.

use super::ZoneFacts;
use super::finding::{Finding, Item};
use crate::policy::charge::{MENDS, elsewhere};

/// More than these are counted.
const NAMED: usize = 5;

/// One finding for all of them; none where every VM is charged as it should be, or none was read.
pub(super) fn judge(zone: &ZoneFacts) -> Option<Finding> {
    let survey = zone.layers.as_ref()?;
    let named = |id| {
        let host = survey.hosts.iter().find(|host| host.id == id);
        host.map_or_else(|| id.to_string(), ToString::to_string)
    };
    let wrong = survey.vms.iter().filter_map(|vm| Some((vm, vm.host?, elsewhere(vm, survey.hosts.iter())?)));
    let wrong: Vec<_> = wrong
        .map(|(vm, on, charged)| {
            format!("{} {} is on {} and charged to {}", vm.id, vm.name, named(on), named(charged))
        })
        .collect();
    let more = wrong.len().saturating_sub(NAMED);
    let mut text = wrong.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    if more > 0 {
        text = format!("{text}; and {more} more");
    }
    let advice =
        format!("{MENDS}; until then a host has less room than oned says, and oned moves such a VM no more");
    (!wrong.is_empty()).then(|| Finding::warning(Item::Charge, "vms", text, advice))
}
