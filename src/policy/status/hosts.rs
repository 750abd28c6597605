//! Hosts that are dead, held or worked on: what `reconcile` would do about each, in the words of who is called at night.

use super::Facts;
use super::urgency::Urgency;
use crate::model::{ClusterId, DocumentId, End, Epoch, Host, HostId, HostState, Incident, Memory, Progress};
use crate::policy::check::HostFacts;
use crate::policy::holder::{lives_and_is_silent, silent};
use crate::policy::reconcile::{Decision, Todo, View, decide};
use serde::Serialize;
use std::cmp::Reverse;

/// How far the failure of a host has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is in ERROR, and nobody has begun.
    Unheard,
    /// It may come back; "off" was not sent.
    Waits,
    /// Something keeps it from being fenced.
    Held,
    /// "Off" is being sent.
    Fencing,
    /// It is proven off, and its VMs are moved.
    Recovering,
    /// All is done but for VMs that are held, which are looked at again.
    VmsHeld,
    /// Its incident is closed, and it is dead still.
    Dead,
    /// It is back, and not left alone yet.
    Back,
}

/// One host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenHost {
    /// Its id.
    pub id: HostId,
    /// Its name; that of the record if it is gone.
    pub name: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// As oned has it: `ERROR`; none if it is gone.
    pub state: Option<String>,
    /// How far its failure has come.
    pub stage: Stage,
    /// Its incident.
    pub incident: Option<DocumentId>,
    /// Since when.
    pub since: Option<Epoch>,
    /// Why it is so.
    pub why: String,
    /// When it is looked at again by itself, where that is known.
    pub next_look: Option<Epoch>,
    /// Its VMs that run again, or were deleted as asked.
    pub vms_done: usize,
    /// Its VMs that are on their way, held or failed.
    pub vms_left: usize,
    /// The one thing to do, where a person can do something.
    pub advice: Option<String>,
    /// How much it needs a person.
    pub urgency: Urgency,
}

/// Every host that is dead, has an open incident, or is back and not left alone yet; the most urgent first.
pub(super) fn open(facts: &Facts, memory: &Memory, hosts: &[HostFacts]) -> Vec<OpenHost> {
    let all: Vec<Host> = hosts.iter().map(|facts| facts.host.clone()).collect();
    let view = View { hosts: &all, failing: &facts.failing, memory, busy: &facts.busy };
    let one = |decision: Decision| {
        let host = all.iter().find(|host| host.id == decision.host);
        let mut records = memory.incidents.iter();
        let record = records.find(|(document, _)| Some(*document) == decision.incident);
        // A closed record may be of an earlier failure.
        let record = record.filter(|(_, one)| {
            one.progress != Progress::Closed || host.is_some_and(|host| host.error == one.error)
        });
        told(memory, &decision, host, record)
    };
    let mut open: Vec<_> = decide(view, facts.reconcile).into_iter().map(one).collect();
    open.sort_by_key(|host| (Reverse(host.urgency), host.since, host.id));
    open
}

fn told(
    memory: &Memory,
    decision: &Decision,
    host: Option<&Host>,
    record: Option<&(DocumentId, Incident)>,
) -> OpenHost {
    let stage = stage(decision, host, record.map(|(_, incident)| incident));
    let count = |of: &dyn Fn(Option<End>) -> bool| {
        record.map_or(0, |(_, incident)| incident.vms.iter().filter(|vm| of(vm.end)).count())
    };
    let left = count(&|end| !matches!(end, Some(End::Recovered | End::Left)));
    let unknown = record.is_none_or(|(_, one)| one.vms.is_empty() && one.progress != Progress::Closed);
    let charged = host.filter(|host| unknown && stage != Stage::Back && !host.vms.is_empty());
    let incident = record.map(|(_, incident)| incident);
    let (why, advice, urgency) = judged(memory, decision, stage, record);
    let until = incident.and_then(|one| one.until).filter(|until| *until > memory.now);
    OpenHost {
        id: decision.host,
        name: decision.name.clone(),
        cluster: host.map(|host| host.cluster).or(incident.map(|one| one.cluster)).unwrap_or(ClusterId(0)),
        state: host.map(|host| host.state.to_string()),
        stage,
        incident: record.map(|(document, _)| *document),
        since: incident.map(|one| {
            one.held.as_ref().filter(|_| stage == Stage::Held).map_or(one.opened, |held| held.since)
        }),
        why,
        next_look: until.filter(|_| matches!(stage, Stage::Held | Stage::VmsHeld | Stage::Waits)),
        vms_done: count(&|end| end == Some(End::Recovered)),
        vms_left: charged.map_or(left, |host| host.vms.len()),
        advice,
        urgency,
    }
}

fn stage(decision: &Decision, host: Option<&Host>, incident: Option<&Incident>) -> Stage {
    let dead = host.is_none_or(|host| host.state == HostState::Error);
    match incident.map(|incident| incident.progress) {
        Some(Progress::Open) => Stage::Waits,
        Some(Progress::Held) => Stage::Held,
        Some(Progress::Fencing) => Stage::Fencing,
        Some(Progress::Off) => Stage::Recovering,
        Some(Progress::Closed)
            if incident.is_some_and(|one| one.waiting.is_some()) && !decision.todo.is_back() =>
        {
            Stage::VmsHeld
        }
        Some(Progress::Closed) if dead => Stage::Dead,
        None if dead => Stage::Unheard,
        Some(Progress::Closed) | None => Stage::Back,
    }
}

/// Why, what to do, and how urgent.
fn judged(
    memory: &Memory,
    decision: &Decision,
    stage: Stage,
    record: Option<&(DocumentId, Incident)>,
) -> (String, Option<String>, Urgency) {
    let why = decision.why.clone();
    if let Some((document, incident)) = record
        && lives_and_is_silent(memory, *document, incident)
    {
        let failure = silent(memory, incident, "onerescue reconcile");
        return (failure.what, Some(failure.advice), Urgency::Now);
    }
    let incident = record.map(|(_, incident)| incident);
    match (stage, incident.and_then(|one| one.held.as_ref())) {
        // What is closed next needs nobody.
        (Stage::Held, _) if decision.todo == Todo::Close => (why, None, Urgency::AtWork),
        (Stage::Held, Some(held)) => (held.why.clone(), Some(held.advice.clone()), Urgency::Now),
        (Stage::Held, None) => (why, None, Urgency::Now),
        (Stage::VmsHeld, _) => {
            let show =
                record.map(|(document, _)| format!("`onerescue show {}` says why of each", document.0));
            (incident.map_or(why, reasons), show, Urgency::Now)
        }
        (Stage::Dead, _) => {
            let ended = incident.and_then(|one| one.outcome.clone()).unwrap_or(why);
            let advice = "by day: repair it; it is taken back when oned monitors it again".to_owned();
            (ended, Some(advice), Urgency::Later)
        }
        // Its incident may stand in a record that cannot be read.
        (Stage::Unheard, _) if !memory.unreadable.is_empty() => (why, None, Urgency::Now),
        (Stage::Back, _) if decision.todo == Todo::Leave => (why, None, Urgency::Later),
        (Stage::Unheard | Stage::Waits | Stage::Fencing | Stage::Recovering | Stage::Back, _) => {
            (why, None, Urgency::AtWork)
        }
    }
}

/// `vm 8 scratch: no host has room; and 2 more`
fn reasons(incident: &Incident) -> String {
    let mut held = incident.vms.iter().filter(|vm| matches!(vm.end, Some(End::Held | End::Failed)));
    let first = held.next().map(|vm| format!("{} {}: {}", vm.id, vm.name, vm.why)).unwrap_or_default();
    match held.count() {
        0 => first,
        more => format!("{first}; and {more} more"),
    }
}
