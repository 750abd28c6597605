//! Cores, threads and huge pages for pinned VMs. Source: `src/host/HostShareNUMA.cc`, `make_topology`.
//!
//! oned checks it again when it is asked to migrate with `enforce`; here it is checked so that the right host is asked.

use crate::model::{HugePages, NumaCore, NumaNode, Pin, Topology, VirtualNode};

/// Take room for every virtual node; false if there is none, and then the nodes are not to be used any more.
pub(super) fn take(nodes: &mut [NumaNode], topology: &Topology) -> bool {
    topology.nodes.iter().all(|wanted| {
        let place = nodes.iter_mut().find(|node| holds(node, wanted, topology));
        place.is_some_and(|node| {
            occupy(node, wanted, topology);
            true
        })
    })
}

fn holds(node: &NumaNode, wanted: &VirtualNode, topology: &Topology) -> bool {
    let memory = if topology.hugepage_mib > 0 {
        pages(node, topology).is_some_and(|pages| pages.pages - pages.used >= needed(wanted, pages))
    } else {
        node.memory_kib.saturating_sub(node.used_memory_kib) >= wanted.memory_kib
    };
    let cpus = match &topology.pin {
        Pin::None | Pin::Shared => true,
        Pin::Unknown(_) => false,
        Pin::Core | Pin::Thread => {
            let together = together(node, wanted, topology);
            node.cores.iter().map(|core| room(*core, &topology.pin, together)).sum::<i64>() >= wanted.cpus
        }
    };
    memory && cpus
}

fn occupy(node: &mut NumaNode, wanted: &VirtualNode, topology: &Topology) {
    if topology.hugepage_mib > 0 {
        let size = topology.hugepage_mib.saturating_mul(1024);
        if let Some(pages) = node.hugepages.iter_mut().find(|pages| pages.size_kib == size) {
            pages.used += needed(wanted, pages);
        }
    } else {
        node.used_memory_kib = node.used_memory_kib.saturating_add(wanted.memory_kib);
    }
    let together = together(node, wanted, topology);
    let mut left = wanted.cpus;
    for core in &mut node.cores {
        let here = room(*core, &topology.pin, together).min(left);
        if here > 0 {
            core.dedicated |= topology.pin == Pin::Core;
            core.free = core.free.saturating_sub(here);
            left -= here;
        }
    }
}

/// Virtual CPUs that a core has left: a core that nobody has is one of policy CORE, or as many threads as go together.
fn room(core: NumaCore, pin: &Pin, together: i64) -> i64 {
    if core.dedicated {
        return 0;
    }
    match pin {
        Pin::Core => i64::from(core.threads > 0 && core.free == core.threads),
        Pin::Thread => core.free / together * together,
        Pin::None | Pin::Shared | Pin::Unknown(_) => 0,
    }
}

/// Threads of one core that go together: as the template says, else the most that the host has and that fit evenly.
fn together(node: &NumaNode, wanted: &VirtualNode, topology: &Topology) -> i64 {
    if topology.threads > 0 {
        return topology.threads;
    }
    let most = node.cores.first().map_or(1, |core| core.threads.max(1));
    [4, 2].into_iter().find(|threads| *threads <= most && wanted.cpus % threads == 0).unwrap_or(1)
}

fn pages<'a>(node: &'a NumaNode, topology: &Topology) -> Option<&'a HugePages> {
    node.hugepages.iter().find(|pages| pages.size_kib == topology.hugepage_mib.saturating_mul(1024))
}

fn needed(wanted: &VirtualNode, pages: &HugePages) -> i64 {
    let size = pages.size_kib.max(1);
    wanted.memory_kib / size + i64::from(wanted.memory_kib % size != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(cores: i64, memory_kib: i64) -> NumaNode {
        let core = NumaCore { threads: 2, free: 2, dedicated: false };
        let pages = HugePages { size_kib: 2048, pages: 10, used: 4 };
        let cores = (0..cores).map(|_| core).collect();
        NumaNode { cores, memory_kib, hugepages: vec![pages], ..NumaNode::default() }
    }

    fn topology(pin: Pin, cpus: &[i64]) -> Topology {
        let nodes = cpus.iter().map(|cpus| VirtualNode { cpus: *cpus, memory_kib: 4096 }).collect();
        Topology { pin, threads: 0, hugepage_mib: 0, nodes }
    }

    #[test]
    fn a_core_is_one_cpu_of_policy_core_and_two_of_policy_thread() {
        let fits = |pin, cpus: &[i64]| take(&mut [node(2, 100_000), node(2, 100_000)], &topology(pin, cpus));
        assert!(fits(Pin::Core, &[2, 2]) && !fits(Pin::Core, &[3]) && !fits(Pin::Core, &[2, 2, 1]));
        assert!(fits(Pin::Thread, &[4, 4]) && !fits(Pin::Thread, &[5]));
        assert!(fits(Pin::Shared, &[99]) && !fits(Pin::Unknown("ODD".to_owned()), &[1]));
    }

    #[test]
    fn what_is_taken_is_gone() {
        let mut nodes = [node(2, 100_000)];
        assert!(take(&mut nodes, &topology(Pin::Core, &[1])));
        assert!(take(&mut nodes, &topology(Pin::Thread, &[2])));
        assert!(!take(&mut nodes, &topology(Pin::Thread, &[1])));
    }

    #[test]
    fn memory_and_pages_are_of_one_node() {
        let shared = topology(Pin::Shared, &[1]);
        assert!(!take(&mut [node(1, 4095), node(1, 4095)], &shared));
        let huge = Topology { hugepage_mib: 2, ..shared };
        let mut nodes = [node(1, 0)];
        assert!((0..3).all(|_| take(&mut nodes, &huge)) && !take(&mut nodes, &huge));
        assert!(!take(&mut [node(1, 100_000)], &Topology { hugepage_mib: 1024, ..huge }));
    }
}
