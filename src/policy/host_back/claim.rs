//! May this run work on the host: does its front-end lead the zone, and does no other run work on it?

use super::look::gone;
use super::run::Run;
use crate::model::HostState;
use crate::policy::healthy;
use crate::policy::report::Outcome;

/// A follower claims nothing: what it sees may be old, and the leader has a run of its own.
pub(super) async fn must_lead(run: &Run) -> Result<(), Outcome> {
    if !run.policy.leader || run.rehearses() {
        return Ok(());
    }
    healthy::must_lead(run, run.policy.wait, &command(run)).await
}

/// No other run works on the host, by the same lock that `host_error` takes.
pub(super) async fn claim(run: &mut Run) -> Result<(), Outcome> {
    let id = run.id;
    healthy::claim(run, "host", &run.host.name, &command(run), move |world, over| world.claim(id, over))
        .await?;
    // A DISABLED one may be in our own quarantine.
    if !matches!(run.host.state, HostState::Monitored | HostState::Init | HostState::Disabled) {
        return Err(gone(run));
    }
    let monitored = run.host.state == HostState::Monitored;
    run.since = monitored.then(|| (run.now(), run.host.monitored_at));
    Ok(())
}

fn command(run: &Run) -> String {
    format!("host_back --host {}", run.host.name)
}
