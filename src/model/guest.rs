//! What oned knows of the guest inside a VM, as far as it says whether the guest is at work.

use super::VmId;
use core::net::{IpAddr, SocketAddr};
use serde::{Deserialize, Serialize};

/// A port of a VM that may take a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Door {
    /// Whose it is.
    pub vm: VmId,
    /// Where it is: an address of one of its interfaces.
    pub at: SocketAddr,
}

/// `TEMPLATE/QEMU_GA_EXEC`: the last command that `one.vm.exec` was asked to run by the guest agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// `COMMAND`
    pub command: String,
    /// `STATUS`: `EXECUTING`, `DONE`, `ERROR`, `CANCELLED`.
    pub status: String,
    /// `RETURN_CODE`
    pub code: Option<i64>,
}

/// The guest of a VM. It is read only where the VM's owner, or its service, says when the VM is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// The addresses that oned has given its interfaces and their aliases, in their order: `IP`, `IP6`, `IP6_GLOBAL` and `IP6_ULA` of
    /// `TEMPLATE/NIC` and `TEMPLATE/NIC_ALIAS`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// `HISTORY/RSTIME` of the last record: since when it runs there, in oned's epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<i64>,
    /// `MONITORING/TIMESTAMP`: of when the rest of the monitoring is, in oned's epoch seconds. Only `one.vm.info` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitored: Option<i64>,
    /// Has the guest agent answered then? By `MONITORING/VM_QEMU_PING`, else by `MONITORING/GUEST_IP_ADDRESSES`, which only the agent
    /// can say; none where the host's probes do not ask it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<bool>,
    /// What it has run last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed: Option<Executed>,
}

impl Guest {
    /// Is nothing known of it?
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}
