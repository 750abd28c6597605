//! How long a cluster waits from the death of a host until the first of its VMs runs elsewhere: stage by stage, from what
//! is set, and which one line would take most off.
//!
//! A host that has lost its power answers nothing. One that hangs accepts connections and says nothing more, as a machine
//! does whose kernel lives alone.

mod figures;
mod least;
mod why;

use super::host::HostFacts;
use super::{Scope, ZoneFacts, chosen, cluster};
use crate::model::{Cluster, ClusterId, Figure, Host, HostId, ImDriver, Monitord};
use crate::policy::host_error::evidence::counts;
use crate::policy::settings::{Fencing, HandOver};
use crate::policy::{FenceRules, Policy, Rules, WaitRules};
use figures::{hang, lost};
use least::most_off;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What was read for it.
#[derive(Clone, Debug, Default)]
pub struct BudgetFacts {
    /// `monitord.conf`; what OpenNebula ships where it cannot be read.
    pub monitord: Monitord,
    /// Its path, and why it could not be read.
    pub file: (String, Option<String>),
    /// `ConnectTimeout` for each host as `ssh -G` has it, none where there is none.
    pub connect: BTreeMap<HostId, Result<Option<u64>, String>>,
    /// How long this kernel tries to connect when nobody says how long.
    pub kernel: Duration,
    /// Who makes oned look sooner.
    pub watcher: Watcher,
    /// The end of one question to a witness.
    pub witness: Duration,
}

/// `onerescue watch`, and after how long a silence it makes oned look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watcher {
    /// There is none here.
    #[default]
    None,
    /// Its unit is here, and is not started.
    Installed(Duration),
    /// It runs.
    Runs(Duration),
}

/// From so many seconds to so many; none is without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Seconds {
    /// If everything goes as fast as it can.
    pub least_s: u64,
    /// If it goes as slowly as it may.
    pub most_s: Option<u64>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// What is waited for; the names stay.
    pub stage: &'static str,
    /// How long where the host has lost its power.
    pub power_lost: Seconds,
    /// How long where it hangs.
    pub hang: Seconds,
    /// What says so.
    pub from: String,
}

/// One change, and what it takes off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saving {
    /// The line to change, and where.
    pub change: String,
    /// What it takes off where the host has lost its power.
    pub power_lost_s: u64,
    /// What it takes off where it hangs; none if it has had no end before.
    pub hang_s: Option<u64>,
}

/// The time of clusters that have the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// The clusters.
    pub clusters: Vec<ClusterId>,
    /// They are all that are recovered.
    pub all: bool,
    /// The sum where the host has lost its power.
    pub power_lost: Seconds,
    /// The sum where it hangs.
    pub hang: Seconds,
    /// In their order.
    pub stages: Vec<Stage>,
    /// What takes most off.
    pub most_off: Option<Saving>,
}

/// Everything that the figures of one host are made of.
#[derive(Clone, Debug)]
struct Known<'a> {
    facts: &'a BudgetFacts,
    interval: Figure,
    watcher: Option<Duration>,
    connect: Option<u64>,
    unknown: Option<&'a String>,
    driver: Option<&'a ImDriver>,
    wait: WaitRules,
    hand_over: HandOver,
    fence: FenceRules,
    asks: bool,
    answer: Duration,
    /// Three "off" of its devices end the wait.
    devices: bool,
    /// So many can be asked whether it answers.
    witnesses: u32,
    /// So many could be, if the settings wanted it.
    others: u32,
}

/// The budget of every cluster in scope that is recovered; a single host says nothing about its cluster.
pub(super) fn judge(rules: &Rules, scope: Scope, zone: &ZoneFacts) -> Vec<Budget> {
    let Some(facts) = &zone.budget else { return Vec::new() };
    let inside = |cluster: &&Cluster| match scope {
        Scope::Zone => true,
        Scope::Cluster(id) => cluster.id == id,
        Scope::Host(_) => false,
    };
    let policy = zone.hooks.as_deref().and_then(|hooks| chosen(hooks).ok());
    // The longest answer of any device, so that clusters that are set alike are alike.
    let answer = zone.hosts.iter().filter_map(|host| host.slowest).max().unwrap_or_default();
    let mut budgets: Vec<Budget> = Vec::new();
    let mut clusters: Vec<_> = zone.outlook.clusters.iter().filter(inside).collect();
    clusters.sort_by_key(|cluster| cluster.id);
    for cluster in clusters.into_iter().filter(|cluster| !cluster::unprotected(zone, cluster.id)) {
        let hosts: Vec<_> = zone.hosts.iter().filter(|host| host.host.cluster == cluster.id).collect();
        let others = u32::try_from(hosts.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let known =
            hosts.into_iter().map(|host| known(rules, policy.as_ref(), facts, host, (others, answer)));
        // The slowest host is the cluster's.
        let slowest = known.max_by_key(|known| (known.sum(hang).rank(), known.sum(lost).rank()));
        let Some(budget) = slowest.map(|known| known.budget(cluster.id, policy.is_some())) else { continue };
        let same =
            |other: &&mut Budget| (&other.stages, &other.most_off) == (&budget.stages, &budget.most_off);
        match budgets.iter_mut().find(same) {
            Some(other) => other.clusters.push(cluster.id),
            None => budgets.push(budget),
        }
    }
    let one = budgets.len() == 1 && scope == Scope::Zone;
    for budget in &mut budgets {
        budget.all = one;
    }
    budgets
}

fn known<'a>(
    rules: &Rules,
    policy: Option<&Policy>,
    facts: &'a BudgetFacts,
    host: &'a HostFacts,
    (others, answer): (u32, Duration),
) -> Known<'a> {
    let connect = facts.connect.get(&host.host.id);
    let waived = policy.is_some_and(|policy| policy.fencing == Fencing::Waived);
    let witnesses = rules.witness.peers.min(others).saturating_add(u32::from(rules.witness.consul));
    let driver = |host: &Host| facts.monitord.drivers.iter().find(|driver| driver.name == host.vm_mad);
    Known {
        facts,
        interval: facts.monitord.interval,
        watcher: match facts.watcher {
            Watcher::Runs(silence) => Some(silence),
            Watcher::Installed(_) | Watcher::None => None,
        },
        connect: connect.and_then(|connect| connect.as_ref().ok().copied().flatten()),
        unknown: connect.and_then(|connect| connect.as_ref().err()),
        // A host's information driver is called as the one that runs its VMs.
        driver: driver(&host.host),
        wait: policy.map_or(rules.wait, |policy| policy.wait),
        hand_over: policy.map_or(HandOver::No, |policy| policy.hand_over),
        fence: rules.fence,
        asks: rules.witness.any(),
        answer,
        devices: !waived && host.levels.iter().flatten().any(|level| level.0.iter().all(counts)),
        witnesses: if waived { 0 } else { witnesses },
        others: if waived { 0 } else { others },
    }
}

impl Known<'_> {
    fn budget(&self, cluster: ClusterId, hook: bool) -> Budget {
        let figures = self.figures();
        let from = [
            self.why_silence(),
            self.why_ssh(),
            self.why_wait(hook),
            self.why_proof(),
            "as measured".to_owned(),
        ];
        let stages = figures.into_iter().zip(from);
        let stages = stages.map(|((stage, power_lost, hang), from)| Stage { stage, power_lost, hang, from });
        Budget {
            clusters: vec![cluster],
            all: false,
            power_lost: self.sum(lost),
            hang: self.sum(hang),
            stages: stages.collect(),
            most_off: most_off(self, hook),
        }
    }
}

#[cfg(test)]
mod tests;
