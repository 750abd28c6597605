//! Before it happens: what would become of every VM, if these hosts died now?
//!
//! The planner is the recovery's own ([`super::plan`]); what it is shown is what a recovery would see after the death:
//! the host in ERROR, its running VMs UNKNOWN. Deliberately absent: brakes, witnesses and fence devices, which
//! `onerescue check` looks at, and the scheduler's answer to a VM that is created again.

mod choose;
mod explain;
mod foresee;
#[cfg(test)]
mod tests;

pub use super::plan::Target;
pub use choose::{Chosen, MOST_PAIRS, Pairs, Scope, choose};
pub use explain::Explanation;

use super::limits::says_no;
use super::order::Order;
use super::plan::{Decision, Verdict, kept_with, may_be_meant};
use super::port::Survey;
use crate::model::{Cluster, Host, HostId, HostState, Named, Vm, VmId};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The whole zone at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Everything but VMs, as every recovery sees it; lent to the planner with the VMs of one loss at a time.
    survey: Survey,
    vms: BTreeMap<VmId, Vm>,
    unreadable: BTreeMap<VmId, String>,
    /// VMs on no host that others wait for.
    homeless: BTreeMap<VmId, Vm>,
    /// Those that others wait for, by their names.
    named: BTreeMap<String, Vec<Named>>,
}

/// What would become of one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// The host that would be lost under it.
    pub host: HostId,
    /// 1 is what could be done at once; 2 needs that a VM of turn 1 runs, and so on.
    pub turn: u32,
    /// The planner's decision.
    pub decision: Decision,
}

/// What would become of a VM, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prospect {
    /// Recovered by one call.
    Recovered,
    /// oned has to end something first.
    Awaited,
    /// It should be recovered and could not be.
    Held,
    /// It is not protected: not running, opted out, or its host is.
    Left,
}

/// What is left of the scarcer of CPU and memory, in the clusters of the lost hosts once all of this is done. Prints as
/// `48 %`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Free {
    /// Per cent, rounded down.
    pub percent: i64,
}

impl fmt::Display for Free {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent)
    }
}

/// What the loss of some hosts at the same moment would mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The lost hosts, by id, with their names.
    pub hosts: Vec<(HostId, String)>,
    /// Every VM of them, in the order in which it would be decided.
    pub vms: Vec<Foreseen>,
    /// What is left afterwards; `None` where no host is.
    pub free: Option<Free>,
}

impl Foreseen {
    /// In one word.
    #[must_use]
    pub fn prospect(&self) -> Prospect {
        match self.decision.verdict {
            Verdict::Act(..) => Prospect::Recovered,
            Verdict::Await(_) => Prospect::Awaited,
            Verdict::Hold(_) => Prospect::Held,
            Verdict::Leave(_) => Prospect::Left,
        }
    }

    /// Where it would run, if that is decided here.
    #[must_use]
    pub fn target(&self) -> Option<HostId> {
        match self.decision.verdict {
            Verdict::Act(Order::Migrate { to, .. }, _) => Some(to),
            Verdict::Act(
                Order::Recreate { .. }
                | Order::Delete { .. }
                | Order::Retry { .. }
                | Order::Resume { .. }
                | Order::Fail { .. }
                | Order::Resched { .. }
                | Order::Unresched { .. },
                _,
            )
            | Verdict::Await(_)
            | Verdict::Hold(_)
            | Verdict::Leave(_) => None,
        }
    }
}

impl Loss {
    /// How many VMs have this prospect.
    #[must_use]
    pub fn count(&self, prospect: Prospect) -> usize {
        self.vms.iter().filter(|vm| vm.prospect() == prospect).count()
    }

    /// The calls of oned that change a VM: one for each that is recovered. A recovery reads besides, in a number of calls
    /// that hardly grows with its VMs.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.count(Prospect::Recovered)
    }

    /// `node0 (host 0) and node1 (host 1)`
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<_> = self.hosts.iter().map(|(id, name)| format!("{name} ({id})")).collect();
        names.join(" and ")
    }
}

/// The worst first: most VMs held, then least left free, then by id.
pub fn worst_first(losses: &mut [Loss]) {
    let free = |loss: &Loss| loss.free.map_or(-1, |free| free.percent);
    losses.sort_by_cached_key(|loss| (Reverse(loss.count(Prospect::Held)), free(loss), loss.hosts.clone()));
}

/// 1 if something protected would be held by any of these losses, else 0; the table is in the README.
#[must_use]
pub fn exit_code(losses: &[Loss]) -> u8 {
    u8::from(losses.iter().any(|loss| loss.count(Prospect::Held) > 0))
}

impl Snapshot {
    /// From a survey with the VMs of every host.
    #[must_use]
    pub fn new(mut survey: Survey) -> Self {
        let vms: BTreeMap<VmId, Vm> =
            std::mem::take(&mut survey.vms).into_iter().map(|vm| (vm.id, vm)).collect();
        let unreadable = std::mem::take(&mut survey.unreadable).into_iter().collect();
        let homeless: BTreeMap<VmId, Vm> =
            std::mem::take(&mut survey.needed).into_iter().map(|vm| (vm.id, vm)).collect();
        survey.hosts.sort_by_key(|host| host.id);
        // The planner is lent the VMs of one host.
        survey
            .layers
            .owners
            .extend(vms.values().filter(|vm| vm.layer().is_some()).map(|vm| (vm.id, vm.owner)));
        let mut named: BTreeMap<String, Vec<Named>> =
            vms.values().flat_map(Vm::after).map(|word| (word.to_owned(), Vec::new())).collect();
        for vm in vms.values().chain(homeless.values()) {
            if let Some(called) = named.get_mut(&vm.name) {
                called.push(Named { id: vm.id, name: vm.name.clone(), owner: vm.owner });
            }
        }
        Self { survey, vms, unreadable, homeless, named }
    }

    /// Hosts whose document cannot be read: `host 3: <NAME> is missing`.
    #[must_use]
    pub fn unread_hosts(&self) -> &[String] {
        &self.survey.unread_hosts
    }

    /// Lend the planner these VMs, with those elsewhere that they wait for or are kept with; on a lost host those do not run.
    fn show(&mut self, vms: Vec<Vm>) {
        let shown: BTreeSet<VmId> = vms.iter().map(|vm| vm.id).collect();
        let ids = vms.iter().flat_map(Vm::after).filter_map(|word| word.parse().ok().map(VmId));
        let called = vms.iter().flat_map(Vm::after).filter_map(|word| self.named.get(word)).flatten();
        let called = may_be_meant(&vms, called).into_iter().map(|(_, vm)| vm);
        let kept = kept_with(&vms, &self.survey.groups.all).into_iter().map(|(_, vm)| vm);
        let named = ids.chain(called).chain(kept);
        let named: BTreeSet<VmId> = named.filter(|vm| !shown.contains(vm)).collect();
        let lost: BTreeSet<HostId> =
            self.hosts().iter().filter(|host| host.state == HostState::Error).map(|host| host.id).collect();
        let as_it_is = |vm: &Vm| {
            if vm.host.is_some_and(|host| lost.contains(&host)) {
                foresee::after_death(vm)
            } else {
                vm.clone()
            }
        };
        let found = named.iter().filter_map(|vm| self.vms.get(vm).or_else(|| self.homeless.get(vm)));
        self.survey.needed = found.map(as_it_is).collect();
        self.survey.vms = vms;
    }

    /// The planner has looked.
    fn hide(&mut self) {
        self.survey.vms.clear();
        self.survey.needed.clear();
        self.survey.unreadable.clear();
    }

    /// Every host, by id.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.survey.hosts
    }

    /// Every cluster.
    #[must_use]
    pub fn clusters(&self) -> &[Cluster] {
        &self.survey.clusters.all
    }

    /// The VMs of this id or name, by id; several may have the same name.
    #[must_use]
    pub fn find_vms(&self, named: &str) -> Vec<VmId> {
        let by_id = named.parse().ok().and_then(|id| self.vms.get(&VmId(id)));
        by_id.map_or_else(
            || self.vms.values().filter(|vm| vm.name == named).map(|vm| vm.id).collect(),
            |vm| vec![vm.id],
        )
    }

    fn host(&self, id: HostId) -> Option<&Host> {
        self.survey.hosts.iter().find(|host| host.id == id)
    }

    /// Why nothing would be recovered from this host, whatever its VMs are.
    fn unprotected(&self, host: &Host) -> Option<String> {
        if matches!(host.state, HostState::Disabled | HostState::Offline) {
            return Some(format!(
                "its host is {}, which is a person's decision: its failure is no event, and nothing begins",
                host.state
            ));
        }
        let cluster = self.clusters().iter().find(|cluster| cluster.id == host.cluster)?;
        says_no(cluster).then(|| {
            format!("cluster {} ({}) is Disabled: its template says HA = NO", cluster.name, cluster.id.0)
        })
    }
}
