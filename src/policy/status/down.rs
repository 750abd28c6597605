//! VMs that are down and that no incident goes on with: aborted, held for good, failed, or held by `vm_down`. Each with the
//! one command that starts it.

use super::Facts;
use super::urgency::Urgency;
use crate::model::{
    DocumentId, End, Epoch, Host, HostState, Incident, IncidentVm, Memory, Progress, Vm, VmId, VmState,
};
use crate::policy::check::HostFacts;
use crate::policy::healthy::{Fallen, STATE, fallen, is_known_down};
use crate::policy::reconcile::waits;
use crate::policy::record::history::aborted;
use crate::policy::record::lease::{ended_by, standing};
use crate::policy::vm_down::CRASH_LOOP;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// More groups than these are only counted.
const MOST: usize = 20;

/// Why nobody goes on with a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person has ended the incident of its host.
    Aborted,
    /// Its incident has ended, and it was held.
    Held,
    /// Its incident has ended, and it has failed.
    Failed,
    /// A driver has failed.
    Driver,
    /// It crashes again and again.
    CrashLoop,
    /// It went down on a healthy host, and `vm_down` holds it.
    WentDown,
}

/// A VM by its id and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedVm {
    /// Its id.
    pub id: VmId,
    /// Its name.
    pub name: String,
}

/// VMs of one reason and one command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Down {
    /// Why nobody goes on with them.
    pub kind: Kind,
    /// The incident that left them.
    pub incident: Option<DocumentId>,
    /// The host of that incident.
    pub host: Option<String>,
    /// The VMs, by id.
    pub vms: Vec<NamedVm>,
    /// The reason of all of them.
    pub why: String,
    /// The command for all of them, or for the first of them.
    pub command: String,
    /// Each of them needs its own command.
    pub each: bool,
    /// When this front-end looks at the first of them again.
    pub next_look: Option<Epoch>,
    /// How much they need a person.
    pub urgency: Urgency,
}

/// One VM before it is put to others.
struct One {
    vm: NamedVm,
    kind: Kind,
    of: Option<(DocumentId, String)>,
    why: String,
    command: Command,
    next_look: Option<Epoch>,
}

/// What starts it.
enum Command {
    /// One for all of the incident.
    All(String),
    /// `vm_down --vm`, with the id behind it.
    Each(&'static str),
}

/// What the last incident that has a VM says of it.
type Last<'a> = BTreeMap<VmId, (DocumentId, &'a Incident, &'a IncidentVm)>;

/// The VMs of which it is to be known how they are now.
#[must_use]
pub fn wanted(memory: &Memory) -> BTreeSet<VmId> {
    last(memory).into_keys().collect()
}

fn last(memory: &Memory) -> Last<'_> {
    let mut last = Last::new();
    for (document, incident) in &memory.incidents {
        last.extend(incident.vms.iter().map(|vm| (vm.id, (*document, incident, vm))));
    }
    last.retain(|_, (document, incident, vm)| {
        let over = incident.progress == Progress::Closed || word(memory, *document, incident).is_some();
        over && !matches!(vm.end, Some(End::Recovered | End::Left))
    });
    last
}

/// Who has ended it, and why.
fn word(memory: &Memory, document: DocumentId, incident: &Incident) -> Option<String> {
    let word = aborted(memory, document).or_else(|| ended_by(memory, incident.host, document))?;
    Some(format!("{} has ended it: {}", word.by, word.reason))
}

/// The groups, the largest of the most urgent first, and the VMs of those that are too many.
pub(super) fn down(facts: &Facts, memory: &Memory, hosts: &[HostFacts], vms: &[Vm]) -> (Vec<Down>, usize) {
    let last = last(memory);
    let now: BTreeMap<VmId, &Vm> = vms.iter().map(|vm| (vm.id, vm)).collect();
    let host = |id| hosts.iter().map(|facts| &facts.host).find(|host| host.id == id);
    let left = last.iter().filter_map(|(id, (document, incident, vm))| {
        left(memory, host(incident.host), now.get(id)?, (*document, incident, vm))
    });
    let crashed = vms.iter().filter(|vm| !last.contains_key(&vm.id));
    let crashed = crashed.filter_map(|vm| crashed_alone(facts, memory, vm.host.and_then(host), vm));
    let mut groups = grouped(left.chain(crashed));
    groups.sort_by_key(|group| (Reverse(group.urgency), Reverse(group.vms.len())));
    let more = groups.iter().skip(MOST).map(|group| group.vms.len()).sum();
    groups.truncate(MOST);
    (groups, more)
}

/// One that an incident has left.
fn left(
    memory: &Memory,
    host: Option<&Host>,
    vm: &Vm,
    (document, incident, record): (DocumentId, &Incident, &IncidentVm),
) -> Option<One> {
    let word = word(memory, document, incident);
    if word.is_none() && host.is_some_and(|host| waits(incident, host)) {
        return None;
    }
    let dead = host.is_some_and(|host| host.state == HostState::Error && vm.host == Some(host.id));
    let (kind, why) = match (fallen(vm), word, record.end) {
        // oned may take a while to see that nothing runs on a dead host.
        (Fallen::NotOurs(_), ..) if !(dead && vm.state == VmState::RUNNING) => return None,
        (Fallen::Failed(why), ..) => (Kind::Driver, why),
        (_, Some(word), _) => (Kind::Aborted, word),
        (_, None, Some(End::Failed)) => (Kind::Failed, record.why.clone()),
        (_, None, _) if record.why.is_empty() => (Kind::Held, "its incident has no reason for it".to_owned()),
        (_, None, _) => (Kind::Held, record.why.clone()),
    };
    let command = match kind {
        Kind::Driver => Command::Each("onevm recover --retry"),
        _ if dead => Command::All(incident.command()),
        Kind::Aborted | Kind::Held | Kind::Failed | Kind::CrashLoop | Kind::WentDown => {
            Command::Each("vm_down --vm")
        }
    };
    let of = Some((document, incident.name.clone()));
    Some(One { vm: named(vm), kind, of, why, command, next_look: None })
}

/// One that went down while its host was well. The incident of a host that has failed since recovers it.
fn crashed_alone(facts: &Facts, memory: &Memory, host: Option<&Host>, vm: &Vm) -> Option<One> {
    let open = |id| standing(memory, id).is_some_and(|(_, one)| one.progress != Progress::Closed);
    let Fallen::Crashed(at) = fallen(vm) else { return None };
    let loops = vm.attributes.get(STATE).is_some_and(|state| state == CRASH_LOOP);
    let held = at.is_some_and(|at| is_known_down(vm, at));
    if !loops && !held || vm.host.is_some_and(open) || host.is_some_and(|host| host.state == HostState::Error)
    {
        return None;
    }
    let kept = facts.kept.iter().find(|(id, _)| *id == vm.id).map(|(_, kept)| kept);
    let kept = kept.filter(|kept| kept.goes_on(&facts.rules.hold, facts.now));
    let (kind, why, command) = if loops {
        let why = "it crashes again and again: find out why".to_owned();
        (Kind::CrashLoop, why, Command::Each("onevm resume"))
    } else if kept.is_some() {
        let why =
            "it went down on a healthy host, and vm_down holds it: a crowd, or what may pass".to_owned();
        (Kind::WentDown, why, Command::Each("vm_down --vm"))
    } else {
        let why = "it went down on a healthy host, and vm_down held it; this front-end does not look again"
            .to_owned();
        (Kind::WentDown, why, Command::Each("vm_down --vm"))
    };
    let next_look = kept.map(|kept| facts.now.plus(kept.left(&facts.rules.hold, facts.now)));
    Some(One { vm: named(vm), kind, of: None, why, command, next_look })
}

fn named(vm: &Vm) -> NamedVm {
    NamedVm { id: vm.id, name: vm.name.clone() }
}

fn grouped(all: impl Iterator<Item = One>) -> Vec<Down> {
    let mut groups: BTreeMap<(Kind, Option<DocumentId>, String, String), Down> = BTreeMap::new();
    for One { vm, kind, of, why, command, next_look } in all {
        let (pattern, command, each) = match command {
            Command::All(command) => (command.clone(), command, false),
            Command::Each(command) => (command.to_owned(), format!("{command} {}", vm.id.0), true),
        };
        let (incident, host) = of.unzip();
        let group = groups.entry((kind, incident, why.clone(), pattern)).or_insert_with(|| Down {
            kind,
            incident,
            host,
            vms: Vec::new(),
            why,
            command,
            each,
            next_look: None,
            urgency: if next_look.is_some() { Urgency::AtWork } else { Urgency::Now },
        });
        group.vms.push(vm);
        group.next_look = [group.next_look, next_look].into_iter().flatten().min();
    }
    groups.into_values().collect()
}
