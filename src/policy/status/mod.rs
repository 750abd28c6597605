//! What is open now, in one picture for the person who is called at night: is anybody needed, and for what first?
//!
//! Pure: one judgement of what was read. What could not be read is a part of the picture, and the worst one: nothing is
//! taken for well because nothing was seen.

mod down;
mod hosts;
mod losses;
mod people;
mod picture;
#[cfg(test)]
mod tests;
mod tick;
mod urgency;

pub use down::{Down, Kind, NamedVm, wanted};
pub use hosts::{OpenHost, Stage};
pub use losses::NotToBeLost;
pub use people::{Disarming, Said, Word};
pub use picture::{Status, Verdict};
pub use tick::Tick;
pub use urgency::Urgency;

use super::check::{HostFacts, as_seen};
use super::limits::unreadable;
use super::losses::{LossRules, Losses};
use super::port::{Failure, Trouble};
use super::reconcile::{Failing, ReconcileRules};
use super::rules::Rules;
use super::vm_down::Kept;
use crate::model::{Cluster, Epoch, HostId, Memory, Vm, VmId, WhoLeads};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What was read, and what could not be.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The front-end's clock.
    pub now: Epoch,
    /// The rules of the settings.
    pub rules: Rules,
    /// `[reconcile]`
    pub reconcile: ReconcileRules,
    /// What is remembered.
    pub memory: Result<Memory, Failure>,
    /// Every host, with its devices as the settings come to them; none of them was asked.
    pub hosts: Result<Vec<HostFacts>, Failure>,
    /// Hosts and VMs whose documents cannot be read: `host 3: <NAME> is missing`.
    pub unread: Vec<String>,
    /// Since when hosts are in ERROR.
    pub failing: BTreeMap<HostId, Failing>,
    /// Every cluster.
    pub clusters: Result<Vec<Cluster>, Failure>,
    /// The VMs of [`wanted`], and all that are powered off.
    pub vms: Result<Vec<Vm>, Failure>,
    /// Hosts that a process of this front-end works on now.
    pub busy: BTreeSet<HostId>,
    /// What runs of `vm_down` have left on this front-end.
    pub kept: Vec<(VmId, Kept)>,
    /// Whether this front-end leads.
    pub lead: WhoLeads,
    /// When reconcile has looked last on this front-end; none where it never has.
    pub tick: Option<Epoch>,
    /// What the loss of each host would hold, as this front-end has planned it last.
    pub losses: Losses,
    /// How often it plans.
    pub planning: LossRules,
}

/// Something that could not be read, and the one thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// What it is, and why.
    pub what: String,
    /// The one thing to do.
    pub advice: String,
    /// The exit code of such a failure.
    #[serde(skip)]
    pub exit_code: u8,
}

impl From<&Failure> for Unread {
    fn from(failure: &Failure) -> Self {
        let exit_code = match failure.trouble {
            Trouble::Settings => 4,
            Trouble::Gone | Trouble::Unreachable | Trouble::Refused => 5,
        };
        Self { what: failure.what.clone(), advice: failure.advice.clone(), exit_code }
    }
}

/// What is open.
#[must_use]
pub fn judge(facts: &Facts) -> Status {
    let known = facts.memory.is_ok() && facts.hosts.is_ok() && facts.clusters.is_ok();
    let mut status = Status { at: facts.now, known, unread: unread(facts), ..Status::default() };
    if let Ok(memory) = &facts.memory {
        status.disarmed = people::disarmed(memory, facts.clusters.as_deref().unwrap_or_default());
        if let Ok(hosts) = &facts.hosts {
            status.hosts = hosts::open(facts, memory, hosts);
            status.words = people::words(memory, hosts);
            if let Ok(clusters) = &facts.clusters {
                status.clusters = as_seen(&facts.rules, clusters, memory, hosts);
            }
            if let Ok(vms) = &facts.vms {
                (status.down, status.more_down) = down::down(facts, memory, hosts, vms);
            }
        }
    }
    status.cannot_be_lost = losses::judge(facts);
    status.reconcile = tick::judge(facts);
    status.concluded()
}

/// Everything that cannot be read; the same failure of several calls is said once.
fn unread(facts: &Facts) -> Vec<Unread> {
    let failures = [
        facts.memory.as_ref().err(),
        facts.hosts.as_ref().err(),
        facts.clusters.as_ref().err(),
        facts.vms.as_ref().err(),
    ];
    let mut unread: Vec<Unread> = failures.into_iter().flatten().map(Unread::from).collect();
    // Where oned does not answer the first failure is enough: the others have the same cause.
    let mut seen = BTreeSet::new();
    unread.retain(|one| seen.insert(one.advice.clone()));
    unread.extend(facts.memory.as_ref().ok().and_then(unreadable).as_ref().map(Unread::from));
    unread.extend(facts.unread.iter().map(|what| Unread {
        what: format!("its document cannot be read, so nothing is known of it: {what}"),
        advice: "`onehost update ID FILE` replaces its template, `onedb change-body` the rest".to_owned(),
        exit_code: 5,
    }));
    unread
}
