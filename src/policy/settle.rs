//! VMs on their way: what they read back as, and what follows from that.
//!
//! Success is what is read back, never what a call answered.

use super::act::Acting;
use super::case::Case;
use super::course::Course;
use super::ending::{no_cloud, send};
use super::incident::{Step, wait};
use super::judge::{Judge, Judgement};
use super::notes::Phase;
use super::order::Order;
use super::plan::{locked, not_cut_off};
use super::port::Failure;
use super::port::Survey;
use super::port::VmList;
use super::proof::Proof;
use super::recover::{Proven, Surveying};
use super::report::Fate;
use super::round::give_up;
use super::scheduler::note_progress;
use crate::model::{Moment, Vm, VmId, VmState};
use std::collections::{BTreeMap, BTreeSet};

/// See [`Step::Settle`].
#[derive(Debug)]
pub struct Settling {
    proven: Proven,
    ids: Vec<VmId>,
}

impl Settling {
    pub(super) fn case(&self) -> &Case {
        &self.proven.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.proven.case
    }

    /// Read the VMs that are on their way, after a pause.
    pub(super) fn later(proven: Proven) -> Step {
        let needs = proven.case.courses.values().flat_map(|course| &course.needs);
        let ids: BTreeSet<_> = proven.case.courses.keys().chain(needs).copied().collect();
        let ids = ids.into_iter().collect();
        wait(proven.case.policy.wait.look, Step::Settle(Self { proven, ids }))
    }

    /// The VMs to read.
    #[must_use]
    pub fn ids(&self) -> &[VmId] {
        &self.ids
    }

    /// The VMs as oned has them now, or why they could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, list: Result<VmList, Failure>) -> Step {
        let list = match list {
            Ok(list) => list,
            Err(failure) => {
                if let Some(pause) = self.proven.case.patience(now, Phase::Settle, &failure) {
                    return wait(pause, Step::Settle(self));
                }
                return no_cloud(self.proven, now, failure);
            }
        };
        self.proven.case.answered();
        judge(self.proven, now, &list)
    }
}

/// Whether the hosts were looked at together with the VMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hosts {
    Seen,
    NotSeen,
}

/// The VMs were read together with the hosts that they are on; these orders of a plan go with what follows.
pub(super) fn judge_with_hosts(
    mut proven: Proven,
    now: Moment,
    survey: &Survey,
    mut orders: Vec<Order>,
) -> Step {
    let list = VmList { vms: survey.vms.clone(), unreadable: survey.unreadable.clone() };
    let next = judgements(&mut proven, now, &list, Hosts::Seen);
    orders.extend(next.orders);
    go_on(proven, now, orders, next.flags)
}

fn judge(mut proven: Proven, now: Moment, list: &VmList) -> Step {
    let Next { orders, flags, looking } = judgements(&mut proven, now, list, Hosts::NotSeen);
    if looking && orders.is_empty() && flags.is_empty() {
        return Surveying::to_see_targets(proven);
    }
    // The next look comes after them.
    go_on(proven, now, orders, flags)
}

/// Flags are taken back first, and whatever the power of the host: that starts nothing. The rest is judged again at
/// the next look.
fn go_on(proven: Proven, now: Moment, orders: Vec<Order>, flags: Vec<Order>) -> Step {
    if flags.is_empty() { send(proven, now, orders) } else { Acting::begin(proven, flags) }
}

/// What follows from a look at the VMs.
#[derive(Default)]
struct Next {
    orders: Vec<Order>,
    /// Flags to take back.
    flags: Vec<Order>,
    /// A judgement needs the hosts.
    looking: bool,
}

/// Take up what each VM on its way reads back as.
fn judgements(proven: &mut Proven, now: Moment, list: &VmList, hosts: Hosts) -> Next {
    let case = &mut proven.case;
    let vms: BTreeMap<_, _> = list.vms.iter().map(|vm| (vm.id, vm)).collect();
    let ids: Vec<_> = case.courses.keys().copied().collect();
    list.vms.iter().for_each(|vm| note_progress(case, now, vm));
    let mut next = Next::default();
    for id in ids {
        let broken = list.unreadable.iter().any(|(bad, _)| *bad == id);
        let Some(course) = case.courses.get(&id) else {
            continue;
        };
        let hosts = (hosts == Hosts::Seen).then_some(&case.states);
        let judge = Judge { case, course, now, hosts, vms: &vms };
        let vm = vms.get(&id).copied();
        let judgement = if broken { judge.unreadable() } else { judge.judge(vm) };
        let judgement = unlocked(judgement, vm, course);
        let judgement = covered(judgement, vm, &proven.proof);
        next.looking |= matches!(judgement, Judgement::Look);
        let flag = broken || vm.is_some_and(|vm| vm.resched && vm.state != VmState::Done);
        if let (Some(course), false) = (case.courses.get_mut(&id), flag) {
            course.flag_is_gone(&judgement);
        }
        match apply(case, now, id, judgement) {
            Some(order @ Order::Unresched { .. }) => next.flags.push(order),
            Some(order) => next.orders.push(order),
            None => {}
        }
    }
    next
}

/// A VM that somebody has locked meanwhile is asked for nothing more: oned would refuse. An order whose answer was lost
/// may still be carried out, so it is read on.
fn unlocked(judgement: Judgement, vm: Option<&Vm>, course: &Course) -> Judgement {
    let (Judgement::Send(order), Some(why)) = (&judgement, vm.and_then(locked)) else { return judgement };
    match order {
        Order::Recreate { .. } | Order::Delete { .. } | Order::Retry { .. } => {
            Judgement::Close(Fate::Failed(why))
        }
        Order::Migrate { .. } if course.doubt => Judgement::Stay,
        Order::Migrate { .. } | Order::Resched { .. } | Order::Unresched { .. } => judgement,
    }
}

/// What is asked again must be covered by the proof that there is now.
fn covered(judgement: Judgement, vm: Option<&Vm>, proof: &Proof) -> Judgement {
    let Judgement::Send(order) = judgement else { return judgement };
    if let Order::Unresched { .. } = order {
        return judgement;
    }
    let open = vm.and_then(|vm| not_cut_off(vm, proof.scope()));
    let destroys = matches!(order, Order::Recreate { .. } | Order::Delete { .. });
    match (open, proof.reservation().filter(|_| destroys)) {
        (None, None) => Judgement::Send(order),
        (Some(why), _) => Judgement::Close(Fate::Failed(why)),
        (None, Some(why)) => {
            Judgement::Close(Fate::Failed(format!("the proof does not authorise it: {why}")))
        }
    }
}

/// The order that follows, if one does.
fn apply(case: &mut Case, now: Moment, id: VmId, judgement: Judgement) -> Option<Order> {
    let course = case.courses.get_mut(&id)?;
    match halted(judgement, case.halted.as_ref()) {
        Judgement::Stay | Judgement::Look => {}
        Judgement::Replan => course.reopen(now),
        Judgement::Await => course.wait_for_oned(now, true),
        Judgement::Send(order) => {
            course.send(order, now);
            return Some(order);
        }
        Judgement::Release(why) => {
            course.release();
            let name = course.name.clone();
            case.detail(now, Phase::Settle, format!("{id} {name}: {why}"));
        }
        Judgement::TakeOver(why) => {
            course.begun = None;
            course.reopen(now);
            if case.scheduling.over.is_none() {
                case.note(now, Phase::Settle, format!("{why}: the rest is migrated directly"));
                case.scheduling.over = Some(why);
            }
        }
        Judgement::TakenBack => {
            course.flagged = false;
            match course.end.take() {
                Some(fate) => give_up(case, now, id, fate),
                None => course.reopen(now),
            }
        }
        Judgement::Close(fate) => give_up(case, now, id, fate),
    }
    None
}

/// When nothing more is sent, only flags are taken back.
fn halted(judgement: Judgement, halted: Option<&Failure>) -> Judgement {
    match (judgement, halted) {
        (judgement @ Judgement::Send(Order::Unresched { .. }), Some(_)) => judgement,
        (
            Judgement::Replan
            | Judgement::Await
            | Judgement::Send(_)
            | Judgement::Look
            | Judgement::Release(_)
            | Judgement::TakeOver(_),
            Some(failure),
        ) => Judgement::Close(Fate::Failed(format!(
            "it would need another call, and nothing more is sent: {}",
            failure.what
        ))),
        (judgement, _) => judgement,
    }
}
