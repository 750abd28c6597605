//! What `onerescue reconcile` has seen on this front-end, from one tick of its timer to the next: since when a record is
//! as it is, and since when a host is in ERROR with the same text.
//!
//! It is counted by a clock that nobody sets and that begins anew with each boot, so it tells the age of what a wrong
//! clock has dated. After a boot everything counts from the new clock's beginning at most, which is less than the truth.

use crate::model::{DocumentId, Host, HostId, HostState, Incident, Memory};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What was seen of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sight {
    /// How it was.
    what: String,
    /// Since when, in seconds of that clock.
    since: u64,
}

/// Everything that was seen. A file of the front-end keeps it; one that is lost costs one lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    #[serde(default)]
    records: BTreeMap<DocumentId, Sight>,
    #[serde(default)]
    hosts: BTreeMap<HostId, Sight>,
}

impl Watched {
    /// Note what is seen at this moment of a clock that nobody sets. What is gone is forgotten.
    pub fn look(&mut self, at: Duration, memory: &Memory, hosts: &[Host]) {
        let records = memory.incidents.iter().map(|(document, incident)| (*document, mark(incident)));
        self.records = kept(&self.records, at, records);
        let failing = hosts.iter().filter(|host| host.state == HostState::Error);
        let failing = failing.map(|host| (host.id, host.error.clone().unwrap_or_default()));
        self.hosts = kept(&self.hosts, at, failing);
    }

    /// Say in this memory for how long its records have not changed.
    pub fn tell(&self, at: Duration, memory: &mut Memory) {
        let same = memory.incidents.iter().filter_map(|(document, incident)| {
            let sight = self.records.get(document).filter(|sight| sight.what == mark(incident))?;
            Some((*document, age(sight, at)))
        });
        memory.unchanged = same.filter(|(_, age)| !age.is_zero()).collect();
    }

    /// For how long hosts have been seen in ERROR with the text that they had last.
    #[must_use]
    pub fn failing(&self, at: Duration) -> BTreeMap<HostId, Duration> {
        self.hosts.iter().map(|(host, sight)| (*host, age(sight, at))).collect()
    }
}

/// A record that is written has another one of these.
fn mark(incident: &Incident) -> String {
    let lock = incident.lock.map_or((0, 0), |lock| (lock.time, lock.request));
    format!("{} {} {} {}", incident.owner, incident.updated.0, lock.0, lock.1)
}

fn kept<K: Ord + Copy>(
    old: &BTreeMap<K, Sight>,
    at: Duration,
    now: impl Iterator<Item = (K, String)>,
) -> BTreeMap<K, Sight> {
    let at = at.as_secs();
    let one = |(key, what): (K, String)| {
        let since = old.get(&key).filter(|sight| sight.what == what && sight.since <= at);
        (key, Sight { what, since: since.map_or(at, |sight| sight.since) })
    };
    now.map(one).collect()
}

fn age(sight: &Sight, at: Duration) -> Duration {
    Duration::from_secs(at.as_secs().saturating_sub(sight.since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Epoch;

    const RECORD: DocumentId = DocumentId(7);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn memory(updated: i64) -> Memory {
        let updated = Epoch(updated);
        Memory { incidents: vec![(RECORD, Incident { updated, ..Incident::default() })], ..Memory::default() }
    }

    fn told(watched: &Watched, seconds: u64, updated: i64) -> u64 {
        let mut memory = memory(updated);
        watched.tell(at(seconds), &mut memory);
        memory.unchanged(RECORD).as_secs()
    }

    #[test]
    fn a_record_that_is_written_counts_anew_and_one_that_was_not_seen_not_at_all() {
        let mut watched = Watched::default();
        assert_eq!(told(&watched, 100, 5), 0);
        watched.look(at(100), &memory(5), &[]);
        watched.look(at(160), &memory(5), &[]);
        assert_eq!((told(&watched, 160, 5), told(&watched, 160, 6)), (60, 0));
        watched.look(at(220), &memory(6), &[]);
        assert_eq!((told(&watched, 230, 6), told(&watched, 230, 5)), (10, 0));
        // After a boot the clock begins anew: nothing is older than that.
        watched.look(at(30), &memory(6), &[]);
        assert_eq!(told(&watched, 90, 6), 60);
        watched.look(at(100), &Memory::default(), &[]);
        assert_eq!(told(&watched, 200, 6), 0);
    }

    #[test]
    fn a_host_that_fails_anew_is_another_sight() {
        let failing = |error: &str| Host {
            error: Some(error.to_owned()),
            ..Host::new(HostId(3), "node3", HostState::Error)
        };
        let mut watched = Watched::default();
        watched.look(at(100), &Memory::default(), &[failing("a")]);
        watched.look(at(220), &Memory::default(), &[failing("a")]);
        assert_eq!(watched.failing(at(220)), [(HostId(3), at(120))].into());
        watched.look(at(280), &Memory::default(), &[failing("b")]);
        assert_eq!(watched.failing(at(280)), [(HostId(3), at(0))].into());
        watched.look(at(340), &Memory::default(), &[Host::new(HostId(3), "node3", HostState::Monitored)]);
        assert_eq!(watched.failing(at(340)), BTreeMap::new());
    }
}
