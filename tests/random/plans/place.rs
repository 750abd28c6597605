//! May this VM stand on this host? Counted anew from the story and from where every VM is, with no planner in sight.

use super::story::{DATASTORES, Story};
use onerescue::model::{Host, HostState};
use onerescue::policy::Standby;
use std::collections::BTreeSet;

/// A rule of placing, ordering or owning that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A target that takes VMs, with the VM's disks and room for it; no lock.
    Basics,
    Network,
    Requirement,
    Pin,
    /// The hosts of a role.
    RoleHosts,
    Apart,
    Together,
    /// It would lose its TPM or its UEFI variables.
    Firmware,
    /// The order in which standby hosts and others are used.
    Standby,
    /// What is left to the scheduler.
    Scheduler,
    Owner,
    After,
    Priority,
}

/// A rule that is broken, and how.
pub(crate) type Broken = (Rule, String);

/// Where VMs are, or are about to be. A VM that is on no host, or on the dead one, is not in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    all: Vec<(usize, usize)>,
    /// Those whose places were chosen with the others of this batch, not read.
    chosen: BTreeSet<usize>,
}

impl Places {
    pub(crate) fn put(&mut self, vm: usize, host: usize) {
        self.take(vm);
        self.all.push((vm, host));
    }

    /// As [`Places::put`], by a choice that the choices for other VMs may have come before.
    pub(crate) fn choose(&mut self, vm: usize, host: usize) {
        self.put(vm, host);
        self.chosen.insert(vm);
    }

    pub(crate) fn take(&mut self, vm: usize) {
        self.all.retain(|(other, _)| *other != vm);
        self.chosen.remove(&vm);
    }

    pub(crate) fn of(&self, vm: usize) -> Option<usize> {
        self.all.iter().find(|(other, _)| *other == vm).map(|(_, host)| *host)
    }

    fn others_on(&self, host: usize, vm: usize) -> impl Iterator<Item = usize> + '_ {
        self.all.iter().filter(move |(other, at)| *at == host && *other != vm).map(|(other, _)| *other)
    }
}

/// Whatever speaks against it. Where layers are soft, being kept apart or together is no reason.
pub(crate) fn check(
    story: &Story,
    places: &Places,
    hosts: &[Host],
    vm: usize,
    to: usize,
) -> Result<(), Broken> {
    if !story.site.soft {
        kept_apart(story, places, vm, to)?;
        neighbours(story, places, vm, to)?;
    }
    takes(story, places, hosts, vm, to)
}

/// May it stand there with every rule kept?
pub(crate) fn keeps_all(story: &Story, places: &Places, hosts: &[Host], vm: usize, to: usize) -> bool {
    kept_apart(story, places, vm, to).is_ok()
        && neighbours(story, places, vm, to).is_ok()
        && takes(story, places, hosts, vm, to).is_ok()
}

fn takes(story: &Story, places: &Places, hosts: &[Host], vm: usize, to: usize) -> Result<(), Broken> {
    let oned = hosts
        .iter()
        .find(|host| host.id.0 as usize == to)
        .ok_or_else(|| (Rule::Basics, "no such host".to_owned()))?;
    if to == 0 || oned.state != HostState::Monitored {
        return Err((Rule::Basics, format!("the target is {}", oned.state)));
    }
    if story.bound_to_its_host(vm) {
        return Err((Rule::Firmware, "it would lose its TPM or its UEFI variables".to_owned()));
    }
    if story.site.standby == Standby::Only && !story.hosts[to].standby {
        return Err((Rule::Standby, "the target is no standby host".to_owned()));
    }
    reach(story, vm, to)?;
    rules(story, vm, to)?;
    room(story, places, vm, to)
}

/// Cluster, disks and networks.
fn reach(story: &Story, vm: usize, to: usize) -> Result<(), Broken> {
    let (wants, cluster) = (&story.vms[vm], story.cluster(to));
    let (driver, shared, _) = DATASTORES[wants.datastore];
    if !shared {
        return Err((Rule::Basics, format!("its disks are on {driver}")));
    }
    if story.datastores[wants.datastore] >> cluster & 1 == 0 {
        return Err((Rule::Basics, "the target does not have its datastore".to_owned()));
    }
    if wants.network.is_some_and(|network| story.networks[network] >> cluster & 1 == 0) {
        return Err((Rule::Network, "the target does not have its network".to_owned()));
    }
    Ok(())
}

/// Requirements, pinning, and the hosts of its role.
fn rules(story: &Story, vm: usize, to: usize) -> Result<(), Broken> {
    let (wants, host) = (&story.vms[vm], &story.hosts[to]);
    if wants.unclear {
        return Err((Rule::Requirement, "only the scheduler can evaluate what it requires".to_owned()));
    }
    if wants.rack.is_some_and(|rack| rack != host.rack) {
        return Err((
            Rule::Requirement,
            format!("it requires rack {:?}, the target is in {}", wants.rack, host.rack),
        ));
    }
    if (wants.pinned > 0) != host.pinned.is_some() {
        return Err((Rule::Pin, "only pinned VMs run on pinned hosts".to_owned()));
    }
    let Some((group, role)) = wants.role else { return Ok(()) };
    let named = |host: usize| host % story.hosts.len() == to;
    let group = &story.groups[group];
    if role == 0 && group.only.is_some_and(|only| !named(only)) || role == 1 && group.never.is_some_and(named)
    {
        return Err((Rule::RoleHosts, "its role does not allow this host".to_owned()));
    }
    Ok(())
}

/// Anti-affinity and layers.
fn kept_apart(story: &Story, places: &Places, vm: usize, to: usize) -> Result<(), Broken> {
    match places.others_on(to, vm).find(|other| keeps_away(story, places, vm, *other)) {
        Some(other) => Err((Rule::Apart, format!("vm{other} is there, from which it is kept apart"))),
        None => Ok(()),
    }
}

/// Must the first keep away from the second? Where the second need not keep away from the first, as an administrator's VM
/// from those of others, and its place is chosen later, it may come to the first one.
pub(crate) fn keeps_away(story: &Story, places: &Places, vm: usize, other: usize) -> bool {
    let there = !places.chosen.contains(&other) || story.turn(other) < story.turn(vm);
    story.apart(vm, other) && (story.apart(other, vm) || there)
}

/// Affinity.
fn neighbours(story: &Story, places: &Places, vm: usize, to: usize) -> Result<(), Broken> {
    let partners = (0..story.vms.len()).filter(|other| story.together(vm, *other));
    let active = partners.filter(|other| !story.vms[*other].powered_off || story.home(*other) == 0);
    let homes: Vec<usize> = active.filter_map(|other| places.of(other)).collect();
    if !homes.is_empty() && !homes.contains(&to) {
        return Err((Rule::Together, format!("those that it goes with are on {homes:?}")));
    }
    Ok(())
}

/// CPU, memory, devices and cores.
fn room(story: &Story, places: &Places, vm: usize, to: usize) -> Result<(), Broken> {
    let host = &story.hosts[to];
    let there: Vec<usize> = places.others_on(to, vm).chain([vm]).collect();
    let sum = |of: &dyn Fn(usize) -> i64| there.iter().map(|vm| of(*vm)).sum::<i64>();
    let cpu = sum(&|vm| story.vms[vm].cpu);
    let memory = sum(&|vm| story.vms[vm].memory_gib);
    let gpus: usize = there.iter().map(|vm| story.vms[*vm].gpus).sum();
    let cores: usize = there.iter().map(|vm| story.vms[*vm].pinned).sum();
    if cpu > host.cores * 100 || memory > host.memory_gib || wants_more(story.vms[vm].gpus, gpus, host.gpus) {
        return Err((Rule::Basics, format!("it is full: CPU {cpu}, memory {memory} GiB, {gpus} devices")));
    }
    let card = story.vms[vm].card;
    if card.is_some_and(|card| host.cards >> card & 1 == 0) {
        return Err((Rule::Basics, "it has no device at that address".to_owned()));
    }
    if card.is_some() && places.others_on(to, vm).any(|other| story.vms[other].card == card) {
        return Err((Rule::Basics, "the device at that address is in use".to_owned()));
    }
    if story.vms[vm].pinned > 0 && cores > host.pinned.unwrap_or(0) as usize {
        return Err((Rule::Pin, format!("{cores} cores are asked for")));
    }
    Ok(())
}

/// Devices are looked at for those only that want some.
fn wants_more(own: usize, all: usize, of_host: usize) -> bool {
    own > 0 && all > of_host
}
