//! VMs that `vm_down` holds (`HA_DOWN`) and that are down still. The word to look at them again is on one front-end only, and is
//! lost with it.

use super::ZoneFacts;
use super::finding::{Finding, Item};
use crate::model::Vm;
use crate::policy::healthy::{Fallen, fallen, is_known_down};

/// More than these are counted.
const NAMED: usize = 5;

/// One finding for all of them; none where no VM is held, or none was read.
pub(super) fn judge(zone: &ZoneFacts) -> Option<Finding> {
    held(&zone.layers.as_ref()?.vms)
}

fn held(vms: &[Vm]) -> Option<Finding> {
    let is_held = |vm: &&Vm| matches!(fallen(vm), Fallen::Crashed(Some(at)) if is_known_down(vm, at));
    let held: Vec<_> = vms.iter().filter(is_held).map(|vm| format!("{} {}", vm.id, vm.name)).collect();
    let more = held.len().saturating_sub(NAMED);
    let mut text = format!(
        "went down, and held by vm_down: {}",
        held.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ")
    );
    if more > 0 {
        text = format!("{text}, and {more} more");
    }
    let advice = "`onerescue reconcile --dry-run` on the front-end whose hook held them says when it looks again; `vm_down --vm ID` starts one";
    (!held.is_empty()).then(|| Finding::warning(Item::Down, "vms", text, advice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{documents::read, xml::Limits};

    fn vm(id: u32, action: i64, down: &str) -> Vm {
        let text = format!(
            "<VM><ID>{id}</ID><NAME>vm{id}</NAME><STATE>8</STATE><LCM_STATE>0</LCM_STATE><USER_TEMPLATE><HA_DOWN>{down}</HA_DOWN>\
             </USER_TEMPLATE><HISTORY_RECORDS><HISTORY><SEQ>0</SEQ><HID>1</HID><RETIME>9</RETIME><ACTION>{action}</ACTION>\
             </HISTORY></HISTORY_RECORDS></VM>"
        );
        read(&text, Limits::REPLY).unwrap()
    }

    #[test]
    fn only_vms_that_are_down_by_the_crash_that_is_held_are_named() {
        assert_eq!(held(&[vm(1, 20, "9"), vm(2, 44, "8"), vm(3, 44, "")]), None);
        let finding = held(&(0..7).map(|id| vm(id, 44, "9")).collect::<Vec<_>>()).unwrap();
        assert!(finding.text.contains("vm 0 vm0, vm 1 vm1"), "{}", finding.text);
        assert!(finding.text.ends_with("vm 4 vm4, and 2 more"), "{}", finding.text);
    }
}
