//! NUMA nodes of hosts: does a pinned VM fit, and which cores are its own?
//! Source: `src/host/HostShareNUMA.cc`, `make_topology` and `schedule_nodes`; as there, each node of the VM is tested
//! alone and the way is only looked for when it is charged.
//!
//! Deliberately absent: huge pages of another size than 2 MiB, node affinity and distances.

use super::state::{Host, Vm};
use crate::model::VmId;

/// The size of a huge page.
pub(crate) const PAGE_KIB: i64 = 2048;

/// One NUMA node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) cores: Vec<Core>,
    pub(crate) memory_kib: i64,
    pub(crate) used_kib: i64,
    /// Of [`PAGE_KIB`].
    pub(crate) hugepages: i64,
    pub(crate) used_pages: i64,
}

impl Node {
    /// Take this much memory, or give it back if it is negative: of the huge pages, for a VM that wants those.
    fn take(&mut self, memory_kib: i64, vm: &Vm) {
        if wants_pages(vm) {
            self.used_pages = (self.used_pages + memory_kib / PAGE_KIB).max(0);
        } else {
            self.used_kib = (self.used_kib + memory_kib).max(0);
        }
    }

    fn has(&self, memory_kib: i64, vm: &Vm) -> bool {
        if wants_pages(vm) {
            (self.hugepages - self.used_pages) * PAGE_KIB >= memory_kib
        } else {
            self.memory_kib - self.used_kib >= memory_kib
        }
    }
}

/// `TOPOLOGY/HUGEPAGE_SIZE`
fn wants_pages(vm: &Vm) -> bool {
    vm.template.vectors("TOPOLOGY").any(|topology| topology.contains_key("HUGEPAGE_SIZE"))
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Core {
    /// Each hardware thread with the VM that is pinned to it.
    pub(crate) cpus: Vec<(u32, Option<VmId>)>,
    /// All of it is one VM's.
    pub(crate) dedicated: bool,
}

impl Core {
    pub(crate) fn free(&self) -> usize {
        if self.dedicated { 0 } else { self.cpus.iter().filter(|(_, vm)| vm.is_none()).count() }
    }
}

/// How the VM wants its CPUs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// A whole core for each.
    Cores,
    /// This many threads of one core together.
    Threads(usize),
}

/// `TOPOLOGY/PIN_POLICY` is CORE, THREAD or SHARED.
pub(crate) fn is_pinned(vm: &Vm) -> bool {
    let topology = vm.template.vectors("TOPOLOGY").next();
    let policy = topology.and_then(|topology| topology.get("PIN_POLICY"));
    policy.is_some_and(|policy| !policy.is_empty() && !policy.eq_ignore_ascii_case("NONE"))
}

/// May the VM's virtual nodes lie on this host's? One that is not pinned may everywhere.
pub(crate) fn fits(host: &Host, vm: &Vm) -> bool {
    let nodes = requests(vm);
    let Some(wish) = wish(host, vm, &nodes) else { return !is_pinned(vm) || nodes.is_empty() };
    nodes.iter().all(|(cpus, memory)| {
        host.numa.iter().any(|node| room(node, wish) >= *cpus)
            && host.numa.iter().any(|node| node.has(*memory, vm))
    })
}

/// Pin the VM, where it fits, and write into its `NUMA_NODE`s where.
pub(crate) fn charge(host: &mut Host, vm: &mut Vm) {
    let nodes = requests(vm);
    let Some(wish) = wish(host, vm, &nodes) else { return };
    let mut written: Vec<_> = vm.template.vectors("NUMA_NODE").cloned().collect();
    for ((cpus, memory), text) in nodes.into_iter().zip(&mut written) {
        let found = host
            .numa
            .iter_mut()
            .enumerate()
            .find(|(_, node)| room(node, wish) >= cpus && node.has(memory, vm));
        let Some((number, node)) = found else { continue };
        node.take(memory, vm);
        let taken: Vec<String> = pin(node, wish, cpus, vm.id).iter().map(u32::to_string).collect();
        for (name, value) in [
            ("CPUS", taken.join(",")),
            ("NODE_ID", number.to_string()),
            ("MEMORY_NODE_ID", number.to_string()),
        ] {
            text.insert(name.to_owned(), value);
        }
    }
    vm.template.set_vectors("NUMA_NODE", written);
}

/// Take the VM off the nodes.
pub(crate) fn release(host: &mut Host, vm: &Vm) {
    let mine = |core: &&mut Core| core.cpus.iter().any(|(_, holder)| *holder == Some(vm.id));
    for core in host.numa.iter_mut().flat_map(|node| &mut node.cores).filter(mine) {
        core.dedicated = false;
        core.cpus.iter_mut().filter(|(_, holder)| *holder == Some(vm.id)).for_each(|cpu| cpu.1 = None);
    }
    for node in vm.template.vectors("NUMA_NODE") {
        let at = node.get("MEMORY_NODE_ID").and_then(|text| text.parse::<usize>().ok());
        let memory = node.get("MEMORY").and_then(|text| text.parse::<i64>().ok());
        if let Some(node) = at.and_then(|at| host.numa.get_mut(at)) {
            node.take(-memory.unwrap_or(0), vm);
        }
    }
}

fn pin(node: &mut Node, wish: Wish, cpus: usize, vm: VmId) -> Vec<u32> {
    let mut taken = Vec::new();
    for core in &mut node.cores {
        let here = match wish {
            Wish::Cores => usize::from(core.free() == core.cpus.len()),
            Wish::Threads(together) => core.free() / together * together,
        };
        let free = core.cpus.iter_mut().filter(|(_, holder)| holder.is_none());
        for (number, holder) in free.take(here.min(cpus - taken.len())) {
            *holder = Some(vm);
            taken.push(*number);
        }
        core.dedicated |= wish == Wish::Cores && core.cpus.iter().any(|(_, holder)| *holder == Some(vm));
    }
    taken
}

/// CPUs that the node has left for this wish.
fn room(node: &Node, wish: Wish) -> usize {
    let of = |core: &Core| match wish {
        Wish::Cores => usize::from(!core.dedicated && core.free() == core.cpus.len()),
        Wish::Threads(together) => core.free() / together * together,
    };
    node.cores.iter().map(of).sum()
}

/// CPUs and KiB of each virtual node.
fn requests(vm: &Vm) -> Vec<(usize, i64)> {
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let nodes = vm.template.vectors("NUMA_NODE");
    nodes
        .map(|node| {
            (usize::try_from(number(node.get("TOTAL_CPUS"))).unwrap_or(0), number(node.get("MEMORY")))
        })
        .collect()
}

/// `None` for a VM that is not pinned, or that wants threads which this host's cores do not have.
fn wish(host: &Host, vm: &Vm, nodes: &[(usize, i64)]) -> Option<Wish> {
    if !is_pinned(vm) || nodes.is_empty() {
        return None;
    }
    let topology = vm.template.vectors("TOPOLOGY").next()?;
    if topology.get("PIN_POLICY").is_some_and(|policy| policy.eq_ignore_ascii_case("CORE")) {
        return Some(Wish::Cores);
    }
    let of_host = host.numa.first()?.cores.first()?.cpus.len().max(1);
    let wanted = topology.get("THREADS").and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    let divides = |together: usize| nodes.iter().all(|(cpus, _)| cpus % together == 0);
    if let Some(together) = wanted {
        return (together <= of_host && divides(together)).then_some(Wish::Threads(together));
    }
    [4, 2, 1].into_iter().find(|together| *together <= of_host && divides(*together)).map(Wish::Threads)
}
