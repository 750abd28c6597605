//! Hosts that cannot be lost, as reconcile has planned it last. Nothing is open by that: it is said by day.

use super::Facts;
use crate::model::text::{cut, one_line};
use crate::model::{ClusterId, Epoch, HostId};
use crate::policy::lead::{Leads, leads};
use crate::policy::losses::HostLoss;
use serde::Serialize;

/// A host whose loss would hold VMs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotToBeLost {
    /// Its id.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// So many VMs would be held.
    pub held: usize,
    /// Since when that is so.
    pub since: Epoch,
    /// `since 2026-11-20 14:02 UTC its loss would hold vm 11 erp: no host takes …`
    pub why: String,
}

/// Those, the one that would hold most first; none where another front-end plans, or nobody does any more.
pub(super) fn judge(facts: &Facts) -> Vec<NotToBeLost> {
    let is_others = facts.rules.observer.leader && !matches!(leads(&facts.lead), Leads::Yes);
    let Some(losses) = facts.losses.current(facts.planning, facts.now).filter(|_| !is_others) else {
        return Vec::new();
    };
    let one = |(id, loss): (HostId, &HostLoss)| {
        Some(NotToBeLost {
            id,
            name: cut(&one_line(&loss.name), 60),
            cluster: loss.cluster,
            held: loss.held.len(),
            since: loss.since()?,
            why: loss.text()?,
        })
    };
    let mut all: Vec<_> = losses.holding().filter_map(one).collect();
    all.sort_by_key(|one| (std::cmp::Reverse(one.held), one.id));
    all
}
