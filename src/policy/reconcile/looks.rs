//! Closed incidents with VMs that are held: whether it is time to look at those again. What a look does is in
//! [`super::super::moving::held_vms`].

use super::super::moments::{Bounds, beyond, rests};
use super::super::moving::held_vms;
use super::{Todo, View};
use crate::model::text::{is_or_are, vms};
use crate::model::{DocumentId, End, Host, HostState, Incident};
use crate::policy::record::lease::{ended_by, may_live};
use crate::policy::record::opening::is_set_aside_by;

/// Has everything been done but for VMs that are held, and is the host as it was then?
pub(in crate::policy) fn waits(incident: &Incident, host: &Host) -> bool {
    let dead = match host.state {
        HostState::Error => true,
        HostState::Disabled => is_set_aside_by(incident),
        HostState::Monitored
        | HostState::Offline
        | HostState::Init
        | HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => false,
    };
    dead && held_vms::goes_on(incident, host.error.as_deref())
}

/// A closed incident with VMs that are held.
pub(super) fn held_vms(
    view: View<'_>,
    bounds: Bounds,
    document: DocumentId,
    incident: &Incident,
) -> (Todo, String) {
    let now = view.memory.now;
    if let Some(abort) = ended_by(view.memory, incident.host, document) {
        return (Todo::Leave, format!("{} has ended it: {}", abort.by, abort.reason));
    }
    if may_live(view.memory, document, incident) {
        return (Todo::Leave, format!("{} looks at its VMs again", incident.owner));
    }
    let count = |end| incident.vms.iter().filter(|vm| vm.end == Some(end)).count();
    let (held, failed, all) = (count(End::Held), count(End::Failed), incident.vms.len());
    let unready = incident.vms.iter().filter(|vm| vm.is_not_ready()).count();
    let held = match failed {
        0 if held == 0 && unready > 0 => {
            format!("of its {}, {unready} {} not ready", vms(all), is_or_are(unready))
        }
        0 => format!("of its {}, {held} {} held", vms(all), is_or_are(held)),
        failed => format!("of its {}, {held} {} held and {failed} failed", vms(all), is_or_are(held)),
    };
    match rests(now, incident, bounds).map(|left| left.as_secs()) {
        Ok(0) => {}
        Ok(left) => return (Todo::Leave, format!("{held}; looked at again in {left} s")),
        Err(ahead) => return (Todo::LookAgain, format!("{held}; {}", beyond(ahead))),
    }
    let since = incident.waiting.as_ref().map_or(0, |looks| now.since(looks.since).as_secs());
    (Todo::LookAgain, format!("{held}, for {since} s now"))
}
