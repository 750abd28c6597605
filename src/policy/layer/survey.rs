//! Everything about layers that was read at one time.

use super::{Layer, Means, Rule, layers, rules};
use crate::model::{Cluster, ClusterId, Host, HostId, Vm, VmGroup, VmId};
use crate::policy::LayerScope;

/// What oned has now.
#[derive(Clone, Debug)]
pub struct Survey {
    /// How this oned keeps new layers.
    pub means: Means,
    /// Every host.
    pub hosts: Vec<Host>,
    /// Every cluster.
    pub clusters: Vec<Cluster>,
    /// Every VM group.
    pub groups: Vec<VmGroup>,
    /// Every VM that is not DONE.
    pub vms: Vec<Vm>,
    /// What could not be read, `vm 7: …`: members may be missing.
    pub unreadable: Vec<String>,
    /// The layers of these groups and VMs.
    pub layers: Vec<Layer>,
    /// The rules of these groups that are no layers.
    pub rules: Vec<Rule>,
    /// Among whose VMs the attribute counts.
    pub scope: LayerScope,
}

impl Survey {
    /// The layers of what was read. `version` is what `one.system.version` says, `7.5.80`.
    #[must_use]
    pub fn new(
        version: &str,
        hosts: Vec<Host>,
        clusters: Vec<Cluster>,
        groups: Vec<VmGroup>,
        vms: Vec<Vm>,
        unreadable: Vec<String>,
        scope: LayerScope,
    ) -> Self {
        let (layers, rules) = (layers(&groups, &vms, scope), rules(&groups, &vms));
        Self { means: Means::of(version), hosts, clusters, groups, vms, unreadable, layers, rules, scope }
    }

    /// `node0 (host 0)`
    #[must_use]
    pub fn host(&self, id: HostId) -> String {
        let host = self.hosts.iter().find(|host| host.id == id);
        host.map_or_else(|| id.to_string(), ToString::to_string)
    }

    /// `default (cluster 0)`
    #[must_use]
    pub fn cluster(&self, id: ClusterId) -> String {
        let cluster = self.clusters.iter().find(|cluster| cluster.id == id);
        cluster.map_or_else(|| id.to_string(), |cluster| format!("{} ({id})", cluster.name))
    }

    /// `web-0 (vm 4)`
    #[must_use]
    pub fn vm(&self, id: VmId) -> String {
        let vm = self.vms.iter().find(|vm| vm.id == id);
        vm.map_or_else(|| id.to_string(), ToString::to_string)
    }
}
