//! A virtual machine and every state that oned can give it.

use super::{DatastoreId, DocumentId, HostId, Needs, Owner, VmId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

macro_rules! lcm_states {
    ($($number:literal $variant:ident $name:literal),+ $(,)?) => {
        /// `VM/LCM_STATE`, meaningful while the VM is ACTIVE. Numbers 13, 14, 55 and 58 were removed from
        /// OpenNebula and decode as unknown. Source: `include/VirtualMachine.h`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum LcmState {
            $(#[doc = concat!(stringify!($number), " ", $name)] $variant,)+
            /// A number that this version does not know. It never leads to an action.
            UnknownNumber(i64),
        }

        impl LcmState {
            /// Every state that OpenNebula has a name for, in the order of its numbers.
            pub const ALL: &'static [LcmState] = &[$(LcmState::$variant),+];

            /// The state for `VM/LCM_STATE`, for example 16 for UNKNOWN.
            #[must_use]
            pub fn from_number(number: i64) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    other => Self::UnknownNumber(other),
                }
            }

            /// The number that oned writes for this state.
            #[must_use]
            pub fn number(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)+
                    Self::UnknownNumber(other) => other,
                }
            }
        }

        impl fmt::Display for LcmState {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($name),)+
                    Self::UnknownNumber(number) => write!(f, "LCM state {number}"),
                }
            }
        }
    };
}

lcm_states! {
    0 LcmInit "LCM_INIT",
    1 Prolog "PROLOG",
    2 Boot "BOOT",
    3 Running "RUNNING",
    4 Migrate "MIGRATE",
    5 SaveStop "SAVE_STOP",
    6 SaveSuspend "SAVE_SUSPEND",
    7 SaveMigrate "SAVE_MIGRATE",
    8 PrologMigrate "PROLOG_MIGRATE",
    9 PrologResume "PROLOG_RESUME",
    10 EpilogStop "EPILOG_STOP",
    11 Epilog "EPILOG",
    12 Shutdown "SHUTDOWN",
    15 CleanupResubmit "CLEANUP_RESUBMIT",
    16 Unknown "UNKNOWN",
    17 Hotplug "HOTPLUG",
    18 ShutdownPoweroff "SHUTDOWN_POWEROFF",
    19 BootUnknown "BOOT_UNKNOWN",
    20 BootPoweroff "BOOT_POWEROFF",
    21 BootSuspended "BOOT_SUSPENDED",
    22 BootStopped "BOOT_STOPPED",
    23 CleanupDelete "CLEANUP_DELETE",
    24 HotplugSnapshot "HOTPLUG_SNAPSHOT",
    25 HotplugNic "HOTPLUG_NIC",
    26 HotplugSaveas "HOTPLUG_SAVEAS",
    27 HotplugSaveasPoweroff "HOTPLUG_SAVEAS_POWEROFF",
    28 HotplugSaveasSuspended "HOTPLUG_SAVEAS_SUSPENDED",
    29 ShutdownUndeploy "SHUTDOWN_UNDEPLOY",
    30 EpilogUndeploy "EPILOG_UNDEPLOY",
    31 PrologUndeploy "PROLOG_UNDEPLOY",
    32 BootUndeploy "BOOT_UNDEPLOY",
    33 HotplugPrologPoweroff "HOTPLUG_PROLOG_POWEROFF",
    34 HotplugEpilogPoweroff "HOTPLUG_EPILOG_POWEROFF",
    35 BootMigrate "BOOT_MIGRATE",
    36 BootFailure "BOOT_FAILURE",
    37 BootMigrateFailure "BOOT_MIGRATE_FAILURE",
    38 PrologMigrateFailure "PROLOG_MIGRATE_FAILURE",
    39 PrologFailure "PROLOG_FAILURE",
    40 EpilogFailure "EPILOG_FAILURE",
    41 EpilogStopFailure "EPILOG_STOP_FAILURE",
    42 EpilogUndeployFailure "EPILOG_UNDEPLOY_FAILURE",
    43 PrologMigratePoweroff "PROLOG_MIGRATE_POWEROFF",
    44 PrologMigratePoweroffFailure "PROLOG_MIGRATE_POWEROFF_FAILURE",
    45 PrologMigrateSuspend "PROLOG_MIGRATE_SUSPEND",
    46 PrologMigrateSuspendFailure "PROLOG_MIGRATE_SUSPEND_FAILURE",
    47 BootUndeployFailure "BOOT_UNDEPLOY_FAILURE",
    48 BootStoppedFailure "BOOT_STOPPED_FAILURE",
    49 PrologResumeFailure "PROLOG_RESUME_FAILURE",
    50 PrologUndeployFailure "PROLOG_UNDEPLOY_FAILURE",
    51 DiskSnapshotPoweroff "DISK_SNAPSHOT_POWEROFF",
    52 DiskSnapshotRevertPoweroff "DISK_SNAPSHOT_REVERT_POWEROFF",
    53 DiskSnapshotDeletePoweroff "DISK_SNAPSHOT_DELETE_POWEROFF",
    54 DiskSnapshotSuspended "DISK_SNAPSHOT_SUSPENDED",
    56 DiskSnapshotDeleteSuspended "DISK_SNAPSHOT_DELETE_SUSPENDED",
    57 DiskSnapshot "DISK_SNAPSHOT",
    59 DiskSnapshotDelete "DISK_SNAPSHOT_DELETE",
    60 PrologMigrateUnknown "PROLOG_MIGRATE_UNKNOWN",
    61 PrologMigrateUnknownFailure "PROLOG_MIGRATE_UNKNOWN_FAILURE",
    62 DiskResize "DISK_RESIZE",
    63 DiskResizePoweroff "DISK_RESIZE_POWEROFF",
    64 DiskResizeUndeployed "DISK_RESIZE_UNDEPLOYED",
    65 HotplugNicPoweroff "HOTPLUG_NIC_POWEROFF",
    66 HotplugResize "HOTPLUG_RESIZE",
    67 HotplugSaveasUndeployed "HOTPLUG_SAVEAS_UNDEPLOYED",
    68 HotplugSaveasStopped "HOTPLUG_SAVEAS_STOPPED",
    69 Backup "BACKUP",
    70 BackupPoweroff "BACKUP_POWEROFF",
    71 Restore "RESTORE",
}

/// `VM/STATE`, with `VM/LCM_STATE` where the VM is ACTIVE. Source: `include/VirtualMachine.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum VmState {
    /// 0
    Init,
    /// 1
    Pending,
    /// 2
    Hold,
    /// 3, with its life-cycle state.
    Active(LcmState),
    /// 4
    Stopped,
    /// 5
    Suspended,
    /// 6
    Done,
    /// 7, removed from OpenNebula; old databases may still hold it.
    Failed,
    /// 8
    Poweroff,
    /// 9
    Undeployed,
    /// 10
    Cloning,
    /// 11
    CloningFailure,
    /// A number that this version does not know. It never leads to an action.
    Unknown(i64),
}

impl VmState {
    /// A running VM.
    pub const RUNNING: VmState = VmState::Active(LcmState::Running);
    /// A VM whose host stopped reporting.
    pub const UNKNOWN: VmState = VmState::Active(LcmState::Unknown);

    /// The state for `VM/STATE` and `VM/LCM_STATE`, for example 3 and 16 for UNKNOWN.
    #[must_use]
    pub fn from_numbers(state: i64, lcm_state: i64) -> Self {
        match state {
            0 => Self::Init,
            1 => Self::Pending,
            2 => Self::Hold,
            3 => Self::Active(LcmState::from_number(lcm_state)),
            4 => Self::Stopped,
            5 => Self::Suspended,
            6 => Self::Done,
            7 => Self::Failed,
            8 => Self::Poweroff,
            9 => Self::Undeployed,
            10 => Self::Cloning,
            11 => Self::CloningFailure,
            other => Self::Unknown(other),
        }
    }

    /// The numbers that oned writes: `VM/STATE`, `VM/LCM_STATE`.
    #[must_use]
    pub fn numbers(self) -> (i64, i64) {
        match self {
            Self::Init => (0, 0),
            Self::Pending => (1, 0),
            Self::Hold => (2, 0),
            Self::Active(lcm) => (3, lcm.number()),
            Self::Stopped => (4, 0),
            Self::Suspended => (5, 0),
            Self::Done => (6, 0),
            Self::Failed => (7, 0),
            Self::Poweroff => (8, 0),
            Self::Undeployed => (9, 0),
            Self::Cloning => (10, 0),
            Self::CloningFailure => (11, 0),
            Self::Unknown(other) => (other, 0),
        }
    }
}

/// Prints the one word an operator knows: `RUNNING`, `POWEROFF`.
impl fmt::Display for VmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Init => "INIT",
            Self::Pending => "PENDING",
            Self::Hold => "HOLD",
            Self::Active(lcm) => return lcm.fmt(f),
            Self::Stopped => "STOPPED",
            Self::Suspended => "SUSPENDED",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Poweroff => "POWEROFF",
            Self::Undeployed => "UNDEPLOYED",
            Self::Cloning => "CLONING",
            Self::CloningFailure => "CLONING_FAILURE",
            Self::Unknown(number) => return write!(f, "state {number}"),
        };
        f.write_str(name)
    }
}

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

impl Vm {
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
