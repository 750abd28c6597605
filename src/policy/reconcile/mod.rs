//! What `onerescue reconcile` works on: incidents whose run is gone, what is held, and hosts in ERROR that nobody has
//! heard of; then hosts that are back.
//!
//! Pure: one decision with its reason for every such host. Working on a host is the same procedure as a hook's; the incident's lock decides where two begin at the same time.

mod age;
mod looks;
mod options;
#[cfg(test)]
mod tests;
mod turns;

pub use age::Failing;
pub use options::options;
pub use turns::{LOOK, Turns, stays};

use age::Age;
use looks::{held_vms, waits};

use super::WaitRules;
use super::holder::{lives_and_is_silent, silent};
use super::host_back::{self, Due, due};
use super::limits::{DISARMED, disarmed, unreadable};
use super::moments::{Bounds, beyond, rests};
use crate::model::{Confirmation, DocumentId, Host, HostId, HostState, Incident, Life, Memory, Progress};
use crate::policy::record::lease::{ended_by, is_doubtful, lease_left, life, may_live, standing};
use crate::policy::record::opening::is_set_aside_by;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What reconcile sees.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Every host of the zone.
    pub hosts: &'a [Host],
    /// Since when hosts are in ERROR, as far as that is known.
    pub failing: &'a BTreeMap<HostId, Failing>,
    /// What is remembered.
    pub memory: &'a Memory,
    /// Hosts that a process of this front-end works on now.
    pub busy: &'a BTreeSet<HostId>,
}

/// What one look at the zone has shown.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What is remembered.
    pub memory: Memory,
    /// Every host of the zone.
    pub hosts: Vec<Host>,
    /// Hosts whose document cannot be read: `host 3: <NAME> is missing`.
    pub unread_hosts: Vec<String>,
    /// Those in ERROR.
    pub failing: BTreeMap<HostId, Failing>,
}

impl Look {
    /// The same, with the hosts that a process of this front-end works on now.
    #[must_use]
    pub fn view<'a>(&'a self, busy: &'a BTreeSet<HostId>) -> View<'a> {
        View { hosts: &self.hosts, failing: &self.failing, memory: &self.memory, busy }
    }
}

/// Does a record know of this failure? Then it does not matter since when the host is in ERROR.
#[must_use]
pub fn is_known(memory: &Memory, host: &Host) -> bool {
    let known = |incident: &Incident| incident.progress != Progress::Closed || same_failure(incident, host);
    standing(memory, host.id).is_some_and(|(_, incident)| known(incident))
}

/// `[reconcile]`, as far as it is a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconcileRules {
    /// A host in ERROR for less than this is left to its hook.
    ///
    /// The hook may be just starting.
    pub age: Duration,
    /// Hosts at the same time, 1 to 10.
    pub parallel: u32,
    /// How late a record may say that it is looked at again.
    pub bounds: Bounds,
    /// How late a host may say that something is due on it.
    pub back: host_back::Rules,
}

/// Two minutes are longer than a hook waits for a slot while others only look; four hosts keep at most as many
/// connections to oned busy as one host's run does with its VMs.
impl Default for ReconcileRules {
    fn default() -> Self {
        let (bounds, back) = (Bounds::default(), host_back::Rules::default());
        Self { age: Duration::from_secs(120), parallel: 4, bounds, back }
    }
}

/// Whether a host is worked on, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Todo {
    /// It is proven off, and its VMs wait.
    Recover,
    /// "Off" was sent, or was about to be.
    Prove,
    /// A run has begun and is gone.
    GoOn,
    /// Nobody has heard of it.
    Begin,
    /// It is held: look again.
    LookAgain,
    /// Nothing is to be recovered any more; the incident is still open.
    Close,
    /// The quarantine of a host that is back is over.
    Lift,
    /// It is back, and its failure has left something to do.
    Tail,
    /// Not now, or not by us.
    Leave,
}

impl Todo {
    /// For people: `go on`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recover => "recover",
            Self::Prove => "prove",
            Self::GoOn => "go on",
            Self::Begin => "begin",
            Self::LookAgain => "look again",
            Self::Close => "close",
            Self::Lift => "lift",
            Self::Tail => "look after",
            Self::Leave => "leave",
        }
    }

    /// Is it about a host that is back? Then `host_back` does it.
    #[must_use]
    pub fn is_back(self) -> bool {
        match self {
            Self::Lift | Self::Tail => true,
            Self::Recover
            | Self::Prove
            | Self::GoOn
            | Self::Begin
            | Self::LookAgain
            | Self::Close
            | Self::Leave => false,
        }
    }
}

/// What is done about one host, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The host.
    pub host: HostId,
    /// Its name; that of the record if the host is gone.
    pub name: String,
    /// Its incident.
    pub incident: Option<DocumentId>,
    /// What is done.
    pub todo: Todo,
    /// How long its host has been in ERROR without anybody at it. Who begins need not wait that long once more.
    pub waited: Duration,
    /// Why.
    pub why: String,
    /// What an open incident may be waiting for, where nothing is done now.
    pub waits: Waits,
}

/// Does a decision wait for a time or a person's word?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Its incident is closed, or there is none.
    No,
    /// Its incident is open: it may have to be worked on at any moment.
    Open,
    /// A person's word is there that no run has used.
    Heard,
}

/// What is left of the wait for a host to come back that has been in ERROR for this long already.
#[must_use]
pub fn left(wait: WaitRules, waited: Duration) -> WaitRules {
    let left = wait.whole().saturating_sub(waited).as_millis().div_ceil(wait.cycle.as_millis().max(1));
    WaitRules { cycles: u32::try_from(left).unwrap_or(wait.cycles), ..wait }
}

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
    let ids: BTreeSet<HostId> =
        open.map(|(host, _)| *host).chain(failing.chain(back).chain(waiting).map(|host| host.id)).collect();
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
            | Todo::Leave => Duration::ZERO,
        };
        let waits =
            record.map_or(Waits::No, |(document, incident)| waits_for(view.memory, *document, incident));
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
            (Todo::Leave, format!("its incident is closed: {ended}"))
        }
        (Some(_), Some(host)) => lost(view, rules, host, "it has failed again since its last incident"),
        (None, Some(host)) => lost(view, rules, host, "it has no incident"),
        (_, None) => (Todo::Leave, "it is gone".to_owned()),
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
fn same_failure(incident: &Incident, host: &Host) -> bool {
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

/// An incident that is not closed.
fn unfinished(
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
    match host.map(|host| host.state) {
        None => return (Todo::Close, "the host does not exist any more".to_owned()),
        Some(HostState::Monitored) => return (Todo::Close, "the host is MONITORED again".to_owned()),
        Some(HostState::Offline) => return (Todo::Close, "an operator has set the host OFFLINE".to_owned()),
        Some(HostState::Disabled) if !is_set_aside_by(incident) => {
            return (Todo::Close, "an operator has disabled the host".to_owned());
        }
        Some(HostState::Init) => {
            return (Todo::Leave, "the host is INIT: monitoring finds out what it is".to_owned());
        }
        Some(
            HostState::Error
            | HostState::Disabled
            | HostState::MonitoringMonitored
            | HostState::MonitoringError
            | HostState::MonitoringInit
            | HostState::MonitoringDisabled
            | HostState::Unknown(_),
        ) => {}
    }
    let rest = rests(now, incident, bounds).map(|left| left.as_secs());
    let waits = matches!(incident.progress, Progress::Open | Progress::Held)
        && host.is_some_and(|host| host.state == HostState::Error);
    if waits
        && !has_word(view.memory, document, incident)
        && let Ok(left @ 1..) = rest
    {
        let held = incident.held.as_ref().filter(|_| incident.progress == Progress::Held);
        let why = held.map_or_else(
            || format!("the host has {left} s more to come back"),
            |held| format!("held: {}; looked at again in {left} s", held.why),
        );
        return (Todo::Leave, why);
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

fn waits_for(memory: &Memory, document: DocumentId, incident: &Incident) -> Waits {
    match incident.progress {
        Progress::Closed => Waits::No,
        Progress::Open | Progress::Held if has_word(memory, document, incident) => Waits::Heard,
        Progress::Open | Progress::Held | Progress::Fencing | Progress::Off => Waits::Open,
    }
}

/// Has a person written something that a run would go by at once: a word that is not used, or the end of a disarming?
fn has_word(memory: &Memory, document: DocumentId, incident: &Incident) -> bool {
    let used = [&incident.confirmation, &incident.proceeded];
    let counts = |word: &&Confirmation| {
        let contradicted = incident.on.is_some_and(|on| on >= word.at);
        let used = used.iter().any(|used| used.as_ref() == Some(*word));
        word.incident == document && word.expires > memory.now && !used && !contradicted
    };
    let disarmed_then = incident.held.as_ref().is_some_and(|held| held.why.starts_with(DISARMED));
    let disarmed_now = disarmed(&memory.disarmed, Some(incident.cluster), &[]).is_some();
    memory.confirmations.iter().chain(&memory.proceeds).any(|word| counts(&word))
        || disarmed_then && !disarmed_now
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

fn in_error(view: View<'_>, host: HostId) -> Age {
    let failing = view.failing.get(&host).cloned().unwrap_or_default();
    Age::of(&failing, view.memory.now)
}
