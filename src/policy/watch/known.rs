//! What a watcher knows from turn to turn: how long each host has been silent, and what was said.

use super::rules::Rules;
use crate::model::{Heard, HostId, Moment};
use std::collections::BTreeMap;
use std::time::Duration;

/// The time from one look at a silent host to the next, at first; it doubles.
const AGAIN: Duration = Duration::from_secs(10);
/// And the longest.
const SELDOM: Duration = Duration::from_secs(300);

/// What something is said about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// This front-end: does it watch?
    Here,
    /// The whole zone.
    Zone,
    Host(HostId),
    /// A note that a look at this host was forced.
    Note(HostId),
}

/// What was heard of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Ear {
    /// For so long it was listened, and nothing came. Time in which nobody listened does not count.
    pub(super) silent: Duration,
    /// The same for its banner alone: it may refuse connections, which a dead machine does not.
    pub(super) unserved: Duration,
    /// How often it was looked at since, and when it is next.
    looks: u32,
    next: Option<Moment>,
}

impl Ear {
    /// Is it refused there, where no answer at all would be silence?
    pub(super) fn refuses(&self, rules: &Rules) -> bool {
        self.silent < rules.silence
    }
}

/// What a watcher knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    ears: BTreeMap<HostId, Ear>,
    said: BTreeMap<Topic, String>,
    /// Whether hosts gave their banner in the last round.
    pub(super) any_heard: bool,
    /// Hosts that this process has set OFFLINE, or may have, and that are not known to be enabled again; and whether oned may still
    /// carry out the first call.
    pub(super) pending: BTreeMap<HostId, bool>,
    /// How many looks were forced.
    pub forced: u32,
    /// How many hosts were found OFFLINE by a look that was not ended, and enabled.
    pub mended: u32,
}

impl Known {
    /// From here on these hosts are watched, and no others.
    pub(super) fn keep(&mut self, hosts: impl Iterator<Item = HostId>) {
        let mut old = std::mem::take(&mut self.ears);
        self.ears = hosts.map(|host| (host, old.remove(&host).unwrap_or_default())).collect();
        let ears = &self.ears;
        self.said.retain(|topic, _| match topic {
            Topic::Host(host) => ears.contains_key(host),
            Topic::Here | Topic::Zone | Topic::Note(_) => true,
        });
    }

    /// What a round of this length gave.
    pub(super) fn hears(&mut self, heard: &[(HostId, Heard)], listened: Duration) {
        let mut said: BTreeMap<HostId, &Heard> = heard.iter().map(|(host, heard)| (*host, heard)).collect();
        self.any_heard = heard.iter().any(|(_, heard)| *heard == Heard::Banner);
        for (host, ear) in &mut self.ears {
            match said.remove(host) {
                Some(Heard::Banner) => {
                    *ear = Ear::default();
                    self.said.remove(&Topic::Host(*host));
                }
                // Nothing is known of it.
                Some(Heard::NotAsked(_)) => *ear = Ear::default(),
                Some(Heard::Refused) => {
                    ear.silent = Duration::ZERO;
                    ear.unserved = ear.unserved.saturating_add(listened);
                }
                Some(Heard::Nothing) | None => {
                    ear.silent = ear.silent.saturating_add(listened);
                    ear.unserved = ear.unserved.saturating_add(listened);
                }
            }
        }
        if self.ears.values().all(|ear| ear.unserved.is_zero()) {
            self.said.remove(&Topic::Zone);
        }
    }

    /// Hosts that have been silent for long enough, and are to be looked at now.
    pub(super) fn due(&self, rules: &Rules, now: Moment) -> Vec<HostId> {
        let due = |ear: &Ear| ear.unserved >= rules.silence && ear.next.is_none_or(|next| next <= now);
        self.ears.iter().filter(|(_, ear)| due(ear)).map(|(host, _)| *host).collect()
    }

    /// Is it one that is silent, or about to be?
    pub(super) fn may_be_silent(&self, host: HostId, rules: &Rules) -> bool {
        self.ears.get(&host).is_some_and(|ear| ear.unserved >= rules.silence / 2)
    }

    pub(super) fn ear(&self, host: HostId) -> Ear {
        self.ears.get(&host).cloned().unwrap_or_default()
    }

    /// It was looked at, and nothing follows now.
    pub(super) fn later(&mut self, host: HostId, now: Moment) {
        if let Some(ear) = self.ears.get_mut(&host) {
            let pause = AGAIN.saturating_mul(1 << ear.looks.min(8)).min(SELDOM);
            ear.looks = ear.looks.saturating_add(1);
            ear.next = Some(now.plus(pause));
        }
    }

    /// Whether that is new about this.
    pub(super) fn is_new(&mut self, topic: Topic, kind: &str) -> bool {
        self.said.insert(topic, kind.to_owned()).is_none_or(|old| old != kind)
    }

    /// Nothing is to be said about that any more.
    pub(super) fn is_over(&mut self, topic: Topic) {
        self.said.remove(&topic);
    }
}
