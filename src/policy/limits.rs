//! Limits that count events within a time, and what nobody may work with.
//!
//! Pure: the figures come from what is remembered. Each reason says them, so that an operator sees which limit it was.

use super::moments::counts;
use super::port::{Failure, Trouble};
pub(super) use crate::model::text::limit as span;
use crate::model::{Cluster, ClusterId, Disarmed, DocumentId, Epoch, HostId, Incident, Memory};
use std::time::Duration;

pub(super) fn held(what: String, advice: impl Into<String>) -> Failure {
    Failure { trouble: Trouble::Unreachable, what, advice: advice.into() }
}

/// A document that cannot be read may hold anything, and nothing is guessed at.
#[must_use]
pub fn unreadable(memory: &Memory) -> Option<Failure> {
    let (document, why) = memory.unreadable.first()?;
    let what = format!(
        "{} of the documents that remember incidents cannot be read, {document} first: {why}",
        memory.unreadable.len()
    );
    let advice = format!(
        "a newer format: update onerescue here; a damaged one: look at it with `onedb` or delete {document} over the API"
    );
    Some(held(what, advice))
}

/// `HA = NO` in the cluster's template: no host of it is fenced.
pub(super) fn says_no(cluster: &Cluster) -> bool {
    cluster.attributes.get("HA").is_some_and(|value| value.eq_ignore_ascii_case("no"))
}

/// How a reason begins that is nothing but that.
pub(super) const DISARMED: &str = "fencing is disarmed";

/// Where fencing is disarmed, as far as it covers this cluster.
pub(super) fn disarmed(
    disarmed: &[Disarmed],
    cluster: Option<ClusterId>,
    clusters: &[Cluster],
) -> Option<Failure> {
    let covers = |scope: &&Disarmed| scope.cluster.is_none() || scope.cluster == cluster;
    let scope = disarmed.iter().find(covers)?;
    let (place, option) = match scope.cluster {
        None => ("the whole zone".to_owned(), String::new()),
        Some(id) => (named(clusters, id), format!(" --cluster {}", id.0)),
    };
    let what = format!("{DISARMED} in {place} by {}: {}", scope.by, scope.reason);
    Some(held(what, format!("`onerescue arm{option} --reason …` when that is over")))
}

pub(super) fn named(clusters: &[Cluster], id: ClusterId) -> String {
    let name = clusters.iter().find(|cluster| cluster.id == id).map(|cluster| cluster.name.as_str());
    name.map_or_else(|| id.to_string(), |name| format!("cluster {name} ({})", id.0))
}

/// The ERROR events of a host within this time, in these records.
pub(super) fn events_lately<'a>(
    records: impl Iterator<Item = &'a (DocumentId, Incident)>,
    memory: &Memory,
    host: HostId,
    now: Epoch,
    time: Duration,
) -> Vec<Epoch> {
    let of_host = records.filter(|(_, incident)| incident.host == host);
    let events = of_host.flat_map(|(document, incident)| incident.events.iter().map(|at| (*document, *at)));
    let lately = |(document, at): &(DocumentId, Epoch)| lately(now, *at, memory.unchanged(*document), time);
    events.filter(lately).map(|(_, at)| at).collect()
}

/// Was it within this time? A moment that lies far ahead was written by a clock that was wrong: it counts from when it
/// was seen first, this long ago.
pub(super) fn lately(now: Epoch, at: Epoch, seen: Duration, time: Duration) -> bool {
    now.since(counts(now, at, seen)) < time
}
