//! What a scenario says about the cloud it starts with. Plain values with useful defaults.

use super::template::Template;
use crate::model::{ClusterId, DatastoreId, GroupId, HostId, VmState};
use std::collections::BTreeMap;

/// A host to add.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// `HOST/NAME`.
    pub name: String,
    /// Its cluster; 0 is the default one.
    pub cluster: ClusterId,
    /// Hundredths of a core.
    pub cpu: i64,
    /// KiB.
    pub memory_kib: i64,
    /// Its PCI devices.
    pub pci: Vec<PciSpec>,
    /// Its NUMA nodes; empty is a host that reports none.
    pub numa: Vec<NumaSpec>,
    /// More single attributes of its template, for example `HA_STANDBY`.
    pub attributes: BTreeMap<String, String>,
    /// Texts of its `HOST_SHARE` that are not what they should be.
    pub share: BTreeMap<String, String>,
}

impl HostSpec {
    /// A host of the default cluster with 64 cores and 256 GiB, as in the recordings.
    #[must_use]
    pub fn new(name: &str) -> HostSpec {
        HostSpec {
            name: name.to_owned(),
            cluster: ClusterId(0),
            cpu: 6400,
            memory_kib: 256 << 20,
            pci: Vec::new(),
            numa: Vec::new(),
            attributes: BTreeMap::new(),
            share: BTreeMap::new(),
        }
    }
}

/// A NUMA node of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumaSpec {
    /// Cores.
    pub cores: u32,
    /// Threads of each core.
    pub threads: u32,
    /// KiB.
    pub memory_kib: i64,
    /// Pages of 2 MiB.
    pub hugepages: i64,
}

/// A PCI device of a host, or one that a VM asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PciSpec {
    /// `10de`
    pub vendor: String,
    /// `2236`
    pub device: String,
    /// `0302`
    pub class: String,
    /// `07:00.0`; for a VM empty, unless it insists on the address.
    pub short_address: String,
    /// `PROFILES` that it can be cut into; for a VM the one that it wants.
    pub profiles: String,
}

impl PciSpec {
    /// The GPU of the recordings at this address.
    #[must_use]
    pub fn gpu(short_address: &str) -> PciSpec {
        PciSpec {
            vendor: "10de".to_owned(),
            device: "2236".to_owned(),
            class: "0302".to_owned(),
            short_address: short_address.to_owned(),
            profiles: String::new(),
        }
    }
}

/// A VM to add, in any state.
#[derive(Clone, Debug)]
pub struct VmSpec {
    /// `VM/NAME`.
    pub name: String,
    /// Its state. One that needs a host is put on `host`, with a domain if it runs.
    pub state: VmState,
    /// Its host; ignored for PENDING, HOLD and the like.
    pub host: HostId,
    /// Its system datastore.
    pub datastore: DatastoreId,
    /// Its disks.
    pub disks: Vec<DiskSpec>,
    /// The virtual networks of its interfaces.
    pub networks: Vec<u32>,
    /// Hundredths of a core.
    pub cpu: i64,
    /// KiB, full MiB.
    pub memory_kib: i64,
    /// PCI devices that it asks for.
    pub pci: Vec<PciSpec>,
    /// Its VM group and role.
    pub group: Option<(GroupId, String)>,
    /// More of `VM/TEMPLATE`, as `one.vm.allocate` takes it: TOPOLOGY, TPM, OS, VCPU …
    pub template: Template,
    /// `VM/UID`, its owner; 0 is oneadmin.
    pub owner: u32,
    /// `VM/GNAME`, the group of its owner.
    pub owner_group: String,
    /// `VM/LOCK/LOCKED`.
    pub lock: Option<i64>,
    /// `HISTORY/ACTION` of its record; 44 is a crash, 20 a user's poweroff-hard.
    pub last_action: i64,
    /// Single attributes of its user template, for example `HA_PRIORITY`.
    pub attributes: BTreeMap<String, String>,
}

impl VmSpec {
    /// A RUNNING VM with one core and 1 GiB on this host and on system datastore 0.
    #[must_use]
    pub fn new(name: &str, host: HostId) -> VmSpec {
        VmSpec {
            name: name.to_owned(),
            state: VmState::RUNNING,
            host,
            datastore: DatastoreId(0),
            disks: Vec::new(),
            networks: Vec::new(),
            cpu: 100,
            memory_kib: 1 << 20,
            pci: Vec::new(),
            group: None,
            template: Template::default(),
            owner: 0,
            owner_group: "oneadmin".to_owned(),
            lock: None,
            last_action: 0,
            attributes: BTreeMap::new(),
        }
    }

    /// The same in another state.
    #[must_use]
    pub fn in_state(mut self, state: VmState) -> VmSpec {
        self.state = state;
        self
    }

    /// The same with one more attribute of the user template.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> VmSpec {
        self.attributes.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// A disk of a VM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskSpec {
    /// The datastore of its image; `None` is a volatile disk.
    pub datastore: Option<DatastoreId>,
    /// `DISK/TM_MAD`, if it is not the datastore's.
    pub tm_mad: Option<String>,
    /// `DISK/TM_MAD_SYSTEM`: the driver of the system datastore that this disk goes by, for example `ssh` for an image
    /// on ceph.
    pub tm_mad_system: Option<String>,
    /// `DISK/RECOVERY_SNAPSHOT_FREQ`: seconds between two copies to the datastore's `REPLICA_HOST`.
    pub replicated_every: Option<u32>,
}

impl DiskSpec {
    /// A disk whose image is on this datastore.
    #[must_use]
    pub fn image(datastore: DatastoreId) -> DiskSpec {
        DiskSpec { datastore: Some(datastore), ..DiskSpec::default() }
    }
}

/// A datastore to add.
#[derive(Clone, Debug)]
pub struct DatastoreSpec {
    /// `DATASTORE/NAME`.
    pub name: String,
    /// `DATASTORE/TM_MAD`: `shared`, `ceph`, `ssh` …
    pub tm_mad: String,
    /// 0 image, 1 system, 2 file, 3 backup.
    pub kind: i64,
    /// Its clusters.
    pub clusters: Vec<ClusterId>,
    /// `TEMPLATE/SHARED`; `None` leaves it to the transfer driver, `Some("")` leaves it out.
    pub shared: Option<String>,
    /// `DATASTORE/STATE` is 1.
    pub disabled: bool,
    /// More single attributes of its template, for example `REPLICA_HOST`.
    pub attributes: BTreeMap<String, String>,
}

impl DatastoreSpec {
    /// A system datastore of the default cluster.
    #[must_use]
    pub fn system(name: &str, tm_mad: &str) -> DatastoreSpec {
        DatastoreSpec {
            name: name.to_owned(),
            tm_mad: tm_mad.to_owned(),
            kind: 1,
            clusters: vec![ClusterId(0)],
            shared: None,
            disabled: false,
            attributes: BTreeMap::new(),
        }
    }
}
