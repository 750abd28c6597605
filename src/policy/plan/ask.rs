//! What VMs ask of a host, and whether one meets it: everything but the rules between VMs.
//!
//! `enforce` makes oned check capacity and devices again; the rest is checked here only, because its migrate does not look
//! at it.

use super::Standing;
use super::expression::Truth;
use super::placement::Rooms;
use super::reasons::Unfit;
use super::requirement::{Asked, Met};
use super::room::{Load, Room, Short};
use super::storage;
use super::view::View;
use crate::model::{ClusterId, Datastore, HostId};
use crate::policy::rules::Standby;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// VMs to be placed on one host, with their system datastores.
pub(super) struct Candidate<'a> {
    pub(super) load: Load<'a>,
    pub(super) systems: Vec<&'a Datastore>,
}

/// What VMs ask of a host, worked out once.
pub(super) struct Ask<'a> {
    pub(super) load: &'a Load<'a>,
    clusters: BTreeMap<ClusterId, Result<(), Unfit>>,
    refused: BTreeSet<HostId>,
    met: Vec<Rc<Met>>,
    only: Option<BTreeSet<HostId>>,
    never: BTreeSet<HostId>,
    /// Where the others of its affined set are.
    pub(super) with: Option<BTreeSet<HostId>>,
}

impl<'a> Ask<'a> {
    pub(super) fn of(who: &'a Candidate<'_>, rooms: &mut Rooms, view: &View<'_>) -> Self {
        let clusters = rooms.clusters.iter();
        let mut ask = Ask {
            load: &who.load,
            clusters: clusters.map(|cluster| (*cluster, in_cluster(*cluster, who, view))).collect(),
            refused: BTreeSet::new(),
            met: Vec::new(),
            only: None,
            never: BTreeSet::new(),
            with: None,
        };
        for vm in &who.load.vms {
            ask.refused.extend(view.request.refused.get(&vm.id).into_iter().flatten());
            ask.met.extend(rooms.requirements.of(vm, view));
            let Some(bond) = rooms.bonds.of(vm.id) else { continue };
            if let Some(only) = &bond.only {
                ask.only = Some(ask.only.map_or_else(|| only.clone(), |known| &known & only));
            }
            ask.never.extend(&bond.never);
            ask.with = ask.with.or_else(|| rooms.bonds.fixed(bond.together?).cloned());
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

/// The permille left of the scarcer resource, or the first reason why not. Rules between VMs are not looked at: they are
/// the reason only where nothing else is.
pub(super) fn fits(room: &Room, at: usize, ask: &Ask<'_>, view: &View<'_>) -> Result<i64, Unfit> {
    if room.host == view.request.host {
        return Err(Unfit::Dead);
    }
    room.usable.map_err(Unfit::NotMonitored)?;
    if view.ran_on.contains(&room.host) {
        return Err(Unfit::RanOn);
    }
    if view.request.standing.get(&room.host) == Some(&Standing::Out) {
        return Err(Unfit::StartsNothing);
    }
    if !room.readable {
        return Err(Unfit::Unreadable);
    }
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
            Some(Truth::No) => {
                return Err(match met.asked {
                    Asked::Expression => Unfit::Requirements,
                    Asked::Driver => Unfit::OtherDriver,
                    Asked::Cpu => Unfit::NoCpuModel,
                    Asked::Machine => Unfit::NoMachine,
                });
            }
        }
    }
    let allowed = ask.only.as_ref().is_none_or(|only| only.contains(&room.host));
    if !allowed || ask.never.contains(&room.host) {
        return Err(Unfit::GroupHosts);
    }
    room.fits(ask.load).map_err(|short| match short {
        Short::Capacity => Unfit::Full,
        Short::Device => Unfit::NoDevice,
        Short::Cores => Unfit::NoCores,
    })
}
