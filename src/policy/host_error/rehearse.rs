//! `--dry-run`: what the real run would do, and where it would stop. Nothing is sent and nothing is written.

use super::end::End;
use crate::policy::fencing;
use crate::policy::moving::{Looked, rehearsed, survey};
use crate::policy::report::Outcome;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::run::would_stop::WouldStop;

/// Rehearse the fence and the plan.
pub(super) async fn rehearse(run: &mut Run) -> Result<End, Stop> {
    let mut stop = WouldStop::default();
    let proof = fencing::rehearse(run, &mut stop).await?;
    let outcome = match survey(run).await? {
        Looked::At(survey) => rehearsed(run, &proof, &survey, stop),
        Looked::Ended(outcome) => outcome,
        Looked::CalledOff => Outcome::Partly,
    };
    Ok(End::with(outcome, proof))
}
