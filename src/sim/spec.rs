//! What a scenario says about the cloud it starts with. Plain values with useful defaults.

use crate::model::{ClusterId, DatastoreId, GroupId, HostId, VmState};
use std::collections::BTreeMap;
use std::time::Duration;

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
    /// More single attributes of its template, for example `HA_STANDBY`.
    pub attributes: BTreeMap<String, String>,
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
            attributes: BTreeMap::new(),
        }
    }
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
    /// The datastore of its disk's image, if it has a disk.
    pub image_datastore: Option<DatastoreId>,
    /// Hundredths of a core.
    pub cpu: i64,
    /// KiB, full MiB.
    pub memory_kib: i64,
    /// PCI devices that it asks for.
    pub pci: Vec<PciSpec>,
    /// Its VM group and role.
    pub group: Option<(GroupId, String)>,
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
            image_datastore: None,
            cpu: 100,
            memory_kib: 1 << 20,
            pci: Vec::new(),
            group: None,
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
        }
    }
}

/// How a driver action ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// Well, unless a host that it needs cannot be reached.
    #[default]
    Works,
    /// Badly, every time.
    Fails,
    /// Badly this many times, then well.
    FailsTimes(u32),
    /// Never.
    Hangs,
}

/// What a driver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Disks: prolog, migration of files, epilog.
    Transfer,
    /// Starting the domain.
    Boot,
    /// Saving the domain's memory, or moving it live.
    Save,
    /// Ending the domain.
    Shutdown,
    /// Removing what a VM left, for delete and delete-recreate.
    Cleanup,
    /// Hotplug, snapshots, backup and the rest.
    Other,
}

/// How long things take in the simulated cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// From a host's death to ERROR. `Duration::ZERO`: at once.
    pub detection: Duration,
    /// Between the failed monitoring cycles of a dead host.
    pub monitor_cycle: Duration,
    /// From the host's ERROR to its first VM's UNKNOWN.
    pub first_unknown: Duration,
    /// From one VM's UNKNOWN to the next one's.
    pub next_unknown: Duration,
    /// From a host's return to MONITORED.
    pub host_report: Duration,
    /// From MONITORED to the first full report of its VMs.
    pub vm_report: Duration,
    /// From an accepted action to the life-cycle manager taking it up.
    pub lcm: Duration,
    /// A transfer driver's action.
    pub transfer: Duration,
    /// Starting a domain.
    pub boot: Duration,
    /// Saving, shutting down, hotplug and the rest.
    pub action: Duration,
    /// How long a driver tries to reach a dead host before it fails.
    pub ssh_timeout: Duration,
    /// How long delete-recreate is stuck on a dead host.
    pub cleanup_stuck: Duration,
    /// Between two looks of the scheduler.
    pub scheduler: Duration,
    /// How far a follower's answers lie behind.
    pub follower_lag: Duration,
    /// How long followers still forward to a dead leader.
    pub leader_timeout: Duration,
    /// From a leader's death to the next leader.
    pub election: Duration,
    /// How long each write takes on a leader that came from an election; 86 to 106 s were seen in one lab.
    pub write_after_election: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        let ms = Duration::from_millis;
        Timings {
            detection: ms(200_000),
            monitor_cycle: ms(195_000),
            first_unknown: ms(500),
            next_unknown: ms(40),
            host_report: ms(30_000),
            vm_report: ms(30_000),
            lcm: ms(20),
            transfer: ms(300),
            boot: ms(700),
            action: ms(500),
            ssh_timeout: ms(30_000),
            cleanup_stuck: ms(300_000),
            scheduler: ms(15_000),
            follower_lag: ms(100),
            leader_timeout: ms(2_500),
            election: ms(8_000),
            write_after_election: Duration::ZERO,
        }
    }
}
