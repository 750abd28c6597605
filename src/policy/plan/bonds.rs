//! Which VMs keep apart, which stay together, and which hosts a VM's group allows.
//!
//! VM groups: a role that is `ANTI_AFFINED`, roles that are `ANTI_AFFINED` to each other, roles and sets of roles that
//! are `AFFINED`, and hosts. Besides, the VM attribute `HA_LAYER`, among the VMs that `plan.layer_scope` says. As for oned's scheduler, a VM that is POWEROFF elsewhere
//! repels too, and only one that is ACTIVE is followed. Source: `src/vm_group`.

mod build;

pub use build::kept_with;

use crate::model::{HostId, Vm, VmId};
use std::collections::{BTreeMap, BTreeSet};

/// One rule that keeps VMs apart.
pub(super) struct Apart {
    /// `layer web`
    pub(super) name: String,
    /// Who is where. Two VMs of one side do not repel each other.
    occupied: Vec<(HostId, VmId, Side)>,
}

/// A side of a rule: each VM its own, or a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Alone(VmId),
    Role(usize),
    /// Nobody knows what it is, so it repels all.
    Unknown,
}

/// What one VM is bound by.
#[derive(Default)]
pub(super) struct Bond {
    /// Rules by their index, with its side.
    apart: Vec<(usize, Side)>,
    /// Rules of other owners in which it counts, and which do not bind it.
    beside: Vec<(usize, Side)>,
    /// It goes where the others of this key go.
    pub(super) together: Option<Together>,
    /// Hosts that are allowed, if not all.
    pub(super) only: Option<BTreeSet<HostId>>,
    /// Hosts that are not.
    pub(super) never: BTreeSet<HostId>,
}

impl Bond {
    /// Every rule in which the VM counts, with its side.
    fn counts(&self) -> impl Iterator<Item = (usize, Side)> {
        self.apart.iter().chain(&self.beside).copied()
    }
}

/// A set of roles of a group that share a host, by its first role.
pub(super) type Together = (u32, usize);

/// Every bond of the VMs that are planned.
#[derive(Default)]
pub(super) struct Bonds {
    pub(super) rules: Vec<Apart>,
    of: BTreeMap<VmId, Bond>,
    /// The hosts where members of affined sets are already.
    fixed: BTreeMap<Together, BTreeSet<HostId>>,
    /// VMs whose bonds are not known, and why.
    unknown: BTreeMap<VmId, String>,
}

impl Bonds {
    /// Why nobody knows what this VM is bound by.
    pub(super) fn unknown(&self, vm: VmId) -> Option<&str> {
        self.unknown.get(&vm).map(String::as_str)
    }

    pub(super) fn of(&self, vm: VmId) -> Option<&Bond> {
        self.of.get(&vm)
    }

    /// The hosts where the others of an affined set are.
    pub(super) fn fixed(&self, together: Together) -> Option<&BTreeSet<HostId>> {
        self.fixed.get(&together).filter(|hosts| !hosts.is_empty())
    }

    /// Every host that this VM keeps away from, with the rule.
    pub(super) fn repelled(&self, vm: VmId) -> impl Iterator<Item = (HostId, usize)> {
        let apart = self.of.get(&vm).map_or(&[][..], |bond| &bond.apart);
        apart.iter().flat_map(|(rule, side)| {
            let occupied = self.rules.get(*rule).map_or(&[][..], |rule| &rule.occupied);
            let others =
                occupied.iter().filter(move |(_, _, other)| other != side || *other == Side::Unknown);
            others.map(|(host, _, _)| (*host, *rule))
        })
    }

    /// The rule that keeps two of these VMs apart.
    pub(super) fn within(&self, vms: &[&Vm]) -> Option<&Apart> {
        let mut counting: BTreeMap<usize, BTreeSet<Side>> = BTreeMap::new();
        let bonds = || vms.iter().filter_map(|vm| self.of.get(&vm.id));
        for (rule, side) in bonds().flat_map(Bond::counts) {
            counting.entry(rule).or_default().insert(side);
        }
        let mut bound = bonds().flat_map(|bond| &bond.apart);
        let broken = |(rule, _): &&(usize, Side)| counting.get(rule).is_some_and(|sides| sides.len() > 1);
        bound.find(broken).and_then(|(rule, _)| self.rules.get(*rule))
    }

    /// The VM goes to this host.
    pub(super) fn place(&mut self, vm: VmId, host: HostId) {
        let Some(bond) = self.of.get(&vm) else { return };
        for (rule, side) in bond.counts() {
            if let Some(rule) = self.rules.get_mut(rule) {
                rule.occupied.push((host, vm, side));
            }
        }
        if let Some(together) = bond.together {
            self.fixed.entry(together).or_default().insert(host);
        }
    }

    /// The names of the rules that keep this VM apart from others.
    pub(super) fn names(&self, vm: VmId) -> impl Iterator<Item = &str> {
        let apart = self.of.get(&vm).map_or(&[][..], |bond| &bond.apart);
        apart.iter().filter_map(|(rule, _)| self.rules.get(*rule)).map(|rule| rule.name.as_str())
    }
}
