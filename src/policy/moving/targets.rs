//! How the hosts do that VMs are sent to.
//!
//! A host that was not seen to start a VM of this incident gets one VM first, the most important that fits there. The others go
//! when that one runs, or when it has failed, or after `[settle] first_wait` (10 s); in the last two cases rather to another
//! host. The 10 s begin with the answer to the first order for that VM, also where this order never left
//! (`VmProgress::begun`, in `run/progress`). `moving/migrating` (`behind`) lets a VM go that waits, which is planned anew then.
//!
//! Where more VMs fail than run, the next ones go only if no other host takes them, and one at a time: for 10 s the next one waits
//! for the one before. With `[settle] failures` (2) that fail the host takes no more until no more fail than run: of their owner,
//! if all are of one, because an owner can make VMs that start nowhere. oned moves no VM out of a start that has failed, so each of
//! them is down until a person mends its host.
//!
//! A refusal costs nothing, and proves nothing: with each of them one more is tried at the same time. While a VM waits for the
//! first one on a host, those of a lower priority go only where no VM was seen to run or to fail.

use crate::model::text::vms;
use crate::model::{End, HostId, Moment, Vm, VmId, VmState};
use crate::policy::order::Order;
use crate::policy::plan::{Priority, Standing};
use crate::policy::port::Survey;
use crate::policy::report::Fate;
use crate::policy::rules::SettleRules;
use crate::policy::run::Run;
use crate::policy::run::progress::{Stage, VmProgress};
use crate::policy::states::{self, Class};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One host, by the VMs of this incident that were sent to it.
#[derive(Default)]
pub(super) struct Target {
    runs: u32,
    fails: u32,
    /// The owners of those that fail.
    owners: BTreeSet<u32>,
    refused: u32,
    /// Those that were sent there a moment ago, and the first of them.
    fresh: u32,
    first: Option<VmId>,
    /// One has been on its way for longer.
    slow: bool,
}

/// How a VM that was sent somewhere gets on there.
enum Start {
    Runs,
    /// It is of this owner.
    Fails(u32),
    Since(Moment),
}

/// Every host that VMs of this incident were sent to.
pub(super) struct Targets {
    all: BTreeMap<HostId, Target>,
    rules: SettleRules,
    /// VMs that are to be planned again `[settle] first_wait` or more after their first order: the last one was not sent, or was
    /// refused.
    late: BTreeSet<VmId>,
    /// The highest priority of a VM that waits for the first one on a host that nothing is known of, and for which one.
    waits: Option<(Priority, VmId)>,
}

impl Target {
    fn starts(&self) -> bool {
        self.runs > 0 && self.runs >= self.fails
    }

    fn is_unknown(&self) -> bool {
        self.runs == 0 && self.fails == 0
    }

    fn add(&mut self, vm: VmId, start: &Start, now: Moment, rules: SettleRules) {
        match start {
            Start::Runs => self.runs += 1,
            Start::Fails(owner) => {
                self.fails += 1;
                self.owners.insert(*owner);
            }
            Start::Since(begun) if now.since(*begun) >= rules.first_wait => self.slow = true,
            Start::Since(_) => {
                self.fresh += 1;
                self.first.get_or_insert(vm);
            }
        }
    }

    fn standing(&self, rules: SettleRules) -> Option<Standing> {
        let fails = rules.failures > 0 && self.fails > self.runs;
        let slow = rules.first_wait > std::time::Duration::ZERO && self.slow && self.is_unknown();
        match (fails, self.fails >= rules.failures) {
            (true, true) => {
                Some(Standing::Out(self.owners.first().copied().filter(|_| self.owners.len() == 1)))
            }
            (true, false) => Some(Standing::Last),
            (false, _) => slow.then_some(Standing::Last),
        }
    }

    /// The VM that the next one waits for.
    fn ahead(&self) -> Option<VmId> {
        let goes = self.starts() || self.slow && self.is_unknown() || self.fresh <= self.refused;
        if goes { None } else { self.first }
    }
}

/// `2 VMs do not start there, and 1 runs`
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fail = if self.fails == 1 { "does" } else { "do" };
        let run = if self.runs == 1 { "runs" } else { "run" };
        write!(f, "{} {fail} not start there, and {} {run}", vms(self.fails as usize), self.runs)
    }
}

impl Targets {
    pub(super) fn new(run: &Run, survey: &Survey) -> Self {
        let (now, rules) = (run.now(), run.policy.settle);
        let mut all: BTreeMap<HostId, Target> = BTreeMap::new();
        let mut add = |host, vm, start: &Start| all.entry(host).or_default().add(vm, start, now, rules);
        let mut known = BTreeMap::new();
        for vm in &survey.vms {
            if let Some((host, start)) = start(run, vm) {
                known.insert(vm.id, host);
                add(host, vm.id, &start);
            }
        }
        // A look at held VMs does not read those that run.
        for vm in run.vms.remembered.values().filter(|vm| vm.end == Some(End::Recovered)) {
            if let (Some(to), None) = (vm.to, known.get(&vm.id)) {
                add(to, vm.id, &Start::Runs);
            }
        }
        for (vm, progress) in &run.vms.progress {
            if let (Stage::Moving { order: Order::Migrate { to, .. }, sent, .. }, None) =
                (progress.stage, known.get(vm))
            {
                add(to, *vm, &Start::Since(progress.begun.unwrap_or(sent)));
            }
        }
        for host in run.vms.progress.values().flat_map(|vm| &vm.refused) {
            all.entry(*host).or_default().refused += 1;
        }
        let late = |vm: &VmProgress| vm.stage == Stage::Open && is_late(vm, now, rules);
        let late = run.vms.progress.iter().filter(|(_, vm)| late(vm)).map(|(id, _)| *id).collect();
        Self { all, rules, late, waits: None }
    }

    /// The hosts where VMs do not start, or not soon.
    pub(super) fn standing(&self) -> BTreeMap<HostId, Standing> {
        let standing = |(host, target): (&HostId, &Target)| Some((*host, target.standing(self.rules)?));
        self.all.iter().filter_map(standing).collect()
    }

    /// Does one of them take no more?
    pub(super) fn any_out(&self) -> bool {
        self.all.values().any(|target| matches!(target.standing(self.rules), Some(Standing::Out(_))))
    }

    /// Those where VMs fail.
    pub(super) fn failing(&self) -> impl Iterator<Item = (HostId, Standing, &Target)> {
        let failing = self.all.iter().filter(|(_, target)| target.fails > 0);
        failing.filter_map(|(host, target)| Some((*host, target.standing(self.rules)?, target)))
    }

    /// This VM is sent to this host now; or the VM that it waits for.
    ///
    /// While one waits, a less important one takes no room where VMs are known to start or to fail. As the first one on a host it goes.
    pub(super) fn send(&mut self, (vm, priority): (VmId, Priority), to: HostId) -> Result<(), VmId> {
        if self.rules.first_wait.is_zero() {
            return Ok(());
        }
        let target = self.all.entry(to).or_default();
        target.slow |= self.late.contains(&vm);
        if let Some(ahead) = target.ahead() {
            if target.is_unknown() {
                self.waits = self.waits.filter(|(most, _)| *most >= priority).or(Some((priority, ahead)));
            }
            return Err(ahead);
        }
        if let Some((_, ahead)) = self.waits.filter(|(most, _)| *most > priority && !target.is_unknown()) {
            return Err(ahead);
        }
        target.fresh += 1;
        target.first.get_or_insert(vm);
        Ok(())
    }
}

/// Where a VM of this incident was sent, and how it gets on there.
fn start(run: &Run, vm: &Vm) -> Option<(HostId, Start)> {
    let host = vm.host.filter(|host| *host != run.subject.host)?;
    let (progress, report) = (run.vms.progress.get(&vm.id), run.vms.reports.get(&vm.id));
    let before = run.vms.remembered.get(&vm.id).filter(|before| before.order.is_some());
    let sent = run.vms.places.sent.contains_key(&vm.id) || progress.is_some_and(|vm| vm.calls > 0);
    if !sent && before.is_none() {
        return None;
    }
    if vm.state == VmState::RUNNING {
        return Some((host, Start::Runs));
    }
    let failed = match (progress, report, before) {
        (Some(vm), _, _) => vm.start_has_failed(),
        (None, Some(report), _) => matches!(report.fate, Fate::Failed(_)),
        (None, None, before) => before.is_some_and(|before| before.end == Some(End::Failed)),
    };
    if failed || states::class(vm.state) == Class::Failure {
        return Some((host, Start::Fails(vm.owner.user)));
    }
    let open = match (progress, report, before) {
        (Some(vm), _, _) => matches!(vm.stage, Stage::Moving { .. }),
        (None, Some(_), _) => false,
        (None, None, before) => before.is_some_and(|before| before.end.is_none()),
    };
    let begun = progress.and_then(|vm| vm.begun).unwrap_or_else(|| run.now());
    open.then_some((host, Start::Since(begun)))
}

/// Does a VM wait no more for this one, which was sent to their host first?
pub(super) fn is_decided(run: &Run, first: VmId, read: Option<&Vm>) -> bool {
    let Some(progress) = run.vms.progress.get(&first) else { return true };
    let ended = |vm: &Vm| {
        let class = states::class(vm.state);
        class == Class::Failure || class == Class::Running && vm.host != Some(run.subject.host)
    };
    is_late(progress, run.now(), run.policy.settle) || !is_on_its_way(progress) || read.is_some_and(ended)
}

fn is_late(vm: &VmProgress, now: Moment, rules: SettleRules) -> bool {
    vm.begun.is_some_and(|begun| now.since(begun) >= rules.first_wait)
}

fn is_on_its_way(vm: &VmProgress) -> bool {
    matches!(vm.stage, Stage::Moving { .. }) && !vm.start_has_failed()
}
