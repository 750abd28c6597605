//! The host as it is: may this run empty it, and may it go on?

use super::given_back::given_back;
use super::record::{beat, still_ours};
use super::run::Run;
use crate::model::{Holder, Host, HostState};
use crate::policy::healthy::{self, Claimed, Deed};
use crate::policy::holder::by;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::port::World;
use crate::policy::report::Outcome;
use std::time::Duration;

/// A host that lives is heard within this time, and one that does not is found to have failed. Source: the periods of
/// `monitord.conf`, and the time-out of a connection to a host that does not answer.
const HEARD: Duration = Duration::from_secs(600);

/// Only a host that oned hears is emptied.
pub(super) async fn first_look(run: &mut Run) -> Result<(), Outcome> {
    look(run).await?;
    run.note(Phase::Observe, format!("{} is {}", run.named(), run.host.state));
    Ok(())
}

pub(super) async fn look(run: &mut Run) -> Result<(), Outcome> {
    let id = run.id;
    run.host = run.look(Phase::Observe, move |world| world.host(id)).await?;
    Ok(())
}

/// A follower claims nothing: what it sees may be old.
pub(super) async fn must_lead(run: &Run) -> Result<(), Outcome> {
    if !run.policy.leader || run.rehearses() {
        return Ok(());
    }
    healthy::must_lead(run, run.policy.wait, &run.command()).await
}

/// No other run works on the host, by the same lock that `host_error` takes.
pub(super) async fn claim(run: &mut Run) -> Result<(), Outcome> {
    let id = run.id;
    let question = move |world: &mut dyn World, over: &[Holder]| world.claim(id, over);
    match healthy::claim(run, &run.host.name, &run.command(), question).await? {
        Claimed::Ours => Ok(()),
        Claimed::Busy(locked) => {
            let name = &run.host.name;
            let what = format!("another run is working on this host{}", by(&locked));
            Err(Run::held(what, format!("`onerescue show {name}` says what it does; wait for its end")))
        }
    }
}

/// Why a host in this state is not emptied; one that has failed is `host_error`'s.
fn unfit(host: &Host) -> Option<&'static str> {
    match host.state {
        HostState::Monitored => None,
        HostState::Disabled if host.error.is_none() => None,
        HostState::Disabled => Some("oned does not hear it any more"),
        HostState::Error => Some("it is in ERROR"),
        HostState::Offline => Some("somebody has set it OFFLINE"),
        HostState::Init
        | HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => Some("oned does not know yet how it is"),
    }
}

/// A host that oned does not hear cannot be emptied.
pub(super) fn must_be_fit(run: &Run) -> Result<(), Outcome> {
    match unfit(&run.host) {
        Some(why) => Err(Run::held(why.to_owned(), format!("`onehost show {}`", run.host.name))),
        None => Ok(()),
    }
}

/// Has it failed?
pub(super) fn has_failed(host: &Host) -> bool {
    host.state == HostState::Error || host.state == HostState::Disabled && host.error.is_some()
}

/// The host takes no new VM from now on.
pub(super) async fn disable(run: &mut Run) -> Result<(), Outcome> {
    if run.host.state == HostState::Disabled {
        return Ok(());
    }
    let replies = run.tend(vec![Deed::Disable { host: run.id }]).await;
    match replies.first() {
        // Whether an answer that was lost was a yes is read back.
        Some(Reply::Accepted | Reply::Unknown(_)) => Ok(()),
        reply => {
            let said = reply.map_or_else(String::new, Reply::said);
            Err(Run::held(format!("it could not be disabled: {said}"), format!("`{}` again", run.command())))
        }
    }
}

/// The host is read before each batch of orders: it lives, it is out of service, and this run is the one that empties it.
pub(super) async fn look_around(run: &mut Run) -> Result<(), Outcome> {
    look(run).await?;
    run.hears_it(HEARD);
    if has_failed(&run.host) {
        return Err(given_back(run).await);
    }
    must_lead(run).await?;
    still_ours(run).await?;
    beat(run).await?;
    if run.stopped.is_some() {
        return Ok(());
    }
    match (run.host.state, unfit(&run.host)) {
        (HostState::Monitored, _) if run.out_of_service => {
            run.stop(Run::held(
                "somebody has enabled it, so it is not emptied any more".to_owned(),
                format!("`{}` begins anew", run.command()),
            ));
            Ok(())
        }
        // oned may not have taken it, or the answer is of before.
        (HostState::Monitored, _) if run.may_try_again() => disable(run).await,
        (HostState::Monitored, _) => {
            let what = "oned has accepted that it is disabled, and it is MONITORED all the same".to_owned();
            Err(Run::held(what, format!("`onehost disable {}`, then `{}`", run.host.name, run.command())))
        }
        (_, Some(why)) => {
            run.stop(Run::held(why.to_owned(), format!("`onehost show {}`", run.host.name)));
            Ok(())
        }
        (_, None) => {
            (run.out_of_service, run.unsent) = (true, None);
            Ok(())
        }
    }
}
