//! Why one VM would go where it goes, or nowhere: what every other host says about it.
//!
//! The planner is asked once for each host, as if that were the only one left, after all that is decided before this VM.

use super::foresee::after_death;
use super::{Foreseen, Prospect, Snapshot};
use crate::model::{Host, HostId, HostState, Scope, Vm, VmId};
use crate::policy::plan::{self, Request, Verdict};
use crate::policy::settings::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// The reasons for one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The lost host.
    pub host: Host,
    /// The VM as it is now.
    pub vm: Vm,
    /// What would become of it.
    pub foreseen: Foreseen,
    /// What led to it, one sentence each: policy, priority, size, disks, requirements, layers.
    pub chain: Vec<String>,
    /// How many VMs of its host are decided before it.
    pub before: usize,
    /// Every other host, by id.
    pub targets: Vec<Target>,
}

/// What one host says about a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: HostId,
    /// Its name.
    pub name: String,
    /// Free when it is this VM's turn: hundredths of a core.
    pub cpu: i64,
    /// Free when it is this VM's turn: KiB.
    pub memory_kib: i64,
    /// It would take the VM, or why not.
    pub answer: Result<(), String>,
}

impl Snapshot {
    /// Why this VM would become what it would, if its host died now; `None` if it is on no host, or cannot be read.
    pub fn explain(&mut self, vm: VmId, policy: &Policy) -> Option<Explanation> {
        let host = self.hosts().iter().find(|host| host.vms.contains(&vm))?.clone();
        let now = self.vms.get(&vm)?.clone();
        let loss = self.lose(&[host.id], policy);
        let before = loss.vms.iter().position(|foreseen| foreseen.decision.vm == vm)?;
        let earlier: BTreeMap<VmId, HostId> = loss
            .vms
            .iter()
            .take(before)
            .filter_map(|foreseen| Some((foreseen.decision.vm, foreseen.target()?)))
            .collect();
        let foreseen = loss.vms.into_iter().nth(before)?;
        let placed = match foreseen.prospect() {
            Prospect::Recovered => foreseen.target().is_some(),
            Prospect::Held => true,
            Prospect::Awaited | Prospect::Left => false,
        };
        let (chain, targets) = self.reasons(&host, vm, &earlier, policy);
        let targets = if placed { targets } else { Vec::new() };
        Some(Explanation { host, vm: now, foreseen, chain, before, targets })
    }

    /// What led to the decision, and what each other host says, with the VMs that are decided earlier in their places.
    fn reasons(
        &mut self,
        lost: &Host,
        vm: VmId,
        earlier: &BTreeMap<VmId, HostId>,
        policy: &Policy,
    ) -> (Vec<String>, Vec<Target>) {
        let mut vms: Vec<Vm> = lost.vms.iter().filter_map(|id| self.vms.get(id)).map(after_death).collect();
        for moved in &mut vms {
            moved.host = earlier.get(&moved.id).copied().or(moved.host);
        }
        let request = Request {
            host: lost.id,
            policy,
            scope: &Scope::Host,
            reservation: None,
            closed: lost.vms.iter().copied().filter(|other| *other != vm).collect::<BTreeSet<_>>(),
            live: BTreeSet::new(),
            moving: earlier.clone(),
            refused: BTreeMap::new(),
        };
        self.show(vms);
        let chain = plan::explain(&self.survey, &request, vm).map(|why| why.chain).unwrap_or_default();
        let all = std::mem::take(&mut self.survey.hosts);
        let dead = Host { state: HostState::Error, ..lost.clone() };
        let mut targets = Vec::new();
        for host in all.iter().filter(|host| host.id != lost.id) {
            self.survey.hosts = vec![dead.clone(), host.clone()];
            let decisions = plan::plan(&self.survey, &request);
            let verdict = decisions.into_iter().find(|decision| decision.vm == vm).map(|found| found.verdict);
            targets.push(target(host, verdict.as_ref(), &self.survey.vms, earlier));
        }
        self.survey.hosts = all;
        self.hide();
        (chain, targets)
    }
}

fn target(host: &Host, verdict: Option<&Verdict>, vms: &[Vm], earlier: &BTreeMap<VmId, HostId>) -> Target {
    let here = || vms.iter().filter(|vm| earlier.get(&vm.id) == Some(&host.id));
    let taken = |of: fn(&Vm) -> i64| here().map(of).fold(0, i64::saturating_add);
    let free = |max: i64, used: i64, taken: i64| max.saturating_sub(used).saturating_sub(taken);
    let capacity = host.capacity;
    Target {
        host: host.id,
        name: host.name.clone(),
        cpu: free(capacity.max_cpu, capacity.used_cpu, taken(|vm| vm.cpu)),
        memory_kib: free(capacity.max_memory_kib, capacity.used_memory_kib, taken(|vm| vm.memory_kib)),
        answer: match verdict {
            Some(Verdict::Act(..)) => Ok(()),
            Some(other) => Err(alone(other.text())),
            None => Err("it is not asked".to_owned()),
        },
    }
}

/// `no host takes 1.00 CPU and 1024 MiB: 1 full (node1 (host 1) has …)` of a single host is `full`.
fn alone(reason: &str) -> String {
    let own = reason.split_once(": 1 ").map(|(_, words)| words.split(" (").next().unwrap_or(words));
    own.unwrap_or(reason).to_owned()
}
