//! A virtual machine: where it is, what it needs, and what its owner wants.

use super::{DatastoreId, DocumentId, Guest, HostId, Needs, Owner, VmId, VmState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// `VM/LOCK/LOCKED`. By default every level keeps a VM from being migrated or recovered, even by oneadmin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock(pub i64);

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("USE"),
            2 => f.write_str("MANAGE"),
            3 => f.write_str("ADMIN"),
            other => write!(f, "level {other}"),
        }
    }
}

/// A PCI device that the VM asks for, one `VM/TEMPLATE/PCI`. Empty fields match any device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PciRequest {
    /// Hexadecimal vendor, `10de`.
    pub vendor: String,
    /// Hexadecimal device, `2236`.
    pub device: String,
    /// Hexadecimal class, `0302`.
    pub class: String,
    /// `07:00.0`. oned writes the address in use here, so it binds only where vendor, device and class are
    /// all absent.
    pub short_address: String,
    /// `PROFILE`: the kind of slice that it wants of the device, `nvidia-558`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
}

/// One `HISTORY`: a time that the VM spent on one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// `SEQ`, counted from 0.
    pub sequence: i64,
    /// `HID`
    pub host: Option<HostId>,
    /// `STIME`: epoch seconds of its begin, where the document has it.
    pub since: Option<i64>,
    /// `RETIME`: epoch seconds of the moment when its domain ended there, if it did.
    pub ended: Option<i64>,
    /// `ACTION` that ended it; 1 is a migration with the VM saved, 2 a live one.
    pub action: Option<i64>,
}

/// The most characters of an `HA_LAYER`.
const LONGEST_LAYER: usize = 200;

/// The most words of an `HA_AFTER`.
const MOST_AFTER: usize = 500;

/// A VM, from `one.vmpool.infoset`, `one.vmpool.infoextended` or `one.vm.info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vm {
    /// `VM/ID`.
    pub id: VmId,
    /// `VM/NAME`; written by the VM's owner.
    pub name: String,
    /// `VM/GNAME`: the group of users that it belongs to.
    pub gname: String,
    /// `VM/UID` and `VM/GID`; what was recorded before they were read has none.
    #[serde(default)]
    pub owner: Owner,
    /// `VM/STATE` and `VM/LCM_STATE`.
    pub state: VmState,
    /// `HISTORY/HID` of the last record: where oned charges the VM.
    pub host: Option<HostId>,
    /// `HISTORY/DS_ID` of the last record: its system datastore.
    pub system_datastore: Option<DatastoreId>,
    /// `VM/TEMPLATE/DISK/DATASTORE_ID`: where its images are; a volatile disk has none and lies on the system
    /// datastore.
    pub image_datastores: Vec<DatastoreId>,
    /// `HISTORY/TM_MAD` of the last record.
    pub tm_mad: String,
    /// `HISTORY/VM_MAD` of the last record: the driver that runs it, `kvm` or `lxc`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vm_mad: String,
    /// `HISTORY/ACTION` of the last record; 44 is oned's own monitoring, 20 a user's `poweroff-hard`.
    pub last_action: Option<i64>,
    /// Every record of the document, by `SEQ`. `one.vm.info` has all of them, the pools only the last one.
    pub history: Vec<Record>,
    /// `VM/LOCK/LOCKED`.
    pub lock: Option<Lock>,
    /// `VM/TEMPLATE/CPU` in hundredths of a core: `1.5` is 150.
    pub cpu: i64,
    /// `VM/TEMPLATE/MEMORY` in KiB (MiB in the document).
    pub memory_kib: i64,
    /// `VM/TEMPLATE/PCI`.
    pub pci: Vec<PciRequest>,
    /// What else its template asks of a host.
    pub needs: Needs,
    /// `VM/RESCHED` is 1.
    pub resched: bool,
    /// `VM/USER_TEMPLATE/ERROR`: the last failure that oned or a driver wrote.
    pub error: Option<String>,
    /// What is known of its guest.
    #[serde(default, skip_serializing_if = "Guest::is_unknown")]
    pub guest: Guest,
    /// The single values of `VM/USER_TEMPLATE`; written by the VM's owner.
    #[serde(serialize_with = "super::attributes::of_vm")]
    pub attributes: BTreeMap<String, String>,
}

/// See [`Vm::layer`].
pub(crate) fn layer_of(attributes: &BTreeMap<String, String>) -> Option<&str> {
    let layer = attributes.get("HA_LAYER")?.trim();
    let end = layer.char_indices().nth(LONGEST_LAYER).map_or(layer.len(), |(at, _)| at);
    layer.get(..end).filter(|layer| !layer.is_empty())
}

/// See [`Vm::says_when_ready`].
pub(crate) fn says_when_ready(attributes: &BTreeMap<String, String>) -> bool {
    ["HA_READY", "HA_READY_DELAY", "SERVICE_ID"].iter().any(|name| attributes.contains_key(*name))
}

impl Vm {
    /// A VM of 1 CPU and 1 KiB of which nothing else is known: no history, no disks, nobody's.
    #[must_use]
    pub fn new(id: VmId, name: &str, state: VmState, host: Option<HostId>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            gname: String::new(),
            owner: Owner::default(),
            state,
            host,
            system_datastore: None,
            image_datastores: Vec::new(),
            tm_mad: String::new(),
            vm_mad: String::new(),
            last_action: None,
            history: Vec::new(),
            lock: None,
            cpu: 100,
            memory_kib: 1,
            pci: Vec::new(),
            needs: Needs::default(),
            resched: false,
            error: None,
            guest: Guest::default(),
            attributes: BTreeMap::new(),
        }
    }

    /// The user template's `HA_LAYER`: VMs of one layer run on different hosts. Its first 200 characters count: no layer
    /// that is made here has a longer name than 128.
    #[must_use]
    pub fn layer(&self) -> Option<&str> {
        layer_of(&self.attributes)
    }

    /// The user template's `HA_AFTER`: ids or names of VMs that must run first, `41, database`. The first 500 count.
    pub fn after(&self) -> impl Iterator<Item = &str> {
        let words = self.attributes.get("HA_AFTER").map_or("", String::as_str).split(',');
        words.map(str::trim).filter(|word| !word.is_empty()).take(MOST_AFTER)
    }

    /// The user template's `HA_READY`, or `HA_READY_DELAY`, is there, or it is a VM of a service: its guest is looked at.
    #[must_use]
    pub fn says_when_ready(&self) -> bool {
        says_when_ready(&self.attributes)
    }

    /// The user template's `READY` is YES: its guest has reported that, by `OneGate`; nobody knows when.
    #[must_use]
    pub fn reports_ready(&self) -> bool {
        self.attributes.get("READY").is_some_and(|ready| ready.trim().eq_ignore_ascii_case("YES"))
    }

    /// The user template's `SERVICE_ID`: the document of the `OneFlow` service that it belongs to.
    #[must_use]
    pub fn service(&self) -> Option<DocumentId> {
        self.attributes.get("SERVICE_ID")?.trim().parse().ok().map(DocumentId)
    }
}

impl fmt::Display for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}
