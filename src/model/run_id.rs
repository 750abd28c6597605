//! Which process a run is: what a host name and a number cannot say.
//!
//! Plain values. What the kernel says is read in `world::identity`; what follows from it is decided in `policy`.

use serde::{Deserialize, Serialize};

/// The identity of a run's process. Two front-ends may have one name, two cloned ones one machine id, and two containers
/// one kernel; a process number is used again. All of it together is used once.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId {
    /// `/etc/machine-id`, for example `4c4c4544004d3010`; `name:fe1` on a machine that has none.
    pub machine: String,
    /// `/proc/sys/kernel/random/boot_id`: another one after each boot, and on each clone.
    pub boot: String,
    /// The process namespace that the number counts in: `pid:[4026531836]`, from `/proc/self/ns/pid`.
    pub space: String,
    /// The number of the process.
    pub pid: u32,
    /// When the process began, in clock ticks since the boot: field 22 of `/proc/PID/stat`.
    pub began: u64,
}

/// What this machine says of the process that owns a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// The process is there.
    Lives,
    /// The process was one of this machine since its boot, and is not there any more.
    Gone,
    /// It cannot be seen from here: another machine, another boot, or another process namespace.
    Unseen,
}

/// The owner of a record, and what is known here of its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenOwner {
    /// As the record has it: `fe1 4711 1795165661`.
    pub owner: String,
    /// Its identity; none in a record of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What is known of it.
    pub life: Life,
}
