//! Which losses are looked at: single hosts, and any two of them.
//!
//! Hosts of different clusters rarely take a place from each other, so of a whole zone only pairs inside a cluster are
//! looked at; naming two hosts looks at those, wherever they are. There may be very many of those: then the pairs of the worst single losses are, and it is said.

use super::{Loss, Snapshot};
use crate::model::{ClusterId, Host, HostId, HostState};
use std::collections::BTreeSet;

/// The most pairs that are looked at: about as much work as a zone of 4,000 hosts.
pub const MOST_PAIRS: usize = 2000;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `--all`
    Zone,
    /// `--cluster`
    Cluster(ClusterId),
    /// Hosts by name.
    Hosts(Vec<HostId>),
}

/// `--failures`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// 1
    No,
    /// 2
    Yes,
}

/// Pairs of hosts, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Those to look at, at most [`MOST_PAIRS`].
    pub pairs: Vec<[HostId; 2]>,
    /// How many there are.
    pub all: usize,
}

/// The hosts in scope, by id. Of a cluster or a zone only those that have VMs or could have some.
#[must_use]
pub fn choose(snapshot: &Snapshot, scope: &Scope) -> Vec<HostId> {
    let inside = |host: &&Host| match scope {
        Scope::Zone => counts(host),
        Scope::Cluster(cluster) => host.cluster == *cluster && counts(host),
        Scope::Hosts(hosts) => hosts.contains(&host.id),
    };
    snapshot.hosts().iter().filter(inside).map(|host| host.id).collect()
}

fn counts(host: &Host) -> bool {
    host.state == HostState::Monitored || !host.vms.is_empty()
}

impl Chosen {
    /// Any two of these losses, `singles` being sorted with the worst first; a single one with each other host of its
    /// cluster.
    #[must_use]
    pub fn of(snapshot: &Snapshot, scope: &Scope, singles: &[Loss]) -> Self {
        let ranked: Vec<&Host> = singles
            .iter()
            .flat_map(|loss| &loss.hosts)
            .filter_map(|(id, _)| snapshot.host(*id))
            .filter(|host| snapshot.unprotected(host).is_none())
            .collect();
        let named = matches!(scope, Scope::Hosts(_));
        match (ranked.as_slice(), named) {
            ([only], true) => {
                let others = snapshot.hosts().iter().filter(|host| {
                    host.id != only.id && host.cluster == only.cluster && !host.vms.is_empty()
                });
                let pairs: Vec<_> = others.map(|host| [only.id, host.id]).collect();
                Self { all: pairs.len(), pairs: pairs.into_iter().take(MOST_PAIRS).collect() }
            }
            _ => Self::any_two(&ranked, named),
        }
    }

    /// By the sum of their ranks: the worst with the second worst first.
    fn any_two(ranked: &[&Host], across: bool) -> Self {
        let mut groups: Vec<Vec<(usize, HostId)>> = Vec::new();
        let clusters: BTreeSet<_> = ranked.iter().map(|host| host.cluster).collect();
        for cluster in clusters {
            let inside = ranked.iter().enumerate().filter(|(_, host)| across || host.cluster == cluster);
            groups.push(inside.map(|(rank, host)| (rank, host.id)).collect());
            if across {
                break;
            }
        }
        let all = groups.iter().map(|group| group.len() * group.len().saturating_sub(1) / 2).sum();
        let mut pairs: Vec<(usize, HostId, HostId)> = Vec::new();
        for group in &groups {
            pairs.extend(first_pairs(group));
        }
        pairs.sort_unstable();
        let pairs = pairs.into_iter().map(|(_, a, b)| [a, b]).take(MOST_PAIRS).collect();
        Self { pairs, all }
    }
}

/// The first [`MOST_PAIRS`] pairs of a group that is sorted by rank, by the sum of places: never more than that are made,
/// however large the group is.
fn first_pairs(group: &[(usize, HostId)]) -> Vec<(usize, HostId, HostId)> {
    let mut pairs = Vec::new();
    for sum in 1..group.len().saturating_mul(2).saturating_sub(2) {
        if pairs.len() >= MOST_PAIRS {
            break;
        }
        for first in sum.saturating_sub(group.len() - 1)..=(sum - 1) / 2 {
            if let (Some((a, one)), Some((b, other))) = (group.get(first), group.get(sum - first)) {
                pairs.push((a + b, *one, *other));
            }
        }
    }
    pairs
}
