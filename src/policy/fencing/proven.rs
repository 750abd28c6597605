//! The host is proven off: witnesses may contradict that, and then it is written down.

use super::proof::{Evidence, Proof};
use crate::model::{Progress, Scope};
use crate::policy::host_error::witnesses;
use crate::policy::notes::Phase;
use crate::policy::record::writing::{Needed, write};
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;

/// Hear witnesses about a host that is proven off, then write the proof down.
pub(super) async fn contradicted_by_nobody(run: &mut Run, mut proof: Proof) -> Result<Proof, Stop> {
    if let Some(summary) = witnesses::after_off(run, &proof).await? {
        proof.add(Evidence::Witnesses(summary));
    }
    let is = match proof.scope() {
        Scope::Host => "is off",
        Scope::Datastores(_) => "may still run, cut off from its disks",
    };
    run.note(Phase::Prove, format!("{} {is}: {proof}", run.host()));
    (run.fence.earlier, run.fence.disproven, run.fence.contradiction) = (None, false, None);
    run.fence.heard = None;
    run.fence.left_alone.clear();
    // What was begun before this proof says nothing about it.
    run.fence.readings.begun = None;
    // One word, one fence.
    run.record.proceed.1 = false;
    if !proof.is_waived() {
        run.comes_to(|stages| &mut stages.proven);
    }
    let began = run.record.clock.epoch(crate::model::Moment::default());
    let shown = (!proof.is_waived()).then(|| proof.to_string());
    let looks = run.only_looks();
    if let Some(incident) = &mut run.record.incident {
        if !looks {
            incident.progress = Progress::Off;
        }
        incident.began = Some(began);
        incident.proof = shown;
        (incident.held, incident.alive) = (None, None);
    }
    write(run, Needed::No).await?;
    Ok(proof)
}
