//! What a receiver was told, in a document of its own for each receiver.
//!
//! It is none of an incident's record: that has one owner, who writes it whole and would write over this. And it has a type
//! number of its own, so no recovery reads it, and one that cannot be read holds nothing.

use super::{ClusterId, DocumentId, Epoch, HostId};
use serde::{Deserialize, Serialize};

/// A kind of change that a person must know; a receiver chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A run works on the failure of a host.
    Opened,
    /// Something keeps it from fencing, and it looks again.
    Held,
    /// Nothing that a machine does ends it.
    NeedsYou,
    /// It is closed, and nothing of it is left.
    Ended,
    /// The loss of a host would hold VMs, or more than before.
    CannotBeLost,
    /// The loss of that host would hold no VM any more.
    CanBeLost,
}

/// What is known of a message that was about to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sending {
    /// It is being sent, or its sender was killed at it.
    #[default]
    Begun,
    /// It was not sent.
    Failed,
    /// It was sent, and whether it has arrived is not known.
    Unknown,
}

/// A message that was about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What it was about, as in [`Noted::said`].
    pub mark: String,
    /// Who sends it: `fe1 4711 1795165661`, front-end, process and begin.
    pub by: String,
    /// When that began.
    pub at: Epoch,
    /// What is known of it.
    #[serde(default)]
    pub sending: Sending,
}

/// What a receiver was told of one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The incident.
    pub incident: DocumentId,
    /// Each change that was told, by a mark that stays the same: `opened`, `held N of N hosts fail`.
    #[serde(default)]
    pub said: Vec<String>,
    /// What was about to be told last, until it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// What was about to be told before, and may have been.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<String>,
}

/// What a receiver was told of the loss of one host, for as long as that would hold VMs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedLoss {
    /// The host.
    pub host: HostId,
    /// Its name, which may be gone when it can be lost again.
    pub name: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// So many VMs were told; more of them are told again.
    #[serde(default)]
    pub held: usize,
    /// What was about to be told last, until it was; its mark is the number of VMs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
}

/// What one receiver was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    /// Its name in the settings.
    pub receiver: String,
    /// Since when it is told: what ended before that is not told any more.
    pub begun: Epoch,
    /// What it was to be told then.
    pub events: Vec<Event>,
    /// How often sending has failed since it last succeeded.
    #[serde(default)]
    pub failures: u32,
    /// What has failed is not sent again before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Epoch>,
    /// Of each incident that is remembered.
    #[serde(default)]
    pub incidents: Vec<Noted>,
    /// When the plan was made whose losses were told last; an older one, of a front-end that did not lead, tells nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Epoch>,
    /// Of each host whose loss was told and would still hold VMs, by host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<NotedLoss>,
}

impl Notices {
    /// What was told of this incident, where anything was.
    #[must_use]
    pub fn of(&self, incident: DocumentId) -> Option<&Noted> {
        self.incidents.iter().find(|noted| noted.incident == incident)
    }

    /// Change what is noted of this incident; begin it if there is nothing. They stay in the order of their incidents.
    pub fn amend(&mut self, incident: DocumentId, change: impl FnOnce(&mut Noted)) {
        let at = self.incidents.partition_point(|noted| noted.incident < incident);
        if let Some(noted) = self.incidents.get_mut(at).filter(|noted| noted.incident == incident) {
            return change(noted);
        }
        let mut noted = Noted { incident, said: Vec::new(), attempt: None, unsure: Vec::new() };
        change(&mut noted);
        self.incidents.insert(at, noted);
    }

    /// What was told of the loss of this host, where anything was.
    #[must_use]
    pub fn of_loss(&self, host: HostId) -> Option<&NotedLoss> {
        self.losses.iter().find(|noted| noted.host == host)
    }

    /// Note this of the loss of a host. One of which nothing more is to be known is forgotten.
    pub fn set_loss(&mut self, noted: NotedLoss) {
        self.losses.retain(|other| other.host != noted.host);
        if noted.held > 0 || noted.attempt.is_some() {
            let at = self.losses.partition_point(|other| other.host < noted.host);
            self.losses.insert(at, noted);
        }
    }
}
