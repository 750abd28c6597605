//! Is this installation ready for the night? What was looked at, as findings with one thing to do each.
//!
//! It judges what was gathered and touches nothing: the devices' answers, the records to write and the moment all come
//! in, or go out, as values.

mod budget;
mod charge;
mod cluster;
mod device;
mod down;
mod finding;
mod group;
mod hook;
mod host;
mod layer;
mod loss;
mod names;
mod observer;
mod remembered;
mod seen_on;
mod target;
mod witness;
mod zombie;

pub use super::protection::{ClusterReport, ClusterStatus};
pub use budget::{Budget, BudgetFacts, Saving, Seconds, Stage, Watcher};
pub use cluster::as_seen;
pub use finding::{Alike, Finding, Item, State};
pub use group::{Line, singly, together};
pub(in crate::policy) use hook::is_autostart;
pub use hook::{HookFacts, chosen};
pub use host::{Entry, HostFacts};
pub use witness::WitnessFacts;

use super::Rules;
use super::layer::Survey;
use super::losses::Losses;
use super::port::Domains;
use crate::model::{ClusterId, Epoch, HostId, Outlook, RaftState, SeenOn};
use std::collections::BTreeSet;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole zone.
    Zone,
    /// `--cluster`
    Cluster(ClusterId),
    /// `--host`
    Host(HostId),
}

/// Everything that was gathered.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The rules of the settings.
    pub rules: Rules,
    /// What was asked for.
    pub scope: Scope,
    /// What needs no more judgement: it worked or it did not.
    pub looks: Vec<Finding>,
    /// The zone; `None` if oned could not be asked.
    pub zone: Option<ZoneFacts>,
}

/// What oned, the devices and the witnesses said.
#[derive(Clone, Debug)]
pub struct ZoneFacts {
    /// Hosts, clusters, what is remembered, this front-end.
    pub outlook: Outlook,
    /// Every hook of the zone; `None` if they could not be read.
    pub hooks: Option<Vec<HookFacts>>,
    /// `[observer] gateways`
    pub gateways: Vec<String>,
    /// Hosts that a process of this front-end works on now.
    pub busy: BTreeSet<HostId>,
    /// The hosts in scope, with their devices' answers.
    pub hosts: Vec<HostFacts>,
    /// Every `[[host]]` of the settings.
    pub entries: Vec<(HostId, String)>,
    /// What witnesses say about healthy hosts.
    pub witnesses: Vec<WitnessFacts>,
    /// What hosts have said that were asked over ssh which VMs they run.
    pub domains: Vec<Domains>,
    /// What the time of a recovery is made of; `None` if one host was asked for.
    pub budget: Option<BudgetFacts>,
    /// Hosts, VM groups and VMs; `None` if one host was asked for, or if they could not be read.
    pub layers: Option<Survey>,
    /// What the loss of each host would hold, as this front-end has planned it last; `None` where it does not plan.
    pub losses: Option<Losses>,
}

/// The judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// The clusters in scope, by id; none if one host was asked for.
    pub clusters: Vec<ClusterReport>,
    /// How long each waits from the death of a host until its first VM runs.
    pub budgets: Vec<Budget>,
    /// The record of devices seen ON, where it is to be written.
    pub seen_on: Option<Vec<SeenOn>>,
    /// When this was so; 0 if oned could not be asked.
    pub at: Epoch,
}

impl Checked {
    /// One more finding, in its place.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.findings.sort_by(|a, b| (b.state, a.item, &a.object).cmp(&(a.state, b.item, &b.object)));
    }

    /// The worst of all findings.
    #[must_use]
    pub fn worst(&self) -> State {
        self.findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok)
    }

    /// 0 all is well, 1 warnings, 8 something is broken; the table is in the README.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.worst() {
            State::Ok => 0,
            State::Warning => 1,
            State::Broken => 8,
        }
    }
}

/// Judge what was gathered.
#[must_use]
pub fn judge(facts: &Facts) -> Checked {
    let mut checked = Checked { findings: facts.looks.clone(), ..Checked::default() };
    if let Some(zone) = &facts.zone {
        checked.at = zone.outlook.memory.now;
        checked.findings.extend(observer::judge(&facts.rules, zone));
        checked.findings.extend(zone.hooks.iter().flat_map(|hooks| hook::judge(hooks)));
        checked.findings.extend(remembered::judge(facts.scope, zone));
        checked.findings.extend(host::entries_without_host(facts.scope, zone));
        checked.findings.extend(zone.hosts.iter().flat_map(|host| host::judge(&facts.rules, zone, host)));
        checked.findings.extend(zone.hosts.iter().filter_map(host::without_room));
        checked.findings.extend(target::shared(&zone.hosts));
        checked.findings.extend(witness::judge(&facts.rules, &zone.witnesses));
        checked.findings.extend(layer::judge(facts.scope, zone));
        checked.findings.extend(loss::judge(facts.scope, zone));
        checked.findings.extend(charge::judge(zone));
        checked.findings.extend(down::judge(zone));
        checked.findings.extend(zombie::judge(facts.scope, zone));
        checked.clusters = cluster::judge(&facts.rules, facts.scope, zone);
        checked.budgets = budget::judge(&facts.rules, facts.scope, zone);
        checked.seen_on = seen_on::to_write(zone);
    }
    checked.findings.sort_by(|a, b| (b.state, a.item, &a.object).cmp(&(a.state, b.item, &b.object)));
    checked
}

impl ZoneFacts {
    /// Whether this front-end is the one that writes.
    fn writes(&self) -> bool {
        matches!(self.outlook.observer.raft, Ok(RaftState::Leader | RaftState::Solo))
    }
}

#[cfg(test)]
mod tests;
