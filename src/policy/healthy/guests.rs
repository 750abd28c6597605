//! Ask guests whether they are ready: a few in one look, all at once, and of everybody's as many as of anybody else's. Who makes many
//! VMs with ports that do not answer keeps nobody else's VM waiting for longer than one answer may take.

use super::deed::Deed;
use crate::model::{Door, Moment, Vm, VmId};
use crate::policy::desk::Desk;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::ready::{Kind, Opening, Readiness, door, judge};
use crate::policy::rules::ReadyRules;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// So many guests are asked in one look.
const MOST: usize = 16;

/// A connection that takes longer was not made.
const PATIENCE: Duration = Duration::from_secs(2);

/// VMs on their way to be ready.
pub(in crate::policy) type Openings = BTreeMap<VmId, Opening>;

/// Look at these VMs, which run where they should, as they were read just now. Those whose guests were not asked stay as they were.
pub(in crate::policy) async fn look(desk: &Desk, rules: &ReadyRules, openings: &mut Openings, vms: &[Vm]) {
    for vm in vms {
        if let Some(opening) = openings.get_mut(&vm.id) {
            opening.reads(vm);
        }
    }
    let asks = |vm: &&Vm| {
        openings
            .get(&vm.id)
            .is_some_and(|opening| !matches!(opening.gate.kind, Kind::Running | Kind::Context))
    };
    let turn = whose_turn(openings, vms.iter().filter(asks).map(|vm| vm.id));
    let now = desk.now();
    for vm in &turn {
        if let Some(opening) = openings.get_mut(vm) {
            opening.turn = Some(now);
        }
    }
    let documents = documents(desk, openings, &turn).await;
    // What a document says was read before a command that is sent now: it is of another start.
    let sent = |opening: &Opening| opening.asked.command.is_some();
    let before: BTreeSet<_> = openings.iter().filter(|(_, one)| sent(one)).map(|(vm, _)| *vm).collect();
    run_commands(desk, rules, openings, &documents).await;
    let shut = connect(desk, rules, openings, vms.iter().filter(|vm| turn.contains(&vm.id))).await;
    let now = desk.now();
    for vm in vms {
        let Some(opening) = openings.get_mut(&vm.id) else { continue };
        let seen = match opening.gate.kind {
            Kind::Running | Kind::Context => judge(&opening.gate.kind, vm, &opening.asked),
            Kind::Exec(_) if !before.contains(&vm.id) => {
                Readiness::NotYet("its command has not ended yet".to_owned())
            }
            Kind::Agent | Kind::Exec(_) => match documents.get(&vm.id) {
                Some(vm) => judge(&opening.gate.kind, vm, &opening.asked),
                None => continue,
            },
            Kind::Tcp(..) if !turn.contains(&vm.id) => continue,
            Kind::Tcp(..) => match shut.get(&vm.id) {
                Some(why) => Readiness::NotYet(why.clone()),
                None => judge(&opening.gate.kind, vm, &opening.asked),
            },
        };
        opening.is_seen(now, seen);
    }
}

/// Whose guests are asked now: those that were not asked for longest, of each owner in turn.
fn whose_turn(openings: &Openings, vms: impl Iterator<Item = VmId>) -> BTreeSet<VmId> {
    let mut lists: BTreeMap<u32, BTreeSet<(Option<Moment>, VmId)>> = BTreeMap::new();
    for vm in vms {
        if let Some(opening) = openings.get(&vm) {
            lists.entry(opening.owner).or_default().insert((opening.turn, vm));
        }
    }
    let mut lists: Vec<_> = lists.into_values().collect();
    lists.sort_by_key(|list| list.first().copied());
    let mut taken = BTreeSet::new();
    while taken.len() < MOST && !lists.is_empty() {
        for list in &mut lists {
            taken.extend(list.pop_first().filter(|_| taken.len() < MOST).map(|(_, vm)| vm));
        }
        lists.retain(|list| !list.is_empty());
    }
    taken
}

/// The documents of those whose monitoring or commands are looked at. Only `one.vm.info` has those; where oned gives no answer the
/// next look asks again.
async fn documents(desk: &Desk, openings: &Openings, turn: &BTreeSet<VmId>) -> BTreeMap<VmId, Vm> {
    let reads = |vm: &&VmId| {
        openings.get(vm).is_some_and(|opening| matches!(opening.gate.kind, Kind::Agent | Kind::Exec(_)))
    };
    let ids: Vec<_> = turn.iter().filter(reads).copied().collect();
    if ids.is_empty() {
        return BTreeMap::new();
    }
    let vms = desk.ask(move |world| world.histories(&ids)).await.unwrap_or_default();
    vms.into_iter().map(|vm| (vm.id, vm)).collect()
}

/// Have commands of the settings run: the first time, and where the last one has not succeeded. What becomes of them is read at
/// the next look.
async fn run_commands(
    desk: &Desk,
    rules: &ReadyRules,
    openings: &mut Openings,
    documents: &BTreeMap<VmId, Vm>,
) {
    for (id, vm) in documents {
        let Some(opening) = openings.get_mut(id) else { continue };
        let Kind::Exec(name) = &opening.gate.kind else { continue };
        let Some(command) = rules.commands.get(name) else { continue };
        let last = vm.guest.executed.as_ref().filter(|_| opening.asked.command.is_some());
        if last
            .is_some_and(|last| last.status == "EXECUTING" || last.status == "DONE" && last.code == Some(0))
        {
            continue;
        }
        let deed = Deed::Execute { vm: *id, command: command.clone() };
        let said = desk.ask(move |world| world.tend(&[deed])).await;
        match said.first() {
            Some(Reply::Accepted) => opening.asked.command = Some(command.clone()),
            Some(Reply::Refused(_, why)) if opening.asked.refused.as_ref() != Some(why) => {
                desk.detail(Phase::Settle, format!("{id}: oned does not run {name} in its guest: {why}"));
                opening.asked.refused = Some(why.clone());
            }
            // Without an answer nobody knows whose end the document has: it is run again.
            Some(Reply::Refused(..) | Reply::NotSent(_) | Reply::Unknown(_)) | None => {}
        }
    }
}

/// Connect to the doors of these VMs, and write down what became of it; those that are not connected to come back, with the reason.
async fn connect<'a>(
    desk: &Desk,
    rules: &ReadyRules,
    openings: &mut Openings,
    vms: impl Iterator<Item = &'a Vm>,
) -> BTreeMap<VmId, String> {
    let (mut doors, mut shut): (Vec<Door>, _) = (Vec::new(), BTreeMap::new());
    for vm in vms {
        match openings.get(&vm.id).and_then(|opening| door(vm, &opening.gate.kind, rules)) {
            Some(Ok(door)) => doors.push(door),
            Some(Err(why)) => drop(shut.insert(vm.id, why)),
            None => {}
        }
    }
    if doors.is_empty() {
        return shut;
    }
    let asked = doors.clone();
    let said = desk.ask(move |world| world.connect(&asked, PATIENCE)).await;
    for (at, door) in doors.iter().enumerate() {
        if let Some(opening) = openings.get_mut(&door.vm) {
            let said = said.get(at).cloned().unwrap_or_else(|| Err("no answer".to_owned()));
            opening.asked.connected =
                Some(said.map_err(|why| format!("{} takes no connection: {why}", door.at)));
        }
    }
    shut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VmState;
    use crate::policy::ready::Gate;

    #[test]
    fn who_has_many_takes_the_turn_of_nobody_else() {
        let gate = Gate { kind: Kind::Tcp(None, 22), delay: Duration::ZERO, notes: Vec::new() };
        let opening = |id: u32| {
            let mut opening = Opening::new(gate.clone(), &Vm::new(VmId(id), "vm", VmState::RUNNING, None));
            opening.owner = if id < 100 { 1 } else { 2 };
            (VmId(id), opening)
        };
        let mut openings: Openings = (0..100).chain([200, 201]).map(opening).collect();
        let ids: Vec<_> = openings.keys().copied().collect();
        let mut asked = BTreeSet::new();
        for look in 0..7 {
            let turn = whose_turn(&openings, ids.iter().copied());
            assert!(
                turn.len() == MOST && turn.contains(&VmId(200)) && turn.contains(&VmId(201)),
                "look {look}: {turn:?}"
            );
            for vm in &turn {
                openings.get_mut(vm).unwrap().turn = Some(Moment(Duration::from_secs(look)));
            }
            asked.extend(turn);
        }
        assert!(asked.len() >= 100, "each has its turn: {}", asked.len());
    }
}
