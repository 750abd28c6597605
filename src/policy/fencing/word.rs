//! Instead of the fence: a person's word that the host is off, or that it is not to be fenced.

use super::proof::{Evidence, Proof};
use super::proven::contradicted_by_nobody;
use crate::model::{DeviceName, PowerState};
use crate::policy::host_error::hold::take_up;
use crate::policy::notes::Phase;
use crate::policy::record::writing::{Needed, write};
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;

/// A person says that the host is off: does a device contradict?
pub(super) async fn doubt(run: &mut Run, mut devices: Vec<DeviceName>) -> Result<Option<Proof>, Stop> {
    let mut asked = Vec::new();
    while let Some(device) = devices.pop() {
        let state = run.power_state(&device, 0).await;
        run.note(Phase::Prove, format!("{device} says {state}"));
        if state == PowerState::On {
            run.note(Phase::Prove, "so the word of a person that the host is off is not taken");
            run.is_on();
            // Everything that a person's word excuses from is asked again.
            take_up(run).await?;
            return Ok(None);
        }
        asked.push(device);
    }
    accept(run, asked).await
}

/// Take a person's word, once: no device says on. It is used up before anything follows from it.
pub(super) async fn accept(run: &mut Run, devices: Vec<DeviceName>) -> Result<Option<Proof>, Stop> {
    let Some(word) = run.confirmation().cloned() else { return Ok(None) };
    if let Some(incident) = &mut run.record.incident {
        incident.confirmation = Some(word.clone());
    }
    let evidence = Evidence::Confirmed { by: word.by, reason: word.reason, devices };
    run.note(Phase::Prove, evidence.to_string());
    let proof = Proof::new(run.subject.host, run.now(), evidence);
    write(run, Needed::Yes).await?;
    contradicted_by_nobody(run, proof).await.map(Some)
}

/// `-u`
pub(super) async fn waived(run: &mut Run) -> Result<Proof, Stop> {
    run.note(Phase::Fence, format!("WARNING: {}", Evidence::Waived));
    let at = run.epoch();
    if let Some(incident) = &mut run.record.incident {
        incident.fenced = Some(at);
    }
    let proof = Proof::new(run.subject.host, run.now(), Evidence::Waived);
    contradicted_by_nobody(run, proof).await
}
