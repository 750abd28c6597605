//! In which order VMs are decided and started: `HA_PRIORITY`, then what each waits for, then the larger one.
//!
//! A VM that others wait for has the highest priority of theirs, as far as all are of one owner: a CRITICAL one cannot start
//! before the LOW one that it needs.
//!
//! Room on hosts goes by priority alone. What a VM waits for only says when it is started, and never for ever: of a
//! circle the VM of the highest priority, and of those the one with the lowest id, waits for no other of the circle.

use super::after::{Turn, wanted};
use super::view::View;
use crate::model::{Vm, VmId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// `HA_PRIORITY`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// The last.
    Low,
    /// Where nothing is said.
    Medium,
    /// Before those.
    High,
    /// The first.
    Critical,
}

impl Priority {
    const ALL: [Priority; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The priority of a VM; one that cannot be read is MEDIUM, and the text of it comes back.
    pub(super) fn of(vm: &Vm) -> (Self, Option<&str>) {
        let Some(text) = vm.attributes.get("HA_PRIORITY") else { return (Self::Medium, None) };
        let word = text.trim();
        match Self::ALL.into_iter().find(|priority| priority.to_string().eq_ignore_ascii_case(word)) {
            Some(priority) => (priority, None),
            None => (Self::Medium, Some(word)),
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        })
    }
}

/// Where a VM stands: the first is decided first. Larger VMs fit in fewer places; equal ones go by id.
pub(super) type Rank = (Reverse<Priority>, Reverse<(i64, i64)>, VmId);

/// The VMs by where they stand, and what each waits for.
pub(super) struct Ranks {
    all: BTreeMap<VmId, Rank>,
    /// By their own priority.
    own: BTreeMap<VmId, Rank>,
    pub(super) turns: BTreeMap<VmId, Turn>,
}

impl Ranks {
    pub(super) fn new(vms: &[&Vm], view: &View<'_>) -> Self {
        let rank = |vm: &&Vm| (Reverse(Priority::of(vm).0), Reverse((vm.memory_kib, vm.cpu)), vm.id);
        let own: BTreeMap<_, _> = vms.iter().map(|vm| (vm.id, rank(vm))).collect();
        let mut all = Self { all: own.clone(), own, turns: wanted(vms, view) };
        if !all.turns.is_empty() {
            all.inherit(&vms.iter().map(|vm| (vm.id, vm.owner.user)).collect());
        }
        all
    }

    /// The highest priority first, so each VM gets another one at most once.
    fn inherit(&mut self, owners: &BTreeMap<VmId, u32>) {
        let mut all: Vec<Rank> = self.all.values().copied().collect();
        all.sort_unstable();
        for (priority, _, heir) in all {
            let mut way = vec![heir];
            while let Some(at) = way.pop() {
                let needs = self.turns.get(&at).map(|turn| turn.after.clone()).unwrap_or_default();
                for vm in needs.into_iter().filter(|vm| owners.get(vm) == owners.get(&heir)) {
                    let Some(rank) = self.all.get_mut(&vm).filter(|rank| rank.0 > priority) else {
                        continue;
                    };
                    rank.0 = priority;
                    let note = format!("{} as {heir}, which waits for it", priority.0);
                    self.turns.entry(vm).or_default().notes.push(note);
                    way.push(vm);
                }
            }
        }
    }

    /// Its own, or that of a VM that waits for it.
    pub(super) fn priority(&self, vm: &Vm) -> Priority {
        self.all.get(&vm.id).map_or_else(|| Priority::of(vm).0, |(priority, ..)| priority.0)
    }

    pub(super) fn rank(&self, vm: VmId) -> Option<Rank> {
        self.all.get(&vm).copied()
    }
}

/// The order of these VMs. Who goes first of a circle waits for no other of it any more.
pub(super) fn sequence(Ranks { all: ranks, own, turns }: &mut Ranks) -> Vec<VmId> {
    let mut waiting: BTreeMap<VmId, BTreeSet<VmId>> = BTreeMap::new();
    let mut followers: BTreeMap<VmId, Vec<VmId>> = BTreeMap::new();
    for (vm, turn) in turns.iter() {
        let open: BTreeSet<VmId> =
            turn.after.iter().copied().filter(|other| ranks.contains_key(other)).collect();
        for other in &open {
            followers.entry(*other).or_default().push(*vm);
        }
        waiting.insert(*vm, open);
    }
    let free = |vm: &VmId| waiting.get(vm).is_none_or(BTreeSet::is_empty);
    let mut ready: BTreeSet<Rank> = ranks.iter().filter(|(vm, _)| free(vm)).map(|(_, rank)| *rank).collect();
    let mut left: BTreeSet<Rank> = ranks.values().copied().filter(|rank| !ready.contains(rank)).collect();
    let mut order = Vec::with_capacity(ranks.len());
    // Each turn decides one VM or takes away one thing that a VM waits for, and nothing is added to either.
    loop {
        while let Some(rank) = ready.pop_first() {
            let (_, _, vm) = rank;
            order.push(vm);
            for follower in followers.remove(&vm).unwrap_or_default() {
                let open = waiting.get_mut(&follower);
                let done = open.is_some_and(|open| open.remove(&vm) && open.is_empty());
                if let Some(rank) = ranks.get(&follower).filter(|rank| done && left.contains(rank)) {
                    left.remove(rank);
                    ready.insert(*rank);
                }
            }
        }
        let Some((_, _, start)) = left.first().copied() else { break };
        let circle = circle(start, &waiting);
        let first =
            circle.iter().filter_map(|vm| own.get(vm)).min_by_key(|(priority, _, vm)| (*priority, *vm));
        let Some(first) = first.and_then(|(_, _, vm)| ranks.get(vm)).copied() else { break };
        let (_, _, vm) = first;
        if let Some(open) = waiting.get_mut(&vm) {
            open.retain(|other| !circle.contains(other));
            if open.is_empty() {
                left.remove(&first);
                ready.insert(first);
            }
        }
        let turn = turns.entry(vm).or_default();
        turn.after.retain(|other| !circle.contains(other));
        let names: Vec<String> = circle.iter().take(10).map(ToString::to_string).collect();
        turn.notes.push(format!("VMs wait for each other in a circle ({}); it goes first", names.join(", ")));
    }
    order
}

/// VMs that wait for each other, found from one that waits.
fn circle(start: VmId, waiting: &BTreeMap<VmId, BTreeSet<VmId>>) -> Vec<VmId> {
    let mut way = vec![start];
    let mut on_way = BTreeMap::from([(start, 0)]);
    let mut at = start;
    while let Some(next) = waiting.get(&at).and_then(|open| open.first()) {
        if let Some(from) = on_way.get(next) {
            return way.split_off(*from);
        }
        on_way.insert(*next, way.len());
        way.push(*next);
        at = *next;
    }
    way
}
