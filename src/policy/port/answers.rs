//! What a world answers.

use crate::model::{
    Cluster, Datastore, DocumentId, DocumentLock, Epoch, Hold, Host, HostId, Listing, Locked, Memory,
    Network, Owner, Service, Version, Vm, VmGroup, VmId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Whether this run may work on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// Nobody else does; and the record that a run of this front-end was locking when it died.
    Ours(Option<DocumentId>),
    /// Nobody else does, and a person has stopped the last run here, at this moment.
    Stopped(Epoch),
    /// Another run holds it; nothing else is known.
    Others,
    /// Somebody holds its lock.
    Held(Locked),
    /// Nobody else does, and the fence program of a run that is dead is still at work.
    Fencing {
        /// Its process.
        program: u32,
        /// After this it is ended.
        left: Duration,
    },
}

/// What became of taking a record's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Taken {
    /// It is ours.
    Ours(Hold),
    /// Somebody holds it.
    Held {
        /// The lock that is there.
        lock: DocumentLock,
        /// The user who owns the document.
        user: Option<i64>,
    },
}

/// A fresh look at the cloud.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Survey {
    /// Every host of the zone, the dead one among them.
    pub hosts: Vec<Host>,
    /// Hosts whose document cannot be read: `host 3: <NAME> is missing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_hosts: Vec<String>,
    /// The VMs that were asked for and those charged to the dead host.
    pub vms: Vec<Vm>,
    /// VMs whose document cannot be read, and why.
    pub unreadable: Vec<(VmId, String)>,
    /// The names of those, as far as oned says them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<VmId, String>,
    /// VMs that are not among `vms` and that some of those name in their `HA_AFTER`, by id or by name, or are kept
    /// together with.
    pub needed: Vec<Vm>,
    /// The services of OneFlow that VMs of the dead host belong to.
    pub services: Listing<Service>,
    /// Every datastore.
    pub datastores: Vec<Datastore>,
    /// What is remembered: where nothing may be moved now, whose the incident is.
    pub memory: Memory,
    /// Every cluster.
    pub clusters: Listing<Cluster>,
    /// Every VM group, if one of the VMs is in one.
    pub groups: Listing<VmGroup>,
    /// Every virtual network, if one of the VMs is in one.
    pub networks: Listing<Network>,
    /// The `HA_LAYER` of VMs on every host, if one of the VMs has one.
    pub layers: LayerList,
    /// The version of OpenNebula, if it says so; asked for only where what oned or a driver does depends on it.
    pub version: Option<Version>,
    /// VMs of the dead host that other hosts run, as they were asked over ssh. oned does not know of it.
    #[serde(skip)]
    pub running: BTreeMap<VmId, HostId>,
}

/// What a host says that was asked over ssh which VMs it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domains {
    /// The host that was asked.
    pub host: HostId,
    /// Those of the VMs that it runs.
    pub running: Vec<VmId>,
    /// Why it gave no usable answer, if it did not.
    pub silent: Option<String>,
}

/// Which VM is in which layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerList {
    /// `HA_LAYER` of those that have one, wherever they are.
    pub members: BTreeMap<VmId, String>,
    /// Whose those are that are not among the VMs of the survey, and the unreadable ones as far as that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: BTreeMap<VmId, Owner>,
    /// VMs on hosts whose document cannot be read: each may be in any layer.
    pub unreadable: BTreeSet<VmId>,
}

/// VMs read back by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VmList {
    /// Those that could be read.
    pub vms: Vec<Vm>,
    /// Those whose document cannot be read, and why.
    pub unreadable: Vec<(VmId, String)>,
}

/// How many VMs this front-end's hook was started for lately, the present one among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Of the same host.
    pub of_host: usize,
    /// On the same system datastore, by their hosts.
    pub on_datastore: BTreeMap<Option<HostId>, usize>,
    /// The front-end's wall clock.
    pub now: Epoch,
}
