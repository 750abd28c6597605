//! VMs on their way, as oned has them now. A record is written when something ends, and a person looks in between.

use crate::model::{HostId, Incident, IncidentVm, Progress, VmId, VmState};
use crate::policy::Failure;
use crate::policy::port::VmList;
use crate::policy::record::history::Counts;
use std::collections::BTreeMap;

/// The VMs of an incident that have not ended and run elsewhere by now, with their hosts; none where oned gives no answer.
pub(super) fn elsewhere(
    incident: &Incident,
    read: impl FnOnce(&[VmId]) -> Result<VmList, Failure>,
) -> BTreeMap<VmId, HostId> {
    let ids = on_their_way(incident);
    let vms = if ids.is_empty() { Vec::new() } else { read(&ids).map(|list| list.vms).unwrap_or_default() };
    let running = vms.into_iter().filter(|vm| vm.state == VmState::RUNNING);
    running.filter_map(|vm| Some((vm.id, vm.host.filter(|host| *host != incident.host)?))).collect()
}

/// Those of an open incident that were sent somewhere and have not ended.
fn on_their_way(incident: &Incident) -> Vec<VmId> {
    let open = incident.progress == Progress::Off;
    let sent = |vm: &&IncidentVm| open && vm.end.is_none() && vm.order.is_some();
    incident.vms.iter().filter(sent).map(|vm| vm.id).collect()
}

/// `VMs: 8 recovered, 3 held`
pub(super) fn vms(counts: Counts, running: usize) -> Option<String> {
    let Counts { recovered, deleted, held, failed, left, on_its_way, left_out } = counts;
    let on_their_way = match running {
        0 => "on their way".to_owned(),
        _ => format!("on their way ({running} of them run elsewhere by now)"),
    };
    let all = [
        (recovered, "recovered"),
        (deleted, "deleted"),
        (failed, "failed"),
        (held, "held"),
        (on_its_way, &on_their_way),
        (left, "left alone"),
        (left_out, "not in the record"),
    ];
    let parts: Vec<_> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    (!parts.is_empty()).then(|| format!("VMs: {}", parts.join(", ")))
}
