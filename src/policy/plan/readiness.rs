//! What is said of the gates of the VMs that one waits for: what each is ready by, and how long that took in past incidents.

use super::view::View;
use crate::model::{Incident, VmId};
use std::collections::BTreeSet;

/// So many gates are named, and so many past incidents counted.
const NAMED: usize = 5;
const PAST: usize = 3;

/// ` and is ready (vm 1: AGENT, within 41 s the last 3 times)`; nothing where they are so as soon as they run.
pub(super) fn once_ready(after: &BTreeSet<VmId>, view: &View<'_>) -> String {
    let gates = after.iter().filter_map(|vm| Some((vm, view.gates.get(vm).filter(|gate| gate.waits())?)));
    let by: Vec<String> =
        gates.take(NAMED).map(|(vm, gate)| format!("{vm}: {gate}{}", usual(*vm, view))).collect();
    if by.is_empty() {
        return String::new();
    }
    let are = if after.len() == 1 { "is" } else { "are" };
    format!(" and {are} ready ({})", by.join(", "))
}

/// How long it took after its starts in the incidents that are remembered, the last ones first.
fn usual(vm: VmId, view: &View<'_>) -> String {
    let took = |incident: &Incident| {
        let of_it = incident.vms.iter().find(|of| of.id == vm)?;
        Some((incident.opened, of_it.ready?.after?))
    };
    let mut past: Vec<_> =
        view.survey.memory.incidents.iter().filter_map(|(_, incident)| took(incident)).collect();
    past.sort_unstable_by(|one, other| other.cmp(one));
    past.truncate(PAST);
    let longest = past.iter().map(|(_, seconds)| *seconds).max();
    match (longest, past.len()) {
        (None, _) => String::new(),
        (Some(seconds), 1) => format!(", after {seconds} s the last time"),
        (Some(seconds), times) => format!(", within {seconds} s the last {times} times"),
    }
}
