//! Setting up virtual networks and NUMA nodes, and what oned derives from a VM's template when it is allocated.

use super::cloud::Cloud;
use super::numa::{self, Core, Node};
use super::spec::{DiskSpec, NumaSpec};
use super::state::{Network, State, Vm};
use super::template::{Attribute, Template};
use super::version::Version;
use crate::model::{ClusterId, DatastoreId};
use std::collections::{BTreeMap, BTreeSet};

impl Cloud {
    /// Add a virtual network of these clusters; gives `VNET/ID`.
    pub fn add_network(&mut self, name: &str, clusters: Vec<ClusterId>) -> u32 {
        let id = self.state.networks.keys().next_back().map_or(0, |id| id + 1);
        let mut template = Template::default();
        for (name, value) in [("BRIDGE_TYPE", "linux"), ("SECURITY_GROUPS", "0"), ("VN_MAD", "bridge")] {
            template.set(name, value);
        }
        let clusters = clusters.into_iter().collect();
        self.state.networks.insert(id, Network { id, name: name.to_owned(), clusters, template });
        id
    }
}

/// A host's nodes; CPUs are numbered through all of them.
pub(super) fn nodes(specs: &[NumaSpec]) -> Vec<Node> {
    let mut next = 0..;
    let mut core = |threads: u32| Core {
        cpus: next.by_ref().take(threads as usize).map(|cpu| (cpu, None)).collect(),
        dedicated: false,
    };
    let mut node = |spec: &NumaSpec| Node {
        cores: (0..spec.cores).map(|_| core(spec.threads)).collect(),
        memory_kib: spec.memory_kib,
        used_kib: 0,
        hugepages: spec.hugepages,
        used_pages: 0,
    };
    specs.iter().map(&mut node).collect()
}

/// `DISK`s and `NIC`s with what oned copies into them from datastore and network.
pub(super) fn add_devices(state: &State, template: &mut Template, disks: &[DiskSpec], networks: &[u32]) {
    for (at, disk) in disks.iter().enumerate() {
        let mut pairs = vec![("DISK_ID", at.to_string())];
        if let Some(id) = disk.datastore {
            let datastore = state.datastores.get(&id);
            let tm_mad = datastore.map(|datastore| datastore.tm_mad.clone());
            pairs.extend([("DATASTORE_ID", id.0.to_string()), ("IMAGE_ID", at.to_string())]);
            pairs.extend(datastore.map(|datastore| ("DATASTORE", datastore.name.clone())));
            pairs.extend(disk.tm_mad.clone().or(tm_mad).map(|tm_mad| ("TM_MAD", tm_mad)));
            pairs.push(("CLUSTER_ID", joined(datastore.map(|datastore| &datastore.clusters))));
        } else {
            pairs.extend([
                ("FORMAT", "raw".to_owned()),
                ("SIZE", "1024".to_owned()),
                ("TYPE", "fs".to_owned()),
            ]);
            pairs.extend(disk.tm_mad.clone().map(|tm_mad| ("TM_MAD", tm_mad)));
        }
        pairs.extend(disk.tm_mad_system.clone().map(|tm_mad| ("TM_MAD_SYSTEM", tm_mad)));
        pairs.extend(disk.replicated_every.map(|every| ("RECOVERY_SNAPSHOT_FREQ", every.to_string())));
        template.push("DISK", vector(pairs));
    }
    for (at, id) in networks.iter().enumerate() {
        let network = state.networks.get(id);
        let name = network.map_or_else(String::new, |network| network.name.clone());
        let pairs = vec![
            ("BRIDGE", format!("onebr{id}")),
            ("CLUSTER_ID", joined(network.map(|network| &network.clusters))),
            ("NAME", format!("NIC{at}")),
            ("NETWORK", name),
            ("NETWORK_ID", id.to_string()),
            ("NIC_ID", at.to_string()),
            ("SECURITY_GROUPS", "0".to_owned()),
        ];
        template.push("NIC", vector(pairs));
    }
}

fn joined(clusters: Option<&BTreeSet<ClusterId>>) -> String {
    let ids: Vec<String> = clusters.into_iter().flatten().map(|cluster| cluster.0.to_string()).collect();
    ids.join(",")
}

fn vector(pairs: Vec<(&str, String)>) -> Attribute {
    Attribute::Vector(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// `NUMA_NODE` of a VM with a topology that does not spell its nodes out.
/// Source: `src/vm/VirtualMachine.cc`, `parse_topology`.
pub(super) fn add_virtual_nodes(vm: &mut Vm) {
    if !numa::is_pinned(vm) || vm.template.vectors("NUMA_NODE").next().is_some() {
        return;
    }
    let cpus = vm.template.get("VCPU").unwrap_or("1").to_owned();
    let pairs = [("MEMORY", vm.memory_kib.to_string()), ("TOTAL_CPUS", cpus)];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
    vm.template.set_vectors("NUMA_NODE", vec![BTreeMap::from(pairs)]);
}

/// `AUTOMATIC_REQUIREMENTS`: the clusters that all datastores of its images and all its networks have in common, and
/// whether its CPUs are pinned. Source: `src/vm/VirtualMachine.cc`, `automatic_requirements`.
pub(super) fn add_requirements(version: Version, state: &State, vm: &mut Vm) {
    let ids = |name: &str, key: &str| -> Vec<u32> {
        let vectors = vm.template.vectors(name);
        vectors.filter_map(|vector| vector.get(key)?.parse().ok()).collect()
    };
    let images = ids("DISK", "DATASTORE_ID").into_iter().map(DatastoreId);
    let images = images.filter_map(|id| state.datastores.get(&id)).map(|datastore| &datastore.clusters);
    let nets = ids("NIC", "NETWORK_ID");
    let nets = nets.iter().filter_map(|id| state.networks.get(id)).map(|network| &network.clusters);
    let mut common: Option<BTreeSet<ClusterId>> = None;
    for clusters in images.chain(nets) {
        common = Some(match common {
            None => clusters.clone(),
            Some(common) => common.intersection(clusters).copied().collect(),
        });
    }
    let clusters: Vec<String> =
        common.iter().flatten().map(|cluster| format!("CLUSTER_ID = {}", cluster.0)).collect();
    let mut terms = Vec::new();
    if !clusters.is_empty() {
        terms.push(format!("({})", clusters.join(" | ")));
    }
    if version < Version::V7_0 {
        terms.push("!(PUBLIC_CLOUD = YES)".to_owned());
    }
    let pinned = if numa::is_pinned(vm) { "(PIN_POLICY = PINNED)" } else { "!(PIN_POLICY = PINNED)" };
    terms.push(pinned.to_owned());
    vm.template.set("AUTOMATIC_REQUIREMENTS", terms.join(" & "));
}
