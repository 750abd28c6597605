//! What `onerescue reconcile` works on: incidents whose run is gone, what is held, and hosts in ERROR that nobody has
//! heard of; then hosts that are back.
//!
//! Pure: one decision with its reason for every such host. Working on a host is the same procedure as a hook's; the incident's lock decides where two begin at the same time.

mod age;
mod decide;
mod looks;
mod options;
#[cfg(test)]
mod tests;
mod turns;
mod unfinished;

pub use age::Failing;
pub use decide::decide;
pub(in crate::policy) use looks::waits;
pub use options::options;
pub use turns::{LOOK, Turns, stays};
pub(in crate::policy) use unfinished::{is_armed, is_pending};

use super::WaitRules;
use super::host_back;
use super::moments::Bounds;
use crate::model::{DocumentId, Host, HostId, Incident, Memory, Progress};
use crate::policy::record::lease::standing;
use crate::section::{NONE, hours, minutes, number, section, time};
use decide::same_failure;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What reconcile sees.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Every host of the zone.
    pub hosts: &'a [Host],
    /// Since when hosts are in ERROR, as far as that is known.
    pub failing: &'a BTreeMap<HostId, Failing>,
    /// What is remembered.
    pub memory: &'a Memory,
    /// Hosts that a process of this front-end works on now.
    pub busy: &'a BTreeSet<HostId>,
}

/// What one look at the zone has shown.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What is remembered.
    pub memory: Memory,
    /// Every host of the zone.
    pub hosts: Vec<Host>,
    /// Hosts whose document cannot be read: `host 3: <NAME> is missing`.
    pub unread_hosts: Vec<String>,
    /// Those in ERROR.
    pub failing: BTreeMap<HostId, Failing>,
}

impl Look {
    /// The same, with the hosts that a process of this front-end works on now.
    #[must_use]
    pub fn view<'a>(&'a self, busy: &'a BTreeSet<HostId>) -> View<'a> {
        View { hosts: &self.hosts, failing: &self.failing, memory: &self.memory, busy }
    }
}

/// Does a record know of this failure? Then it does not matter since when the host is in ERROR.
#[must_use]
pub fn is_known(memory: &Memory, host: &Host) -> bool {
    let known = |incident: &Incident| incident.progress != Progress::Closed || same_failure(incident, host);
    standing(memory, host.id).is_some_and(|(_, incident)| known(incident))
}

section! {
    /// `[reconcile]`, as far as it is a rule.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ReconcileRules {
        /// A host in ERROR for less than this is left to its hook.
        ///
        /// The hook may be just starting. Two minutes are longer than it waits for a slot while others only look.
        pub age: Duration = minutes(2), time(NONE, hours(1));
        /// Hosts at the same time, 1 to 10.
        ///
        /// Four keep at most as many connections to oned busy as one host's run does with its VMs.
        pub parallel: u32 = 4, number(1, 10);
    } and {
        /// How late a record may say that it is looked at again.
        pub bounds: Bounds = Bounds::default();
        /// How late a host may say that something is due on it.
        pub back: host_back::Rules = host_back::Rules::default();
    }
}

/// Whether a host is worked on, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Todo {
    /// It is proven off, and its VMs wait.
    Recover,
    /// "Off" was sent, or was about to be.
    Prove,
    /// A run has begun and is gone.
    GoOn,
    /// Nobody has heard of it.
    Begin,
    /// It is held: look again.
    LookAgain,
    /// Nothing is to be recovered any more; the incident is still open.
    Close,
    /// The quarantine of a host that is back is over.
    Lift,
    /// It is back, and its failure has left something to do.
    Tail,
    /// A person has it emptied, and the run that did is gone.
    Empty,
    /// Not now, or not by us.
    Leave,
}

impl Todo {
    /// For people: `go on`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recover => "recover",
            Self::Prove => "prove",
            Self::GoOn => "go on",
            Self::Begin => "begin",
            Self::LookAgain => "look again",
            Self::Close => "close",
            Self::Lift => "lift",
            Self::Tail => "look after",
            Self::Empty => "empty",
            Self::Leave => "leave",
        }
    }

    /// Is it about a host that is back? Then `host_back` does it.
    #[must_use]
    pub fn is_back(self) -> bool {
        match self {
            Self::Lift | Self::Tail => true,
            Self::Recover
            | Self::Prove
            | Self::GoOn
            | Self::Begin
            | Self::LookAgain
            | Self::Close
            | Self::Empty
            | Self::Leave => false,
        }
    }
}

/// What is done about one host, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The host.
    pub host: HostId,
    /// Its name; that of the record if the host is gone.
    pub name: String,
    /// Its incident.
    pub incident: Option<DocumentId>,
    /// What is done.
    pub todo: Todo,
    /// How long its host has been in ERROR without anybody at it. Who begins need not wait that long once more.
    pub waited: Duration,
    /// Why.
    pub why: String,
    /// What an open incident may be waiting for, where nothing is done now.
    pub waits: Waits,
}

/// Does a decision wait for a time or a person's word?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Its incident is closed, or there is none.
    No,
    /// Its incident is open: it may have to be worked on at any moment.
    Open,
    /// A person's word is there that no run has used.
    Heard,
}

/// What is left of the wait for a host to come back that has been in ERROR for this long already.
#[must_use]
pub fn left(wait: WaitRules, waited: Duration) -> WaitRules {
    let left = wait.whole().saturating_sub(waited).as_millis().div_ceil(wait.cycle.as_millis().max(1));
    WaitRules { cycles: u32::try_from(left).unwrap_or(wait.cycles), ..wait }
}
