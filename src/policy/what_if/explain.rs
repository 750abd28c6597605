//! Why one VM would go where it goes, or nowhere: what every other host says about it.
//!
//! It is the planner's own answer, with all that it places before this VM in their places, and with those that have to go to
//! the same host.

use super::foresee::after_death;
use super::{Foreseen, Prospect, Snapshot};
use crate::model::{Host, HostState, Scope, Vm, VmId};
use crate::policy::plan::{self, Request, Target};
use crate::policy::settings::Policy;

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

impl Snapshot {
    /// Why this VM would become what it would, if its host died now; `None` if it is on no host, or cannot be read.
    pub fn explain(&mut self, vm: VmId, policy: &Policy) -> Option<Explanation> {
        let host = self.hosts().iter().find(|host| host.vms.contains(&vm))?.clone();
        let now = self.vms.get(&vm)?.clone();
        let loss = self.lose(&[host.id], policy);
        let before = loss.vms.iter().position(|foreseen| foreseen.decision.vm == vm)?;
        let foreseen = loss.vms.into_iter().nth(before)?;
        let placed = match foreseen.prospect() {
            Prospect::Recovered => foreseen.target().is_some(),
            Prospect::Held => true,
            Prospect::Awaited | Prospect::Left => false,
        };
        let (chain, targets) = self.reasons(&host, vm, policy);
        let targets = if placed { targets } else { Vec::new() };
        Some(Explanation { host, vm: now, foreseen, chain, before, targets })
    }

    /// What led to the decision, and what each other host says when it is this VM's turn.
    fn reasons(&mut self, lost: &Host, vm: VmId, policy: &Policy) -> (Vec<String>, Vec<Target>) {
        self.set_states(|host| if host.id == lost.id { HostState::Error } else { host.state });
        self.show(lost.vms.iter().filter_map(|id| self.vms.get(id)).map(after_death).collect());
        let request =
            Request { fell: self.fell_since(policy), ..Request::new(lost.id, policy, &Scope::Host) };
        let why = plan::explain(&self.survey, &request, vm);
        self.hide();
        self.set_states(|host| if host.id == lost.id { lost.state } else { host.state });
        why.map(|why| (why.chain, why.targets)).unwrap_or_default()
    }
}
