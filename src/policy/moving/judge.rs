//! What a VM that is on its way reads back as, and what follows from that.

use super::torn::way_on;
use crate::model::{HostId, HostState, Moment, Vm, VmId, VmState};
use crate::policy::order::Order;
use crate::policy::report::{DELETED, Fate};
use crate::policy::run::Run;
use crate::policy::run::progress::Certainty;
use crate::policy::run::progress::Stage;
use crate::policy::run::progress::VmProgress;
use crate::policy::settings::Mode;
use crate::policy::states::{self, Class};
use crate::policy::timings::STANDS;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a look reads a VM that failed: the oned that leads may be asked in it.
const LOOK: Duration = STANDS.saturating_mul(2);

/// What a VM's state means for what is done next.
pub(super) enum Judgement {
    Stay,
    Close(Fate),
    Replan,
    Await,
    Send(Order),
    /// The same where nobody is at work on it any more.
    LeadOn(Order),
    /// Look at the hosts first: what follows depends on how its target is.
    Look,
    /// Ask how long the oned that leads has been at work: what follows depends on that.
    Oned,
    /// It waits no more for others; why.
    Release(String),
    /// The scheduler has stopped; why. The planner moves it.
    TakeOver(String),
    /// It runs, as this text says, and has to be ready.
    Gate(String),
    /// Its RESCHED flag is gone.
    TakenBack,
}

pub(super) struct Judge<'a> {
    pub(super) run: &'a Run,
    pub(super) vm: &'a VmProgress,
    pub(super) now: Moment,
    /// How the hosts were seen to be, if they were looked at just now.
    pub(super) hosts: Option<&'a BTreeMap<HostId, HostState>>,
    /// Every VM that was read.
    pub(super) vms: &'a BTreeMap<VmId, &'a Vm>,
}

impl Judge<'_> {
    pub(super) fn dead(&self) -> HostId {
        self.run.subject.host
    }

    pub(super) fn judge(&self, vm: Option<&Vm>) -> Judgement {
        let Some(vm) = vm else { return self.vanished() };
        let judgement = match self.vm.stage {
            Stage::Open | Stage::Behind { .. } => Judgement::Stay,
            Stage::Awaiting { .. } => self.awaited(vm),
            // Judged apart: what it waits for is not its own deadline.
            Stage::Gated { .. } => return Judgement::Stay,
            Stage::Waiting { since } => self.waiting(vm, since, self.vms),
            Stage::Moving { order, sent, certainty } => match order {
                Order::Resched { .. } if vm.host == Some(self.dead()) => {
                    self.rescheduled(vm, sent, certainty)
                }
                Order::Migrate { .. }
                | Order::Retry { .. }
                | Order::Resume { .. }
                | Order::Fail { .. }
                | Order::Resched { .. } => self.migrating(vm, order, sent, certainty),
                Order::Unresched { .. } => self.taking_back(vm, sent, certainty),
                Order::Recreate { .. } => self.recreating(vm, order, sent, certainty),
                Order::Delete { .. } => Self::deleting(vm, certainty),
            },
        };
        match judgement {
            Judgement::Close(_)
            | Judgement::Look
            | Judgement::LeadOn(_)
            | Judgement::Release(_)
            | Judgement::TakeOver(_)
            | Judgement::Gate(_)
            | Judgement::TakenBack
            // Tries end that.
            | Judgement::Send(Order::Unresched { .. }) => judgement,
            Judgement::Stay
            | Judgement::Replan
            | Judgement::Await
            | Judgement::Send(_)
            | Judgement::Oned => {
                self.overdue(Some(vm)).unwrap_or(judgement)
            }
        }
    }

    /// It cannot be read: stay, unless that has lasted too long.
    pub(super) fn unreadable(&self) -> Judgement {
        if let Stage::Moving { order: Order::Unresched { vm }, .. } = self.vm.stage {
            return self.take_back(vm);
        }
        self.overdue(None).unwrap_or(Judgement::Stay)
    }

    fn vanished(&self) -> Judgement {
        Judgement::Close(match self.vm.stage {
            Stage::Moving { order: Order::Delete { .. }, .. } => Fate::Recovered(DELETED.to_owned()),
            Stage::Open
            | Stage::Awaiting { .. }
            | Stage::Waiting { .. }
            | Stage::Behind { .. }
            | Stage::Gated { .. }
            | Stage::Moving { .. } => Fate::Left("it does not exist any more".to_owned()),
        })
    }

    /// oned gave it up, or it changed in some other way: plan again.
    fn awaited(&self, vm: &Vm) -> Judgement {
        match states::class(vm.state) {
            Class::Transient => self.left_by_its_driver(vm),
            Class::Lost if vm.host != Some(self.dead()) => Judgement::Stay,
            Class::Running if vm.host == Some(self.dead()) && self.run.policy.mode == Mode::Migrate => {
                let here = matches!(self.vm.stage, Stage::Awaiting { here: true, .. });
                // Put back by a migration that failed.
                if here { Judgement::Stay } else { Judgement::Await }
            }
            Class::Lost
            | Class::Running
            | Class::Failure
            | Class::Resubmit
            | Class::Stopped
            | Class::NotPlaced
            | Class::Done
            | Class::Strange => Judgement::Replan,
        }
    }

    fn recreating(&self, vm: &Vm, order: Order, sent: Moment, certainty: Certainty) -> Judgement {
        let elsewhere = vm.host.filter(|host| *host != self.dead());
        let unsent = certainty == Certainty::NotSent;
        // An answer that was lost may still be executed late; asking again could then recreate it twice.
        let stuck = certainty != Certainty::Unknown && self.now.since(sent) >= self.run.policy.settle.cleanup;
        match (states::class(vm.state), elsewhere) {
            (Class::Running, Some(host)) => Judgement::Close(Fate::Recovered(format!(
                "recreated, RUNNING on {}",
                self.run.vms.hosts.named(host)
            ))),
            (Class::Done, _) => terminated(),
            (Class::NotPlaced, _) if vm.state == VmState::Hold => {
                let why = format!("HOLD: somebody wants that; `onevm release {}` starts it", vm.id.0);
                Judgement::Close(Fate::Left(why))
            }
            (Class::Failure, Some(host)) => self.failed(vm, host, sent, certainty),
            (Class::Transient, Some(host)) => {
                self.torn(vm, host, (order, sent, certainty)).unwrap_or(Judgement::Stay)
            }
            (Class::Lost | Class::Running | Class::Stopped, None) if certainty == Certainty::Accepted => {
                self.forgotten(sent)
            }
            // The clean-up talks to the dead host over ssh and may never end; asking again ends it.
            (Class::Resubmit, _) if stuck => Judgement::Send(order),
            (Class::Lost | Class::Running | Class::Stopped | Class::Transient | Class::Failure, None)
                if unsent =>
            {
                Judgement::Replan
            }
            (
                Class::Lost
                | Class::Running
                | Class::Transient
                | Class::Failure
                | Class::Resubmit
                | Class::Stopped
                | Class::NotPlaced
                | Class::Strange,
                _,
            ) => Judgement::Stay,
        }
    }

    fn deleting(vm: &Vm, certainty: Certainty) -> Judgement {
        match (vm.state == VmState::Done, certainty) {
            (true, _) => Judgement::Close(Fate::Recovered(DELETED.to_owned())),
            (false, Certainty::NotSent) => Judgement::Replan,
            (false, Certainty::Accepted | Certainty::Unknown) => Judgement::Stay,
        }
    }

    /// What oned wrote on it, and the command for one that stands where it was sent.
    fn told(&self, vm: &Vm) -> String {
        let elsewhere = vm.host.filter(|host| *host != self.dead() && self.vm.calls > 0);
        let mut way = elsewhere.map_or_else(String::new, |host| way_on(vm, &self.run.vms.hosts.named(host)));
        if vm.state == VmState::Pending {
            let id = vm.id.0;
            way = format!(
                "; `onevm show {id}` says why the scheduler starts it nowhere (SCHED_MESSAGE), and `onevm deploy {id} HOST` starts it"
            );
        }
        way + &said(vm)
    }

    /// The end of patience: all attempts for one VM share one deadline.
    fn overdue(&self, vm: Option<&Vm>) -> Option<Judgement> {
        let rules = self.run.policy.settle;
        let state = vm.map_or_else(|| "unreadable".to_owned(), |vm| vm.state.to_string());
        let said = vm.map_or_else(String::new, |vm| self.told(vm));
        // A look only sees what has become of a VM that failed.
        let deadline = if self.run.only_looks() { LOOK.min(rules.deadline) } else { rules.deadline };
        if let Some(took) = self.vm.begun.map(|begun| self.now.since(begun)).filter(|took| *took >= deadline)
        {
            let doubt = match self.vm.stage {
                Stage::Moving { certainty: Certainty::Unknown, .. } => ", and oned's answer was lost",
                Stage::Moving { certainty: Certainty::NotSent, .. } => ", and oned could not be asked",
                Stage::Open
                | Stage::Awaiting { .. }
                | Stage::Waiting { .. }
                | Stage::Behind { .. }
                | Stage::Gated { .. }
                | Stage::Moving { .. } => "",
            };
            let text =
                format!("not where it should be after {} s: still {state}{doubt}{said}", took.as_secs());
            // What was never sent is where it was.
            let fate = if self.vm.calls == 0 { Fate::Held(text) } else { Fate::Failed(text) };
            return Some(Judgement::Close(fate));
        }
        let Stage::Awaiting { since, here } = self.vm.stage else { return None };
        let waited = self.now.since(since);
        let waited_s = waited.as_secs();
        let text = if here {
            let hint = match vm.filter(|vm| vm.state != VmState::RUNNING) {
                None => "oned still takes it for running".to_owned(),
                Some(vm) => {
                    format!("`onevm recover --failure {}` ends what a driver has left half done", vm.id.0)
                }
            };
            format!(
                "still {state} on the dead host after {waited_s} s, and only UNKNOWN VMs can be moved; {hint}{said}"
            )
        } else {
            format!("on its way to another host, and still {state} after {waited_s} s{said}")
        };
        (waited >= rules.unknown).then_some(Judgement::Close(Fate::Held(text)))
    }
}

pub(super) fn terminated() -> Judgement {
    Judgement::Close(Fate::Left("somebody terminated it meanwhile".to_owned()))
}

/// What oned or a driver wrote on the VM.
pub(super) fn said(vm: &Vm) -> String {
    vm.error.as_ref().map_or_else(String::new, |text| format!(": {}", text.trim()))
}
