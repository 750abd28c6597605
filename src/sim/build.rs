//! Setting up a cloud for a scenario, directly in the database and on the machines: zone, clusters, hosts.

use super::build_topology;
use super::cloud::Cloud;
use super::spec::{DatastoreSpec, HostSpec, PciSpec};
use super::state::{Cluster, Host, HostPci};
use super::template::Template;
use super::version::Version;
use crate::model::{ClusterId, DatastoreId, HostId, HostState};
use std::collections::BTreeSet;

impl Cloud {
    /// A zone as a fresh installation has it: one front-end, the default cluster, datastores 0 (system), 1 (image)
    /// and 2 (file), no hosts.
    #[must_use]
    pub fn new(version: Version) -> Cloud {
        let mut cloud = Cloud::empty(version);
        let mut template = Template::default();
        template.set("RESERVED_CPU", "");
        template.set("RESERVED_MEM", "");
        let name = "default".to_owned();
        cloud.state.clusters.insert(ClusterId(0), Cluster { name, template });
        let files = if version >= Version::V7_0 { "local" } else { "ssh" };
        for (id, name, tm_mad, kind) in
            [(0, "system", "dummy", 1), (1, "default", "dummy", 0), (2, "files", files, 2)]
        {
            let mut spec = DatastoreSpec::system(name, tm_mad);
            spec.kind = kind;
            cloud.insert_datastore(DatastoreId(id), spec, Template::default());
        }
        cloud
    }

    /// Add a cluster; the first new id is 100, as in OpenNebula.
    pub fn add_cluster(&mut self, name: &str) -> ClusterId {
        let last = self.state.clusters.keys().next_back().map_or(0, |id| id.0);
        let id = ClusterId((last + 1).max(100));
        let cluster = Cluster { name: name.to_owned(), template: Template::default() };
        self.state.clusters.insert(id, cluster);
        id
    }

    /// Set one attribute of a cluster's template, for example `HA`.
    pub fn set_cluster_attribute(&mut self, cluster: ClusterId, name: &str, value: &str) {
        if let Some(cluster) = self.state.clusters.get_mut(&cluster) {
            cluster.template.set(name, value);
        }
    }

    /// Add a host that is MONITORED.
    pub fn add_host(&mut self, spec: HostSpec) -> HostId {
        let id = HostId(self.state.hosts.keys().next_back().map_or(0, |id| id.0 + 1));
        let mut template = Template::default();
        for (name, value) in [
            ("ARCH", "x86_64"),
            ("CPUSPEED", "2200"),
            ("HOSTNAME", spec.name.as_str()),
            ("HYPERVISOR", "dummy"),
            ("IM_MAD", "dummy"),
            ("MODELNAME", "Lab"),
            ("RESERVED_CPU", "0"),
            ("RESERVED_MEM", "0"),
            ("VERSION", &self.version.to_string()),
            ("VM_MAD", "dummy"),
        ] {
            template.set(name, value);
        }
        // A host has the driver of its hypervisor, unless the file says otherwise.
        if let Some(hypervisor) = spec.attributes.get("HYPERVISOR") {
            template.set("VM_MAD", hypervisor);
        }
        for (name, value) in &spec.attributes {
            template.set(name, value);
        }
        let host = Host {
            id,
            name: spec.name,
            state: HostState::Monitored,
            previous: HostState::Init,
            cluster: spec.cluster,
            cpu: spec.cpu,
            memory_kib: spec.memory_kib,
            used_cpu: 0,
            used_memory_kib: 0,
            vms: BTreeSet::new(),
            pci: spec.pci.into_iter().map(device).collect(),
            numa: build_topology::nodes(&spec.numa),
            template,
            share: spec.share,
            monitored_at: self.epoch(),
        };
        self.state.hosts.insert(id, host);
        self.physics.add(id);
        self.show_capacity(id);
        id
    }

    /// 7.x keeps the totals in the template too; OFFLINE takes them away.
    pub(crate) fn show_capacity(&mut self, host: HostId) {
        let Some(host) = self.state.hosts.get_mut(&host) else {
            return;
        };
        host.template.remove("TOTALCPU");
        host.template.remove("TOTALMEMORY");
        if self.version >= Version::V7_0 && host.state != HostState::Offline {
            host.template.set("TOTALCPU", host.cpu.to_string());
            host.template.set("TOTALMEMORY", host.memory_kib.to_string());
        }
    }

    /// Set one attribute of a host's template, for example `HA_STANDBY`.
    pub fn set_host_attribute(&mut self, host: HostId, name: &str, value: &str) {
        if let Some(host) = self.state.hosts.get_mut(&host) {
            host.template.set(name, value);
        }
    }
}

fn device(spec: PciSpec) -> HostPci {
    HostPci {
        vendor: spec.vendor,
        device: spec.device,
        class: spec.class,
        short_address: spec.short_address,
        profiles: spec.profiles,
        vm: None,
    }
}
