//! What all runs of a story have done, and what is left of it in the end.

use super::trouble::Kill;
use crate::story::{Story, proof, stage::Stage};
use onerescue::model::{End as Ended, HostId, IncidentVm, Progress, VmId, VmState};
use onerescue::policy::{Fate, Order, Reply, Report};
use onerescue::sim::{Seen, audit, audit_deeds};
use onerescue::wire::record::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What all runs of a story have done.
#[derive(Default)]
pub(super) struct Deeds {
    pub(super) offs: usize,
    /// Orders that oned may have carried out, by VM.
    pub(super) orders: BTreeMap<VmId, Vec<&'static str>>,
    pub(super) told: String,
    /// What was said of each VM last.
    pub(super) said: BTreeMap<VmId, Fate>,
}

impl Deeds {
    /// Take up what the present run has done, and judge it.
    pub(super) fn add(&mut self, stage: &Stage, story: &Story, report: Option<&Report>) -> Vec<String> {
        for seen in stage.world.seen() {
            match seen {
                Seen::Off { .. } => self.offs += 1,
                Seen::Order { order, reply, .. }
                    if !matches!(reply, Reply::NotSent(_) | Reply::Refused(..)) =>
                {
                    self.orders.entry(order.vm()).or_default().push(word(order));
                }
                _ => {}
            }
        }
        let vms = report.iter().flat_map(|report| &report.vms);
        self.said.extend(vms.map(|vm| (vm.id, vm.fate.clone())));
        for entry in stage.world.told() {
            let _ = writeln!(self.told, "  {entry}");
        }
        let ended = report.map_or_else(|| "killed".to_owned(), |report| format!("{:?}", report.outcome));
        let _ = writeln!(self.told, "== {ended} at {} ms", stage.world.transport().cloud().now().as_millis());
        let mut broken = match report {
            Some(report) => audit(&stage.world, &story.policy, report, &stage.charged),
            None => audit_deeds(&stage.world, &story.policy, stage.subject.host),
        };
        broken.extend(proof::orders(story, &stage.world));
        broken
    }

    /// A call that was killed before it was executed was no order.
    pub(super) fn take_back(&mut self, stage: &Stage, kill: Kill) {
        if let Kill::Inside(method, _, false) = kill
            && stage.world.transport().is_dead()
            && let Some(Seen::Order { order, .. }) = stage
                .world
                .seen()
                .iter()
                .rev()
                .find(|seen| matches!(seen, Seen::Order { reply: Reply::Unknown(_), .. }))
            && (method == "*" || method.starts_with("one.vm."))
        {
            self.orders.entry(order.vm()).or_default().pop();
        }
    }
}

fn word(order: &Order) -> &'static str {
    match order {
        Order::Migrate { .. } => "migrate",
        Order::Recreate { .. } => "recreate",
        Order::Delete { .. } => "delete",
        Order::Retry { .. } => "retry",
        Order::Resume { .. } => "resume",
        Order::Fail { .. } => "fail",
        Order::Resched { .. } => "resched",
        Order::Unresched { .. } => "unresched",
    }
}

/// What has become of everything in the end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Of each VM of the host: its state, whether it is still charged to that host, on how many hosts it really runs.
    pub(super) vms: BTreeMap<VmId, (Option<VmState>, bool, usize)>,
    /// How each of them ended by the record.
    pub(super) ends: BTreeMap<VmId, Option<Ended>>,
    pub(super) orders: BTreeMap<VmId, Vec<&'static str>>,
    pub(super) offs: usize,
}

pub(super) fn end_of(stage: &Stage, deeds: &Deeds) -> Left {
    let dead = stage.subject.host;
    let ends = records(stage, dead).last().map(|vms| vms.iter().map(|vm| (vm.id, vm.end)).collect());
    let cloud = stage.world.transport().cloud();
    let one = |vm: &VmId| {
        let there = cloud.vm_host(*vm) == Some(dead);
        (*vm, (cloud.vm_state(*vm), there, cloud.domain_hosts(*vm).len()))
    };
    let vms = stage.charged.iter().map(one).collect();
    let mut orders = deeds.orders.clone();
    // A recreate that is stuck on the dead host is sent once more after a while, by a run that was never killed too.
    orders.values_mut().for_each(Vec::dedup);
    orders.retain(|_, orders| !orders.is_empty());
    Left { vms, ends: ends.unwrap_or_default(), orders, offs: deeds.offs }
}

pub(super) fn differences(is: &Left, right: &Left) -> Vec<String> {
    let mut differs = Vec::new();
    let ids: BTreeSet<_> =
        is.vms.keys().chain(is.ends.keys()).chain(right.ends.keys()).chain(is.orders.keys()).collect();
    for id in ids {
        let of = |left: &Left| {
            (left.vms.get(id).copied(), left.ends.get(id).copied(), left.orders.get(id).cloned())
        };
        if of(is) != of(right) {
            differs.push(format!("{id}: {:?} and should be {:?}", of(is), of(right)));
        }
    }
    if is.offs != right.offs {
        differs.push(format!("off: {} times, and should be {}", is.offs, right.offs));
    }
    differs
}

/// The VMs of every record of this host, oldest first.
pub(super) fn records(stage: &Stage, host: HostId) -> Vec<Vec<IncidentVm>> {
    let records = stage.world.transport().cloud().our_records();
    let of_host = |record| match record {
        Record::Incident(incident) if incident.host == host => Some(incident.vms),
        _ => None,
    };
    records.into_iter().filter_map(|(_, record)| of_host(record)).collect()
}

pub(super) fn closed(stage: &Stage) -> bool {
    let records = stage.world.transport().cloud().our_records();
    records.iter().all(|(_, record)| match record {
        Record::Incident(incident) => incident.progress == Progress::Closed && incident.lock.is_none(),
        _ => true,
    })
}
