//! A second opinion on every order, written without looking at the planner: from the story, from what oned
//! showed last, and from the order itself.

use super::{DATASTORES, Happens, KINDS, Story, VmStory};
use onerescue::model::{Host, HostId, HostState, Vm, VmId, VmState};
use onerescue::policy::states::{self, Class};
use onerescue::policy::{Fate, Fencing, Force, MigrationType, Mode, Order, Reply, Report, Survey};
use onerescue::sim::{Seen, SimWorld};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often more than the settings say a VM may be led on that nobody works on any more.
const LED: u32 = 3;

struct Known<'a> {
    story: &'a Story,
    dead: HostId,
    survey: Survey,
    /// What was read last: the state and the host.
    vms: BTreeMap<VmId, (VmState, Option<HostId>)>,
    /// Orders that may bring a VM to a host that does not show it yet.
    pledged: BTreeMap<VmId, (HostId, Duration)>,
    /// VMs with an order. oned itself refuses to repeat one for a VM that was locked since.
    ordered: BTreeSet<VmId>,
    /// Where a migration may still go whose answer was lost.
    doubt: BTreeMap<VmId, HostId>,
    retries: BTreeMap<VmId, u32>,
}

/// Every order that should not have been sent, in words.
pub(crate) fn orders(story: &Story, world: &SimWorld, dead: HostId) -> Vec<String> {
    let mut known = Known {
        story,
        dead,
        survey: Survey::default(),
        vms: BTreeMap::new(),
        pledged: BTreeMap::new(),
        ordered: BTreeSet::new(),
        doubt: BTreeMap::new(),
        retries: BTreeMap::new(),
    };
    let mut broken = Vec::new();
    for seen in world.seen() {
        match seen {
            Seen::Survey { at, survey, .. } => known.surveyed(*at, survey),
            Seen::Vms { vms, .. } => known.vms.extend(vms.iter().map(|(vm, _)| (vm.id, (vm.state, vm.host)))),
            Seen::Order { at, order, reply, .. } => {
                if let Err(why) = known.judge(order) {
                    broken.push(format!("{order:?}: {why}"));
                }
                known.sent(*at, order, reply);
            }
            Seen::Host { .. }
            | Seen::Outlook { .. }
            | Seen::Witness { .. }
            | Seen::Dump { .. }
            | Seen::Record { .. }
            | Seen::Off { .. }
            | Seen::Power { .. }
            | Seen::Disable { .. }
            | Seen::Memory { .. } => {}
        }
    }
    broken
}

impl Known<'_> {
    fn surveyed(&mut self, at: Duration, survey: &Survey) {
        self.survey = survey.clone();
        self.vms.extend(survey.vms.iter().map(|vm| (vm.id, (vm.state, vm.host))));
        let charged = |vm: &VmId, host: HostId| {
            survey.hosts.iter().any(|known| known.id == host && known.vms.contains(vm))
        };
        let patience = Duration::from_millis(self.story.slow.lcm_ms) + Duration::from_secs(1);
        self.pledged.retain(|vm, (host, since)| !charged(vm, *host) && at.saturating_sub(*since) < patience);
    }

    fn sent(&mut self, at: Duration, order: &Order, reply: &Reply) {
        self.ordered.insert(order.vm());
        match (order, reply) {
            (Order::Migrate { vm, to, .. }, Reply::Unknown(_)) => drop(self.doubt.insert(*vm, *to)),
            (_, Reply::Accepted) => drop(self.doubt.remove(&order.vm())),
            // The call whose answer was lost may still be carried out.
            _ => {}
        }
        match (order, reply) {
            (Order::Migrate { vm, to, .. }, Reply::Accepted | Reply::Unknown(_)) => {
                self.pledged.insert(*vm, (*to, at));
            }
            (Order::Retry { vm } | Order::Resume { vm }, Reply::Accepted | Reply::Unknown(_)) => {
                *self.retries.entry(*vm).or_default() += 1;
            }
            _ => {}
        }
    }

    fn vm(&self, vm: VmId) -> Result<&VmStory, String> {
        self.story.vms.get(vm.0 as usize).ok_or_else(|| "no such VM".to_owned())
    }

    fn judge(&self, order: &Order) -> Result<(), String> {
        let id = order.vm();
        let Some((state, host)) = self.vms.get(&id).copied() else {
            return Err("it was never read".to_owned());
        };
        let lock = self.survey.vms.iter().find(|vm| vm.id == id).and_then(|vm| vm.lock);
        if lock.is_some_and(|lock| lock.0 != 0) && !self.ordered.contains(&id) {
            return Err("it is locked".to_owned());
        }
        let dead = self.survey.hosts.iter().find(|host| host.id == self.dead);
        if dead.is_some_and(|host| host.state == HostState::Monitored) {
            return Err("the host that was taken for dead is MONITORED".to_owned());
        }
        let here = host == Some(self.dead);
        // oned's monitoring has found it off, or a start has failed: no person wants that.
        let found = |vm: &&Vm| vm.id == id && matches!(vm.last_action, Some(44 | 11));
        let fell = state == VmState::Poweroff && self.survey.vms.iter().any(|vm| found(&vm));
        let stopped = fell
            || matches!(state, VmState::Poweroff | VmState::Suspended)
                && self.story.policy.force == Force::AlsoStopped;
        let lost = state == VmState::UNKNOWN;
        let gone = lost || state == VmState::RUNNING;
        let resubmit = state.to_string() == "CLEANUP_RESUBMIT";
        let right = match order {
            Order::Migrate { .. } => here && (lost || stopped),
            Order::Recreate { .. } => here && (gone || stopped) || resubmit,
            Order::Delete { .. } => here && (gone || stopped),
            Order::Retry { .. } => {
                let class = states::class(state);
                !here && matches!(class, Class::Failure | Class::Transient)
            }
            Order::Resume { .. } => !here && (lost || state == VmState::Poweroff),
            Order::Fail { .. } => here && states::class(state) == Class::Transient,
            Order::Resched { .. } => here && lost,
            Order::Unresched { .. } => true,
        };
        if !right {
            return Err(format!("it is {state} on {host:?}"));
        }
        match order {
            Order::Migrate { vm, to, kind } => self.target(*vm, *to, *kind),
            Order::Retry { .. } | Order::Resume { .. } if !self.is_well(host) => {
                Err("its target is not MONITORED".to_owned())
            }
            Order::Retry { vm } | Order::Resume { vm } => match self.retries.get(vm) {
                Some(times) if *times >= self.story.policy.settle.retries + LED => {
                    Err("retried too often".to_owned())
                }
                _ => Ok(()),
            },
            Order::Recreate { .. }
            | Order::Delete { .. }
            | Order::Fail { .. }
            | Order::Resched { .. }
            | Order::Unresched { .. } => Ok(()),
        }
    }

    fn is_well(&self, host: Option<HostId>) -> bool {
        let is = |known: &Host| Some(known.id) == host && known.state == HostState::Monitored;
        self.survey.hosts.iter().any(is)
    }

    /// The host has the VM's driver, and the CPU model that it asks for.
    fn runs(&self, wants: &VmStory, at: usize) -> Result<(), String> {
        let home = wants.host.map_or(self.story.dead, |host| host % self.story.hosts.len());
        let [(own, _), (other, models)] = [home, at].map(|at| KINDS[self.story.hosts[at].kind]);
        if own != other {
            return Err(format!("it is a VM of {own}, and the target runs {other}"));
        }
        let knows = |model: &str| models.is_empty() || models.split(' ').any(|known| known == model);
        match wants.model.filter(|model| !knows(model)) {
            Some(model) => Err(format!("the target does not have {model}")),
            None => Ok(()),
        }
    }

    fn target(&self, vm: VmId, to: HostId, kind: MigrationType) -> Result<(), String> {
        let wants = self.vm(vm)?;
        if let Some(first) = self.doubt.get(&vm).filter(|first| **first != to) {
            return Err(format!("it may still go to {first}"));
        }
        if self.doubt.get(&vm) == Some(&to) {
            // Its answer was lost: the same is asked again, whatever became of the target; oned says no then.
            return Ok(());
        }
        let host = self.survey.hosts.iter().find(|host| host.id == to).ok_or("no such host")?;
        if to == self.dead || host.state != HostState::Monitored {
            return Err(format!("the target is {}", host.state));
        }
        let cluster = |at: usize| self.story.hosts[at].cluster % self.story.clusters;
        let at = to.0 as usize;
        self.runs(wants, at)?;
        let (driver, sharing, shared) = DATASTORES[wants.datastore];
        if !shared {
            return Err(format!("its disks are on {driver} {sharing:?}"));
        }
        if self.story.datastores[wants.datastore] >> cluster(at) & 1 == 0 {
            return Err("the target does not have the datastore".to_owned());
        }
        if (kind == MigrationType::Poweroff) != (wants.gpus > 0) {
            return Err(format!("{kind:?} with {} devices", wants.gpus));
        }
        let mut cpu = host.capacity.used_cpu + wants.cpu;
        let mut memory = host.capacity.used_memory_kib + (wants.memory_gib << 20);
        let mut gpus = wants.gpus;
        for (other, _) in self.pledged.iter().filter(|(other, (host, _))| **other != vm && *host == to) {
            let other = self.vm(*other)?;
            cpu += other.cpu;
            memory += other.memory_gib << 20;
            gpus += other.gpus;
        }
        let free = host.pci.iter().filter(|device| device.vm.is_none()).count();
        let story = &self.story.hosts[at];
        if cpu > story.cores * 100 || memory > story.memory_gib << 20 || gpus > free {
            return Err(format!("{to} is full: CPU {cpu}, memory {memory} KiB, {gpus} of {free} devices"));
        }
        Ok(())
    }
}

/// VMs that are reported as recovered and did not really run on exactly that host when they were read back.
pub(crate) fn really(story: &Story, world: &SimWorld, report: &Report) -> Vec<String> {
    let mut broken = Vec::new();
    let subject = report.host;
    if story.policy.fencing == Fencing::Waived || !world.fence_is_honest(&story.policy, subject) {
        return broken;
    }
    let recovered = report.vms.iter().filter(|vm| matches!(vm.fate, Fate::Recovered(_)));
    for vm in recovered.filter(|_| report.mode != Mode::Delete) {
        let Some((read, domains)) = last_read(world, vm.id) else {
            broken.push(format!("{vm}: never read back"));
            continue;
        };
        let runs = read.state == VmState::RUNNING;
        let good = match (runs, read.host) {
            (true, Some(host)) => *domains == [host] || disturbed(story, vm.id, host),
            (true, None) => false,
            (false, _) => domains.is_empty(),
        };
        if !good {
            broken
                .push(format!("{vm}: {} on {:?}, but its domain was on {domains:?}", read.state, read.host));
        }
    }
    broken
}

/// The VM as it was read back last, with the truth. A run that finds it recovered already has read it in its survey only.
fn last_read(world: &SimWorld, id: VmId) -> Option<&(Vm, Vec<HostId>)> {
    let last = |surveyed: bool| {
        let lists = world.seen().iter().rev().filter_map(move |seen| match seen {
            Seen::Vms { vms, .. } if !surveyed => Some(vms),
            Seen::Survey { vms, .. } if surveyed => Some(vms),
            _ => None,
        });
        lists.flatten().find(|(read, _)| read.id == id)
    };
    last(false).or_else(|| last(true))
}

/// Did something happen to the VM or its new host that oned need not know yet?
fn disturbed(story: &Story, vm: VmId, host: HostId) -> bool {
    let others: Vec<_> = (0..story.hosts.len()).filter(|at| *at != story.dead).collect();
    story.events.iter().any(|(_, happens)| match happens {
        Happens::Crashes(at) => at % story.vms.len().max(1) == vm.0 as usize,
        Happens::TargetDies(at, _) => others.get(at % others.len().max(1)) == Some(&(host.0 as usize)),
        _ => false,
    })
}
