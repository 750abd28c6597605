//! The index of a site: every incident, each cluster, what the loss of each host would hold, and the devices.

use super::sentences::state;
use super::when::{in_words, took};
use super::{Kind, clean};
use crate::model::text::vms;
use crate::model::{HostId, Memory, Progress};
use crate::policy::arming::utc;
use crate::policy::losses::{HostLoss, Losses};
use crate::policy::protection::{ClusterReport, ClusterStatus};
use crate::policy::record::history::{About, Row, rows};
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
    /// The look of it.
    pub kind: Kind,
    /// `Active`
    pub state: &'static str,
    /// Why it is so, and what it can lose.
    pub why: String,
}

/// What the loss of one host would hold now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossRow {
    /// The host.
    pub host: String,
    /// The look of it.
    pub kind: Kind,
    /// How many VMs that would be.
    pub state: String,
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
    /// When that was planned; empty where it was not.
    pub planned: String,
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
    /// Each cluster as `status` has it.
    pub clusters: &'a [ClusterReport],
    /// What the loss of each host would hold, as it was planned last.
    pub losses: &'a Losses,
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
        let incidents: Vec<_> =
            rows(memory, None).into_iter().filter(|row| row.about == About::Failure).collect::<Vec<_>>();
        let incidents: Vec<_> = incidents.iter().map(|row| incident(memory, row)).collect();
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
            planned: seen.losses.planned.map(in_words).unwrap_or_default(),
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

/// Whether it is protected is judged where it is for `status`; what its hosts can lose is added.
fn clusters(seen: &Seen<'_>) -> Vec<ClusterRow> {
    seen.clusters.iter().map(|report| cluster(report, seen.losses)).collect()
}

fn cluster(report: &ClusterReport, losses: &Losses) -> ClusterRow {
    let kind = match report.status {
        ClusterStatus::Active => Kind::Recovered,
        ClusterStatus::Waiting => Kind::Waiting,
        ClusterStatus::Disabled => Kind::Held,
    };
    let (kind, more) = match losses.clusters.get(&report.id) {
        // Nothing of it is recovered, whichever host is lost.
        _ if report.status == ClusterStatus::Disabled => (kind, None),
        Some(borne) if borne.is_below() => (Kind::Failed, borne.text()),
        Some(borne) => (kind, borne.text()),
        None => (kind, Some("what it can lose is not known yet: `onerescue plan --all` looks".to_owned())),
    };
    let why: Vec<_> = std::iter::once(report.reason.clone()).chain(more).collect();
    ClusterRow {
        name: format!("{} ({})", clean(&report.name), report.id),
        kind,
        state: report.status.name(),
        why: clean(&why.join("; ")),
    }
}

/// Those that would hold something come first.
fn losses(seen: &Seen<'_>) -> Vec<LossRow> {
    let row = |(id, name): (&HostId, &String)| {
        let host = format!("{} ({id})", clean(name));
        match seen.losses.hosts.get(id) {
            Some(loss) => planned(host, loss),
            None if seen.losses.planned.is_some() => LossRow {
                host,
                kind: Kind::Recovered,
                state: "none".to_owned(),
                why: "it had no VM".to_owned(),
            },
            None => {
                let why = "`onerescue plan --all` looks".to_owned();
                LossRow { host, kind: Kind::Left, state: "not known yet".to_owned(), why }
            }
        }
    };
    let mut rows: Vec<_> = seen.hosts.iter().map(row).collect();
    rows.sort_by_key(|row| row.kind != Kind::Held);
    rows
}

fn planned(host: String, loss: &HostLoss) -> LossRow {
    if let Some(text) = loss.text() {
        return LossRow { host, kind: Kind::Held, state: vms(loss.held.len()), why: clean(&text) };
    }
    let why = format!("{} would be recovered", vms(loss.recovered));
    LossRow { host, kind: Kind::Recovered, state: "none".to_owned(), why }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClusterId, DocumentId, Epoch, Incident, VmId};
    use crate::policy::losses::{Borne, HeldVm};

    #[test]
    fn the_index_tells_what_is_known_of_clusters_and_losses_and_what_is_not() {
        let open = Incident { progress: Progress::Held, name: "node7".to_owned(), ..Incident::default() };
        let memory = Memory { incidents: vec![(DocumentId(9), open)], ..Memory::default() };
        let hosts = [(1, "a"), (2, "b"), (3, "c")].map(|(id, name)| (HostId(id), name.to_owned())).into();
        let clusters = [
            (0, ClusterStatus::Active, "4 of 4 hosts are MONITORED"),
            (101, ClusterStatus::Disabled, "the zone is disarmed"),
            (102, ClusterStatus::Waiting, "1 of 2 hosts are MONITORED"),
        ]
        .map(|(id, status, reason)| ClusterReport {
            id: ClusterId(id),
            name: "east".to_owned(),
            status,
            reason: reason.to_owned(),
            hosts: 4,
        });
        let held = HeldVm { id: VmId(4), name: "erp".to_owned(), why: "no room".to_owned() };
        let holds = HostLoss {
            held: BTreeMap::from([(VmId(4), Epoch(0))]),
            first: vec![held],
            ..HostLoss::default()
        };
        let holds_none = HostLoss { recovered: 5, ..HostLoss::default() };
        let borne = Borne { wanted: 1, worst: Some((vec!["b".to_owned()], 1)), ..Borne::default() };
        let losses = Losses {
            planned: Some(Epoch(60)),
            hosts: BTreeMap::from([(HostId(1), holds_none), (HostId(2), holds)]),
            clusters: BTreeMap::from([(ClusterId(0), borne)]),
            ..Losses::default()
        };
        let seen = |losses| Seen {
            memory: &memory,
            hosts: &hosts,
            clusters: &clusters,
            losses,
            pages: &[3, 9],
            unread: &[],
        };
        let site = Site::new(&seen(&losses));
        assert_eq!((site.open, site.kept.as_slice()), (1, [3].as_slice()));
        let states: Vec<_> =
            site.clusters.iter().map(|row| (row.kind, row.state, row.why.as_str())).collect();
        let all = [
            (Kind::Failed, "Active", "4 of 4 hosts are MONITORED; the loss of b would hold 1 VM"),
            (Kind::Held, "Disabled", "the zone is disarmed"),
            (
                Kind::Waiting,
                "Waiting",
                "1 of 2 hosts are MONITORED; what it can lose is not known yet: `onerescue plan --all` looks",
            ),
        ];
        assert_eq!(states, all);
        let told: Vec<_> =
            site.losses.iter().map(|row| (row.host.as_str(), row.state.as_str(), row.why.as_str())).collect();
        let all = [
            ("b (host 2)", "1 VM", "since 1970-01-01 00:00 UTC its loss would hold vm 4 erp: no room"),
            ("a (host 1)", "none", "5 VMs would be recovered"),
            ("c (host 3)", "none", "it had no VM"),
        ];
        assert_eq!(told, all);
        let unknown = Site::new(&seen(&Losses::default()));
        assert!(unknown.losses.iter().all(|row| row.state == "not known yet") && unknown.planned.is_empty());
    }
}
