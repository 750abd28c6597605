//! A VM that is to be migrated: what it reads back as, on the dead host and on its target, and what follows.

use super::judge::{Judge, Judgement, said, terminated};
use super::targets::is_decided;
use crate::model::{HostId, Moment, Vm, VmId, VmState};
use crate::policy::charge::MENDS;
use crate::policy::order::Order;
use crate::policy::report::Fate;
use crate::policy::run::progress::{Certainty, WhenOff};
use crate::policy::states::{self, Class};
use std::fmt::Write as _;

impl Judge<'_> {
    /// It goes when the VM that was sent to its target first is seen to run there, or when that one does not. Where the
    /// hosts were seen too, it was planned just now.
    pub(super) fn behind(&self, first: VmId) -> Judgement {
        let decided = self.hosts.is_none() && is_decided(self.run, first, self.vms.get(&first).copied());
        if decided { Judgement::Replan } else { Judgement::Stay }
    }

    pub(super) fn migrating(&self, vm: &Vm, order: Order, sent: Moment, certainty: Certainty) -> Judgement {
        let Some(host) = vm.host.filter(|host| *host != self.dead()) else {
            return self.not_moved(vm, order, sent, certainty);
        };
        match states::class(vm.state) {
            Class::Running => Judgement::Close(Fate::Recovered(self.running(vm, host))),
            Class::Stopped if vm.state == VmState::Poweroff && self.vm.when_off == WhenOff::Starts => {
                self.starting(vm, host, order, sent, certainty)
            }
            Class::Stopped if vm.state == self.vm.from => Judgement::Close(Fate::Recovered(format!(
                "{} on {}, as it was",
                vm.state,
                self.run.vms.hosts.named(host)
            ))),
            Class::Failure => self.failed(vm, host, sent, certainty),
            Class::Done => terminated(),
            Class::Lost => {
                let torn = self.torn(vm, host, (order, sent, certainty));
                torn.unwrap_or_else(|| self.lost_again(vm, host, (order, sent)))
            }
            Class::Transient => self.torn(vm, host, (order, sent, certainty)).unwrap_or(Judgement::Stay),
            Class::Resubmit => Judgement::Stay,
            Class::Stopped | Class::NotPlaced | Class::Strange => Judgement::Close(Fate::Failed(format!(
                "{} on {}{}",
                vm.state,
                self.run.vms.hosts.named(host),
                said(vm)
            ))),
        }
    }

    /// `RUNNING on node1 (host 1)`
    fn running(&self, vm: &Vm, host: HostId) -> String {
        let mut text = format!("RUNNING on {}", self.run.vms.hosts.named(host));
        // One whose migration was just accepted is so for a moment.
        let misplaced = self.run.vms.hosts.misplaced.get(&vm.id);
        if misplaced.is_some_and(|state| *state == VmState::RUNNING || self.vm.torn.led.all() > 0) {
            let _ = write!(text, ", and oned charges it to {} all the same: {MENDS}", self.run.host());
        }
        text
    }

    /// The VM is still charged to the dead host.
    fn not_moved(&self, vm: &Vm, order: Order, sent: Moment, certainty: Certainty) -> Judgement {
        match states::class(vm.state) {
            Class::Done => terminated(),
            // A save on the dead host failed and oned put it back.
            Class::Running => Judgement::Await,
            Class::Failure => Judgement::Replan,
            Class::Lost | Class::Stopped if matches!(order, Order::Fail { .. }) => Judgement::Replan,
            Class::Lost
            | Class::Stopped
            | Class::Transient
            | Class::Resubmit
            | Class::NotPlaced
            | Class::Strange => {
                match certainty {
                    Certainty::NotSent if matches!(order, Order::Fail { .. }) && self.may_lead_on() => {
                        Judgement::LeadOn(order)
                    }
                    Certainty::NotSent => Judgement::Replan,
                    // Asked again for the same host: a first call that comes late is then refused by oned.
                    Certainty::Unknown if self.may_ask_again(sent) => Judgement::Send(order),
                    Certainty::Accepted
                        if matches!(states::class(vm.state), Class::Lost | Class::Stopped) =>
                    {
                        self.forgotten(sent)
                    }
                    Certainty::Accepted | Certainty::Unknown => Judgement::Stay,
                }
            }
        }
    }

    fn may_ask_again(&self, sent: Moment) -> bool {
        let patience = self.run.policy.wait.look.saturating_mul(2);
        self.vm.calls < self.run.policy.settle.targets && self.now.since(sent) >= patience
    }
}
