//! A host that is emptied by day, in a document of the cloud: who wants that, and what became of each VM.

use super::{End, Epoch, HostId, VmId};
use serde::{Deserialize, Serialize};

/// How far an evacuation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emptying {
    /// Its VMs are moved. A run that is killed leaves it so, and the next one goes on.
    #[default]
    Under,
    /// The host has failed, and is given back to oned's monitoring, so that its failure is found.
    GivenBack,
    /// No run works on it; the host is out of service.
    Done,
    /// The host is in service again, and its VMs go back.
    Restoring,
    /// It has ended.
    Over,
}

/// One VM of an evacuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evacuated {
    /// The VM.
    pub id: VmId,
    /// Its name.
    pub name: String,
    /// Where it was to go, or has gone; written down before the order is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<HostId>,
    /// `SEQ` of its last `HISTORY` before the order: oned opens another one for each migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// When it was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Epoch>,
    /// It was stopped, and its disks were to go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// How it ended; none while it is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A host that is emptied, from the command to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evacuation {
    /// The host.
    pub host: HostId,
    /// Its name then.
    pub name: String,
    /// Who wants that: `alice (as oneadmin)`.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Who works on it: `fe1 4711 1795165661`, front-end, process and begin.
    pub owner: String,
    /// When it was opened.
    pub opened: Epoch,
    /// When a person asked for it last: a word that ends it counts from then on.
    pub asked: Epoch,
    /// When it was written last.
    pub updated: Epoch,
    /// How far it has come.
    pub stage: Emptying,
    /// POWEROFF and SUSPENDED VMs go too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// It has disabled the host; else a person had before.
    pub disabled: bool,
    /// How the last run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Every VM that was decided about, by id.
    #[serde(default)]
    pub vms: Vec<Evacuated>,
}
