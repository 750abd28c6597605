//! VMs that an earlier run of the same incident has touched: they are read back, not sent anything again.

use super::judge::{Judge, Judgement};
use crate::model::{End, IncidentVm, VmId, VmState};
use crate::policy::healthy::{MIGRATE, NONE, RESUME};
use crate::policy::notes::Phase;
use crate::policy::order::{MigrationType, Order};
use crate::policy::plan::Decision;
use crate::policy::port::{Source, Survey};
use crate::policy::record::contents::START;
use crate::policy::report::Fate;
use crate::policy::run::Run;
use crate::policy::run::progress::{VmProgress, WhenOff};
use crate::policy::run::record::Retry;
use crate::policy::settings::Mode;
use crate::policy::states::{self, Class};
use std::collections::BTreeMap;

/// Go on with a VM that an earlier run has sent an order for, if that is so.
pub(super) fn adopt(run: &mut Run, decision: &Decision, survey: &Survey) -> bool {
    let Decision { vm, name, state, .. } = decision;
    let Some(order) = sent_before(run, decision, survey) else { return false };
    let mut progress = VmProgress::adopted(name.clone(), *state, order, run.now(), run.vms.written);
    progress.when_off = when_off(run, *vm);
    run.vms.progress.insert(*vm, progress);
    let text = format!("an earlier run has sent: {}; it is {state}, reading it back", run.say(&order));
    run.detail(Phase::Plan, text);
    true
}

/// What has become of a VM that an earlier run has sent an order for.
pub(in crate::policy) enum Sent {
    /// None was sent, or it is still where it was: it is planned like any other.
    Nothing,
    /// It is not at its end yet.
    OnItsWay,
    Ended(Fate),
}

/// Read back, with nothing taken up and nothing sent.
pub(in crate::policy) fn sent(run: &Run, decision: &Decision, survey: &Survey) -> Sent {
    let Some(order) = sent_before(run, decision, survey) else { return Sent::Nothing };
    let now = run.now();
    let mut adopted = VmProgress::adopted(decision.name.clone(), decision.state, order, now, run.vms.written);
    adopted.when_off = when_off(run, decision.vm);
    let adopted = &adopted;
    let vms = &BTreeMap::new();
    let vm = survey.vms.iter().find(|vm| vm.id == decision.vm);
    match (Judge { run, vm: adopted, now, hosts: None, vms }).judge(vm) {
        Judgement::Close(fate) => Sent::Ended(fate),
        Judgement::Stay
        | Judgement::Replan
        | Judgement::Await
        | Judgement::Send(_)
        | Judgement::LeadOn(_)
        | Judgement::Oned
        | Judgement::Look
        | Judgement::Release(_)
        | Judgement::TakeOver(_)
        | Judgement::Gate(_)
        | Judgement::TakenBack => Sent::OnItsWay,
    }
}

/// Is this a run of the timer, or one that begins anew with a record that was closed?
fn goes_on_with_failed(run: &Run) -> bool {
    run.subject.source == Source::Reconcile || matches!(run.record.retry, Retry::Anew { .. })
}

/// Was it off, and is it started where it was sent?
fn when_off(run: &Run, vm: VmId) -> WhenOff {
    let known = run.vms.remembered.get(&vm);
    WhenOff::of(known.is_some_and(|known| known.order.as_deref() == Some(START)))
}

/// Is a VM that failed still as this incident's order has left it? One that is down where it was to be started counts unless
/// somebody has switched it off since.
fn still_ours(run: &Run, decision: &Decision, known: &IncidentVm, survey: &Survey) -> bool {
    let elsewhere = decision.host.is_some_and(|host| host != run.subject.host);
    match states::class(decision.state) {
        Class::Failure | Class::Transient | Class::Lost | Class::Running => elsewhere,
        Class::Stopped => {
            let read = survey.vms.iter().find(|read| read.id == decision.vm);
            let as_left = read.is_some_and(|read| matches!(read.last_action, Some(NONE | MIGRATE | RESUME)));
            elsewhere
                && decision.state == VmState::Poweroff
                && when_off(run, decision.vm) == WhenOff::Starts
                && as_left
        }
        Class::Resubmit | Class::NotPlaced => known.order.as_deref() == Some("recreate"),
        Class::Done | Class::Strange => false,
    }
}

/// The order of an earlier run of this incident that is being carried out, or has failed on the VM's new host. What that
/// run has given up is not begun again.
fn sent_before(run: &Run, decision: &Decision, survey: &Survey) -> Option<Order> {
    let (vm, state) = (decision.vm, decision.state);
    let elsewhere = decision.host.is_some_and(|host| host != run.subject.host);
    let known = run.vms.remembered.get(&vm).filter(|_| !run.vms.progress.contains_key(&vm))?;
    match known.end {
        None => {}
        // Read back once more, so that it is reported and remembered as what it is.
        Some(End::Recovered) if matches!(states::class(state), Class::Running | Class::Done) => {}
        // A slow retry: what kept it from starting there may be over.
        Some(End::Failed) if goes_on_with_failed(run) && still_ours(run, decision, known, survey) => {}
        Some(End::Recovered | End::Left | End::Held | End::Failed) => return None,
    }
    let order = match (known.order.as_deref(), run.policy.mode) {
        (Some("migrate" | START), Mode::Migrate) => {
            Order::Migrate { vm, to: known.to?, kind: MigrationType::Save }
        }
        (Some("resched"), Mode::Migrate) => Order::Resched { vm },
        (Some("recreate"), Mode::Recreate) => Order::Recreate { vm },
        (Some("delete"), Mode::Delete) => Order::Delete { vm },
        _ => return None,
    };
    let again = match order {
        Order::Recreate { .. } => matches!(states::class(state), Class::Resubmit | Class::NotPlaced),
        Order::Delete { .. } => states::class(state) == Class::Done,
        Order::Migrate { .. }
        | Order::Retry { .. }
        | Order::Resume { .. }
        | Order::Fail { .. }
        | Order::Resched { .. }
        | Order::Unresched { .. } => false,
    };
    (elsewhere || again).then_some(order)
}
