//! Does oned charge every VM to the host that it is on? An oned that died in a batch of migrations has left some that not.

use super::ZoneFacts;
use super::finding::{Finding, Item};
use crate::policy::charge::{MENDS, elsewhere};
use crate::policy::layer::Survey;

/// More than these are counted.
const NAMED: usize = 5;

/// One finding for all of them; none where every VM is charged as it should be, or none was read.
pub(super) fn judge(zone: &ZoneFacts) -> Option<Finding> {
    charges(zone.layers.as_ref()?)
}

fn charges(survey: &Survey) -> Option<Finding> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Host, HostId, HostState, Vm, VmId, VmState};
    use crate::policy::LayerScope;
    use crate::wire::{documents::read, xml::Limits};

    fn vm(id: u32, state: VmState, on: u32) -> Vm {
        let text =
            format!("<VM><ID>{id}</ID><NAME>vm{id}</NAME><STATE>1</STATE><LCM_STATE>0</LCM_STATE></VM>");
        Vm { state, host: Some(HostId(on)), ..read(&text, Limits::REPLY).unwrap() }
    }

    /// Host 1 is charged with eight VMs.
    fn found(vms: Vec<Vm>) -> Option<Finding> {
        let host = |id| Host::new(HostId(id), &format!("node{id}"), HostState::Monitored);
        let full = Host { vms: (0..8).map(VmId).collect(), ..host(1) };
        let (none, scope) = (Vec::new(), LayerScope::default());
        charges(&Survey::new("7.0.0", vec![full, host(2)], Vec::new(), Vec::new(), vms, none, scope))
    }

    #[test]
    fn a_vm_that_oned_charges_to_another_host_is_named_with_what_mends_it() {
        assert_eq!(found(vec![vm(0, VmState::RUNNING, 1), vm(1, VmState::Pending, 2)]), None);
        let finding = found((0..7).map(|id| vm(id, VmState::UNKNOWN, 2)).collect()).unwrap();
        let text = &finding.text;
        assert!(
            text.starts_with("vm 0 vm0 is on node2 (host 2) and charged to node1 (host 1); vm 1 "),
            "{text}"
        );
        assert!(text.ends_with("; and 2 more"), "{text}");
        assert!(finding.advice.unwrap().contains("onedb fsck"));
    }
}
