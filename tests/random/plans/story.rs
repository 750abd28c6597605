//! A cloud in which one host dies, with everything that a planner must look at: plain values, so that a failure shrinks.
//! Host 0 is the one that dies.

use onerescue::policy::{Mode, Requirements, Standby};
use onerescue::sim::Version;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub(crate) struct HostStory {
    pub(crate) cluster: usize,
    pub(crate) cores: i64,
    pub(crate) memory_gib: i64,
    pub(crate) gpus: usize,
    /// Cores of its one NUMA node, for VMs that are pinned. `None`: it takes those that are not.
    pub(crate) pinned: Option<u32>,
    pub(crate) standby: bool,
    /// `RACK` of its template.
    pub(crate) rack: u8,
    /// The addresses of [`CARDS`] that it has, as bits.
    pub(crate) cards: u8,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct VmStory {
    /// On the host that dies, or on another one; taken modulo their number. What wants devices or cores is on the first.
    pub(crate) host: usize,
    pub(crate) cpu: i64,
    pub(crate) memory_gib: i64,
    pub(crate) gpus: usize,
    /// So many CPUs, each on a core of its own.
    pub(crate) pinned: usize,
    pub(crate) powered_off: bool,
    pub(crate) locked: bool,
    /// An index of [`PRIORITIES`].
    pub(crate) priority: Option<usize>,
    /// An index of [`POLICIES`].
    pub(crate) policy: Option<usize>,
    pub(crate) after: Option<After>,
    /// An index of [`NAMES`]; several VMs may have one, and one owner several VMs.
    pub(crate) name: Option<usize>,
    /// `UID`
    pub(crate) owner: u32,
    /// An index of [`TEAMS`], the group of its owner.
    pub(crate) team: usize,
    /// A service of OneFlow and a role of it.
    pub(crate) service: Option<(usize, usize)>,
    /// Its requirements depend on monitoring values.
    pub(crate) unclear: bool,
    /// One that is POWEROFF is started so many seconds after the begin.
    pub(crate) resumes: Option<u64>,
    /// `HA_LAYER`
    pub(crate) layer: Option<u8>,
    /// A group and a role of it.
    pub(crate) role: Option<(usize, usize)>,
    /// A virtual network.
    pub(crate) network: Option<usize>,
    /// Its `RACK` must be this.
    pub(crate) rack: Option<u8>,
    /// An index of [`DATASTORES`].
    pub(crate) datastore: usize,
    /// An address of [`CARDS`] that it asks for.
    pub(crate) card: Option<usize>,
    pub(crate) firmware: Chips,
    /// It is in one of the exclusions: by id, name, label or group.
    pub(crate) excluded: Option<usize>,
}

/// `HA_AFTER`
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    /// A VM, taken modulo their number.
    Id(usize),
    /// An index of [`NAMES`].
    Name(usize),
}

/// A service of OneFlow with three roles.
#[derive(Clone, Debug)]
pub(crate) struct ServiceStory {
    /// Its deployment.
    pub(crate) straight: bool,
    /// The parents of each role, as bits; only earlier ones count.
    pub(crate) parents: [u8; 3],
}

/// What it has that is on none of its disks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Chips {
    #[default]
    Bios,
    Uefi,
    Tpm,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ties {
    None,
    Together,
    Apart,
}

/// Two roles.
#[derive(Clone, Debug)]
pub(crate) struct GroupStory {
    pub(crate) inside: [Ties; 2],
    pub(crate) between: Ties,
    /// `HOST_AFFINED` of the first role.
    pub(crate) only: Option<usize>,
    /// `HOST_ANTI_AFFINED` of the second role.
    pub(crate) never: Option<usize>,
}

/// What the site has chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) standby: Standby,
    /// `layers = "soft"`
    pub(crate) soft: bool,
    /// `firmware = "lose"`
    pub(crate) lose: bool,
    /// `placement = "scheduler"`
    pub(crate) scheduler: bool,
    pub(crate) requirements: Requirements,
}

/// What happens while the run goes on. Hosts are taken modulo the number of those that live.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Dies(usize),
    Disabled(usize),
    NoBoot(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) version: Version,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    pub(crate) clusters: usize,
    pub(crate) hosts: Vec<HostStory>,
    pub(crate) groups: Vec<GroupStory>,
    pub(crate) services: Vec<ServiceStory>,
    /// The clusters of each network, as bits; the first one is in all.
    pub(crate) networks: Vec<u8>,
    /// The clusters of each datastore, as bits.
    pub(crate) datastores: Vec<u8>,
    pub(crate) vms: Vec<VmStory>,
    /// Seconds after the start.
    pub(crate) troubles: Vec<(u64, Trouble)>,
    /// Migrations that oned refuses: after how many calls, and how many.
    pub(crate) refusals: Option<(u32, u32)>,
}

pub(crate) const PRIORITIES: [&str; 4] = ["CRITICAL", "HIGH", "MEDIUM", "LOW"];
pub(crate) const NAMES: [&str; 2] = ["db", "cache"];
pub(crate) const POLICIES: [&str; 4] = ["NONE", "MIGRATE", "RECREATE", "DELETE"];
/// Drivers of system datastores, whether another host sees the disks, and whether it sees the UEFI variables.
pub(crate) const DATASTORES: [(&str, bool, bool); 3] =
    [("shared", true, true), ("ceph", true, false), ("ssh", false, false)];
/// Short addresses of devices that VMs ask for by them.
pub(crate) const CARDS: [&str; 2] = ["3b:00.0", "3b:00.1"];

impl Story {
    /// The host that the VM is on in the beginning.
    pub(crate) fn home(&self, vm: usize) -> usize {
        let story = &self.vms[vm];
        if story.pinned > 0 || story.gpus > 0 || story.card.is_some() {
            0
        } else {
            story.host % self.hosts.len()
        }
    }

    pub(crate) fn cluster(&self, host: usize) -> usize {
        self.hosts[host].cluster % self.clusters
    }

    fn tie(&self, one: usize, other: usize) -> Ties {
        let roles = (self.vms[one].role, self.vms[other].role);
        match roles {
            (Some((group, role)), Some((other_group, other_role)))
                if group == other_group && one != other =>
            {
                let group = &self.groups[group];
                // Roles that go together take their VMs with them, those of one role too.
                let within =
                    if group.between == Ties::Together { Ties::Together } else { group.inside[role] };
                if role == other_role { within } else { group.between }
            }
            _ => Ties::None,
        }
    }

    /// Must the first keep away from the second?
    pub(crate) fn apart(&self, one: usize, other: usize) -> bool {
        let layers = (self.vms[one].layer, self.vms[other].layer);
        let layer = one != other && layers.0.is_some() && layers.0 == layers.1 && self.binds(one, other);
        layer || self.tie(one, other) == Ties::Apart
    }

    /// Must the two be on one host?
    pub(crate) fn together(&self, one: usize, other: usize) -> bool {
        self.tie(one, other) == Ties::Together
    }

    /// What it loses when it is moved off a dead host, and the site does not accept that.
    pub(crate) fn bound_to_its_host(&self, vm: usize) -> bool {
        let wants = &self.vms[vm];
        let (_, _, keeps_variables) = DATASTORES[wants.datastore];
        let loses = match wants.firmware {
            Chips::Bios => false,
            Chips::Uefi => !keeps_variables,
            Chips::Tpm | Chips::Both => true,
        };
        loses && !self.site.lose
    }

    /// 0 is the highest.
    pub(crate) fn priority(&self, vm: usize) -> usize {
        self.vms[vm].priority.unwrap_or(2)
    }

    /// When its place is chosen, by its priority and that of those which it goes with: a lower number is earlier, and
    /// of equal numbers nobody knows.
    pub(crate) fn turn(&self, vm: usize) -> Option<usize> {
        let with = (0..self.vms.len()).filter(|other| *other == vm || self.together(vm, *other));
        with.filter(|other| self.home(*other) == 0).map(|other| self.priority(other)).min()
    }

    /// What it is called, if it is one of [`NAMES`].
    pub(crate) fn called(&self, vm: usize) -> Option<usize> {
        self.vms[vm].name.filter(|_| self.vms[vm].excluded != Some(1))
    }

    /// Whom its `HA_AFTER` means: a name is its owner's, on its host before all others, or else its group's.
    pub(crate) fn named(&self, vm: usize) -> BTreeSet<usize> {
        let name = match self.vms[vm].after {
            None => return BTreeSet::new(),
            Some(After::Id(id)) => return BTreeSet::from([id % self.vms.len()]),
            Some(After::Name(name)) => name,
        };
        let all = || (0..self.vms.len()).filter(|other| self.called(*other) == Some(name));
        let his: BTreeSet<usize> =
            all().filter(|other| self.vms[*other].owner == self.vms[vm].owner).collect();
        let here: BTreeSet<usize> = his.iter().copied().filter(|other| self.home(*other) == 0).collect();
        match (here.is_empty(), his.is_empty()) {
            (false, _) => here,
            (true, false) => his,
            (true, true) => all().filter(|other| self.belongs(vm, *other)).collect(),
        }
    }

    /// The VMs of the roles that its role in a service comes after.
    pub(crate) fn parents(&self, vm: usize) -> BTreeSet<usize> {
        let Some((service, role)) = self.vms[vm].service else { return BTreeSet::new() };
        let story = &self.services[service];
        let is_parent =
            |other: usize| story.straight && other < role && story.parents[role] >> other & 1 == 1;
        let in_one = |other: &usize| {
            self.vms[*other].service.is_some_and(|(of, role)| of == service && is_parent(role))
        };
        (0..self.vms.len()).filter(in_one).collect()
    }

    /// The VMs that must run before this one, and those before them.
    pub(crate) fn needed(&self, vm: usize) -> BTreeSet<usize> {
        let direct = |vm: usize| self.named(vm).into_iter().chain(self.parents(vm));
        let mut open: Vec<usize> = direct(vm).collect();
        let mut found = BTreeSet::new();
        while let Some(next) = open.pop() {
            if found.insert(next) {
                open.extend(direct(next));
            }
        }
        found
    }

    /// How its VM group binds it, to its own role or to the other one.
    pub(crate) fn bound(&self, vm: usize, how: Ties) -> bool {
        self.vms[vm].role.is_some_and(|(group, role)| {
            let group = &self.groups[group];
            group.between == how || group.inside[role] == how
        })
    }
}
