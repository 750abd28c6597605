//! The verdict about each VM: the ones that are moved get their hosts, one after the other, sets as a whole.
//!
//! Where layers are soft, a set that finds no host as a whole is parted as the last resort.

use super::ask::Candidate;
use super::moving::{Move, joined, judge};
use super::placement::{Rooms, Target};
use super::reasons::Unfit;
use super::room::{Load, Size};
use super::sequence::{Rank, Ranks};
use super::view::View;
use super::{Verdict, by_scheduler};
use crate::model::{HostId, Vm, VmId};
use crate::policy::charge;
use crate::policy::order::{MigrationType, Order};
use crate::policy::rules::Layers;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What hosts said to one VM when it was its turn.
#[derive(Default)]
pub(super) struct Watched {
    /// Every host but the dead one, by id, with what was free on it.
    pub(super) hosts: Vec<(HostId, Size, Result<(), String>)>,
    /// The VMs that had to go to the same host.
    pub(super) with: Vec<VmId>,
}

/// A host, or why there is none; and why each of the others is none.
type Placed = (Result<Target, String>, Vec<(HostId, Unfit)>);

/// A verdict for each of these VMs; and for one of them, what each host said.
pub(super) fn verdicts(
    vms: &[&Vm],
    view: &View<'_>,
    ranks: &Ranks,
    watched: Option<VmId>,
) -> (BTreeMap<VmId, Verdict>, Watched) {
    let mut verdicts = BTreeMap::new();
    let mut moves = BTreeMap::new();
    for vm in vms {
        match judge(vm, view) {
            Ok(one) => drop(moves.insert(vm.id, one)),
            Err(verdict) => drop(verdicts.insert(vm.id, verdict)),
        }
    }
    let homeless: Vec<&Vm> = moves.values().map(|moved| moved.vm).collect();
    let mut rooms = Rooms::new(view, &homeless);
    for vm in view.survey.vms.iter().filter(|vm| view.request.closed.contains(&vm.id)) {
        if let Some(to) = view.request.moving.get(&vm.id) {
            rooms.keep_free(vm, *to, view);
        }
    }
    // A VM that is on a host and charged to another one takes room all the same.
    let moving = |vm: &Vm| view.request.closed.contains(&vm.id) && view.request.moving.contains_key(&vm.id);
    let others = view.survey.vms.iter().chain(&view.survey.needed).filter(|vm| !moving(vm));
    for vm in others.filter(|vm| charge::elsewhere(vm, view.hosts.values().copied()).is_some()) {
        if let Some(on) = vm.host {
            rooms.keep_free(vm, on, view);
        }
    }
    let mut seen = Watched::default();
    let soft = view.request.policy.plan.layers == Layers::Soft;
    for unit in units(&moves, &rooms, (view, ranks)) {
        let mut step = |part: &[&Move<'_>], last: bool| {
            let here = part.iter().any(|moved| Some(moved.vm.id) == watched);
            let free = if here { rooms.free(view) } else { Vec::new() };
            let placed = place(part, view, &mut rooms);
            if here {
                seen = watch(part, watched, free, &placed, &rooms, view);
            }
            if placed.0.is_err() && !last {
                return false;
            }
            let found = asked(part, placed, view, &mut rooms);
            verdicts.extend(part.iter().map(|moved| (moved.vm.id, verdict(moved, &found, view))));
            true
        };
        if !step(&unit, unit.len() == 1 || !soft) {
            for moved in &unit {
                step(&[*moved], true);
            }
        }
    }
    (verdicts, seen)
}

/// What each host says, with what was free on it before.
fn watch(
    unit: &[&Move<'_>],
    watched: Option<VmId>,
    free: Vec<(HostId, Size)>,
    (found, others): &Placed,
    rooms: &Rooms,
    view: &View<'_>,
) -> Watched {
    let why: BTreeMap<HostId, Unfit> = others.iter().copied().collect();
    let answer = |host: HostId| match (found, why.get(&host)) {
        (Ok(target), _) if target.host == host => Ok(()),
        (_, Some(why)) => Err(why.at(rooms, view)),
        // No host was asked at all.
        (Err(reason), None) if why.is_empty() => Err(reason.clone()),
        (Ok(_) | Err(_), None) => Ok(()),
    };
    let hosts = free.into_iter().map(|(host, free)| (host, free, answer(host))).collect();
    let with = unit.iter().map(|moved| moved.vm.id).filter(|vm| Some(*vm) != watched).collect();
    Watched { hosts, with }
}

/// The VMs that are placed together, the first ones first.
fn units<'m, 'a>(
    moves: &'m BTreeMap<VmId, Move<'a>>,
    rooms: &Rooms,
    (view, ranks): (&View<'_>, &Ranks),
) -> Vec<Vec<&'m Move<'a>>> {
    let mut sets: BTreeMap<_, Vec<&Move<'a>>> = BTreeMap::new();
    let mut units = Vec::new();
    for moved in moves.values() {
        match rooms.bonds.of(moved.vm.id).and_then(|bond| bond.together) {
            Some(together) if rooms.bonds.unknown(moved.vm.id).is_none() => {
                sets.entry(together).or_default().push(moved);
            }
            Some(_) | None => units.push(vec![moved]),
        }
    }
    units.extend(sets.into_values());
    units.sort_by_cached_key(|unit| {
        // The rest of a set, of which one was sent: of its priority it has the first choice, because it has no other host.
        let rank = first(unit, ranks);
        (rank.map(|(priority, ..)| priority), !is_rest(unit, view, rooms), rank)
    });
    units
}

/// Was a set planned before, and is one of its VMs on its way to where it stays together?
fn is_rest(unit: &[&Move<'_>], view: &View<'_>, rooms: &Rooms) -> bool {
    unit.iter().any(|moved| {
        let together = rooms.bonds.of(moved.vm.id).and_then(|bond| bond.together);
        let hosts = together.and_then(|together| rooms.bonds.fixed(together));
        let planned = view.request.planned.get(&moved.vm.id);
        hosts.is_some_and(|hosts| planned.is_some_and(|host| hosts.contains(host)))
    })
}

/// A set stands where the VM of its highest priority would, with the size of all.
fn first(unit: &[&Move<'_>], ranks: &Ranks) -> Option<Rank> {
    let (priority, _, id) = unit.iter().filter_map(|moved| ranks.rank(moved.vm.id)).min()?;
    let size = Load::of(unit.iter().map(|moved| moved.vm).collect()).size;
    Some((priority, Reverse((size.memory, size.cpu)), id))
}

fn place(unit: &[&Move<'_>], view: &View<'_>, rooms: &mut Rooms) -> Placed {
    if let Some(why) = unit.iter().find_map(|moved| rooms.bonds.unknown(moved.vm.id)) {
        return (Err(why.to_owned()), Vec::new());
    }
    let vms: Vec<&Vm> = unit.iter().map(|moved| moved.vm).collect();
    if let Some(rule) = rooms.bonds.within(&vms) {
        let reason = format!("its VM group keeps it on one host with VMs that {} keeps apart", rule.name);
        return (Err(reason), Vec::new());
    }
    let systems = unit.iter().map(|moved| moved.movable.system).collect();
    rooms.place(&Candidate { load: Load::of(vms), systems }, view)
}

/// Where VMs go.
enum Found {
    Host(Target),
    /// The scheduler is asked; the text says why.
    Scheduler(String),
    Nowhere(String),
}

fn asked(unit: &[&Move<'_>], (found, others): Placed, view: &View<'_>, rooms: &mut Rooms) -> Found {
    let reason = match found {
        Ok(target) => return Found::Host(target),
        Err(reason) => reason,
    };
    let vms: Vec<&Vm> = unit.iter().map(|moved| moved.vm).collect();
    match by_scheduler::ask(&vms, &others, rooms, view) {
        None => Found::Nowhere(reason),
        Some(Ok(text)) => Found::Scheduler(text),
        Some(Err(more)) => Found::Nowhere(format!("{reason}, {more}")),
    }
}

fn verdict(moved: &Move<'_>, found: &Found, view: &View<'_>) -> Verdict {
    if let Some(reason) = &moved.awaited {
        return Verdict::Await(reason.clone());
    }
    let (vm, why) = (moved.vm, moved.why.clone().into_iter());
    let loses = moved.movable.loses.as_ref().map(|what| format!("loses {what}"));
    match found {
        Found::Nowhere(reason) => Verdict::Hold(reason.clone()),
        Found::Scheduler(text) => {
            Verdict::Act(Order::Resched { vm: vm.id }, joined(text.clone(), why.chain(loses)))
        }
        Found::Host(to) => {
            let text = format!("migrate to {}, {} free after it", view.host_name(to.host), to.left);
            let text = joined(text, why.chain(loses).chain(to.notes.iter().cloned()));
            let kind = if vm.pci.is_empty() { MigrationType::Save } else { MigrationType::Poweroff };
            Verdict::Act(Order::Migrate { vm: vm.id, to: to.host, kind }, text)
        }
    }
}
