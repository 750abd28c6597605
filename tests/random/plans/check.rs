//! A second opinion on a run: every call against what was known when it was sent, and the end against the calls.

use super::place::{self, Broken, Places, Rule};
use super::stage::{DEAD, vm_id};
use super::story::{POLICIES, Story, Ties};
use onerescue::model::{Host, VmState};
use onerescue::policy::{Fate, Mode, Order, Reply, Report, Requirements, Survey};
use onerescue::sim::{Seen, SimWorld};
use std::collections::BTreeSet;
use std::time::Duration;

/// What was known at a moment.
struct Known<'a> {
    story: &'a Story,
    hosts: Vec<Host>,
    places: Places,
    /// Read back as RUNNING on another host than the dead one.
    running: BTreeSet<usize>,
    /// Read back at all.
    read: BTreeSet<usize>,
    /// Read back as on its way on another host than the dead one.
    coming: BTreeSet<usize>,
    /// Orders were sent for these.
    touched: BTreeSet<usize>,
    /// These run again in the end, by what this run did.
    recovered: BTreeSet<usize>,
    /// When the cloud was surveyed first, and whether VMs have waited for long enough since.
    begun: Option<Duration>,
    late: bool,
}

/// The default of `[settle] after_wait`.
const AFTER_WAIT: Duration = Duration::from_secs(300);

/// Every order that should not have been sent, in words.
pub(crate) fn orders(story: &Story, world: &SimWorld, report: &Report) -> Vec<Broken> {
    let deleted = |vm: &usize| {
        let is = |seen: &Seen| matches!(seen, Seen::Order { order: order @ Order::Delete { .. }, .. } if order.vm() == vm_id(*vm));
        world.seen().iter().any(is)
    };
    let again = |vm: &usize| matches!(fate(report, *vm), Some(Fate::Recovered(_))) && !deleted(vm);
    let mut known = Known {
        story,
        hosts: Vec::new(),
        places: Places::default(),
        running: BTreeSet::new(),
        read: BTreeSet::new(),
        coming: BTreeSet::new(),
        touched: BTreeSet::new(),
        recovered: (0..story.vms.len()).filter(again).collect(),
        begun: None,
        late: false,
    };
    let mut broken = Vec::new();
    for seen in world.seen() {
        match seen {
            Seen::Survey { at, survey, .. } => {
                known.begun.get_or_insert(*at);
                known.surveyed(survey);
            }
            Seen::Vms { vms, .. } => {
                for (vm, _) in vms {
                    known.read(vm.id.0 as usize, vm.state, vm.host.map(|host| host.0 as usize));
                }
            }
            Seen::Order { at, order, reply, .. } => {
                known.late = known.begun.is_some_and(|begun| *at >= begun + AFTER_WAIT);
                if let Err((rule, why)) = known.judge(order) {
                    broken.push((rule, format!("{order:?}: {why}")));
                }
                known.sent(order, reply);
            }
            _ => {}
        }
    }
    broken
}

impl Known<'_> {
    /// Where every VM is: what oned charges to its hosts, and what was sent and is not charged yet.
    fn surveyed(&mut self, survey: &Survey) {
        let mut places = Places::default();
        for (vm, to) in self.touched.iter().filter_map(|vm| Some((*vm, self.places.of(*vm)?))) {
            let read = survey.vms.iter().find(|read| read.id == vm_id(vm));
            if read.is_none_or(|read| read.host.is_some_and(|host| host.0 as usize == to)) {
                places.put(vm, to);
            }
        }
        for host in survey.hosts.iter().filter(|host| host.id != DEAD) {
            for vm in &host.vms {
                places.put(vm.0 as usize, host.id.0 as usize);
            }
        }
        self.places = places;
        self.hosts.clone_from(&survey.hosts);
        for vm in survey.vms.iter().chain(&survey.needed) {
            self.read(vm.id.0 as usize, vm.state, vm.host.map(|host| host.0 as usize));
        }
    }

    fn read(&mut self, vm: usize, state: VmState, host: Option<usize>) {
        self.read.insert(vm);
        self.running.remove(&vm);
        self.coming.remove(&vm);
        let elsewhere = host.is_some_and(|host| host != 0);
        if state == VmState::RUNNING && elsewhere {
            self.running.insert(vm);
        } else if matches!(state, VmState::Active(_)) && elsewhere {
            self.coming.insert(vm);
        }
    }

    fn sent(&mut self, order: &Order, reply: &Reply) {
        let vm = order.vm().0 as usize;
        self.touched.insert(vm);
        if let (Order::Migrate { to, .. }, Reply::Accepted | Reply::Unknown(_)) = (order, reply) {
            self.places.choose(vm, to.0 as usize);
        }
    }

    fn judge(&self, order: &Order) -> Result<(), Broken> {
        let vm = order.vm().0 as usize;
        if self.story.vms[vm].locked {
            return Err((Rule::Basics, "it is locked".to_owned()));
        }
        if self.story.vms[vm].excluded.is_some() {
            return Err((Rule::Owner, "it is excluded".to_owned()));
        }
        let destroys = match order {
            Order::Migrate { .. } | Order::Resched { .. } => 1,
            Order::Recreate { .. } => 2,
            Order::Delete { .. } => 3,
            _ => 0,
        };
        if destroys > most(self.story, vm) || most(self.story, vm) == 0 {
            let own = self.story.vms[vm].policy.map(|at| POLICIES[at]);
            return Err((Rule::Owner, format!("{:?} over {own:?}", self.story.mode)));
        }
        match order {
            Order::Migrate { to, .. } => {
                place::check(self.story, &self.places, &self.hosts, vm, to.0 as usize)?;
                self.after(vm)
            }
            Order::Resched { .. } => {
                self.scheduler(vm)?;
                if self.story.bound_to_its_host(vm) {
                    return Err((Rule::Firmware, "it would lose its TPM or its UEFI variables".to_owned()));
                }
                self.after(vm)
            }
            Order::Recreate { .. } if !self.story.site.soft && self.story.vms[vm].layer.is_some() => Err((
                Rule::Apart,
                "the scheduler, which chooses its host, does not know its layer".to_owned(),
            )),
            Order::Recreate { .. } => self.after(vm),
            _ => Ok(()),
        }
    }

    /// May this VM be left to the scheduler, which knows neither devices nor layers nor who is on the way to where?
    fn scheduler(&self, vm: usize) -> Result<(), Broken> {
        let (wants, site) = (&self.story.vms[vm], &self.story.site);
        let broken = |why: &str| Err((Rule::Scheduler, why.to_owned()));
        if wants.gpus > 0 || wants.card.is_some() {
            return broken("the scheduler moves no VM with devices");
        }
        match (wants.unclear, site.scheduler, site.requirements == Requirements::Scheduler) {
            (false, false, _) | (true, _, false) => broken("nobody has asked the scheduler"),
            (false, true, _) if wants.layer.is_some() => broken("the scheduler does not know its layer"),
            (true, _, true) if self.story.bound(vm, Ties::Together) => {
                broken("the scheduler never moves VMs that belong together")
            }
            (true, _, true) if !site.soft && (wants.layer.is_some() || self.story.bound(vm, Ties::Apart)) => {
                broken("the scheduler does not see which hosts are left to it")
            }
            _ => Ok(()),
        }
    }

    /// Whatever must run first runs, where nothing else goes wrong. What it takes too long for goes without.
    fn after(&self, vm: usize) -> Result<(), Broken> {
        let calm = self.story.troubles.is_empty() && self.story.refusals.is_none();
        if !calm || self.late {
            return Ok(());
        }
        let circle = |first: usize| first == vm || self.story.needed(first).contains(&vm);
        let named = self.story.named(vm);
        let all = named.iter().copied().chain(self.story.parents(vm));
        for first in all.filter(|first| !circle(*first) && !self.running.contains(first)) {
            if self.story.home(first) == 0 {
                if self.recovered.contains(&first) {
                    return Err((Rule::After, format!("vm{first} must run first, and is recovered too")));
                }
            } else if named.contains(&first) && !self.read.contains(&first) {
                return Err((Rule::After, format!("nobody has looked whether vm{first} runs")));
            } else if named.contains(&first) && self.coming.contains(&first) {
                return Err((Rule::After, format!("vm{first} must run first, and is starting")));
            }
        }
        Ok(())
    }
}

/// How destructive an order may be: 0 nothing, 1 migrate, 2 recreate, 3 delete. Owners may choose NONE and MIGRATE.
fn most(story: &Story, vm: usize) -> usize {
    let flag = match story.mode {
        Mode::Migrate => 1,
        Mode::Recreate => 2,
        Mode::Delete => 3,
    };
    let own = story.vms[vm].policy.filter(|at| *at < 2).map_or(flag, |at| flag.min(at));
    if story.vms[vm].excluded.is_some() { 0 } else { own }
}

/// Could this VM have been moved, as far as it alone is concerned?
pub(crate) fn movable(story: &Story, vm: usize) -> bool {
    let wants = &story.vms[vm];
    story.home(vm) == 0 && !wants.locked && !wants.unclear && most(story, vm) == 1
}

pub(crate) fn fate(report: &Report, vm: usize) -> Option<&Fate> {
    report.vms.iter().find(|read| read.id == vm_id(vm)).map(|read| &read.fate)
}

/// How many VMs were not recovered although they should be.
pub(crate) fn not_recovered(report: &Report) -> usize {
    report.vms.iter().filter(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_))).count()
}
