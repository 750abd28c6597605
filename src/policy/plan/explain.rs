//! The whole chain of reasons for one VM, hosts that do not take it included.

use super::after::wanted;
use super::assign::{self, Watched};
use super::bonds::Bonds;
use super::room::Size;
use super::sequence::{Priority, Ranks};
use super::view::View;
use super::wish::{self, Chosen};
use super::{Decision, Request, plan};
use crate::model::{HostId, Vm, VmId};
use crate::policy::port::Survey;

/// Why a VM is decided about as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// What led to it, one sentence each: policy, priority, layers, disks.
    pub chain: Vec<String>,
    /// What every host but the dead one says when it is the VM's turn, by id; empty where no host was looked for.
    pub targets: Vec<Target>,
}

/// What one host says about a VM, and about those that have to go there with it.
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
    /// It would take the VM, or why not: `full`.
    pub answer: Result<(), String>,
}

/// Plan, and explain the decision about one VM; `None` if it is not decided about.
#[must_use]
pub fn explain(survey: &Survey, request: &Request<'_>, vm: VmId) -> Option<Explanation> {
    let decision = plan(survey, request).into_iter().find(|decision| decision.vm == vm)?;
    let view = View::new(survey, request);
    let vms: Vec<&Vm> = survey.vms.iter().filter(|vm| !request.closed.contains(&vm.id)).collect();
    let (_, Watched { hosts, with }) = assign::verdicts(&vms, &view, &Ranks::new(&vms, &view), Some(vm));
    let name =
        |host: HostId| view.hosts.get(&host).map_or_else(|| host.to_string(), |host| host.name.clone());
    let target = |(host, Size { cpu, memory }, answer)| Target {
        host,
        name: name(host),
        cpu,
        memory_kib: memory,
        answer,
    };
    let targets = hosts.into_iter().map(target).collect();
    let vm = vms.into_iter().find(|other| other.id == vm);
    let mut chain = vm.map(|vm| chain(vm, &view)).unwrap_or_default();
    if !with.is_empty() {
        let with: Vec<String> = with.iter().map(ToString::to_string).collect();
        chain.push(format!("goes to one host with {}", with.join(", ")));
    }
    Some(Explanation { decision, chain, targets })
}

fn chain(vm: &Vm, view: &View<'_>) -> Vec<String> {
    let mut chain = Vec::new();
    match wish::choose(vm, view) {
        Ok(Chosen { mode, why: None }) => chain.push(format!("policy: {mode:?}, by the option")),
        Ok(Chosen { mode, why: Some(why) }) => chain.push(format!("policy: {mode:?}, because {why}")),
        Err(verdict) => chain.push(format!("policy: {verdict}")),
    }
    chain.push(format!("priority: {}", Priority::of(vm).0));
    let order = wanted(&[vm], view).remove(&vm.id).unwrap_or_default();
    chain.extend(order.notes.iter().map(|note| format!("order: {note}")));
    let (cores, hundredths) = (vm.cpu / 100, vm.cpu % 100);
    chain.push(format!(
        "size: {cores}.{hundredths:02} CPU, {} MiB, {} PCI devices",
        vm.memory_kib / 1024,
        vm.pci.len()
    ));
    if let Some(system) = vm.system_datastore.and_then(|id| view.datastores.get(&id)) {
        chain.push(format!("disks: system {} ({}), driver {}", system.id, system.name, system.tm_mad));
    }
    for (what, text) in [
        ("oned's requirements", vm.needs.automatic.as_ref()),
        ("requirements", vm.attributes.get("SCHED_REQUIREMENTS")),
    ] {
        chain.extend(text.map(|text| format!("{what}: {}", text.chars().take(200).collect::<String>())));
    }
    let bonds = Bonds::new(&[vm], view);
    chain.extend(bonds.names(vm.id).map(|name| format!("kept apart by {name}")));
    if let Some(hosts) = bonds.of(vm.id).and_then(|bond| bonds.fixed(bond.together?)) {
        let hosts: Vec<String> = hosts.iter().map(|host| view.host_name(*host)).collect();
        chain.push(format!("kept together with VMs on {}", hosts.join(", ")));
    }
    chain
}
