//! The host has failed while it was emptied. oned tells nobody of the failure of a host that is DISABLED, so it is given back
//! to oned's monitoring, as `onehost forceupdate` does it: OFFLINE, and at once enabled. Its failure is found then, and
//! `host_error` fences it and recovers what is left on it; what is on its way stands in oned for it (MIGRATE).
//!
//! That is written down before the first of the two calls, so that a host which stays OFFLINE between them is enabled by the
//! next run. A host that a person had disabled before stays so.

use super::look::has_failed;
use super::record::write;
use super::run::Run;
use super::settle::read_once;
use crate::model::{Emptying, Evacuation, HostState};
use crate::policy::healthy::Deed;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::record::lease::standing;
use crate::policy::report::Outcome;
use crate::policy::timings::UNNAMED;

/// How the run ends.
pub(super) async fn given_back(run: &mut Run) -> Outcome {
    let error = run.host.error.clone().unwrap_or_default();
    run.note(Phase::Observe, format!("{} is {}: {}", run.named(), run.host.state, error.trim()));
    read_once(run).await;
    let ours = run.record.as_ref().is_some_and(|record| record.disabled);
    if run.host.state == HostState::Disabled && !ours {
        return Run::held(
            "the host has failed, and it was DISABLED before it was to be emptied, so oned tells nobody"
                .to_owned(),
            format!(
                "if it is dead: `onehost forceupdate {}` enables it, and its failure is found",
                run.host.name
            ),
        );
    }
    match hand_to_monitoring(run).await {
        Ok(()) => Run::held(
            "the host has failed: `host_error` recovers what is left on it".to_owned(),
            format!("nothing: oned finds its failure; `onerescue show {}` follows that", run.host.name),
        ),
        Err(said) => Run::held(
            format!("the host has failed, and it could not be given back to oned's monitoring: {said}"),
            format!("`onehost forceupdate {}`: its failure is found then", run.host.name),
        ),
    }
}

/// Enable it, so that its failure is found. Who goes on with that may find it OFFLINE.
pub(super) async fn hand_to_monitoring(run: &mut Run) -> Result<(), String> {
    let host = run.id;
    if let Some(record) = &mut run.record {
        record.stage = Emptying::GivenBack;
    }
    let deeds = match run.host.state {
        HostState::Disabled => vec![Deed::Offline { host }, Deed::Enable { host }],
        HostState::Offline => vec![Deed::Enable { host }],
        HostState::Init
        | HostState::Monitored
        | HostState::MonitoringMonitored
        | HostState::Error
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => Vec::new(),
    };
    if !deeds.is_empty() {
        // Without it nobody would know whose the OFFLINE is.
        write(run).await.map_err(|outcome| outcome.to_string())?;
        let replies = run.tend(deeds).await;
        if let Some(bad) = replies.iter().find(|reply| **reply != Reply::Accepted) {
            return Err(bad.said());
        }
    }
    if let Some(record) = &mut run.record {
        record.stage = Emptying::Over;
    }
    Ok(())
}

/// An earlier run has found that the host has failed, and was ended before it could give it back: that is done first. What an
/// incident of that failure has done with the host since is not touched.
pub(super) async fn still_given_back(run: &mut Run) -> Result<(), Outcome> {
    let given = run.record.clone().filter(|record| record.stage == Emptying::GivenBack);
    let Some(record) = given.filter(|_| !run.rehearses()) else { return Ok(()) };
    let memory = run.remember().await?;
    let handled = standing(&memory, run.id).is_some_and(|(_, incident)| incident.updated >= record.updated);
    let ours = run.host.state == HostState::Disabled && record.disabled && has_failed(&run.host);
    let offline = run.host.state == HostState::Offline;
    if !handled && !offline && memory.now.since(record.updated) < UNNAMED {
        // An OFFLINE whose answer was lost may still be carried out.
        run.record = None;
        let what = "the host had failed while it was emptied, and was being given back to oned's monitoring";
        return Err(Outcome::NothingToDo(what.to_owned()));
    }
    let said = if !handled && (offline || ours) { hand_to_monitoring(run).await } else { Ok(()) };
    Err(match said {
        Ok(()) => {
            if let Some(record) = &mut run.record {
                record.stage = Emptying::Over;
            }
            Run::held(
                "the host had failed while it was emptied, and is given back to oned's monitoring".to_owned(),
                format!("`onehost show {}`; when it is well, the same command again", run.host.name),
            )
        }
        Err(said) => Run::held(
            format!("the host had failed, and it could not be given back to oned's monitoring: {said}"),
            format!("`onehost forceupdate {}`", run.host.name),
        ),
    })
}

/// An earlier run has put the host out of service, and was ended; it has failed since, and nobody else hears of that.
pub(super) async fn failed_since(run: &mut Run) -> Result<(), Outcome> {
    let under = |record: &Evacuation| record.stage == Emptying::Under && record.disabled;
    let ours = run.record.as_ref().is_some_and(under) && run.host.state == HostState::Disabled;
    if ours && has_failed(&run.host) && !run.rehearses() { Err(given_back(run).await) } else { Ok(()) }
}
