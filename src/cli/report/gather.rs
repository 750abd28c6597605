//! What a page is made from: the record, the journals of this front-end, the names that hosts and clusters have today.

use super::super::moving::elsewhere;
use super::super::probe;
use super::super::show::error_at;
use crate::config::Config;
use crate::model::{Cluster, ClusterId, DocumentId, Host, HostId, Incident, Memory};
use crate::page::{Known, Page, Run};
use crate::policy::check::as_seen;
use crate::policy::losses::Losses;
use crate::policy::protection::ClusterReport;
use crate::world::Zone;
use crate::world::journal::{Found, found, read};
use crate::world::losses;
use crate::world::oned::Http;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Everything but the contents of the journals, which are read one incident after the other.
pub(in crate::cli) struct Sources {
    pub(super) memory: Memory,
    pub(super) hosts: BTreeMap<HostId, String>,
    pub(super) clusters: BTreeMap<ClusterId, String>,
    /// Whether each cluster is protected; none where hosts or clusters could not be read.
    pub(super) protected: Vec<ClusterReport>,
    /// What the loss of each host would hold, as this front-end has planned it last.
    pub(super) losses: Losses,
    /// Why some of it is not known.
    pub(super) unread: Vec<String>,
    /// Every journal, the oldest first; or why there are none.
    journals: Result<Vec<Found>, String>,
}

impl Sources {
    /// Read them. What cannot be read is said in the page.
    pub(in crate::cli) fn read(zone: &Zone<Http>, config: &Config, memory: Memory) -> Self {
        let (hosts, clusters) = (zone.hosts(), zone.clusters());
        let protected = match (&hosts, &clusters) {
            (Ok(hosts), Ok(clusters)) => protected(zone, config, &memory, hosts, clusters),
            _ => Vec::new(),
        };
        let mut unread: Vec<_> =
            zone.unread_hosts().iter().map(|what| format!("A host cannot be read: {what}.")).collect();
        let mut gap =
            |what: &str, why: String| unread.push(format!("The names of {what} are not known: {why}."));
        let hosts = hosts.unwrap_or_else(|failure| {
            gap("hosts", failure.what);
            Vec::new()
        });
        let clusters = clusters.unwrap_or_else(|failure| {
            gap("clusters", failure.what);
            Vec::new()
        });
        Self {
            memory,
            hosts: hosts.into_iter().map(|host| (host.id, host.name)).collect(),
            clusters: clusters.into_iter().map(|cluster| (cluster.id, cluster.name)).collect(),
            protected,
            losses: losses::read(&config.paths.run_dir),
            unread,
            journals: listed(config.journal()),
        }
    }

    pub(super) fn incident(&self, document: DocumentId) -> Option<&Incident> {
        let mut all = self.memory.incidents.iter();
        all.find(|(other, _)| *other == document).map(|(_, incident)| incident)
    }

    /// The journals of an incident.
    pub(super) fn journals(&self, document: DocumentId) -> impl Iterator<Item = &Found> {
        let all = self.journals.iter().flatten();
        all.filter(move |one| one.document == Some(document))
    }

    /// The page of an incident; none if there is no such incident.
    pub(in crate::cli) fn page(&self, zone: &Zone<Http>, document: DocumentId) -> Option<Page> {
        let incident = self.incident(document)?;
        let mut unread = self.unread.clone();
        unread.extend(self.journals.as_ref().err().cloned());
        let mut runs = Vec::new();
        for journal in self.journals(document) {
            let run =
                read(&journal.path).map_err(|error| error.to_string()).and_then(|text| Run::read(&text));
            match run {
                Ok(run) => runs.push(run),
                Err(why) => {
                    unread.push(format!("The journal {} cannot be read: {why}.", journal.path.display()));
                }
            }
        }
        let moved = elsewhere(incident, |vms| zone.vms(vms));
        Some(Page::new(&Known {
            memory: &self.memory,
            document,
            incident,
            error: error_at(incident),
            runs: &runs,
            unread: &unread,
            moved: &moved,
            hosts: &self.hosts,
            clusters: &self.clusters,
        }))
    }
}

/// As `status` judges them: no device is asked.
fn protected(
    zone: &Zone<Http>,
    config: &Config,
    memory: &Memory,
    hosts: &[Host],
    clusters: &[Cluster],
) -> Vec<ClusterReport> {
    let facts = probe::unasked(zone, config, hosts, clusters);
    as_seen(&config.rules, clusters, memory, &facts)
}

fn listed(folder: Option<PathBuf>) -> Result<Vec<Found>, String> {
    let Some(folder) = folder else {
        return Err("This front-end records no journals: `journal` under [record] is \"\".".to_owned());
    };
    match found(&folder) {
        Ok(all) => Ok(all),
        // No run has been here.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("The journals in {} cannot be read: {error}.", folder.display())),
    }
}
