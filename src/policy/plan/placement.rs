//! Which host takes a VM: it fits, it sees disks and networks, the VM's rules allow it, and it has the most room left.
//!
//! `enforce` makes oned check capacity and devices again; everything else is checked here only, because oned's migrate
//! does not look at it.

use super::bonds::Bonds;
use super::expression::Truth;
use super::reasons::{Unfit, nowhere};
use super::requirement::{Met, Requirements};
use super::room::{Load, Room, Short};
use super::storage;
use super::view::View;
use crate::model::{ClusterId, Datastore, HostId, Vm};
use crate::policy::rules::{self, Standby};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// The room that is left on each host, counted down as VMs are placed.
pub(super) struct Rooms {
    /// By the id of their hosts, as [`Met::on`].
    all: Vec<Room>,
    clusters: BTreeSet<ClusterId>,
    pub(super) bonds: Bonds,
    requirements: Requirements,
    /// For each room the rule that keeps the VM at work off it, if the first number is that VM's.
    repelled: Vec<(usize, usize)>,
    turn: usize,
}

/// VMs to be placed on one host, with their system datastores.
pub(super) struct Candidate<'a> {
    pub(super) load: Load<'a>,
    pub(super) systems: Vec<&'a Datastore>,
}

/// What a VM asks of a host, worked out once.
struct Ask<'a> {
    load: &'a Load<'a>,
    clusters: BTreeMap<ClusterId, Result<(), Unfit>>,
    refused: BTreeSet<HostId>,
    met: Vec<Rc<Met>>,
    only: Option<BTreeSet<HostId>>,
    never: BTreeSet<HostId>,
    /// Where the others of its affined set are.
    with: Option<BTreeSet<HostId>>,
}

/// A target, and how much of it is left in per cent of the scarcer resource.
pub(super) struct Target {
    pub(super) host: HostId,
    pub(super) left: Left,
    /// What had to be overlooked, or what else is to be said.
    pub(super) notes: Vec<String>,
}

pub(super) struct Left(i64);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0 / 10)
    }
}

/// The best room, with the permille that is left of it and its index; and why the others are none.
type Found = (Option<(i64, usize)>, Vec<(HostId, Unfit)>);

/// Whether rules that keep VMs apart count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    Counts,
    Overlooked,
}

impl Rooms {
    /// Every host but the dead one, and the bonds of the VMs that have no place yet.
    pub(super) fn new(view: &View<'_>, vms: &[&Vm]) -> Self {
        let rooms: Vec<_> = view.hosts.values().map(|host| Room::new(host)).collect();
        Self {
            clusters: rooms.iter().map(|room| room.cluster).collect(),
            repelled: vec![(0, 0); rooms.len()],
            all: rooms,
            bonds: Bonds::new(vms, view),
            requirements: Requirements::default(),
            turn: 0,
        }
    }

    /// Leave room for a VM that is on its way to this host and is not charged to it yet.
    pub(super) fn keep_free(&mut self, vm: &Vm, to: HostId, view: &View<'_>) {
        let charged = view.hosts.get(&to).is_some_and(|host| host.vms.contains(&vm.id));
        if !charged
            && let Ok(at) = self.all.binary_search_by_key(&to, |room| room.host)
            && let Some(room) = self.all.get_mut(at)
        {
            room.take(&Load::of(vec![vm]));
        }
    }

    /// Place VMs together on the fitting host with the most room left after it; equal hosts go by id.
    pub(super) fn place(
        &mut self,
        who: &Candidate<'_>,
        view: &View<'_>,
    ) -> (Result<Target, String>, Vec<(HostId, Unfit)>) {
        let ask = self.ask(who, view);
        let found = self.search(&ask, view, Apart::Counts);
        let (best, unfit, notes) = match found {
            (Some(best), unfit) => (best, unfit, Vec::new()),
            (None, unfit) => {
                let soft = view.request.policy.plan.layers == rules::Layers::Soft;
                let blocked = unfit
                    .iter()
                    .find_map(|(_, why)| if let Unfit::Apart(rule) = why { Some(*rule) } else { None });
                match (self.search(&ask, view, Apart::Overlooked), blocked) {
                    ((Some(best), _), Some(_)) if soft => {
                        let rule = self.repelling(best.1).unwrap_or_default();
                        (best, unfit, vec![format!("breaks {rule} as the last resort (plan.layers)")])
                    }
                    _ => return (Err(nowhere(who, &unfit, self, view)), unfit),
                }
            }
        };
        let (left, at) = best;
        let Some(room) = self.all.get_mut(at) else { return (Err("no such host".to_owned()), unfit) };
        room.take(&who.load);
        let host = room.host;
        for vm in &who.load.vms {
            self.bonds.place(vm.id, host);
        }
        (Ok(Target { host, left: Left(left), notes }), unfit)
    }

    /// The name of the rule that keeps the VM at work off this room.
    fn repelling(&self, at: usize) -> Option<String> {
        let (turn, rule) = self.repelled.get(at)?;
        (*turn == self.turn).then(|| self.bonds.rules.get(*rule).map(|rule| rule.name.clone()))?
    }

    /// The most that a host which is only full has left: its id, CPU and memory.
    pub(super) fn roomiest(&self, full: &[(HostId, Unfit)]) -> Option<&Room> {
        let full: BTreeSet<_> =
            full.iter().filter(|(_, why)| *why == Unfit::Full).map(|(host, _)| *host).collect();
        self.all
            .iter()
            .filter(|room| full.contains(&room.host))
            .max_by_key(|room| (room.free.memory, room.free.cpu, std::cmp::Reverse(room.host)))
    }

    /// What only the scheduler can tell of a VM's requirements, if there is such a thing.
    pub(super) fn unclear(&mut self, vm: &Vm, view: &View<'_>) -> Option<String> {
        self.requirements.of(vm, view).iter().find_map(|met| met.unclear.clone())
    }

    /// What is left on a host.
    pub(super) fn room(&self, host: HostId) -> Option<&Room> {
        let at = self.all.binary_search_by_key(&host, |room| room.host).ok()?;
        self.all.get(at)
    }

    fn search(&mut self, ask: &Ask<'_>, view: &View<'_>, apart: Apart) -> Found {
        let home = view.dead.map(|host| host.cluster);
        let rules = &view.request.policy.plan;
        let mut best = None;
        let mut unfit = Vec::new();
        for (at, room) in self.all.iter().enumerate() {
            let repelled =
                self.repelled.get(at).filter(|(turn, _)| *turn == self.turn && apart == Apart::Counts);
            match fits(room, at, ask, view, repelled.map(|(_, rule)| *rule)) {
                Ok(left) => {
                    let first = match rules.standby {
                        Standby::First => room.standby,
                        Standby::Last => !room.standby,
                        Standby::Only => true,
                    };
                    let score = (first, home == Some(room.cluster), left);
                    if best.is_none_or(|(most, _)| score > most) {
                        best = Some((score, at));
                    }
                }
                Err(reason) => unfit.push((room.host, reason)),
            }
        }
        (best.map(|((_, _, left), at)| (left, at)), unfit)
    }

    fn ask<'a>(&mut self, who: &'a Candidate<'_>, view: &View<'_>) -> Ask<'a> {
        let vms = &who.load.vms;
        self.turn += 1;
        let mut ask = Ask {
            load: &who.load,
            clusters: self
                .clusters
                .iter()
                .map(|cluster| (*cluster, in_cluster(*cluster, who, view)))
                .collect(),
            refused: BTreeSet::new(),
            met: Vec::new(),
            only: None,
            never: BTreeSet::new(),
            with: None,
        };
        for vm in vms {
            ask.refused.extend(view.request.refused.get(&vm.id).into_iter().flatten());
            ask.met.extend(self.requirements.of(vm, view));
            for (host, rule) in self.bonds.repelled(vm.id) {
                if let Ok(at) = self.all.binary_search_by_key(&host, |room| room.host)
                    && let Some(repelled) = self.repelled.get_mut(at)
                {
                    *repelled = (self.turn, rule);
                }
            }
            let Some(bond) = self.bonds.of(vm.id) else { continue };
            if let Some(only) = &bond.only {
                ask.only = Some(ask.only.map_or_else(|| only.clone(), |known| &known & only));
            }
            ask.never.extend(&bond.never);
            ask.with = ask.with.or_else(|| self.bonds.fixed(bond.together?).cloned());
        }
        ask
    }
}

/// Datastores and networks reach this cluster.
fn in_cluster(cluster: ClusterId, who: &Candidate<'_>, view: &View<'_>) -> Result<(), Unfit> {
    if who.systems.iter().any(|system| !system.clusters.contains(&cluster)) {
        return Err(Unfit::NoDatastore);
    }
    for vm in &who.load.vms {
        let reached =
            |id| view.datastores.get(&id).is_some_and(|datastore| datastore.clusters.contains(&cluster));
        if let Some(id) = storage::images(vm).find(|id| !reached(*id)) {
            return Err(Unfit::NoImages(id));
        }
        let wired = |id| view.networks.get(id).is_some_and(|network| network.clusters.contains(&cluster));
        if let Some(id) = vm.needs.networks.iter().find(|id| !wired(id)) {
            return Err(Unfit::NoNetwork(*id));
        }
    }
    Ok(())
}

/// The permille left of the scarcer resource, or the first reason why not. Rules that keep VMs apart come last, so that
/// they are the reason only where nothing else is.
fn fits(
    room: &Room,
    at: usize,
    ask: &Ask<'_>,
    view: &View<'_>,
    repelled: Option<usize>,
) -> Result<i64, Unfit> {
    if room.host == view.request.host {
        return Err(Unfit::Dead);
    }
    room.usable.map_err(Unfit::NotMonitored)?;
    ask.clusters.get(&room.cluster).copied().unwrap_or(Err(Unfit::NoDatastore))?;
    let rules = &view.request.policy.plan;
    if rules.standby == Standby::Only && !room.standby {
        return Err(Unfit::NotStandby);
    }
    if ask.refused.contains(&room.host) {
        return Err(Unfit::Refused);
    }
    for met in &ask.met {
        match met.on.get(at) {
            Some(Truth::Yes) => {}
            Some(Truth::Unknown) | None => return Err(Unfit::Unclear),
            Some(Truth::No) => return Err(Unfit::Requirements),
        }
    }
    let allowed = ask.only.as_ref().is_none_or(|only| only.contains(&room.host));
    if !allowed || ask.never.contains(&room.host) {
        return Err(Unfit::GroupHosts);
    }
    let left = room.fits(ask.load).map_err(|short| match short {
        Short::Capacity => Unfit::Full,
        Short::Device => Unfit::NoDevice,
        Short::Cores => Unfit::NoCores,
    })?;
    if ask.with.as_ref().is_some_and(|hosts| !hosts.contains(&room.host)) {
        return Err(Unfit::NotTogether);
    }
    match repelled {
        Some(rule) => Err(Unfit::Apart(rule)),
        None => Ok(left),
    }
}
