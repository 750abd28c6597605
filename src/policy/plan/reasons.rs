//! Why hosts do not take a VM, for people: counted by reason, or one by one; and one command or one change that helps.

use super::ask::Candidate;
use super::placement::Rooms;
use super::room::Room;
use super::view::View;
use crate::model::{DatastoreId, HostId, HostState, NetworkId};
use std::fmt::Write as _;

/// Why one host does not take a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Dead,
    NotMonitored(HostState),
    /// VMs of it were moved away while it ran.
    RanOn,
    /// VMs of this incident were sent there, and do not start.
    StartsNothing,
    Unreadable,
    NoDatastore,
    NoImages(DatastoreId),
    NoNetwork(NetworkId),
    NotStandby,
    Refused,
    Requirements,
    Unclear,
    OtherDriver,
    NoCpuModel,
    NoMachine,
    GroupHosts,
    Full,
    NoDevice,
    NoCores,
    NotTogether,
    /// The index of the rule.
    Apart(usize),
}

impl Unfit {
    /// `2 hosts full`: behind a number. The rank says what an operator reads first.
    fn word(self) -> (u8, &'static str) {
        match self {
            Self::Apart(_) => (0, "with a VM that it is kept apart from"),
            Self::Full => (1, "full"),
            Self::NoDevice => (2, "without a free PCI device of its kind"),
            Self::NoCores => (3, "without the cores, threads or pages that it is pinned to"),
            Self::StartsNothing => (4, "where VMs of this incident do not start"),
            Self::Refused => (5, "refused it"),
            Self::NotTogether => (6, "without the VMs that it is kept together with"),
            Self::GroupHosts => (7, "that its VM group does not allow"),
            Self::Requirements => (8, "that its requirements do not allow"),
            Self::Unclear => (9, "where only the scheduler can evaluate its requirements"),
            Self::NotStandby => (10, "outside the standby hosts"),
            Self::NotMonitored(_) => (11, "not MONITORED"),
            Self::RanOn => (12, "where VMs may run twice"),
            Self::Unreadable => (13, "whose document cannot be read"),
            Self::NoDatastore => (14, "without its system datastore"),
            Self::NoImages(_) => (15, "without the datastore of its images"),
            Self::NoNetwork(_) => (16, "without its network"),
            Self::OtherDriver => (17, "with another driver than its own"),
            Self::NoCpuModel => (18, "without its CPU model"),
            Self::NoMachine => (19, "without its machine type"),
            Self::Dead => (20, "dead"),
        }
    }

    /// The same of one host.
    pub(super) fn at(self, rooms: &Rooms, view: &View<'_>) -> String {
        match self {
            Self::Apart(rule) => {
                let name = rooms.bonds.rules.get(rule).map_or("", |rule| rule.name.as_str());
                format!("{name} has a VM there")
            }
            Self::NotMonitored(state) => format!("it is {state}"),
            Self::NoImages(id) => format!("its cluster does not have {id}, where images of the VM are"),
            Self::NoNetwork(id) if view.networks.contains_key(&id) => {
                format!("its cluster does not have {id}")
            }
            Self::NoNetwork(id) => format!("{id} of the VM {}", view.survey.networks.absent(id.0)),
            Self::NoDatastore => "its cluster does not have the system datastore of the VM".to_owned(),
            Self::NotStandby => "it is no standby host (plan.standby)".to_owned(),
            Self::RanOn => "VMs of it were moved away while it ran, and nobody has looked yet".to_owned(),
            Self::StartsNothing => "VMs of this incident do not start there".to_owned(),
            Self::NoDevice
            | Self::NoCores
            | Self::Full
            | Self::Refused
            | Self::NotTogether
            | Self::GroupHosts
            | Self::Requirements
            | Self::Unclear
            | Self::OtherDriver
            | Self::NoCpuModel
            | Self::NoMachine
            | Self::Unreadable
            | Self::Dead => self.word().1.to_owned(),
        }
    }
}

fn free(room: &Room) -> String {
    size(room.free.cpu.max(0), room.free.memory.max(0))
}

/// `2.00 CPU and 4096 MiB`
fn size(cpu: i64, memory: i64) -> String {
    format!("{}.{:02} CPU and {} MiB", cpu / 100, cpu % 100, memory / 1024)
}

/// `no host takes 2.00 CPU and 4096 MiB: 2 hosts full (node3 (host 3) has 1.00 CPU and 512 MiB left), 1 host not MONITORED`
pub(super) fn nowhere(
    who: &Candidate<'_>,
    unfit: &[(HostId, Unfit)],
    rooms: &Rooms,
    view: &View<'_>,
) -> String {
    let mut counts: Vec<(u8, &'static str, usize)> = Vec::new();
    for (_, why) in unfit.iter().filter(|(_, why)| *why != Unfit::Dead) {
        let (rank, word) = why.word();
        match counts.iter_mut().find(|(known, ..)| *known == rank) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((rank, word, 1)),
        }
    }
    counts.sort_unstable();
    let mut figures: Vec<String> = counts
        .iter()
        .map(|(_, word, count)| format!("{count} host{} {word}", if *count == 1 { "" } else { "s" }))
        .collect();
    if let Some(room) = rooms.roomiest(unfit)
        && let Some(text) = figures.iter_mut().find(|text| text.ends_with(" full"))
    {
        let _ = write!(text, " ({} has {} left)", view.host_name(room.host), free(room));
    }
    let figures = if figures.is_empty() { "there is no other host".to_owned() } else { figures.join(", ") };
    let apart =
        unfit.iter().find_map(|(_, why)| if let Unfit::Apart(rule) = why { Some(*rule) } else { None });
    if let Some(rule) = apart.and_then(|rule| rooms.bonds.rules.get(rule)) {
        return format!("{} needs one more host that can take it: {figures}", rule.name);
    }
    let unknown =
        who.load.vms.iter().flat_map(|vm| &vm.needs.networks).find(|id| !view.networks.contains_key(id));
    if let Some(id) = unknown {
        return format!("its {id} {}", view.survey.networks.absent(id.0));
    }
    let size = size(who.load.size.cpu, who.load.size.memory);
    let helps = helps(unfit.iter().map(|(_, why)| *why), view);
    match who.load.vms.len() {
        1 => format!("no host takes {size}: {figures}{helps}"),
        more => {
            format!("no host takes the {more} VMs that its VM group keeps together, {size}: {figures}{helps}")
        }
    }
}

/// `; add a host`: what helps against the first of these reasons. Where only the scheduler can tell, another text follows.
fn helps(reasons: impl Iterator<Item = Unfit>, view: &View<'_>) -> String {
    let first = reasons.filter(|why| *why != Unfit::Dead).min_by_key(|why| why.word().0);
    match first {
        Some(Unfit::Unclear) => String::new(),
        Some(why) => format!("; {}", help(why, view)),
        None => "; add a host".to_owned(),
    }
}

fn help(why: Unfit, view: &View<'_>) -> String {
    let cluster = view.dead.map_or_else(|| "CLUSTER".to_owned(), |host| host.cluster.0.to_string());
    let text = match why {
        Unfit::Full => "power a less important VM off there, or add a host",
        Unfit::NoDevice => "free such a device, or add a host that has one",
        Unfit::NoCores => "free them there, or change the TOPOLOGY of the VM",
        Unfit::StartsNothing => "repair these hosts first: see why the VMs do not start",
        Unfit::Refused => "`onerescue show HOST` and the log of oned say why it was refused",
        Unfit::NotTogether => "make room on the host where those VMs are",
        Unfit::GroupHosts => "bring one of its hosts back, or change the VM group with `onevmgroup update`",
        Unfit::Requirements => {
            "bring a host back that fits, or change SCHED_REQUIREMENTS with `onevm update`"
        }
        Unfit::NotStandby => "[plan] standby = \"first\" lets other hosts take VMs too",
        Unfit::NotMonitored(_) => "bring one of them back: `onehost list` shows their states",
        Unfit::RanOn => "`host_back --host HOST` looks which VMs run twice there",
        Unfit::Unreadable => "`onerescue check` names the document",
        Unfit::NoDatastore => {
            return format!(
                "`onecluster adddatastore` gives the cluster of another host that datastore, or add a host to cluster {cluster}"
            );
        }
        Unfit::NoImages(id) => {
            return format!("`onecluster adddatastore CLUSTER {}` for the cluster of another host", id.0);
        }
        Unfit::NoNetwork(id) => {
            return format!("`onecluster addvnet CLUSTER {}` for the cluster of another host", id.0);
        }
        Unfit::OtherDriver | Unfit::NoCpuModel | Unfit::NoMachine => "add a host like the one that it was on",
        Unfit::Apart(_) | Unfit::Unclear | Unfit::Dead => "add a host",
    };
    text.to_owned()
}
