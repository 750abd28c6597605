//! The survey, by id.

use super::super::healthy::fell_since;
use super::super::port::Survey;
use super::super::zombies;
use super::{Request, Standing};
use crate::model::{
    Asked, Cluster, ClusterId, Datastore, DatastoreId, Epoch, Force, GroupId, Host, HostId, Mode, Network,
    NetworkId, Vm, VmGroup, VmId,
};
use crate::policy::moments::CLOCKS;
use crate::policy::ready::{Gate, gates};
use crate::policy::returned::is_back_since;
use std::collections::{BTreeMap, BTreeSet};

/// A survey and a request, with everything found by its id.
pub(super) struct View<'a> {
    pub(super) survey: &'a Survey,
    pub(super) request: &'a Request<'a>,
    /// By id.
    pub(super) hosts: BTreeMap<HostId, &'a Host>,
    pub(super) dead: Option<&'a Host>,
    /// Hosts whose VMs were moved away while they ran.
    pub(super) ran_on: BTreeSet<HostId>,
    /// Hosts that were in ERROR a moment ago, and may be again.
    pub(super) returned: BTreeSet<HostId>,
    /// VMs that oned charges to the dead host.
    pub(super) charged: BTreeSet<VmId>,
    pub(super) clusters: BTreeMap<ClusterId, &'a Cluster>,
    pub(super) datastores: BTreeMap<DatastoreId, &'a Datastore>,
    pub(super) groups: BTreeMap<GroupId, &'a VmGroup>,
    pub(super) networks: BTreeMap<NetworkId, &'a Network>,
    /// When VMs are ready that are not so as soon as they run.
    pub(super) gates: BTreeMap<VmId, Gate>,
    /// VMs that another host says it runs, and why nothing is done for them.
    pub(super) zombies: BTreeMap<VmId, String>,
}

impl<'a> View<'a> {
    pub(super) fn new(survey: &'a Survey, request: &'a Request<'a>) -> Self {
        let hosts: BTreeMap<_, _> = survey.hosts.iter().map(|host| (host.id, host)).collect();
        let dead = hosts.get(&request.host).copied();
        let incidents = survey.memory.incidents.iter();
        let ran_on = incidents.filter_map(|(_, incident)| incident.ran_on().map(|_| incident.host));
        Self {
            ran_on: ran_on.collect(),
            returned: hosts
                .values()
                .filter(|host| returned(survey, request, host))
                .map(|host| host.id)
                .collect(),
            survey,
            request,
            dead,
            charged: dead.iter().flat_map(|host| &host.vms).copied().collect(),
            hosts,
            clusters: survey.clusters.all.iter().map(|cluster| (cluster.id, cluster)).collect(),
            datastores: survey.datastores.iter().map(|datastore| (datastore.id, datastore)).collect(),
            groups: survey.groups.all.iter().map(|group| (group.id, group)).collect(),
            gates: gates(survey, &request.policy.ready),
            zombies: zombies::elsewhere(survey, request.host),
            networks: survey.networks.all.iter().map(|network| (network.id, network)).collect(),
        }
    }

    /// Has this VM fallen with the dead host, though oned has it powered off?
    pub(super) fn fell(&self, vm: &Vm) -> bool {
        self.request.fell.is_some_and(|since| fell_since(vm, since))
    }

    /// `host_error --host node7 -r`, with the other options of this run.
    pub(super) fn command(&self, mode: Mode, force: Force) -> String {
        let host = self.dead.map_or_else(|| self.request.host.0.to_string(), |host| host.name.clone());
        Asked { mode, force, fencing: self.request.policy.fencing }.command(&host)
    }

    /// What brings a VM back that cannot be moved. The command is about its whole host.
    pub(super) fn anew(&self, from: &str) -> String {
        format!(
            "`{}` creates it again, from {from}, and every other VM that is still on that host",
            self.command(Mode::Recreate, self.request.policy.force)
        )
    }

    /// A host where VMs do not start comes last, one that has just returned before it.
    pub(super) fn standing(&self, host: HostId) -> u8 {
        match self.request.standing.get(&host) {
            Some(Standing::Last | Standing::Out(_)) => 0,
            None if self.returned.contains(&host) => 1,
            None => 2,
        }
    }

    /// Was the VM planned there before?
    pub(super) fn was_planned(&self, vm: VmId, host: HostId) -> bool {
        self.request.planned.get(&vm) == Some(&host)
    }

    /// `node3 (host 3)`, as everywhere.
    pub(super) fn host_name(&self, id: HostId) -> String {
        self.hosts.get(&id).map_or_else(|| id.to_string(), ToString::to_string)
    }
}

/// Was this host in ERROR a moment ago? Its last record says when it was taken up and ended, and `host_back` since when it is
/// back. Its probes may write its template, so that counts only beside a record.
fn returned(survey: &Survey, request: &Request<'_>, host: &Host) -> bool {
    let (now, within) = (survey.memory.now, request.policy.plan.returned);
    let recent = |at: Epoch| at <= now.plus(CLOCKS) && now.since(at) < within;
    let back = is_back_since(host).is_some_and(recent);
    let mut records = survey.memory.incidents.iter().filter(|(_, incident)| incident.host == host.id);
    records.any(|(_, incident)| back || recent(incident.updated))
}
