//! What the loss of each host would hold, as `onerescue reconcile` has planned it last. It is remembered, so a change for
//! the worse is said once, and it is known since when it is so.
//!
//! A file of the front-end keeps it ([`Losses`]), because a plan is made anew in seconds: one that is lost, by a boot or
//! with a leader, costs one plan, and `since` counts from that. Whoever reads it sees in `planned` how old it is.
//!
//! Reading: [`Losses::hosts`] with [`HostLoss::held`] and [`HostLoss::first`], [`Losses::clusters`] with
//! [`Borne::is_below`], and the texts [`HostLoss::text`] and [`Borne::text`].

mod change;
mod due;
mod plan;
mod rules;
#[cfg(test)]
mod tests;

pub use change::{Change, Changes};
pub use due::mark;
pub use plan::{Planned, plan};
pub use rules::LossRules;

use super::arming::utc;
use crate::model::text::{one_line, vms};
use crate::model::{ClusterId, Epoch, HostId, VmId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The shape that this version writes; another one counts as nothing, and is replaced.
pub const FORMAT: u32 = 1;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// [`FORMAT`]
    pub format: u32,
    /// Who planned last: `fe1 4711 1795165661`, front-end, process and begin.
    pub by: String,
    /// When somebody began to plan last. One that failed is not tried again at once.
    pub tried: Epoch,
    /// When the last plan was made; none where none was.
    pub planned: Option<Epoch>,
    /// How the cloud looked then, see [`mark`].
    pub cloud: String,
    /// `-m, as the hook has it`: what a recovery was planned with.
    pub flags: String,
    /// Every host that was planned for, by id.
    pub hosts: BTreeMap<HostId, HostLoss>,
    /// Every cluster of those, by id.
    pub clusters: BTreeMap<ClusterId, Borne>,
}

/// What the loss of one host would mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLoss {
    /// Its name.
    pub name: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// The VMs that would be recovered.
    pub recovered: usize,
    /// The VMs that would be held, and since when that is so.
    pub held: BTreeMap<VmId, Epoch>,
    /// The first few of those, with their reasons.
    pub first: Vec<HeldVm>,
}

/// A VM that would be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldVm {
    /// The VM.
    pub id: VmId,
    /// Its name, shortened.
    pub name: String,
    /// The planner's reason, shortened: `no host takes 4.00 CPU and 65536 MiB: 2 hosts full`.
    pub why: String,
}

/// How many of its hosts a cluster can lose at the same moment, of those that it is to bear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borne {
    /// Its name.
    pub name: String,
    /// `[plan] reserve`
    pub wanted: u32,
    /// So many, whichever they are, and no VM is held. More than are wanted were not looked at.
    pub hosts: u32,
    /// What would hold most, where some loss would: the names of the hosts, and how many VMs.
    pub worst: Option<(Vec<String>, usize)>,
    /// Not every pair of hosts was looked at: there are too many.
    #[serde(default)]
    pub partly: bool,
}

impl Losses {
    /// The hosts whose loss would hold something, by id.
    pub fn holding(&self) -> impl Iterator<Item = (HostId, &HostLoss)> {
        self.hosts.iter().filter(|(_, loss)| !loss.held.is_empty()).map(|(host, loss)| (*host, loss))
    }
}

impl HostLoss {
    /// Since when its loss would hold something; none where it would hold nothing.
    #[must_use]
    pub fn since(&self) -> Option<Epoch> {
        self.held.values().min().copied()
    }

    /// `since 2026-11-20 14:02 UTC its loss would hold vm 11 erp: no host takes …`; none where it would hold nothing.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        Some(format!(
            "since {} its loss would hold {}",
            utc(self.since()?),
            told(self.held.len(), &self.first)
        ))
    }
}

impl Borne {
    /// It cannot lose as many hosts as it is to.
    #[must_use]
    pub fn is_below(&self) -> bool {
        self.hosts < self.wanted
    }

    /// `the loss of node1 and node2 would hold 3 VMs`; none where nothing would.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let (hosts, held) = self.worst.as_ref()?;
        Some(one_line(&format!("the loss of {} would hold {}", hosts.join(" and "), vms(*held))))
    }
}

/// `vm 11 erp: no host takes …`, or `3 VMs, of which vm 11 erp: no host takes …`
fn told(count: usize, first: &[HeldVm]) -> String {
    let one = first.first().map_or_else(String::new, |vm| format!("{} {}: {}", vm.id, vm.name, vm.why));
    one_line(&match (count, first.is_empty()) {
        (1, false) => one,
        (count, true) => vms(count),
        (count, false) => format!("{}, of which {one}", vms(count)),
    })
}
