//! `placement = "scheduler"` and `requirements = "scheduler"`: the RESCHED flag is a wish, so it is read back, set again
//! where oned has cleared it, and taken back from every VM that the run gives up on. A scheduler that stops is taken
//! over from; what only it could place is held then.
//!
//! A direct migration clears the flag by itself. A flag that is left behind on a VM whose host returns moves the
//! healthy VM later. Source: `src/lcm/LifeCycleActions.cc`, `src/lcm/LifeCycleStates.cc`.

use super::judge::{Judge, Judgement, terminated};
use crate::model::{Moment, Vm, VmId, VmState};
use crate::policy::order::{MigrationType, Order};
use crate::policy::report::Fate;
use crate::policy::rules::Placement;
use crate::policy::run::Run;
use crate::policy::run::progress::Certainty;
use crate::policy::run::progress::VmProgress;
use crate::policy::states::{self, Class};

/// How often a flag is taken back before a person is asked to.
const MOST: u32 = 5;

/// The order as it is sent: with the scheduler's flag in place of a host, if that is to choose; or why not even the
/// scheduler is left, for a VM that only it can place.
///
/// It moves UNKNOWN VMs only where they have no PCI devices: `COLD_MIGRATE_MODE` is 0 by default. It does not know
/// `HA_LAYER`, so VMs that have one are never left to it in place of a host. Source: `share/etc/schedulers/rank.conf`.
pub(super) fn left_to_it(run: &Run, order: Order, state: VmState) -> Result<Order, String> {
    let settle = &run.policy.settle;
    let spent = |vm| run.vms.progress.get(&vm).is_some_and(|vm| vm.flag.set > settle.targets);
    let chosen = settle.placement == Placement::Scheduler
        && run.vms.scheduling.over.is_none()
        && !run.vms.layered.contains(&order.vm());
    match order {
        Order::Resched { vm } if spent(vm) => {
            Err(not_placed(vm, "oned has cleared its RESCHED flag again and again"))
        }
        Order::Resched { vm } => match &run.vms.scheduling.over {
            Some(why) => Err(not_placed(vm, why)),
            None => Ok(order),
        },
        Order::Migrate { vm, kind: MigrationType::Save, .. }
            if chosen && state == VmState::UNKNOWN && !spent(vm) =>
        {
            Ok(Order::Resched { vm })
        }
        Order::Migrate { .. }
        | Order::Recreate { .. }
        | Order::Delete { .. }
        | Order::Retry { .. }
        | Order::Resume { .. }
        | Order::Fail { .. }
        | Order::Unresched { .. } => Ok(order),
    }
}

/// Why a VM that only the scheduler could place stays where it is.
fn not_placed(vm: VmId, why: &str) -> String {
    format!(
        "{why}, and only the scheduler can tell where the requirements of this VM are met; `onevm migrate {} HOST` moves it to \
         a host that you choose",
        vm.0
    )
}

/// Note that the scheduler has moved a VM of ours.
pub(super) fn note_progress(run: &mut Run, vm: &Vm) {
    let (dead, now) = (run.subject.host, run.now());
    let Some(progress) = run.vms.progress.get_mut(&vm.id) else { return };
    if progress.flag.is_set && !vm.resched && vm.host.is_some_and(|host| host != dead) {
        progress.flag.is_set = false;
        run.vms.scheduling.since = Some(now);
    }
}

impl Judge<'_> {
    /// The flag was set, and the VM is still where it was.
    pub(super) fn rescheduled(&self, vm: &Vm, sent: Moment, certainty: Certainty) -> Judgement {
        let rules = self.run.policy.settle;
        match states::class(vm.state) {
            Class::Done => terminated(),
            Class::Running => Judgement::Await,
            Class::Failure | Class::Stopped | Class::Resubmit | Class::NotPlaced | Class::Strange => {
                Judgement::Replan
            }
            Class::Transient => Judgement::Stay,
            Class::Lost => {
                if let Some(why) = self.stopped() {
                    return match rules.placement {
                        Placement::Scheduler => Judgement::TakeOver(why),
                        Placement::Direct => Judgement::Close(Fate::Held(not_placed(vm.id, &why))),
                    };
                }
                let early = vm.resched || self.now.since(sent) < self.run.policy.wait.look;
                match certainty {
                    Certainty::Accepted | Certainty::Unknown if early => Judgement::Stay,
                    // oned has cleared it.
                    Certainty::Accepted | Certainty::Unknown if self.vm.flag.set <= rules.targets => {
                        Judgement::Send(Order::Resched { vm: vm.id })
                    }
                    Certainty::NotSent | Certainty::Accepted | Certainty::Unknown => Judgement::Replan,
                }
            }
        }
    }

    /// Why nothing more is left to the scheduler.
    fn stopped(&self) -> Option<String> {
        let scheduling = &self.run.vms.scheduling;
        if let Some(why) = &scheduling.over {
            return Some(why.clone());
        }
        // A flag that was never set is nothing that the scheduler could have seen.
        let since = scheduling.since.filter(|_| self.vm.flag.is_set);
        let idle = since.map_or_else(Default::default, |since| self.now.since(since));
        let all = self.vm.begun.map_or_else(Default::default, |begun| self.now.since(begun));
        let rules = self.run.policy.settle;
        if idle >= rules.scheduler {
            return Some(format!("the scheduler has moved no VM for {} s", idle.as_secs()));
        }
        (all >= rules.deadline).then(|| format!("the scheduler needs more than {} s", all.as_secs()))
    }

    /// The flag is being taken back.
    pub(super) fn taking_back(&self, vm: &Vm, sent: Moment, certainty: Certainty) -> Judgement {
        if states::class(vm.state) == Class::Done {
            return terminated();
        }
        let order = Order::Unresched { vm: vm.id };
        if !vm.resched && vm.host != Some(self.dead()) {
            return self.migrating(vm, order, sent, certainty);
        }
        if !vm.resched {
            return Judgement::TakenBack;
        }
        let patience = self.run.policy.wait.look;
        if certainty != Certainty::NotSent && self.now.since(sent) < patience {
            return Judgement::Stay;
        }
        self.take_back(vm.id)
    }

    /// Take the flag back once more, unless that was tried often.
    pub(super) fn take_back(&self, vm: VmId) -> Judgement {
        if self.vm.flag.taken_back < MOST {
            return Judgement::Send(Order::Unresched { vm });
        }
        let moved = || Fate::Failed("the scheduler was to move it, and does not any more".to_owned());
        Judgement::Close(self.vm.flag.end.clone().unwrap_or_else(moved))
    }
}

impl VmProgress {
    /// Take the flag back first; then this is what it comes to, or it is planned again.
    pub(in crate::policy) fn take_back(&mut self, vm: VmId, now: Moment, end: Option<Fate>) {
        self.flag.end = end;
        self.send(Order::Unresched { vm }, now);
    }

    /// May the flag that this run has set still be there, and is there a try left to take it back?
    pub(in crate::policy) fn to_take_back(&self) -> bool {
        self.flag.is_set && self.flag.taken_back < MOST
    }

    /// Nobody is known to have cleared the flag: a person has to look.
    pub(in crate::policy) fn said_with_flag(&self, vm: VmId, fate: Fate) -> Fate {
        if !self.flag.is_set {
            return fate;
        }
        let hint = format!("; its RESCHED flag may still be set: `onevm unresched {}`", vm.0);
        match fate {
            Fate::Recovered(text) => Fate::Recovered(text + &hint),
            Fate::NotReady(text) => Fate::NotReady(text + &hint),
            Fate::Planned(text) => Fate::Planned(text + &hint),
            Fate::Left(text) => Fate::Left(text + &hint),
            Fate::Held(text) => Fate::Held(text + &hint),
            Fate::Failed(text) => Fate::Failed(text + &hint),
        }
    }

    /// oned shows no flag: there is nothing to take back at the end.
    pub(super) fn flag_is_gone(&mut self, judgement: &Judgement) {
        self.flag.is_set &= !matches!(judgement, Judgement::Close(_));
    }
}
