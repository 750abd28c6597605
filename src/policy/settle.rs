//! VMs on their way: what they read back as, and what follows from that.
//!
//! Success is what is read back, never what a call answered.

use super::case::{Case, Failure};
use super::ending::{no_cloud, send};
use super::incident::{Step, wait};
use super::judge::{Judge, Judgement};
use super::notes::{Entry, Phase};
use super::order::Order;
use super::plan::not_cut_off;
use super::proof::Proof;
use super::recover::{Proven, Survey, Surveying};
use super::report::Fate;
use crate::model::{Moment, Vm, VmId};
use std::collections::BTreeMap;

/// VMs read back by id.
#[derive(Clone, Debug, Default)]
pub struct VmList {
    /// Those that could be read.
    pub vms: Vec<Vm>,
    /// Those whose document cannot be read, and why.
    pub unreadable: Vec<(VmId, String)>,
}

/// See [`Step::Settle`].
#[derive(Debug)]
pub struct Settling {
    proven: Proven,
    ids: Vec<VmId>,
}

impl Settling {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.proven.case.trail
    }

    /// Read the VMs that are on their way, after a pause.
    pub(super) fn later(proven: Proven) -> Step {
        let ids = proven.case.courses.keys().copied().collect();
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
        judge(self.proven, now, &list, Hosts::NotSeen)
    }
}

/// Whether the hosts were looked at together with the VMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hosts {
    Seen,
    NotSeen,
}

/// The VMs were read together with the hosts that they are on.
pub(super) fn judge_with_hosts(proven: Proven, now: Moment, survey: &Survey, mut orders: Vec<Order>) -> Step {
    let mut proven = proven;
    let list = VmList { vms: survey.vms.clone(), unreadable: survey.unreadable.clone() };
    orders.extend(judgements(&mut proven, now, &list, Hosts::Seen).0);
    send(proven, now, orders)
}

fn judge(mut proven: Proven, now: Moment, list: &VmList, hosts: Hosts) -> Step {
    match judgements(&mut proven, now, list, hosts) {
        (orders, Some(Looking)) if orders.is_empty() => Surveying::to_see_targets(proven),
        // The next look comes after them.
        (orders, _) => send(proven, now, orders),
    }
}

/// A judgement needs the hosts.
struct Looking;

/// Take up what each VM on its way reads back as.
fn judgements(
    proven: &mut Proven,
    now: Moment,
    list: &VmList,
    hosts: Hosts,
) -> (Vec<Order>, Option<Looking>) {
    let case = &mut proven.case;
    let vms: BTreeMap<_, _> = list.vms.iter().map(|vm| (vm.id, vm)).collect();
    let ids: Vec<_> = case.courses.keys().copied().collect();
    let (mut orders, mut looking) = (Vec::new(), None);
    for id in ids {
        let broken = list.unreadable.iter().any(|(bad, _)| *bad == id);
        let Some(course) = case.courses.get(&id) else {
            continue;
        };
        let hosts = (hosts == Hosts::Seen).then_some(&case.states);
        let judge = Judge { case, course, now, hosts };
        let vm = vms.get(&id).copied();
        let judgement = if broken { judge.unreadable() } else { judge.judge(vm) };
        let judgement = covered(judgement, vm, &proven.proof);
        if matches!(judgement, Judgement::Look) {
            looking = Some(Looking);
        }
        apply(case, now, id, judgement, &mut orders);
    }
    (orders, looking)
}

/// What is asked again must be covered by the proof that there is now.
fn covered(judgement: Judgement, vm: Option<&Vm>, proof: &Proof) -> Judgement {
    let Judgement::Send(order) = judgement else { return judgement };
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

fn apply(case: &mut Case, now: Moment, id: VmId, judgement: Judgement, orders: &mut Vec<Order>) {
    let halted = case.halted.as_ref().map(|failure| failure.what.clone());
    let Some(course) = case.courses.get_mut(&id) else { return };
    let judgement = match (judgement, halted) {
        (Judgement::Replan | Judgement::Await | Judgement::Send(_) | Judgement::Look, Some(why)) => {
            Judgement::Close(Fate::Failed(format!(
                "it would need another call, and nothing more is sent: {why}"
            )))
        }
        (judgement, _) => judgement,
    };
    match judgement {
        Judgement::Stay | Judgement::Look => {}
        Judgement::Replan => course.reopen(now),
        Judgement::Await => course.wait_for_oned(now, true),
        Judgement::Send(order) => {
            course.send(order, now);
            orders.push(order);
        }
        Judgement::Close(fate) => {
            let name = course.name.clone();
            case.detail(now, Phase::Settle, format!("{id} {name}: {fate}"));
            case.courses.remove(&id);
            case.settle(id, &name, fate);
        }
    }
}
