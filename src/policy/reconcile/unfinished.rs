//! An incident that is not closed: whether a run works on it, and what is left to be done.

use super::{Todo, View, Waits};
use crate::model::{
    Confirmation, DocumentId, Fencing, Host, HostState, Incident, Life, Memory, Progress, Signs,
};
use crate::policy::holder::{lives_and_is_silent, silent};
use crate::policy::limits::{DISARMED, disarmed};
use crate::policy::moments::{Bounds, beyond, rests};
use crate::policy::record::lease::{ended_by, is_doubtful, lease_left, life, may_live};
use crate::policy::record::opening::is_set_aside_by;

/// What is done about it, and why.
pub(super) fn unfinished(
    view: View<'_>,
    bounds: Bounds,
    host: Option<&Host>,
    document: DocumentId,
    incident: &Incident,
) -> (Todo, String) {
    let now = view.memory.now;
    if lives_and_is_silent(view.memory, document, incident) {
        // Its own run finds out the same, and says how to end it.
        return (Todo::GoOn, silent(view.memory, incident, "onerescue reconcile").what);
    }
    if may_live(view.memory, document, incident) {
        return (Todo::Leave, works(view.memory, document, incident));
    }
    if let Some(abort) = ended_by(view.memory, incident.host, document) {
        return (Todo::Close, format!("{} has ended it: {}", abort.by, abort.reason));
    }
    if let Some(todo) = by_its_host(host, incident) {
        return todo;
    }
    let rest = rests(now, incident, bounds).map(|left| left.as_secs());
    let waits = matches!(incident.progress, Progress::Open | Progress::Held)
        && host.is_some_and(|host| host.state == HostState::Error);
    if waits
        && !has_word(view.memory, document, incident, host)
        && let Ok(left @ 1..) = rest
    {
        return waiting(incident, left);
    }
    let wrong = rest.err().filter(|_| waits).map_or_else(String::new, |ahead| format!("; {}", beyond(ahead)));
    let wrote = if is_doubtful(view.memory, incident) {
        "by a clock that was wrong".to_owned()
    } else {
        format!("{} s ago", now.since(incident.updated).as_secs())
    };
    let gone = match &incident.outcome {
        Some(outcome) => format!("its run has ended before it was done: {outcome}{wrong}"),
        None => format!("its run is gone: {}, which wrote {wrote}{wrong}", incident.owner),
    };
    match incident.progress {
        Progress::Off => (Todo::Recover, format!("it is proven off; {gone}")),
        Progress::Fencing => (Todo::Prove, format!("\"off\" was being sent; {gone}")),
        Progress::Open | Progress::Closed => (Todo::GoOn, gone),
        Progress::Held => {
            let why = incident
                .held
                .as_ref()
                .map_or(gone, |held| format!("held for {} s: {}", now.since(held.since).as_secs(), held.why));
            (Todo::LookAgain, format!("{why}{wrong}"))
        }
    }
}

/// What the state of its host decides alone.
fn by_its_host(host: Option<&Host>, incident: &Incident) -> Option<(Todo, String)> {
    let (todo, why) = match host.map(|host| host.state) {
        None => (Todo::Close, "the host does not exist any more"),
        Some(HostState::Monitored) => (Todo::Close, "the host is MONITORED again"),
        Some(HostState::Offline) => (Todo::Close, "an operator has set the host OFFLINE"),
        Some(HostState::Disabled) if !is_set_aside_by(incident) => {
            (Todo::Close, "an operator has disabled the host")
        }
        Some(HostState::Init) => (Todo::Leave, "the host is INIT: monitoring finds out what it is"),
        Some(
            HostState::Error
            | HostState::Disabled
            | HostState::MonitoringMonitored
            | HostState::MonitoringError
            | HostState::MonitoringInit
            | HostState::MonitoringDisabled
            | HostState::Unknown(_),
        ) => return None,
    };
    Some((todo, why.to_owned()))
}

/// The host has so many seconds more, or is looked at again after them.
fn waiting(incident: &Incident, left: u64) -> (Todo, String) {
    if may_be_over(incident) {
        let why = format!(
            "the host has {left} s more to come back, unless its devices or witnesses show that it does not"
        );
        return (Todo::GoOn, why);
    }
    let held = incident.held.as_ref().filter(|_| incident.progress == Progress::Held);
    let why = held.map_or_else(
        || format!("the host has {left} s more to come back"),
        |held| format!("held: {}; looked at again in {left} s", held.why),
    );
    (Todo::Leave, why)
}

/// May a run find that its wait is over before its time? One that was held, or had its fence waived, has another reason.
fn may_be_over(incident: &Incident) -> bool {
    let fenced = incident.flags.is_some_and(|asked| asked.fencing == Fencing::Required);
    fenced && incident.progress == Progress::Open && !matches!(incident.signs, Some(Signs::Waited(_)))
}

/// What it may be waiting for. A word that its last run has read is no news, though it may not be used yet.
pub(super) fn waits_for(
    memory: &Memory,
    (document, incident): &(DocumentId, Incident),
    host: Option<&Host>,
) -> Waits {
    match incident.progress {
        Progress::Closed => Waits::No,
        Progress::Open | Progress::Held
            if words(memory, *document, incident).any(|word| word.at >= incident.updated)
                || is_armed(memory, incident, host) =>
        {
            Waits::Heard
        }
        Progress::Open | Progress::Held | Progress::Fencing | Progress::Off => Waits::Open,
    }
}

/// Has a person written something that a run would go by at once: a word that is not used, or the end of a disarming?
fn has_word(memory: &Memory, document: DocumentId, incident: &Incident, host: Option<&Host>) -> bool {
    words(memory, document, incident).next().is_some() || is_armed(memory, incident, host)
}

fn words<'a>(
    memory: &'a Memory,
    document: DocumentId,
    incident: &'a Incident,
) -> impl Iterator<Item = &'a Confirmation> {
    let all = memory.confirmations.iter().chain(&memory.proceeds);
    all.filter(move |word| is_pending(memory, document, incident, word))
}

/// Does this word count for the incident of this record, and has no run used it yet?
pub(in crate::policy) fn is_pending(
    memory: &Memory,
    document: DocumentId,
    incident: &Incident,
    word: &Confirmation,
) -> bool {
    let contradicted = incident.on.is_some_and(|on| on >= word.at);
    let used = [&incident.confirmation, &incident.proceeded];
    let used = used.iter().any(|used| used.as_ref() == Some(word));
    word.incident == document && word.expires > memory.now && !used && !contradicted
}

/// Was it held because fencing was disarmed, which it is no more where the host is now?
pub(in crate::policy) fn is_armed(memory: &Memory, incident: &Incident, host: Option<&Host>) -> bool {
    let then = incident.held.as_ref().is_some_and(|held| held.why.starts_with(DISARMED));
    let cluster = host.map_or(incident.cluster, |host| host.cluster);
    then && disarmed(&memory.disarmed, Some(cluster), &[]).is_none()
}

/// Why a record is left to its owner.
fn works(memory: &Memory, document: DocumentId, incident: &Incident) -> String {
    let left = lease_left(memory, document, incident).as_secs();
    let wrote = if is_doubtful(memory, incident) {
        format!(
            "its moments cannot be right, so a clock was wrong; nothing of it has changed here for {} s",
            memory.unchanged(document).as_secs()
        )
    } else {
        format!("wrote {} s ago", memory.now.since(incident.updated).as_secs())
    };
    if life(memory, incident) == Life::Lives {
        return format!(
            "{} works on it, and {wrote}; it is a process of this machine that lives",
            incident.owner
        );
    }
    format!(
        "{} works on it, and {wrote}; it is taken over if nothing is written for {left} s more",
        incident.owner
    )
}
