//! Whose VMs there are, and a cloud in which nothing but the words of their owners binds them.

use super::stage::vm_id;
use super::story::{Chips, Story, VmStory};
use onerescue::policy::{Fate, Mode, Report, Standby};
use std::collections::BTreeSet;

/// Groups of users: the administrators', everybody's, and those of teams.
pub(crate) const TEAMS: [&str; 4] = ["oneadmin", "users", "shop", "bank"];

/// The group that the settings exclude.
const GUESTS: &str = "guests";

impl Story {
    /// `GNAME`
    pub(crate) fn team(&self, vm: usize) -> &'static str {
        if self.vms[vm].excluded == Some(3) { GUESTS } else { TEAMS[self.vms[vm].team] }
    }

    /// Have they an owner or a team in common?
    pub(crate) fn belongs(&self, one: usize, other: usize) -> bool {
        let team = self.team(one);
        self.vms[one].owner == self.vms[other].owner || team == self.team(other) && team != "users"
    }

    /// Does a layer's name in the second mean something to the first?
    pub(crate) fn binds(&self, one: usize, to: usize) -> bool {
        self.team(to) == "oneadmin" || self.belongs(one, to)
    }

    /// One cluster with room for all, where no two hosts differ: what becomes of a VM follows from the words of owners.
    pub(crate) fn plain(mut self) -> Story {
        self.clusters = 1;
        self.mode = Mode::Migrate;
        self.site.standby = Standby::Last;
        for host in &mut self.hosts {
            (host.pinned, host.standby, host.gpus, host.cards) = (None, false, 0, 0);
        }
        for vm in &mut self.vms {
            (vm.gpus, vm.pinned, vm.locked, vm.unclear) = (0, 0, false, false);
            (vm.role, vm.network, vm.rack, vm.card, vm.service) = (None, None, None, None, None);
            (vm.datastore, vm.firmware) = (0, Chips::Bios);
        }
        self
    }

    /// The VMs that belong with none of an owner's and are no administrator's.
    pub(crate) fn strangers(&self, owner: u32) -> BTreeSet<usize> {
        let his: Vec<usize> = (0..self.vms.len()).filter(|vm| self.vms[*vm].owner == owner).collect();
        let strange =
            |vm: &usize| self.team(*vm) != "oneadmin" && !his.iter().any(|mine| self.belongs(*mine, *vm));
        (0..self.vms.len()).filter(strange).collect()
    }

    /// The same cloud, where these VMs have nothing that an owner may write.
    pub(crate) fn silent(&self, vms: &BTreeSet<usize>) -> Story {
        let mut story = self.clone();
        for vm in vms {
            let of = self.vms[*vm].clone();
            let named = of.excluded.filter(|how| *how == 0 || *how == 3);
            story.vms[*vm] = VmStory {
                layer: None,
                after: None,
                name: None,
                priority: None,
                policy: None,
                excluded: named,
                ..of
            };
        }
        story
    }

    /// Which of an owner's VMs were recovered.
    pub(crate) fn recovered(&self, owner: u32, report: &Report) -> BTreeSet<usize> {
        let of = |vm: &usize| report.vms.iter().find(|told| told.id == vm_id(*vm)).map(|told| &told.fate);
        let his = (0..self.vms.len()).filter(|vm| self.vms[*vm].owner == owner);
        his.filter(|vm| matches!(of(vm), Some(Fate::Recovered(_)))).collect()
    }
}
