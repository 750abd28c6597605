//! A second opinion on where everything is in the end. In a calm story places are only ever taken, so a host that would
//! take a VM in the end would have taken it before.

use super::check::{fate, movable};
use super::place::{self, Broken, Places, Rule};
use super::stage::vm_id;
use super::story::Story;
use onerescue::model::Host;
use onerescue::policy::{Fate, Report, Standby};
use onerescue::sim::{Seen, SimWorld};

/// Where everything is in the end.
pub(crate) struct End<'a> {
    story: &'a Story,
    report: &'a Report,
    hosts: Vec<Host>,
    places: Places,
}

impl<'a> End<'a> {
    /// `None` if the run did not come to its VMs.
    pub(crate) fn new(story: &'a Story, world: &SimWorld, report: &'a Report) -> Option<End<'a>> {
        let hosts = world.seen().iter().rev().find_map(|seen| match seen {
            Seen::Survey { survey, .. } => Some(survey.hosts.clone()),
            _ => None,
        })?;
        let cloud = world.transport().cloud();
        let mut places = Places::default();
        for vm in 0..story.vms.len() {
            let host = cloud.vm_host(vm_id(vm)).map(|host| host.0 as usize);
            if let Some(host) = host.filter(|host| *host != 0) {
                if story.home(vm) == 0 { places.choose(vm, host) } else { places.put(vm, host) }
            }
        }
        Some(End { story, report, hosts, places })
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.story.vms.len()
    }

    /// VMs that were placed off the dead host, with their hosts. What the scheduler has placed is its own matter.
    fn moved(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let placed = |vm: &usize| self.story.home(*vm) == 0 && !self.story.vms[*vm].unclear;
        self.all().filter(placed).filter_map(|vm| Some((vm, self.places.of(vm)?)))
    }

    /// It goes where others go, so it has more reasons than room.
    fn ties(&self, vm: usize) -> bool {
        self.all().any(|other| self.story.together(vm, other))
    }

    /// Hosts that would take it with every rule kept.
    fn others(&self, vm: usize) -> impl Iterator<Item = usize> + '_ {
        let now = self.places.of(vm);
        let hosts = (1..self.story.hosts.len()).filter(move |host| Some(*host) != now);
        hosts.filter(move |host| place::keeps_all(self.story, &self.places, &self.hosts, vm, *host))
    }

    /// Nobody holds a VM for want of room while one of a lower priority has what would have fitted it.
    pub(crate) fn priorities(&self) -> Vec<Broken> {
        let (story, mut broken) = (self.story, Vec::new());
        let held = |vm: &usize| matches!(fate(self.report, *vm), Some(Fate::Held(_)));
        // What waits for another VM, or goes with one, has more reasons than room.
        let waits = |vm: usize| !story.needed(vm).is_empty() || self.ties(vm);
        for high in self.all().filter(held).filter(|vm| movable(story, *vm) && !waits(*vm)) {
            for (low, to) in self.moved().filter(|(low, _)| !self.ties(*low)) {
                let first =
                    |vm: usize| story.priority(vm) <= story.priority(high) && story.needed(vm).contains(&low);
                if story.priority(low) <= story.priority(high) || self.all().any(first) {
                    continue;
                }
                let mut instead = self.places.clone();
                instead.take(low);
                if place::check(story, &instead, &self.hosts, high, to).is_ok() {
                    let why = fate(self.report, high);
                    let text = format!("vm{low} has on host {to} what would have fitted vm{high}: {why:?}");
                    broken.push((Rule::Priority, text));
                }
            }
        }
        broken
    }

    /// Standby hosts are used in the order that the site has chosen.
    pub(crate) fn standby(&self) -> Vec<Broken> {
        let is = |host: usize| self.story.hosts[host].standby;
        let before = |one: usize, other: usize| match self.story.site.standby {
            Standby::First => is(one) && !is(other),
            Standby::Last => !is(one) && is(other),
            Standby::Only => false,
        };
        let mut broken = Vec::new();
        for (vm, to) in self.moved().filter(|(vm, _)| !self.ties(*vm)) {
            if let Some(host) = self.others(vm).find(|host| before(*host, to)) {
                broken.push((Rule::Standby, format!("vm{vm} is on host {to}, and host {host} comes first")));
            }
        }
        broken
    }

    /// VMs that are kept apart share a host only where one of them has no other.
    pub(crate) fn last_resort(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        let apart = |one, other| place::keeps_away(self.story, &self.places, one, other);
        for (one, host) in self.moved().filter(|(vm, _)| !self.ties(*vm)) {
            let there = self.all().filter(|other| self.places.of(*other) == Some(host));
            for other in there.filter(|other| apart(one, *other) && !self.ties(*other)) {
                let stayed = self.story.home(other) != 0;
                if self.others(one).next().is_some() && (stayed || self.others(other).next().is_some()) {
                    broken.push((Rule::Apart, format!("vm{one} and vm{other} are both on host {host}")));
                }
            }
        }
        broken
    }
}
