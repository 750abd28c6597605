//! VMs that this incident has sent and that nobody works on any more: oned's drivers, and the orders that it has accepted
//! and not taken up, die with it, and no front-end that leads later goes on with them.
//!
//! What leads on was tried call by call on a live front-end. In a transient state "retry" begins the step again on the
//! VM's target. A VM that is UNKNOWN on its target was not started there yet: "resume" starts it; where oned had not moved
//! its capacity, it stays charged to the dead host. "Failure" leads back to that host, and "success" believes in a start
//! that never was.

use super::judge::{Judge, Judgement};
use super::{Next, next};
use crate::model::{Epoch, HostId, HostState, Moment, Vm};
use crate::policy::notes::Phase;
use crate::policy::order::Order;
use crate::policy::run::Run;
use crate::policy::run::progress::{Certainty, Stage};
use crate::policy::run::stop::Stop;
use crate::policy::run::vms::AtWork;
use crate::policy::states::{self, Class};
use crate::policy::timings::STANDS;
use std::time::Duration;

/// How often a VM is led on in one run: the oned that was to do it may be gone next.
const TIMES: u32 = 3;

impl Judge<'_> {
    /// The call that leads on, where nobody is at work on the VM any more; the questions before it come first.
    pub(super) fn torn(
        &self,
        vm: &Vm,
        host: HostId,
        (order, sent, certainty): (Order, Moment, Certainty),
    ) -> Option<Judgement> {
        let next = leads_on(vm)?;
        if !self.may_lead_on() {
            return None;
        }
        let unsent = certainty == Certainty::NotSent && self.vm.torn.led.all() > 0 && next == order;
        if !unsent {
            // A transient state may be the work of the oned that leads now; UNKNOWN is nobody's work.
            let left = if matches!(next, Order::Retry { .. }) { Left::Driver } else { Left::Nothing };
            match self.worked_on(sent, |oned| self.is_another(oned, (sent, certainty), left)) {
                Worked::On => return None,
                Worked::Ask => return Some(Judgement::Oned),
                Worked::ByNobody => {}
            }
        }
        let Some(hosts) = self.hosts else { return Some(Judgement::Look) };
        (hosts.get(&host) == Some(&HostState::Monitored)).then_some(Judgement::LeadOn(next))
    }

    /// oned has accepted an order, and the VM is as it was: that order is forgotten where its oned is gone.
    pub(super) fn forgotten(&self, sent: Moment) -> Judgement {
        match self.worked_on(sent, |oned| self.is_another(oned, (sent, Certainty::Accepted), Left::Order)) {
            Worked::On => Judgement::Stay,
            Worked::Ask => Judgement::Oned,
            Worked::ByNobody => Judgement::Replan,
        }
    }

    pub(super) fn may_lead_on(&self) -> bool {
        self.run.vms.halted.is_none() && self.vm.torn.led.all() < TIMES
    }

    /// A driver was at work on it on the dead host. It would fail there and oned end the step by that; one that is gone with
    /// its oned does not.
    pub(super) fn left_by_its_driver(&self, vm: &Vm) -> Judgement {
        let Stage::Awaiting { since, here: true } = self.vm.stage else { return Judgement::Stay };
        if vm.host != Some(self.dead()) || !self.may_lead_on() {
            return Judgement::Stay;
        }
        let heard = self.run.suspect.heard.map(Epoch);
        let passed =
            |oned: AtWork| heard.map_or(oned.asked().since(since), |heard| self.passed_by_clock(oned, heard));
        match self.worked_on(since, |oned| oned.began_within(passed(oned))) {
            Worked::On => Judgement::Stay,
            Worked::Ask => Judgement::Oned,
            Worked::ByNobody => Judgement::LeadOn(Order::Fail { vm: vm.id }),
        }
    }

    /// Is the oned that leads another one than has taken the order? One that was started since is; and of several, any where
    /// the one leads no more that was seen to lead around the order.
    ///
    /// Of an order of another run only a moment before it is known, and no look around it. That run may have sent it to the leader
    /// of now, whom this front-end has seen only later. A term of raft in the record is from before the order too, and an election
    /// between the two sends the order to the leader of now; a term that is read behind the answer is what a run that died with its
    /// leader had no time to write. The history of the VM has when a step began by the clock of another machine, which may be 300 s
    /// off (`CLOCKS`), and raft shows no time. So such a VM fails at its deadline, with the command that leads on (`way_on`).
    fn is_another(&self, oned: AtWork, (sent, certainty): (Moment, Certainty), left: Left) -> bool {
        match (self.vm.torn.before, left) {
            // What may be on its way still is taken by whoever leads then.
            (None, Left::Driver) => {
                let taken = certainty == Certainty::Accepted;
                let lost = taken && self.run.vms.hosts.has_lost_its_lead(sent);
                lost || oned.was_started_within(oned.asked().since(sent))
            }
            (None, Left::Order | Left::Nothing) => oned.began_within(oned.asked().since(sent)),
            (Some(written), Left::Driver | Left::Order) => {
                oned.was_started_within(self.passed_by_clock(oned, written))
            }
            (Some(written), Left::Nothing) => oned.began_within(self.passed_by_clock(oned, written)),
        }
    }

    /// The time between a moment and the look at oned, by the clock of the front-end.
    fn passed_by_clock(&self, oned: AtWork, moment: Epoch) -> Duration {
        self.run.record.clock.epoch(oned.asked()).since(moment)
    }

    fn worked_on(&self, sent: Moment, is_another: impl Fn(AtWork) -> bool) -> Worked {
        let hosts = &self.run.vms.hosts;
        if self.run.vms.halted.is_some() {
            return Worked::On;
        }
        if self.vm.torn.before.is_none() && hosts.is_unseen(sent) && !hosts.is_seen_lately(self.now) {
            return Worked::Ask;
        }
        if self.now.since(sent) < STANDS {
            return Worked::On;
        }
        let Some(oned) = hosts.oned.last().copied() else { return Worked::Ask };
        if is_another(oned) {
            return Worked::ByNobody;
        }
        if self.now.since(oned.asked()) >= STANDS { Worked::Ask } else { Worked::On }
    }
}

/// What an oned that is gone may have left. A second driver beside one at work could start the VM twice, so that needs a proof.
#[derive(Clone, Copy)]
enum Left {
    /// The VM is in a state in which a driver works.
    Driver,
    /// The VM is as it was: the order is not taken up.
    Order,
    /// The VM is UNKNOWN on its target, which is nobody's work.
    Nothing,
}

/// Whether oned may be at work on an order.
enum Worked {
    On,
    /// The oned that leads began after the order was sent.
    ByNobody,
    /// Since when it leads is to be asked.
    Ask,
}

/// What goes on with a VM on its target that no driver works on: oned takes it in no other state.
pub(super) fn leads_on(vm: &Vm) -> Option<Order> {
    match states::class(vm.state) {
        Class::Transient => Some(Order::Retry { vm: vm.id }),
        Class::Lost => Some(Order::Resume { vm: vm.id }),
        Class::Running
        | Class::Failure
        | Class::Resubmit
        | Class::Stopped
        | Class::NotPlaced
        | Class::Done
        | Class::Strange => None,
    }
}

/// The command for a VM that still stands where an order has sent it, for people.
pub(super) fn way_on(vm: &Vm, host: &str) -> String {
    let id = vm.id.0;
    let command = match leads_on(vm) {
        Some(Order::Retry { .. }) => format!("onevm recover --retry {id}"),
        Some(Order::Resume { .. }) => format!("onevm resume {id}"),
        Some(
            Order::Migrate { .. }
            | Order::Recreate { .. }
            | Order::Delete { .. }
            | Order::Fail { .. }
            | Order::Resched { .. }
            | Order::Unresched { .. },
        )
        | None => return String::new(),
    };
    format!("; if no driver of oned is at work on it, `{command}` goes on there, on {host}")
}

/// Ask how long the oned that leads has been at work. Without an answer it is asked again later.
pub(super) async fn look_at_oned(run: &mut Run) -> Result<Next, Stop> {
    let asked = run.now();
    let seen = run.read(Phase::Settle, |world| world.outlook()).await?.ok().map(|outlook| outlook.observer);
    run.vms.hosts.oned.push(AtWork::new(asked, seen.as_ref()));
    Ok(next(run))
}

/// Who leads takes what is sent next.
pub(super) async fn see_who_takes(run: &mut Run) {
    if run.vms.hosts.is_of_several() && !run.vms.hosts.is_seen_lately(run.now()) {
        see_lead(run).await;
    }
}

/// Of several front-ends another one may lead at any moment: who leads now has taken what was sent, if it has led before that.
pub(super) async fn see_who_took(run: &mut Run) {
    if run.vms.hosts.is_unseen(run.now()) {
        see_lead(run).await;
    }
}

async fn see_lead(run: &mut Run) {
    let asked = run.now();
    let said = run.ask(|world| world.lead()).await;
    run.vms.hosts.oned.push(AtWork::lead(asked, &said));
}
