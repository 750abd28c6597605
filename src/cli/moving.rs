//! VMs on their way, as oned has them now. A record is written when something ends, and a person looks in between.

use crate::model::{HostId, Incident, IncidentVm, Progress, Vm, VmId, VmState};
use crate::policy::Failure;
use crate::policy::port::VmList;
use crate::policy::record::history::Counts;

/// The record with what is known beside it: VMs that have not ended and run elsewhere by now say so. Where oned gives no answer
/// the record stands as it is.
pub(super) fn by_now(
    incident: &Incident,
    read: impl FnOnce(&[VmId]) -> Result<VmList, Failure>,
) -> (Incident, usize) {
    let mut incident = incident.clone();
    let moved = read(&on_their_way(&incident)).map(|list| list.vms).unwrap_or_default();
    let host = incident.host;
    let mut running = 0;
    for told in incident.vms.iter_mut().filter(|told| told.end.is_none()) {
        if let Some(to) = moved.iter().find(|vm| vm.id == told.id).and_then(|vm| elsewhere(vm, host)) {
            running += 1;
            told.why = format!("RUNNING on {to} by now");
        }
    }
    (incident, running)
}

/// Those of an open incident that were sent somewhere and have not ended.
fn on_their_way(incident: &Incident) -> Vec<VmId> {
    let open = incident.progress == Progress::Off;
    let sent = |vm: &&IncidentVm| open && vm.end.is_none() && vm.order.is_some();
    incident.vms.iter().filter(sent).map(|vm| vm.id).collect()
}

fn elsewhere(vm: &Vm, dead: HostId) -> Option<HostId> {
    vm.host.filter(|host| vm.state == VmState::RUNNING && *host != dead)
}

/// `8 recovered, 3 held`
pub(super) fn vms(counts: Counts, running: usize) -> Option<String> {
    let Counts { recovered, held, failed, left, on_its_way, left_out } = counts;
    let on_their_way = match running {
        0 => "on their way".to_owned(),
        _ => format!("on their way ({running} of them run elsewhere by now)"),
    };
    let all = [
        (recovered, "recovered"),
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
