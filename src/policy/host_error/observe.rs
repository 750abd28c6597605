//! The first look at the host: is it in ERROR? And what a state of a host means for a recovery.

use crate::model::Moment;
use crate::model::text::vms;
use crate::model::{Host, HostState};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Source, Trouble};
use crate::policy::record::opening::Opening;
use crate::policy::record::opening::Over;
use crate::policy::report::{Disabled, Outcome};
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::settings::Purpose;
use std::time::Duration;

/// oned sends the event before it writes the host's new state: for this long a host that looks healthy is looked
/// at again. Source: `HostPool::update`.
const COMMIT: Duration = Duration::from_secs(30);

/// Look at the host. Where nothing is to be recovered, the record may show otherwise: `opening` has that then.
pub(super) async fn first_look(run: &mut Run, opening: &mut Opening) -> Result<(), Stop> {
    let host = loop {
        let host = match run.read_host(Phase::Observe).await? {
            Ok(host) => host,
            Err(failure) => return unread(run, opening, failure),
        };
        is_called(run, &host);
        run.note(Phase::Observe, format!("{host} is {}{}", host.state, error_text(&host)));
        run.suspect.heard = host.monitored_at;
        run.suspect.cluster = Some(host.cluster);
        run.suspect.error.clone_from(&host.error);
        let early = run.subject.source == Source::Event && run.now() < Moment(COMMIT);
        if !early || !matches!(host.state, HostState::Monitored | HostState::Init) {
            break host;
        }
        run.pause(run.policy.wait.look).await?;
    };
    if run.policy.purpose == Purpose::Rehearse {
        return Ok(());
    }
    let aside = set_aside(run, &host).map(Outcome::Held);
    if let Some(outcome) = aside.or_else(|| not_dead(&host).map(Outcome::NothingToDo)) {
        if !asks_the_record(run, &host) {
            return Err(Stop::Ended(outcome));
        }
        opening.over = Some(Over { outcome, state: Some(host.state) });
    }
    Ok(())
}

/// The host has a name; somebody may have given it another one.
pub(super) fn is_called(run: &mut Run, host: &Host) {
    if host.name != run.subject.name {
        run.note(Phase::Observe, format!("{} is called {} now", run.host(), host.name));
        run.subject.name.clone_from(&host.name);
    }
}

fn unread(run: &Run, opening: &mut Opening, failure: Failure) -> Result<(), Stop> {
    let outcome = unreadable(failure);
    if run.subject.source != Source::Reconcile || !matches!(outcome, Outcome::NothingToDo(_)) {
        return Err(Stop::Ended(outcome));
    }
    opening.over = Some(Over { outcome, state: None });
    Ok(())
}

/// Does this state end an incident that an earlier run has left open, or may it be that run's own doing? INIT may
/// become ERROR again at any moment.
fn asks_the_record(run: &Run, host: &Host) -> bool {
    let over = matches!(host.state, HostState::Monitored | HostState::Offline);
    host.state == HostState::Disabled || over && run.subject.source == Source::Reconcile
}

/// A person asks for a host that is DISABLED or OFFLINE and still has VMs: that is not "nothing to do".
fn set_aside(run: &Run, host: &Host) -> Option<Failure> {
    let aside = matches!(host.state, HostState::Disabled | HostState::Offline);
    let asked = run.subject.source == Source::Person && run.policy.purpose == Purpose::Recover;
    (aside && asked && !host.vms.is_empty()).then(|| Failure {
        trouble: Trouble::Refused,
        what: format!(
            "{host} is {}, which is a person's decision or an earlier run's, and has {}",
            host.state,
            vms(host.vms.len())
        ),
        advice: format!(
            "only if it is dead, `onehost forceupdate {}`: that enables it, monitoring finds its failure again, and the hook runs",
            host.name
        ),
    })
}

/// Why this host is not ours to recover, where it may be this run that has disabled it.
pub(in crate::policy) fn dead(run: &Run, host: &Host) -> Option<String> {
    let ours = host.state == HostState::Disabled && run.suspect.disabled != Disabled::No;
    match ours {
        true if run.heard_again(host) => {
            Some("it is monitored again, although this run has disabled it".to_owned())
        }
        true => None,
        false => not_dead(host),
    }
}

/// Why a host in this state is not ours to recover; `None` for ERROR.
pub(in crate::policy) fn not_dead(host: &Host) -> Option<String> {
    let reason = match host.state {
        HostState::Error => return None,
        HostState::Monitored => "it is MONITORED, not in ERROR",
        HostState::Init => "it is INIT: monitoring starts again, and a new event comes if that fails",
        HostState::Disabled => {
            return Some(format!(
                "it is DISABLED, by an operator or by an earlier run; only if it is dead: `onehost forceupdate {}` enables \
                 it, and monitoring finds its failure again",
                host.name
            ));
        }
        HostState::Offline => "an operator has set it OFFLINE",
        HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => {
            return Some(format!("its {} is not one that leads to a recovery", host.state));
        }
    };
    Some(reason.to_owned())
}

/// A failure to read, once patience is over. A host that is gone was deleted by somebody.
pub(in crate::policy) fn unreadable(failure: Failure) -> Outcome {
    match failure.trouble {
        Trouble::Gone => Outcome::NothingToDo("the host does not exist any more".to_owned()),
        Trouble::Unreachable | Trouble::Refused | Trouble::Settings => Outcome::NoCloud(failure),
    }
}

fn error_text(host: &Host) -> String {
    host.error.as_ref().map_or_else(String::new, |text| format!(": {}", text.trim()))
}
