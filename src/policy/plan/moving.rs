//! The verdict about each VM: what may happen to it at all, and where the ones that are moved go.

use super::placement::{Candidate, Rooms, Target};
use super::reasons::Unfit;
use super::room::Load;
use super::sequence::{Rank, rank};
use super::storage::{self, Movable};
use super::view::View;
use super::wish::{self, Chosen};
use super::{Verdict, by_scheduler, eligibility};
use crate::model::{HostId, Version, Vm, VmId, VmState};
use crate::policy::order::{MigrationType, Order};
use crate::policy::rules::Layers;
use crate::policy::settings::{Mode, Purpose};
use crate::policy::states;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A VM that is to be moved, if a host takes it.
struct Move<'a> {
    vm: &'a Vm,
    movable: Movable<'a>,
    /// What oned has to end first; its place is kept free meanwhile.
    awaited: Option<String>,
    why: Option<String>,
}

/// SUSPENDED and POWEROFF VMs can be recreated since then.
const RECREATES_STOPPED: Version = Version(6, 10, 0);

/// Why each host did not take the VM that is watched.
pub(super) type Rejected = Vec<(HostId, String)>;

/// A verdict for each of these VMs; and for one of them, why the hosts that do not take it do not.
pub(super) fn verdicts(
    vms: &[&Vm],
    view: &View<'_>,
    watched: Option<VmId>,
) -> (BTreeMap<VmId, Verdict>, Rejected) {
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
    let mut rejected = Rejected::new();
    for unit in units(&moves, &rooms) {
        let (found, unfit) = place(&unit, view, &mut rooms);
        let asked = match &found {
            Err(_) => by_scheduler::ask(
                &unit.iter().map(|moved| moved.vm).collect::<Vec<_>>(),
                &unfit,
                &mut rooms,
                view,
            ),
            Ok(_) => None,
        };
        if unit.iter().any(|moved| Some(moved.vm.id) == watched) {
            rejected = tell(&unfit, &rooms, view);
        }
        for moved in unit {
            let verdict = match (verdict(moved, found.as_ref(), view), &asked) {
                (Verdict::Hold(_), Some(Ok(text))) => {
                    let text = joined(text.clone(), moved.why.clone().into_iter());
                    Verdict::Act(Order::Resched { vm: moved.vm.id }, text)
                }
                (Verdict::Hold(reason), Some(Err(more))) => Verdict::Hold(format!("{reason}, {more}")),
                (verdict, _) => verdict,
            };
            verdicts.insert(moved.vm.id, verdict);
        }
    }
    (verdicts, rejected)
}

fn tell(unfit: &[(HostId, Unfit)], rooms: &Rooms, view: &View<'_>) -> Rejected {
    unfit.iter().map(|(host, why)| (*host, why.at(rooms.room(*host), rooms, view))).collect()
}

/// Everything about a VM that needs no host: that it is moved, or its verdict.
fn judge<'a>(vm: &'a Vm, view: &View<'a>) -> Result<Move<'a>, Verdict> {
    let (request, policy) = (view.request, view.request.policy);
    if let Some(verdict) = eligibility::leaving(vm, request.host, &view.charged) {
        return Err(verdict);
    }
    if let Some(verdict) = eligibility::elsewhere(vm, request.host) {
        return Err(verdict);
    }
    let Chosen { mode, why } = wish::choose(vm, view)?;
    if request.live.contains(&vm.id) {
        return Err(Verdict::Hold(eligibility::MAY_RUN_ELSEWHERE.to_owned()));
    }
    let awaited = match states::verdict(vm.state, mode, policy.force) {
        states::Verdict::Act => None,
        // A rehearsal asks what would be done if the host were dead: then it would be UNKNOWN by now.
        states::Verdict::Await(_) if policy.purpose == Purpose::Rehearse && vm.state == VmState::RUNNING => {
            None
        }
        states::Verdict::Await(reason) => Some(format!("{}: {reason}", vm.state)),
        states::Verdict::Hold(reason) => return Err(Verdict::Hold(format!("{}: {reason}", vm.state))),
        states::Verdict::Leave(reason) => return Err(Verdict::Leave(format!("{}: {reason}", vm.state))),
    };
    let held = |reason: String| match &awaited {
        Some(first) => Verdict::Await(first.clone()),
        None => Verdict::Hold(reason),
    };
    let barred = eligibility::locked(vm).or_else(|| eligibility::not_cut_off(vm, request.scope));
    if let Some(reason) = barred {
        return Err(held(reason));
    }
    match mode {
        Mode::Migrate => {
            let movable = storage::movable(vm, view).map_err(held)?;
            Ok(Move { vm, movable, awaited, why })
        }
        Mode::Recreate | Mode::Delete => Err(match awaited {
            Some(first) => Verdict::Await(first),
            None => destroy(vm, mode, why, view),
        }),
    }
}

fn destroy(vm: &Vm, mode: Mode, why: Option<String>, view: &View<'_>) -> Verdict {
    if let Some(reason) = view.request.reservation {
        return Verdict::Hold(format!(
            "the proof does not authorise what destroys data: {reason}; run `onerescue check` while hosts are healthy"
        ));
    }
    let notes = why.into_iter();
    if mode == Mode::Delete {
        return Verdict::Act(Order::Delete { vm: vm.id }, joined("delete (-d)".to_owned(), notes));
    }
    if let Some(reason) = not_recreated(vm, view) {
        return Verdict::Hold(reason);
    }
    let layer = vm.layer().map(|layer| {
        format!("the scheduler, which would choose its host, does not know layer {layer} (HA_LAYER)")
    });
    match (layer, view.request.policy.plan.layers) {
        (Some(reason), Layers::Hard) => Verdict::Hold(format!(
            "{reason}; recover it with -m, put it into a VM group, or set `plan.layers = \"soft\"`"
        )),
        (layer, Layers::Soft | Layers::Hard) => {
            let text = "delete and create again (-r); the scheduler chooses the host".to_owned();
            let notes = notes.chain(storage::replica(vm, view)).chain(layer);
            Verdict::Act(Order::Recreate { vm: vm.id }, joined(text, notes))
        }
    }
}

/// Why oned would refuse to recreate this VM. Source: `src/dm/DispatchManagerActions.cc`.
fn not_recreated(vm: &Vm, view: &View<'_>) -> Option<String> {
    let version = view.survey.version.filter(|version| *version < RECREATES_STOPPED)?;
    (states::class(vm.state) == states::Class::Stopped).then(|| {
        format!(
            "{}, and OpenNebula {version} recreates no VM that is stopped, 6.10 does; -m -f moves it if its disks are \
             shared",
            vm.state
        )
    })
}

/// The VMs that are placed together, the first ones first.
fn units<'m, 'a>(moves: &'m BTreeMap<VmId, Move<'a>>, rooms: &Rooms) -> Vec<Vec<&'m Move<'a>>> {
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
    units.sort_by_cached_key(|unit| first(unit));
    units
}

/// A set stands where the VM of its highest priority would, with the size of all.
fn first(unit: &[&Move<'_>]) -> Option<Rank> {
    let (priority, _, id) = unit.iter().map(|moved| rank(moved.vm)).min()?;
    let size = Load::of(unit.iter().map(|moved| moved.vm).collect()).size;
    Some((priority, Reverse((size.memory, size.cpu)), id))
}

fn place(
    unit: &[&Move<'_>],
    view: &View<'_>,
    rooms: &mut Rooms,
) -> (Result<Target, String>, Vec<(HostId, Unfit)>) {
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

fn verdict(moved: &Move<'_>, found: Result<&Target, &String>, view: &View<'_>) -> Verdict {
    if let Some(reason) = &moved.awaited {
        return Verdict::Await(reason.clone());
    }
    let to = match found {
        Ok(to) => to,
        Err(reason) => return Verdict::Hold(reason.clone()),
    };
    let vm = moved.vm;
    let text = format!("migrate to {}, {} free after it", view.host_name(to.host), to.left);
    let loses = moved.movable.loses.as_ref().map(|what| format!("loses {what}"));
    let text = joined(text, moved.why.clone().into_iter().chain(loses).chain(to.notes.iter().cloned()));
    let kind = if vm.pci.is_empty() { MigrationType::Save } else { MigrationType::Poweroff };
    Verdict::Act(Order::Migrate { vm: vm.id, to: to.host, kind }, text)
}

fn joined(text: String, notes: impl Iterator<Item = String>) -> String {
    notes.fold(text, |text, note| text + "; " + &note)
}
