//! The objects of a scenario file: hosts, datastores, networks, VM groups and VMs. Whatever is left out is as in the
//! recordings; names are those of the file.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) cluster: Option<String>,
    /// Cores.
    pub(super) cpu: Option<i64>,
    pub(super) memory_gib: Option<i64>,
    /// GPUs as in the recordings, by their short addresses, `07:00.0`.
    #[serde(default)]
    pub(super) gpus: Vec<String>,
    /// Other devices: vendor, device, class and short address, `15b3:1017:0200@3b:00.0`, with profiles behind `=`.
    #[serde(default)]
    pub(super) pci: Vec<String>,
    #[serde(default)]
    pub(super) numa: Vec<Numa>,
    /// The host template: `HA_STANDBY`, `PIN_POLICY` and whatever else.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    /// Texts of its `HOST_SHARE` that are not what they should be, `MAX_CPU = "6400.5"`.
    #[serde(default)]
    pub(super) share: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numa {
    pub(super) cores: u32,
    /// Of each core; absent = 2.
    pub(super) threads: Option<u32>,
    pub(super) memory_gib: i64,
    /// Pages of 2 MiB.
    #[serde(default)]
    pub(super) hugepages: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Datastore {
    pub(super) name: String,
    pub(super) tm_mad: String,
    /// `system` (absent too), `image`, `file` or `backup`.
    pub(super) kind: Option<String>,
    pub(super) shared: Option<String>,
    #[serde(default)]
    pub(super) disabled: bool,
    #[serde(default)]
    pub(super) clusters: Vec<String>,
    /// Its template: `REPLICA_HOST` and whatever else.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub(super) name: String,
    /// Absent = the default one.
    #[serde(default)]
    pub(super) clusters: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VmGroup {
    pub(super) name: String,
    #[serde(default)]
    pub(super) roles: Vec<Role>,
    /// Sets of roles, `["web,app"]`.
    #[serde(default)]
    pub(super) affined: Vec<String>,
    /// Sets of roles, `["web,app"]`.
    #[serde(default)]
    pub(super) anti_affined: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) name: String,
    /// `AFFINED`, `ANTI_AFFINED` or `NONE`.
    pub(super) policy: Option<String>,
    /// Hosts.
    #[serde(default)]
    pub(super) host_affined: Vec<String>,
    /// Hosts.
    #[serde(default)]
    pub(super) host_anti_affined: Vec<String>,
}

/// A service of OneFlow. Its VMs get their `SERVICE_ID` and `ROLE_NAME` from it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) name: String,
    /// `straight`, `none`; absent = it does not say.
    pub(super) deployment: Option<String>,
    /// `ready_status_gate`
    #[serde(default)]
    pub(super) ready_status_gate: bool,
    #[serde(default)]
    pub(super) roles: Vec<ServiceRole>,
    /// Another text in place of the whole body.
    pub(super) body: Option<String>,
    /// The type of its document; absent = 100.
    pub(super) kind: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceRole {
    pub(super) name: String,
    #[serde(default)]
    pub(super) parents: Vec<String>,
    #[serde(default)]
    pub(super) vms: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vm {
    pub(super) name: String,
    pub(super) host: String,
    /// `RUNNING`, `POWEROFF`, `BOOT` …
    pub(super) state: Option<String>,
    pub(super) count: Option<u32>,
    /// Cores.
    pub(super) cpu: Option<f64>,
    pub(super) memory_mib: Option<i64>,
    /// The system datastore.
    pub(super) datastore: Option<String>,
    /// The datastore of its one disk's image; `disks` says more.
    pub(super) image_datastore: Option<String>,
    #[serde(default)]
    pub(super) disks: Vec<Disk>,
    #[serde(default)]
    pub(super) networks: Vec<String>,
    pub(super) gpus: Option<usize>,
    /// Other devices that it asks for, `15b3:1017:0200`; one by its address alone, `@3b:00.0`.
    #[serde(default)]
    pub(super) pci: Vec<String>,
    /// Its VM group and role, `database/master`.
    pub(super) role: Option<String>,
    /// `NAME`, where two VMs of the file are to have the same.
    pub(super) called: Option<String>,
    /// `UID`; absent = oneadmin.
    pub(super) owner: Option<u32>,
    /// `GNAME`.
    pub(super) owner_group: Option<String>,
    pub(super) lock: Option<i64>,
    pub(super) last_action: Option<i64>,
    /// More of the template in OpenNebula's syntax: `VCPU=4`, `TOPOLOGY=[PIN_POLICY="CORE"]`,
    /// `TPM=[MODEL="tpm-crb"]`, `OS=[FIRMWARE="UEFI"]` …
    pub(super) template: Option<String>,
    /// The user template: `HA_POLICY`, `HA_PRIORITY`, `HA_AFTER`, `HA_LAYER`, `LABELS`, `SCHED_REQUIREMENTS`,
    /// `SERVICE_ID` and whatever else.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    /// When its guest is at work after its start: `ready 40s`, `flaps 10s 7s` (away and back every 7 s), `never`; absent = nobody asks.
    pub(super) guest: Option<String>,
    /// `boot = "fails"`, `transfer = "hangs"`, `boot = "fails 1"`.
    #[serde(default)]
    pub(super) drivers: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Disk {
    /// The datastore of its image; absent = a volatile disk.
    pub(super) datastore: Option<String>,
    /// Absent = the datastore's.
    pub(super) tm_mad: Option<String>,
    pub(super) tm_mad_system: Option<String>,
    /// Seconds between two copies of it to the datastore's `REPLICA_HOST`.
    pub(super) recovery_snapshot_freq: Option<u32>,
}
