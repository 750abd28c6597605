//! What is remembered of a host's failure, in a document of the cloud, so that every front-end sees it.
//!
//! Plain values; how they are written is `wire::record`, what follows from them is decided in `policy`.

use super::{ClusterId, DeviceName, DocumentId, HostId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Seconds since 1970, by the clock of the front-end that wrote it. Clocks of front-ends may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub i64);

impl Epoch {
    /// The time from `earlier` to this moment; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Epoch) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment this much later.
    #[must_use]
    pub fn plus(self, wait: Duration) -> Epoch {
        Epoch(self.0.saturating_add(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX)))
    }
}

/// How far an incident has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// A run works on it and has sent nothing to a fence device.
    Open,
    /// Something keeps the run from fencing; it looks again.
    Held,
    /// "Off" is about to be sent, or was.
    Fencing,
    /// The host is proven off.
    Off,
    /// The run has ended.
    Closed,
}

/// Why an incident is held, with the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What keeps it, for example `4 of 5 hosts fail, more than 50 %`.
    pub why: String,
    /// The one thing to do.
    pub advice: String,
    /// Since when.
    pub since: Epoch,
}

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

/// The failure of one host, from its first event to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The host.
    pub host: HostId,
    /// Its name then.
    pub name: String,
    /// Its cluster then.
    pub cluster: ClusterId,
    /// Who works on it: `fe1 4711 1795165661`, front-end, process and begin.
    pub owner: String,
    /// When it was opened.
    pub opened: Epoch,
    /// When it was written last.
    pub updated: Epoch,
    /// How far it has come.
    pub progress: Progress,
    /// ERROR events of this host that belong to it, oldest first.
    pub events: Vec<Epoch>,
    /// `TEMPLATE/ERROR` of the host when it was opened. It has the date, so another text is another failure.
    pub error: Option<String>,
    /// When "off" was about to be sent last, or fencing was waived.
    pub fenced: Option<Epoch>,
    /// When a device said last that the host is on.
    pub on: Option<Epoch>,
    /// Why it is held.
    pub held: Option<Held>,
    /// When a run began whose proof this is: the times in `proof` count from here.
    pub began: Option<Epoch>,
    /// What proves that the host is off: who said so, which device, the samples with their times.
    pub proof: Option<String>,
    /// The person's word that a run has used up. It cannot be used again.
    pub confirmation: Option<Confirmation>,
    /// How the last run ended.
    pub outcome: Option<String>,
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
    /// When it was seen last.
    pub at: Epoch,
}

/// Everything that is remembered, as one reading of the documents gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The front-end's clock when it was read.
    pub now: Epoch,
    /// Who reads: what a new incident's owner is.
    pub me: String,
    /// Every incident, by its document; a document that was made later has a higher id.
    pub incidents: Vec<(DocumentId, Incident)>,
    /// Where nothing may be fenced.
    pub disarmed: Vec<Disarmed>,
    /// Persons' words that a host is off, used up or not.
    pub confirmations: Vec<Confirmation>,
    /// Which devices were seen ON.
    pub seen_on: Vec<SeenOn>,
    /// Documents of ours that cannot be read, and why. They may hold any of the above.
    pub unreadable: Vec<(DocumentId, String)>,
}
