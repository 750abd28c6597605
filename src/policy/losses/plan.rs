//! The plan for each host, and for pairs where two losses are to be borne: the planner is that of `onerescue plan --all`.

use super::{Borne, HeldVm};
use crate::model::text::{cut, one_line};
use crate::model::{ClusterId, HostId};
use crate::policy::plan::Verdict;
use crate::policy::settings::Policy;
use crate::policy::what_if::{Chosen, Loss, Prospect, Scope, Snapshot, choose, worst_first};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a VM's name, and of the reason.
const NAME: usize = 40;
const WHY: usize = 200;

/// What one plan of the whole zone has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    pub(super) hosts: BTreeMap<HostId, One>,
    pub(super) clusters: BTreeMap<ClusterId, Borne>,
}

/// The loss of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct One {
    pub(super) name: String,
    pub(super) cluster: ClusterId,
    pub(super) recovered: usize,
    pub(super) held: Vec<HeldVm>,
}

/// Plan for the loss of every host, and of any two of a cluster where `reserve` is two.
pub fn plan(snapshot: &mut Snapshot, policy: &Policy, reserve: u32) -> Planned {
    let mut losses: Vec<Loss> =
        choose(snapshot, &Scope::Zone).iter().map(|host| snapshot.lose(&[*host], policy)).collect();
    worst_first(&mut losses);
    let of: BTreeMap<HostId, ClusterId> =
        snapshot.hosts().iter().map(|host| (host.id, host.cluster)).collect();
    let mut clusters: BTreeMap<ClusterId, Borne> = BTreeMap::new();
    for loss in &losses {
        judge(snapshot, &of, (loss, 1), reserve, &mut clusters);
    }
    if reserve > 1 {
        pairs(snapshot, policy, &losses, &of, &mut clusters);
    }
    let hosts = losses.iter().filter_map(|loss| one(loss, &of)).collect();
    Planned { hosts, clusters }
}

/// Clusters that can lose one host: can they lose another one with it?
fn pairs(
    snapshot: &mut Snapshot,
    policy: &Policy,
    losses: &[Loss],
    of: &BTreeMap<HostId, ClusterId>,
    clusters: &mut BTreeMap<ClusterId, Borne>,
) {
    let bears = |loss: &&Loss| {
        let clusters = loss.hosts.iter().filter_map(|(host, _)| clusters.get(of.get(host)?));
        clusters.map(|borne| borne.hosts).min() == Some(1)
    };
    let singles: Vec<Loss> = losses.iter().filter(bears).cloned().collect();
    let Chosen { pairs, all } = Chosen::of(snapshot, &Scope::Zone, &singles);
    let partly = all > pairs.len();
    let mut both: Vec<Loss> = pairs.iter().map(|pair| snapshot.lose(pair, policy)).collect();
    worst_first(&mut both);
    let open: BTreeSet<ClusterId> =
        clusters.iter().filter(|(_, borne)| borne.hosts == 1).map(|(cluster, _)| *cluster).collect();
    for loss in &both {
        judge(snapshot, of, (loss, 2), 2, clusters);
    }
    for (_, borne) in clusters.iter_mut().filter(|(cluster, _)| open.contains(cluster)) {
        borne.partly = partly;
        // A cluster of one host has no pair, and has lost all of it by one.
        borne.hosts = if borne.worst.is_none() { 2 } else { 1 };
    }
}

/// What a loss of so many hosts says about their cluster; the worst comes first.
fn judge(
    snapshot: &Snapshot,
    of: &BTreeMap<HostId, ClusterId>,
    (loss, count): (&Loss, u32),
    wanted: u32,
    clusters: &mut BTreeMap<ClusterId, Borne>,
) {
    let Some(cluster) = loss.hosts.first().and_then(|(host, _)| of.get(host)).copied() else { return };
    let borne = clusters.entry(cluster).or_insert_with(|| {
        let named = snapshot.clusters().iter().find(|known| known.id == cluster);
        let name = named.map_or_else(String::new, |known| short(&known.name, NAME));
        Borne { name, wanted, hosts: 1, worst: None, partly: false }
    });
    let held = loss.count(Prospect::Held);
    if held > 0 && borne.worst.is_none() {
        borne.hosts = count - 1;
        borne.worst = Some((loss.hosts.iter().map(|(_, name)| short(name, NAME)).collect(), held));
    }
}

fn one(loss: &Loss, of: &BTreeMap<HostId, ClusterId>) -> Option<(HostId, One)> {
    let (host, name) = loss.hosts.first()?;
    let held = loss.vms.iter().filter_map(|vm| match &vm.decision.verdict {
        Verdict::Hold(why) => {
            Some(HeldVm { id: vm.decision.vm, name: short(&vm.decision.name, NAME), why: short(why, WHY) })
        }
        Verdict::Act(..) | Verdict::Await(_) | Verdict::Leave(_) => None,
    });
    let mut held: Vec<HeldVm> = held.collect();
    held.sort_by_key(|vm| vm.id);
    let recovered = loss.count(Prospect::Recovered);
    let cluster = of.get(host).copied()?;
    Some((*host, One { name: short(name, NAME), cluster, recovered, held }))
}

fn short(text: &str, most: usize) -> String {
    cut(&one_line(text), most)
}
