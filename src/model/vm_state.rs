//! Every state that oned can give a VM.

use serde::{Deserialize, Serialize};
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
