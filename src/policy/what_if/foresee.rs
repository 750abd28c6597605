//! The loss of some hosts, planned as their recoveries would plan it, one after the other.

use super::{Foreseen, Free, Loss, Snapshot};
use crate::model::{Host, HostId, HostState, Scope, Vm, VmId, VmState};
use crate::policy::order::Order;
use crate::policy::plan::{Decision, Request, Verdict, plan};
use crate::policy::settings::Policy;
use crate::policy::states::{self, Class};
use std::collections::{BTreeMap, BTreeSet};

/// What earlier decisions of the same loss have made of the cloud.
#[derive(Default)]
struct Done {
    /// Every VM that is decided.
    closed: BTreeSet<VmId>,
    /// Where those of them run that were moved.
    moving: BTreeMap<VmId, HostId>,
    /// Those that were moved, as they are then.
    moved: Vec<Vm>,
    foreseen: Vec<Foreseen>,
}

impl Snapshot {
    /// What the loss of these hosts at the same moment would mean. Their recoveries run one after the other, by id, each
    /// on what is left. Hosts that do not exist are passed over.
    ///
    /// The snapshot is changed while this looks at it, and is as before afterwards.
    pub fn lose(&mut self, lost: &[HostId], policy: &Policy) -> Loss {
        let lost: BTreeSet<HostId> = lost.iter().copied().collect();
        let lost: Vec<Host> = lost.iter().filter_map(|id| self.host(*id).cloned()).collect();
        let ids: BTreeSet<HostId> = lost.iter().map(|host| host.id).collect();
        self.set_states(|host| if ids.contains(&host.id) { HostState::Error } else { host.state });
        let mut done = Done::default();
        for host in &lost {
            match self.unprotected(host) {
                Some(reason) => self.leave(host, &reason, &mut done),
                None => self.recover(host, policy, &mut done),
            }
        }
        let free = self.free(&lost, &done.moved);
        let before: BTreeMap<_, _> = lost.iter().map(|host| (host.id, host.state)).collect();
        self.set_states(|host| before.get(&host.id).copied().unwrap_or(host.state));
        let hosts = lost.into_iter().map(|host| (host.id, host.name)).collect();
        Loss { hosts, vms: done.foreseen, free }
    }

    pub(super) fn set_states(&mut self, state: impl Fn(&Host) -> HostState) {
        for host in &mut self.survey.hosts {
            host.state = state(host);
        }
    }

    fn recover(&mut self, host: &Host, policy: &Policy, done: &mut Done) {
        let fresh: Vec<VmId> = host.vms.iter().filter(|vm| !done.closed.contains(vm)).copied().collect();
        let mut vms: Vec<Vm> = fresh.iter().filter_map(|id| self.vms.get(id)).map(after_death).collect();
        vms.extend(done.moved.iter().cloned());
        self.show(vms);
        self.survey.unreadable =
            fresh.iter().filter_map(|id| Some((*id, self.unreadable.get(id)?.clone()))).collect();
        let request = Request {
            closed: done.closed.clone(),
            moving: done.moving.clone(),
            fell: self.fell_since(policy),
            ..Request::new(host.id, policy, &Scope::Host)
        };
        let decisions = plan(&self.survey, &request);
        let turns = turns(&decisions);
        let nowhere = self.waiting(host);
        for mut decision in decisions {
            if let (Verdict::Act(..), Some(reason)) = (&decision.verdict, &nowhere) {
                decision.verdict = Verdict::Hold(reason.clone());
            }
            let turn = turns.get(&decision.vm).copied().unwrap_or(1);
            self.take(host, turn, decision, done);
        }
        self.hide();
    }

    /// The decision is carried out, and nothing goes wrong.
    fn take(&mut self, host: &Host, turn: u32, decision: Decision, done: &mut Done) {
        done.closed.insert(decision.vm);
        if let Verdict::Act(Order::Migrate { vm: id, to, .. }, _) = decision.verdict {
            done.moving.insert(id, to);
            if let Some(vm) = self.survey.vms.iter_mut().find(|vm| vm.id == id) {
                vm.host = Some(to);
                if vm.state == VmState::UNKNOWN || decision.starts {
                    vm.state = VmState::RUNNING;
                }
                done.moved.push(vm.clone());
            }
        }
        done.foreseen.push(Foreseen { host: host.id, turn, decision });
    }

    /// A host that dies now was heard now.
    pub(super) fn fell_since(&self, policy: &Policy) -> Option<i64> {
        policy.plan.fell_since(self.survey.memory.now.0)
    }

    /// The brake that holds a recovery whose cluster has no other host, before any VM is looked at.
    fn waiting(&self, host: &Host) -> Option<String> {
        let usable = |other: &Host| {
            other.id != host.id && other.cluster == host.cluster && other.state == HostState::Monitored
        };
        let reason =
            "its cluster is Waiting then: no other host of it is MONITORED, so nothing could run elsewhere";
        (!self.survey.hosts.iter().any(usable)).then(|| reason.to_owned())
    }

    /// Nothing of this host would be touched.
    fn leave(&self, host: &Host, reason: &str, done: &mut Done) {
        for id in &host.vms {
            if !done.closed.insert(*id) {
                continue;
            }
            let vm = self.vms.get(id);
            let decision = Decision {
                vm: *id,
                name: vm.map_or_else(|| "?".to_owned(), |vm| vm.name.clone()),
                state: vm.map_or(VmState::Unknown(-1), |vm| vm.state),
                host: vm.and_then(|vm| vm.host),
                priority: crate::policy::plan::Priority::Medium,
                starts: false,
                after: Vec::new(),
                verdict: Verdict::Leave(reason.to_owned()),
            };
            done.foreseen.push(Foreseen { host: host.id, turn: 1, decision });
        }
    }

    /// What is left in the clusters of the lost hosts.
    fn free(&self, lost: &[Host], moved: &[Vm]) -> Option<Free> {
        let clusters: BTreeSet<_> = lost.iter().map(|host| host.cluster).collect();
        let usable = |host: &&Host| host.state == HostState::Monitored && clusters.contains(&host.cluster);
        let left: Vec<&Host> = self.survey.hosts.iter().filter(usable).collect();
        let here: BTreeSet<_> = left.iter().map(|host| host.id).collect();
        let moved = || moved.iter().filter(|vm| vm.host.is_some_and(|host| here.contains(&host)));
        let sum = |of: fn(&Host) -> i64| left.iter().map(|host| of(host)).fold(0, i64::saturating_add);
        let new = |of: fn(&Vm) -> i64| moved().map(of).fold(0, i64::saturating_add);
        let percent = |max: i64, used: i64| max.saturating_sub(used).saturating_mul(100) / max.max(1);
        let cpu = percent(
            sum(|host| host.capacity.max_cpu),
            sum(|host| host.capacity.used_cpu).saturating_add(new(|vm| vm.cpu)),
        );
        let memory = percent(
            sum(|host| host.capacity.max_memory_kib),
            sum(|host| host.capacity.used_memory_kib).saturating_add(new(|vm| vm.memory_kib)),
        );
        (!left.is_empty()).then(|| Free { percent: cpu.min(memory) })
    }
}

/// When each VM is acted on: at once, or once those run that it needs.
pub(super) fn turns(decisions: &[Decision]) -> BTreeMap<VmId, u32> {
    let mut turns: BTreeMap<VmId, u32> = decisions.iter().map(|decision| (decision.vm, 1)).collect();
    // The longest chain has every VM in it.
    for _ in decisions {
        let mut later = false;
        for decision in decisions.iter().filter(|decision| !decision.after.is_empty()) {
            let needed = decision.after.iter().filter_map(|vm| turns.get(vm)).max().copied().unwrap_or(0);
            let turn = turns.entry(decision.vm).or_insert(1);
            later |= *turn <= needed;
            *turn = (*turn).max(needed.saturating_add(1));
        }
        if !later {
            break;
        }
    }
    turns
}

/// What oned makes of a VM once its host stops reporting.
pub(super) fn after_death(vm: &Vm) -> Vm {
    let state = match states::class(vm.state) {
        Class::Running => VmState::UNKNOWN,
        Class::Lost
        | Class::Transient
        | Class::Failure
        | Class::Resubmit
        | Class::Stopped
        | Class::NotPlaced
        | Class::Done
        | Class::Strange => vm.state,
    };
    Vm { state, ..vm.clone() }
}
