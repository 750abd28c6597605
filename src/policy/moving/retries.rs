//! A VM that has trouble on the host that it was sent to: its driver failed there, or that host is failing as well.
//!
//! `[settle] retries` (1) is how often a step that failed is repeated in one run: the first time at once, each further one, and
//! giving up, `retry_wait` (30 s) after the last. A VM that fell with its host gets its first start, and then `retries` more,
//! whether or not its transfer was repeated. One that is UNKNOWN there after its migration is resumed only where `moving::torn`
//! finds that nobody works on it, and then `retries` times more: what `torn` leads on is no retry.
//!
//! A host that is neither MONITORED nor INIT gets no retry and no start. A VM in a failure state or off there has failed at once,
//! or `retry_wait` after its last retry or start; one that is UNKNOWN there, `retry_wait` after its last order. oned is about to
//! look at a host in INIT, so that is waited for. All attempts of a VM end with `[settle] deadline` (600 s, in `judge`). What has
//! failed keeps its reason and the one command that goes on, and reconcile tries it again (`moving::held_vms`).
//!
//! Only "retry" is sent for a failure. "Failure" takes a VM whose transfer failed back to the dead host, and "success"
//! skips the check of its disks; oned migrates no VM out of a failure state.
//! Source: `src/lcm/LifeCycleStates.cc`, `src/rm/api/VirtualMachineAPI.cc`.

use super::judge::{Judge, Judgement, said};
use crate::model::text::times;
use crate::model::{HostId, HostState, LcmState, Moment, Vm, VmState};
use crate::policy::order::Order;
use crate::policy::report::Fate;
use crate::policy::run::progress::Certainty;

impl Judge<'_> {
    /// A driver has failed on the target: the step that failed is repeated there, a few times, with a pause.
    pub(super) fn failed(&self, vm: &Vm, host: HostId, sent: Moment, certainty: Certainty) -> Judgement {
        let rules = self.run.policy.settle;
        let asked = self.vm.tries.all() > 0 && certainty != Certainty::NotSent;
        // A busy oned takes a retry up late, and what made it fail may pass.
        if asked && self.now.since(sent) < rules.retry_wait {
            return Judgement::Stay;
        }
        let left = self.vm.repeated().retries < rules.retries;
        let Some(hosts) = self.hosts else { return Judgement::Look };
        let what = format!("{} on {}", vm.state, self.run.vms.hosts.named(host));
        let text = match hosts.get(&host) {
            Some(HostState::Monitored) if left => return Judgement::Send(Order::Retry { vm: vm.id }),
            // oned is about to look at it.
            Some(HostState::Init) => return Judgement::Stay,
            Some(HostState::Monitored) => {
                format!(
                    "{what}, retried {}; {}{}",
                    times(self.vm.tries.retries),
                    way_out(vm, "repair that host"),
                    said(vm)
                )
            }
            Some(state) => {
                format!("{what}, which is {state} now; {}{}", way_out(vm, "bring that host back"), said(vm))
            }
            None => format!("{what}, which does not exist any more; {}{}", recreate(vm), said(vm)),
        };
        Judgement::Close(Fate::Failed(text))
    }

    /// It was to be started on its target, and is UNKNOWN there again.
    fn not_resumed(&self, vm: &Vm, host: &str) -> Judgement {
        if self.vm.repeated().starts < self.run.policy.settle.retries {
            return Judgement::Send(Order::Resume { vm: vm.id });
        }
        Judgement::Close(Fate::Failed(format!(
            "UNKNOWN on {host}, where it does not start: repair that host, then `onevm resume {}`{}",
            vm.id.0,
            said(vm)
        )))
    }

    /// A VM that has fallen with its host is on its target and off: it is started there. A start that fails leaves it off,
    /// and is repeated as a step of a driver is.
    pub(super) fn starting(
        &self,
        vm: &Vm,
        host: HostId,
        order: Order,
        sent: Moment,
        certainty: Certainty,
    ) -> Judgement {
        let rules = self.run.policy.settle;
        let asked = matches!(order, Order::Resume { .. }) && certainty != Certainty::NotSent;
        // oned takes a start up late, and what made it fail may pass.
        if asked && self.now.since(sent) < rules.retry_wait {
            return Judgement::Stay;
        }
        let Some(hosts) = self.hosts else { return Judgement::Look };
        let (name, id) = (self.run.vms.hosts.named(host), vm.id.0);
        let text = match hosts.get(&host) {
            Some(HostState::Monitored) if !asked || self.vm.tries.starts <= rules.retries => {
                return Judgement::Send(Order::Resume { vm: vm.id });
            }
            // oned is about to look at it.
            Some(HostState::Init) => return Judgement::Stay,
            Some(HostState::Monitored) => format!(
                "POWEROFF on {name}: it was started there {} and did not run; find out why, then `onevm resume {id}`{}",
                times(self.vm.tries.starts),
                said(vm)
            ),
            Some(state) => format!(
                "POWEROFF on {name}, which is {state} now: it is not started there; bring that host back, then \
                 `onevm resume {id}`{}",
                said(vm)
            ),
            None => {
                format!("POWEROFF on {name}, which does not exist any more; {}{}", recreate(vm), said(vm))
            }
        };
        Judgement::Close(Fate::Failed(text))
    }

    /// It is UNKNOWN on its target. The first reads after a call may show that too; later that host has trouble of its
    /// own, and a VM that it may still run is started nowhere else without a proof that it is off.
    pub(super) fn lost_again(&self, vm: &Vm, host: HostId, (order, sent): (Order, Moment)) -> Judgement {
        let pause = self.run.policy.settle.retry_wait;
        if self.now.since(sent) < pause || self.run.vms.halted.is_some() {
            return Judgement::Stay;
        }
        let Some(hosts) = self.hosts else {
            let looked = self.run.vms.hosts.looked.is_some_and(|at| self.now.since(at) < pause);
            return if looked { Judgement::Stay } else { Judgement::Look };
        };
        let name = self.run.vms.hosts.named(host);
        let text = match hosts.get(&host) {
            Some(HostState::Monitored)
                if matches!(order, Order::Resume { .. }) && self.vm.torn.led.all() > 0 =>
            {
                return self.not_resumed(vm, &name);
            }
            // It may be seen again; if not, the deadline ends this.
            Some(HostState::Monitored | HostState::Init) => return Judgement::Stay,
            Some(HostState::Error) => {
                format!("UNKNOWN on {name}, which has failed since: the incident of {name} recovers it")
            }
            Some(state) => format!(
                "UNKNOWN on {name}, which is {state} now; look whether it runs there before anything else is done with it"
            ),
            None => format!("UNKNOWN on {name}, which does not exist any more; {}", recreate(vm)),
        };
        Judgement::Close(Fate::Failed(text))
    }
}

/// The one command that goes on from a failure without losing data.
fn way_out(vm: &Vm, first: &str) -> String {
    use LcmState as L;
    let id = vm.id.0;
    let transfer = matches!(
        vm.state,
        VmState::Active(
            L::PrologMigrateFailure
                | L::PrologMigratePoweroffFailure
                | L::PrologMigrateSuspendFailure
                | L::PrologMigrateUnknownFailure
        )
    );
    if transfer {
        return format!(
            "{first}, then `onevm recover --retry {id}` (not --failure, which starts it on the dead host, and not \
             --success, which skips its disks)"
        );
    }
    format!("oned moves no VM out of this state: {first}, then `onevm recover --retry {id}`")
}

fn recreate(vm: &Vm) -> String {
    format!("only `onevm recover --recreate {}` is left, from its images", vm.id.0)
}
