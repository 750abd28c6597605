//! What is known of the host's failures.

use super::run::Run;
use crate::model::{Incident, Memory, Progress};
use crate::policy::limits::unreadable;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::record::lease::standing;
use crate::policy::report::Outcome;
use crate::policy::surroundings::refused;

pub(super) async fn read_memory(run: &mut Run) -> Result<Memory, Outcome> {
    let memory = run.look(Phase::Observe, |world| world.memory()).await?;
    if let Some(failure) = refused(&memory) {
        return Err(Outcome::NotStarted(failure));
    }
    if let Some(failure) = unreadable(&memory) {
        return Err(Outcome::Held(failure));
    }
    run.clock = (memory.now, run.now());
    let last = standing(&memory, run.id);
    run.last = last.map(|(document, incident)| (incident.clone(), memory.unchanged(*document)));
    Ok(memory)
}

/// An incident in which "off" was sent has its VMs: whoever works on it decides about them.
pub(super) fn leave_to_incident(run: &Run) -> Result<(), Outcome> {
    // Who has seen that it ran sends nothing more.
    let Some(incident) = run.incident().filter(|incident| incident.alive.is_none()) else { return Ok(()) };
    match incident.progress {
        // Its run looks at the host before it sends anything, and sees that it is back.
        Progress::Open | Progress::Held | Progress::Closed => Ok(()),
        Progress::Fencing | Progress::Off => {
            let name = &run.host.name;
            let what = format!("its incident is {}, so its VMs belong to that", said(incident));
            let advice = format!(
                "if no run works on it any more: `host_error --host {name} -m`, then `host_back --host {name}`"
            );
            Err(Outcome::Held(Failure { trouble: Trouble::Unreachable, what, advice }))
        }
    }
}

/// `closed: recovered`, `not closed (progress off, by fe1 4711 1795165661)`
pub(super) fn said(incident: &Incident) -> String {
    match (incident.progress, &incident.outcome) {
        (Progress::Closed, Some(outcome)) => format!("closed: {outcome}"),
        (Progress::Closed, None) => "closed".to_owned(),
        (Progress::Open | Progress::Held | Progress::Fencing | Progress::Off, _) => {
            let progress = format!("{:?}", incident.progress).to_lowercase();
            format!("not closed (progress {progress}, by {})", incident.owner)
        }
    }
}
