//! One decision with its reason for every host.

use super::age::Age;
use super::looks::{held_vms, waits};
use super::unfinished::{unfinished, waits_for};
use super::{Decision, ReconcileRules, Todo, View, Waits};
use crate::model::{
    DocumentId, Emptying, End, Evacuation, Host, HostId, HostState, Incident, Memory, Progress,
};
use crate::policy::host_back::{Due, due};
use crate::policy::limits::unreadable;
use crate::policy::record::evacuation;
use crate::policy::record::lease::{ended_by, may_live, standing};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One decision for every host that is in ERROR, has an open incident, or is back and waits for us, in the order in which
/// they are worked on.
#[must_use]
pub fn decide(view: View<'_>, rules: ReconcileRules) -> Vec<Decision> {
    let mut last: BTreeMap<HostId, &(DocumentId, Incident)> = BTreeMap::new();
    for (_, incident) in &view.memory.incidents {
        if let Some(counts) = standing(view.memory, incident.host) {
            last.insert(incident.host, counts);
        }
    }
    let open = last.iter().filter(|(_, (_, incident))| incident.progress != Progress::Closed);
    let failing = view.hosts.iter().filter(|host| host.state == HostState::Error);
    let back = view.hosts.iter().filter(|host| due(host, view.memory.now, rules.back).is_some());
    let waiting =
        view.hosts.iter().filter(|host| last.get(&host.id).is_some_and(|(_, last)| waits(last, host)));
    let emptied = view.hosts.iter().filter(|host| emptied(view.memory, host).is_some());
    let ids: BTreeSet<HostId> = open
        .map(|(host, _)| *host)
        .chain(failing.chain(back).chain(waiting).chain(emptied).map(|host| host.id))
        .collect();
    let one = |id: HostId| {
        let host = view.hosts.iter().find(|host| host.id == id);
        let record = last.get(&id).copied();
        let (todo, why) = judge(view, rules, host, record, id);
        let name = match (host, record) {
            (Some(host), _) => host.name.clone(),
            (None, Some((_, incident))) => incident.name.clone(),
            (None, None) => id.to_string(),
        };
        let age = in_error(view, id).at_least();
        let begun = record.map_or(view.memory.now.before(age), |(_, incident)| incident.opened);
        let waited = match todo {
            Todo::Begin => age,
            Todo::Recover
            | Todo::Prove
            | Todo::GoOn
            | Todo::LookAgain
            | Todo::Close
            | Todo::Lift
            | Todo::Tail
            | Todo::Empty
            | Todo::Leave => Duration::ZERO,
        };
        let waits = record.map_or(Waits::No, |record| waits_for(view.memory, record, host));
        let incident = record.map(|(document, _)| *document);
        (todo, begun, Decision { host: id, name, incident, todo, waited, why, waits })
    };
    let mut decisions: Vec<_> = ids.into_iter().map(one).collect();
    // What began first comes first; ties go by id.
    decisions.sort_by_key(|(todo, begun, decision)| (*todo, *begun, decision.host));
    decisions.into_iter().map(|(_, _, decision)| decision).collect()
}

fn judge(
    view: View<'_>,
    rules: ReconcileRules,
    host: Option<&Host>,
    record: Option<&(DocumentId, Incident)>,
    id: HostId,
) -> (Todo, String) {
    if view.busy.contains(&id) {
        return (Todo::Leave, "a run on this front-end works on it".to_owned());
    }
    match (record, host) {
        (Some((document, incident)), host) if incident.progress != Progress::Closed => {
            let ran_on = host.and_then(|host| ran_on(view, rules, host, *document, incident));
            ran_on.unwrap_or_else(|| unfinished(view, rules.bounds, host, *document, incident))
        }
        (Some((document, incident)), Some(host)) if waits(incident, host) => {
            held_vms(view, rules.bounds, *document, incident)
        }
        (_, Some(host)) if emptied(view.memory, host).is_some() => empties(view.memory, host),
        (_, Some(host)) if host.state != HostState::Error => match due(host, view.memory.now, rules.back) {
            Some(Due::Lift(_)) if !has_failed(view.memory, id, rules.back.quarantine) => {
                let why = "its template says that it is quarantined, and no record has failures of it: a person enables it";
                (Todo::Leave, why.to_owned())
            }
            Some(Due::Lift(why)) => (Todo::Lift, why),
            Some(Due::Tail(why)) => (Todo::Tail, why),
            Some(Due::NotYet(why)) => (Todo::Leave, why),
            None => (Todo::Leave, "nothing is to be done on it".to_owned()),
        },
        (Some((_, incident)), Some(host)) if same_failure(incident, host) => {
            let ended = incident.outcome.as_deref().unwrap_or("no outcome is written down");
            (Todo::Leave, format!("its incident is closed: {ended}{}", not_recovered(incident)))
        }
        (Some(_), Some(host)) => lost(view, rules, host, "it has failed again since its last incident"),
        (None, Some(host)) => lost(view, rules, host, "it has no incident"),
        (_, None) => (Todo::Leave, "it is gone".to_owned()),
    }
}

/// The evacuation of this host that is under way. A failure of the host comes first.
fn emptied<'a>(memory: &'a Memory, host: &Host) -> Option<&'a Evacuation> {
    let (_, evacuation) = evacuation::standing(memory, host.id)?;
    let under = matches!(evacuation.stage, Emptying::Under | Emptying::GivenBack);
    (under && host.state != HostState::Error).then_some(evacuation)
}

/// Its run is gone on with, unless it may be alive on another front-end.
fn empties(memory: &Memory, host: &Host) -> (Todo, String) {
    match emptied(memory, host) {
        Some(evacuation) if !evacuation::may_live(memory, evacuation) => (
            Todo::Empty,
            format!("it is being emptied by the word of {}, and its run is gone", evacuation.by),
        ),
        Some(_) => (Todo::Leave, "a run on another front-end empties it".to_owned()),
        None => (Todo::Leave, "nothing is to be done on it".to_owned()),
    }
}

/// Since a quarantine that is over was noticed so late, this much time may have passed.
const LATE: Duration = Duration::from_secs(24 * 3600);

/// Has the host failed so lately that its quarantine can be ours? A host's probes may write its template, and a host that
/// a person has disabled must not enable itself by that.
fn has_failed(memory: &Memory, host: HostId, quarantine: Duration) -> bool {
    let own = memory.incidents.iter().filter(|(_, incident)| incident.host == host);
    let mut events = own.flat_map(|(_, incident)| &incident.events);
    events.any(|at| memory.now.since(*at) <= quarantine.saturating_add(LATE))
}

/// `TEMPLATE/ERROR` begins with a date and is written once for each failure.
pub(super) fn same_failure(incident: &Incident, host: &Host) -> bool {
    incident.error == host.error
}

/// VMs were moved off a host that ran: `host_back` finds out which run twice, and ends the incident.
fn ran_on(
    view: View<'_>,
    rules: ReconcileRules,
    host: &Host,
    document: DocumentId,
    incident: &Incident,
) -> Option<(Todo, String)> {
    incident.alive?;
    let known =
        may_live(view.memory, document, incident) || ended_by(view.memory, host.id, document).is_some();
    if known || !matches!(host.state, HostState::Monitored | HostState::Disabled) {
        return None;
    }
    let why = "VMs of it were moved away while it ran: which of them run twice?".to_owned();
    Some(match due(host, view.memory.now, rules.back) {
        Some(Due::NotYet(not_yet)) => (Todo::Leave, not_yet),
        None if host.state == HostState::Disabled => {
            (Todo::Leave, format!("a person has disabled it. {why}"))
        }
        Some(Due::Lift(_) | Due::Tail(_)) | None => (Todo::Tail, why),
    })
}

/// A host in ERROR whose event nobody took.
fn lost(view: View<'_>, rules: ReconcileRules, host: &Host, what: &str) -> (Todo, String) {
    if let Some(failure) = unreadable(view.memory) {
        return (Todo::Leave, format!("in ERROR, and its incident may not be known here: {}", failure.what));
    }
    let age = in_error(view, host.id);
    let seconds = age.at_least().as_secs();
    let time = match age {
        Age::Dated(_) => format!("in ERROR for {seconds} s"),
        Age::Seen(_) => format!("in ERROR since an unknown time, and seen so for {seconds} s"),
    };
    if age.at_least() < rules.age {
        return (Todo::Leave, format!("{time}; its hook has {} s", rules.age.as_secs()));
    }
    (Todo::Begin, format!("{time}, and {what}: its event was lost"))
}

/// The VMs that are held or failed in a closed incident, which nothing goes on with.
fn not_recovered(incident: &Incident) -> String {
    let left = incident.vms.iter().filter(|vm| matches!(vm.end, Some(End::Held | End::Failed)));
    let names: Vec<_> = left.map(|vm| format!("{} {}", vm.id, vm.name).trim_end().to_owned()).collect();
    if names.is_empty() {
        return String::new();
    }
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    format!("; not recovered: {names}{more}; `onerescue show {}` has the reasons", incident.name)
}

/// More VMs than this are only counted.
const NAMED: usize = 5;

fn in_error(view: View<'_>, host: HostId) -> Age {
    let failing = view.failing.get(&host).cloned().unwrap_or_default();
    Age::of(&failing, view.memory.now)
}
