//! What is remembered beside the incidents: persons' words, where fencing is disarmed, which devices were seen ON.
//!
//! Each is a document of its own, so that a run that writes its incident at the same time overwrites none of it.

use super::{
    ClusterId, DeviceName, DocumentId, Epoch, Evacuation, Forced, Foreign, HostId, Incident, RunId,
    SeenOwner, Surroundings,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A person's word that a host is off. It has a document of its own, so that a run that writes its incident at the
/// same time cannot overwrite it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The host.
    pub host: HostId,
    /// The incident that it is about; it counts for no other.
    pub incident: DocumentId,
    /// Who: `alice (as oneadmin)`.
    pub by: String,
    /// Why they are sure.
    pub reason: String,
    /// When they said so.
    pub at: Epoch,
    /// It counts until then.
    pub expires: Epoch,
}

/// A person's word that an incident is to end. It counts for that incident and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// The host.
    pub host: HostId,
    /// The incident that ends.
    pub incident: DocumentId,
    /// Who: `alice (as oneadmin)`.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When they said so.
    pub at: Epoch,
}

/// The cluster, or the whole zone, in which nothing may be fenced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disarmed {
    /// `None` is the whole zone.
    pub cluster: Option<ClusterId>,
    /// Why.
    pub reason: String,
    /// Who has done that.
    pub by: String,
    /// When.
    pub at: Epoch,
}

/// A device was seen to say ON while its host was healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenOn {
    /// The host.
    pub host: HostId,
    /// The device.
    pub device: DeviceName,
    /// What it switches; another target has not been seen.
    pub target: String,
    /// The UUID that the machine showed, where that is the one of the settings with turned bytes. No other counts later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned: Option<String>,
    /// When it was seen last.
    pub at: Epoch,
}

/// Everything that is remembered, as one reading of the documents gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The front-end's clock when it was read.
    pub now: Epoch,
    /// Who reads: what a new incident's owner is.
    pub me: String,
    /// The identity of the run that reads; none where the kernel does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What this machine says of the owners of records that are not closed. An owner that is not in here is not of this
    /// machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<SeenOwner>,
    /// Where this run has its settings and its lock files; none where that does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<Surroundings>,
    /// Every incident, by its document; a document that was made later has a higher id.
    pub incidents: Vec<(DocumentId, Incident)>,
    /// Where nothing may be fenced.
    pub disarmed: Vec<Disarmed>,
    /// Persons' words that a host is off, used up or not.
    pub confirmations: Vec<Confirmation>,
    /// Persons' words that the brakes do not hold an incident, used up or not; they have the shape of the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proceeds: Vec<Confirmation>,
    /// Persons' words that an incident is to end.
    pub aborts: Vec<Abort>,
    /// Which devices were seen ON.
    pub seen_on: Vec<SeenOn>,
    /// Looks that oned was made to take at hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forced: Vec<(DocumentId, Forced)>,
    /// Hosts that people have emptied, or are emptying. No failure is among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evacuations: Vec<(DocumentId, Evacuation)>,
    /// Documents of ours that cannot be read, and why. They may hold any of the above.
    pub unreadable: Vec<(DocumentId, String)>,
    /// Documents of our type that others made: they count for nothing, and hold nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<Foreign>,
    /// Documents of ours that others could change, until they were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widened: Vec<DocumentId>,
    /// For how long this front-end has seen no change in a record, by a clock that nobody sets; nothing of one that
    /// it has not seen before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unchanged: BTreeMap<DocumentId, Duration>,
}

/// What people have written that concerns the incident of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    said: Vec<Confirmation>,
    aborts: Vec<Abort>,
    disarmed: Vec<Disarmed>,
}

impl Words {
    /// What stands there about this host, and where nothing may be fenced.
    #[must_use]
    pub fn of(memory: &Memory, host: HostId) -> Self {
        let said = memory.confirmations.iter().chain(&memory.proceeds).filter(|word| word.host == host);
        let aborts = memory.aborts.iter().filter(|word| word.host == host);
        let disarmed = memory.disarmed.clone();
        Self { said: said.cloned().collect(), aborts: aborts.cloned().collect(), disarmed }
    }
}

impl Memory {
    /// For how long this front-end has seen no change in this record; zero if it has not seen it before.
    #[must_use]
    pub fn unchanged(&self, document: DocumentId) -> Duration {
        self.unchanged.get(&document).copied().unwrap_or_default()
    }
}
