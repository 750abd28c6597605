//! Which host takes a VM: it fits, it sees disks and networks, the VM's rules allow it, and it has the most room left.
//!
//! `enforce` makes oned check capacity and devices again; everything else is checked here only, because oned's migrate
//! does not look at it.

use super::ask::{Ask, Candidate, fits};
use super::bonds::Bonds;
use super::reasons::{Unfit, nowhere};
use super::requirement::Requirements;
use super::room::{Load, Room, Size};
use super::view::View;
use crate::model::{ClusterId, HostId, Vm};
use crate::policy::rules::{self, Standby};
use std::collections::BTreeSet;
use std::fmt;

/// The room that is left on each host, counted down as VMs are placed.
pub(super) struct Rooms {
    /// By the id of their hosts, as [`Met::on`].
    all: Vec<Room>,
    pub(super) clusters: BTreeSet<ClusterId>,
    pub(super) bonds: Bonds,
    pub(super) requirements: Requirements,
    /// For each room the rule that keeps the VM at work off it, if the first number is that VM's.
    repelled: Vec<(usize, usize)>,
    turn: usize,
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

/// Which rules between VMs are broken, in the order in which they may be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Broken {
    None,
    Together,
    Apart,
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
        let ask = Ask::of(who, self, view);
        self.repel(&ask);
        let (best, unfit) = self.search(&ask, view, Broken::None);
        let Some((left, at)) = best.or_else(|| self.last_resort(&ask, view)) else {
            return (Err(nowhere(who, &unfit, self, view)), unfit);
        };
        let notes = if best.is_some() { Vec::new() } else { self.breaks(&ask, at) };
        let Some(room) = self.all.get_mut(at) else { return (Err("no such host".to_owned()), unfit) };
        room.take(&who.load);
        let host = room.host;
        for vm in &who.load.vms {
            self.bonds.place(vm.id, host);
        }
        (Ok(Target { host, left: Left(left), notes }), unfit)
    }

    /// Where layers are soft: the best room for a VM that has none where all rules are kept. A set is parted by its caller.
    fn last_resort(&self, ask: &Ask<'_>, view: &View<'_>) -> Option<(i64, usize)> {
        let soft = view.request.policy.plan.layers == rules::Layers::Soft && ask.load.vms.len() == 1;
        let mut tried = [Broken::Together, Broken::Apart].into_iter().filter(|_| soft);
        tried.find_map(|broken| self.search(ask, view, broken).0)
    }

    /// What is broken by putting the VM at work into this room.
    fn breaks(&self, ask: &Ask<'_>, at: usize) -> Vec<String> {
        let host = self.all.get(at).map(|room| room.host);
        let parted = ask.with.as_ref().is_some_and(|hosts| host.is_some_and(|host| !hosts.contains(&host)));
        let parted = parted.then(|| "parts it from the VMs that its VM group keeps it with".to_owned());
        let rule = self.repelling(at).map(|rule| format!("breaks {rule}"));
        let broken = parted.into_iter().chain(rule);
        broken.map(|what| what + " as the last resort (plan.layers)").collect()
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

    /// Note which rooms the VMs at work keep away from.
    fn repel(&mut self, ask: &Ask<'_>) {
        self.turn += 1;
        for vm in &ask.load.vms {
            for (host, rule) in self.bonds.repelled(vm.id) {
                if let Ok(at) = self.all.binary_search_by_key(&host, |room| room.host)
                    && let Some(repelled) = self.repelled.get_mut(at)
                {
                    *repelled = (self.turn, rule);
                }
            }
        }
    }

    /// What is left on every host but the dead one.
    pub(super) fn free(&self, view: &View<'_>) -> Vec<(HostId, Size)> {
        let others = self.all.iter().filter(|room| room.host != view.request.host);
        others.map(|room| (room.host, room.free)).collect()
    }

    /// What only the scheduler can tell of a VM's requirements, if there is such a thing.
    pub(super) fn unclear(&mut self, vm: &Vm, view: &View<'_>) -> Option<String> {
        self.requirements.of(vm, view).iter().find_map(|met| met.unclear.clone())
    }

    fn search(&self, ask: &Ask<'_>, view: &View<'_>, broken: Broken) -> Found {
        let home = view.dead.map(|host| host.cluster);
        let rules = &view.request.policy.plan;
        let mut best = None;
        let mut unfit = Vec::new();
        for (at, room) in self.all.iter().enumerate() {
            let repelled =
                self.repelled.get(at).filter(|(turn, _)| *turn == self.turn && broken < Broken::Apart);
            let together = ask.with.as_ref().filter(|_| broken < Broken::Together);
            let bond = match (together.is_some_and(|hosts| !hosts.contains(&room.host)), repelled) {
                (true, _) => Some(Unfit::NotTogether),
                (false, Some((_, rule))) => Some(Unfit::Apart(*rule)),
                (false, None) => None,
            };
            match fits(room, at, ask, view).and_then(|left| bond.map_or(Ok(left), Err)) {
                Ok(left) => {
                    let first = match rules.standby {
                        Standby::First => room.standby,
                        Standby::Last => !room.standby,
                        Standby::Only => true,
                    };
                    let before = ask.load.vms.iter().any(|vm| view.was_planned(vm.id, room.host));
                    let score = (view.standing(room.host), before, first, home == Some(room.cluster), left);
                    if best.is_none_or(|(most, _)| score > most) {
                        best = Some((score, at));
                    }
                }
                Err(reason) => unfit.push((room.host, reason)),
            }
        }
        (best.map(|((.., left), at)| (left, at)), unfit)
    }
}
