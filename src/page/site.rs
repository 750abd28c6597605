//! The index of a site: every incident, each cluster, what the loss of each host would hold, and the devices.

use super::sentences::state;
use super::when::{in_words, took};
use super::{Kind, clean};
use crate::model::{ClusterId, HostId, Memory, Progress};
use crate::policy::arming::{told, utc};
use crate::policy::record::history::{Row, rows};
use std::collections::BTreeMap;

/// One incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its document, and the number of its page.
    pub document: u32,
    /// The host.
    pub name: String,
    /// When it was opened.
    pub opened: String,
    /// How it stands.
    pub kind: Kind,
    /// The same in a word.
    pub state: &'static str,
    /// From there to its end, or until now.
    pub took: String,
    /// `38 recovered, 1 held`
    pub vms: String,
    /// What holds it, or who has ended it.
    pub why: String,
}

/// One cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterRow {
    /// Its name.
    pub name: String,
    /// The look of its state.
    pub kind: Kind,
    /// Its state.
    pub state: &'static str,
    /// Why.
    pub why: String,
}

/// What the loss of one host would hold now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossRow {
    /// The host.
    pub host: String,
    /// The look of it.
    pub kind: Kind,
    /// The same in a word.
    pub state: &'static str,
    /// What that would be.
    pub why: String,
}

/// One device of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceRow {
    /// The host.
    pub host: String,
    /// The device.
    pub device: String,
    /// What it switches.
    pub target: String,
    /// When it was seen ON last.
    pub seen_on: String,
}

/// The whole index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// When it was made.
    pub at: String,
    /// Incidents that are not closed, or whose VMs wait.
    pub open: usize,
    /// Each incident, the newest first.
    pub incidents: Vec<IncidentRow>,
    /// Each cluster.
    pub clusters: Vec<ClusterRow>,
    /// What the loss of each host would hold.
    pub losses: Vec<LossRow>,
    /// Each device that was seen ON.
    pub devices: Vec<DeviceRow>,
    /// Pages of incidents that are not remembered any more.
    pub kept: Vec<u32>,
    /// What this page does not know, and why.
    pub gaps: Vec<String>,
}

/// What a site is made from.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What is remembered.
    pub memory: &'a Memory,
    /// The names of hosts today.
    pub hosts: &'a BTreeMap<HostId, String>,
    /// The names of clusters today.
    pub clusters: &'a BTreeMap<ClusterId, String>,
    /// The pages that are in the folder.
    pub pages: &'a [u32],
    /// What could not be read.
    pub unread: &'a [String],
}

impl Site {
    /// Make it.
    #[must_use]
    pub fn new(seen: &Seen<'_>) -> Self {
        let memory = seen.memory;
        let incidents: Vec<_> = rows(memory, None).iter().map(|row| incident(memory, row)).collect();
        let remembered = |page: &&u32| memory.incidents.iter().all(|(document, _)| document.0 != **page);
        let mut gaps: Vec<_> = seen.unread.iter().map(|why| clean(why)).collect();
        let unreadable = memory.unreadable.iter();
        gaps.extend(unreadable.map(|(document, why)| clean(&format!("{document} cannot be read: {why}."))));
        Self {
            at: in_words(memory.now),
            open: memory.incidents.iter().filter(|(_, one)| one.progress != Progress::Closed).count(),
            incidents,
            clusters: clusters(seen),
            losses: losses(seen),
            devices: devices(seen),
            kept: seen.pages.iter().filter(remembered).copied().collect(),
            gaps,
        }
    }
}

fn incident(memory: &Memory, row: &Row) -> IncidentRow {
    let found = memory.incidents.iter().find(|(document, _)| *document == row.incident);
    let (kind, state) =
        found.map_or((Kind::Left, "closed"), |(document, incident)| state(memory, *document, incident));
    let all = [
        (row.vms.recovered, "recovered"),
        (row.vms.deleted, "deleted"),
        (row.vms.failed, "failed"),
        (row.vms.held, "held"),
        (row.vms.on_its_way, "on the way"),
        (row.vms.left, "left alone"),
        (row.vms.left_out, "not in the record"),
    ];
    let vms: Vec<_> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    IncidentRow {
        document: row.incident.0,
        name: clean(&row.name),
        opened: utc(row.opened),
        kind,
        state,
        took: took(i64::try_from(row.took_s).unwrap_or(0).saturating_mul(1000)),
        vms: vms.join(", "),
        why: clean(row.held.as_ref().or(row.aborted.as_ref()).map_or("", String::as_str)),
    }
}

/// Where it is disarmed that is known; what else keeps a cluster from being recovered is not looked at here.
fn clusters(seen: &Seen<'_>) -> Vec<ClusterRow> {
    let row = |(id, name): (&ClusterId, &String)| {
        let disarmed =
            seen.memory.disarmed.iter().find(|one| one.cluster.is_none_or(|cluster| cluster == *id));
        let name = format!("{} ({id})", clean(name));
        match disarmed {
            Some(one) => ClusterRow { name, kind: Kind::Held, state: "disarmed", why: clean(&told(one)) },
            None => ClusterRow {
                name,
                kind: Kind::Left,
                state: "armed",
                why: "whether it can recover a host is not known yet: `onerescue check` looks".to_owned(),
            },
        }
    };
    seen.clusters.iter().map(row).collect()
}

fn losses(seen: &Seen<'_>) -> Vec<LossRow> {
    let row = |(id, name): (&HostId, &String)| LossRow {
        host: format!("{} ({id})", clean(name)),
        kind: Kind::Left,
        state: "not known yet",
        why: "`onerescue plan` looks".to_owned(),
    };
    seen.hosts.iter().map(row).collect()
}

/// Every device that was seen ON, and every host of which none was.
fn devices(seen: &Seen<'_>) -> Vec<DeviceRow> {
    let name = |host: HostId| {
        let name = seen.hosts.get(&host).map_or("a host that is gone", String::as_str);
        format!("{} ({host})", clean(name))
    };
    let mut all: Vec<_> = seen
        .memory
        .seen_on
        .iter()
        .map(|one| {
            let row = DeviceRow {
                host: name(one.host),
                device: clean(&one.device.0),
                target: clean(&one.target),
                seen_on: utc(one.at),
            };
            (one.host, row)
        })
        .collect();
    let none = seen.hosts.keys().filter(|host| seen.memory.seen_on.iter().all(|one| one.host != **host));
    all.extend(none.map(|host| (*host, DeviceRow { host: name(*host), ..DeviceRow::default() })));
    all.sort_by(|(one, row), (other, next)| (one, &row.device).cmp(&(other, &next.device)));
    all.into_iter().map(|(_, row)| row).collect()
}
