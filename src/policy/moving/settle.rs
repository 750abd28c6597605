//! VMs on their way: what they read back as, and what follows from that.
//!
//! Success is what is read back, never what a call answered.

use super::Todo;
use super::apply::give_up;
use super::ending::no_cloud;
use super::gated;
use super::judge::{Judge, Judgement};
use super::scheduler::note_progress;
use crate::model::{Vm, VmId, VmState};
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::order::Order;
use crate::policy::plan::{locked, not_cut_off};
use crate::policy::port::{Failure, Survey, VmList};
use crate::policy::report::Fate;
use crate::policy::run::Run;
use crate::policy::run::progress::{Stage, VmProgress};
use crate::policy::run::stop::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The time between two looks at the first VM on a host: at first, and then.
const SOON: Duration = Duration::from_millis(500);
const OFTEN: Duration = Duration::from_secs(1);

/// Read the VMs that are on their way, after a pause.
pub(super) async fn read_back(run: &mut Run, proof: &Proof) -> Result<Todo, Stop> {
    run.pause(pause(run)).await?;
    let on_their_way = run.vms.progress.iter().filter(|(_, vm)| !vm.is_behind());
    let ids: BTreeSet<_> =
        on_their_way.flat_map(|(id, vm)| std::iter::once(id).chain(&vm.needs)).copied().collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let list = match run.read(Phase::Settle, move |world| world.vms(&ids)).await? {
        Ok(list) => list,
        Err(failure) => return Ok(Todo::Done(no_cloud(run, failure))),
    };
    gated::look(run, &list).await;
    let Follows { orders, flags, looking, asking } = judgements(run, proof, &list, Hosts::NotSeen, &[]);
    if asking && orders.is_empty() && flags.is_empty() {
        return Ok(Todo::Oned);
    }
    if looking && orders.is_empty() && flags.is_empty() {
        return Ok(Todo::Targets);
    }
    // The next look comes after them.
    Ok(todo(orders, flags))
}

/// Most VMs run a second after their order, and a driver that takes longer is not asked for more often: the looks come
/// `[wait] first_look` after the last VM was taken up, and then in twice the time, until that is `look`. Each is one call for all of
/// them. Others wait for the first one on their target: the looks at it come soon, too, and read few VMs.
fn pause(run: &Run) -> Duration {
    let (now, rules) = (run.now(), run.policy.wait);
    let moving = run.vms.progress.values().filter(|vm| matches!(vm.stage, Stage::Moving { .. }));
    // What follows for a VM, a retry for example, begins nothing anew: each VM costs a few looks more, and not a few each time.
    let begun = moving.filter_map(|vm| vm.begun).max().filter(|_| !rules.first_look.is_zero());
    let soon = begun.map_or(rules.look, |begun| now.since(begun).max(rules.first_look));
    let wait = run.policy.settle.first_wait;
    let due = |begun| {
        let age = now.since(begun);
        let left = wait.saturating_sub(age);
        if left.is_zero() { SOON } else { (age / 2).clamp(SOON, OFTEN).min(left) }
    };
    let firsts = run.vms.progress.values().filter_map(|vm| match vm.stage {
        Stage::Behind { first } => run.vms.progress.get(&first),
        Stage::Open
        | Stage::Awaiting { .. }
        | Stage::Waiting { .. }
        | Stage::Gated { .. }
        | Stage::Moving { .. } => None,
    });
    firsts.map(|first| first.begun.map_or(OFTEN, due)).chain([soon]).min().unwrap_or(soon).min(rules.look)
}

/// Whether the hosts were looked at together with the VMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hosts {
    Seen,
    NotSeen,
}

/// The VMs were read together with the hosts that they are on; these orders of a plan go with what follows.
pub(super) fn with_hosts(run: &mut Run, proof: &Proof, survey: &Survey, mut orders: Vec<Order>) -> Todo {
    let list = VmList { vms: survey.vms.clone(), unreadable: survey.unreadable.clone() };
    let follows = judgements(run, proof, &list, Hosts::Seen, &orders);
    orders.extend(follows.orders);
    todo(orders, follows.flags)
}

/// Flags are taken back first; the rest is judged again at the next look.
fn todo(orders: Vec<Order>, flags: Vec<Order>) -> Todo {
    if flags.is_empty() { Todo::Orders(orders) } else { Todo::Flags(flags) }
}

/// What follows from a look at the VMs.
#[derive(Default)]
struct Follows {
    orders: Vec<Order>,
    /// Flags to take back.
    flags: Vec<Order>,
    /// A judgement needs the hosts.
    looking: bool,
    /// A judgement needs the oned that leads.
    asking: bool,
}

/// Take up what each VM on its way reads back as, but those for which an order was planned just now.
fn judgements(run: &mut Run, proof: &Proof, list: &VmList, hosts: Hosts, planned: &[Order]) -> Follows {
    let now = run.now();
    let vms: BTreeMap<_, _> = list.vms.iter().map(|vm| (vm.id, vm)).collect();
    let planned: BTreeSet<_> = planned.iter().map(Order::vm).collect();
    let ids: Vec<_> = run.vms.progress.keys().filter(|vm| !planned.contains(vm)).copied().collect();
    run.vms.scheduling.is_read(now, run.policy.wait.look);
    list.vms.iter().for_each(|vm| note_progress(run, vm));
    let opened = gated::opened(run);
    let mut next = Follows::default();
    for id in ids {
        let broken = list.unreadable.iter().any(|(bad, _)| *bad == id);
        let Some(progress) = run.vms.progress.get(&id) else {
            continue;
        };
        let hosts = (hosts == Hosts::Seen).then_some(&run.vms.hosts.states);
        let judge = Judge { run, vm: progress, now, hosts, vms: &vms };
        let vm = vms.get(&id).copied();
        let judgement = match progress.stage {
            Stage::Behind { first } => judge.behind(first),
            Stage::Gated { ran } if vm.is_some() || broken => {
                judge.gated(id, vm, ran, opened.get(&id).copied())
            }
            Stage::Gated { .. } => judge.judge(None),
            Stage::Open | Stage::Awaiting { .. } | Stage::Waiting { .. } | Stage::Moving { .. } if broken => {
                judge.unreadable()
            }
            Stage::Open | Stage::Awaiting { .. } | Stage::Waiting { .. } | Stage::Moving { .. } => {
                judge.judge(vm)
            }
        };
        let judgement = unlocked(judgement, vm, progress);
        let judgement = covered(judgement, vm, proof);
        let judgement = gated::unless_gated(runs_once(judgement, run), run, vm);
        next.looking |= matches!(judgement, Judgement::Look);
        next.asking |= matches!(judgement, Judgement::Oned);
        let flag = broken || vm.is_some_and(|vm| vm.resched && vm.state != VmState::Done);
        if let (Some(progress), false) = (run.vms.progress.get_mut(&id), flag) {
            progress.flag_is_gone(&judgement);
        }
        match apply(run, id, judgement) {
            Some(order @ Order::Unresched { .. }) => next.flags.push(order),
            Some(order) => next.orders.push(order),
            None => {}
        }
    }
    next
}

/// A VM that somebody has locked meanwhile is asked for nothing more: oned would refuse. An order whose answer was lost
/// may still be carried out, so it is read on.
fn unlocked(judgement: Judgement, vm: Option<&Vm>, progress: &VmProgress) -> Judgement {
    let (Judgement::Send(order) | Judgement::LeadOn(order), Some(why)) = (&judgement, vm.and_then(locked))
    else {
        return judgement;
    };
    match order {
        Order::Recreate { .. }
        | Order::Delete { .. }
        | Order::Retry { .. }
        | Order::Resume { .. }
        | Order::Fail { .. } => Judgement::Close(Fate::Failed(why)),
        Order::Migrate { .. } if progress.doubt => Judgement::Stay,
        Order::Migrate { .. } | Order::Resched { .. } | Order::Unresched { .. } => judgement,
    }
}

/// What is asked again must be covered by the proof that there is now.
fn covered(judgement: Judgement, vm: Option<&Vm>, proof: &Proof) -> Judgement {
    let (Judgement::Send(order) | Judgement::LeadOn(order)) = judgement else { return judgement };
    if let Order::Unresched { .. } = order {
        return judgement;
    }
    let open = vm.and_then(|vm| not_cut_off(vm, proof.scope()));
    let destroys = matches!(order, Order::Recreate { .. } | Order::Delete { .. });
    match (open, proof.reservation().filter(|_| destroys)) {
        (None, None) => judgement,
        (Some(why), _) => Judgement::Close(Fate::Failed(why)),
        (None, Some(why)) => {
            Judgement::Close(Fate::Failed(format!("the proof is too weak for what destroys data: {why}")))
        }
    }
}

/// Nothing is sent again for a VM that another host says it runs by now.
fn runs_once(judgement: Judgement, run: &Run) -> Judgement {
    let (Judgement::Send(order) | Judgement::LeadOn(order)) = judgement else { return judgement };
    match run.vms.hosts.zombies.get(&order.vm()) {
        Some(why) if !matches!(order, Order::Unresched { .. }) => Judgement::Close(Fate::Failed(why.clone())),
        Some(_) | None => judgement,
    }
}

/// The order that follows, if one does.
fn apply(run: &mut Run, id: VmId, judgement: Judgement) -> Option<Order> {
    let now = run.now();
    let progress = run.vms.progress.get_mut(&id)?;
    match halted(judgement, run.vms.halted.as_ref()) {
        Judgement::Stay | Judgement::Look | Judgement::Oned => {}
        Judgement::Replan => progress.reopen(now),
        Judgement::Await => progress.wait_for_oned(now, true),
        Judgement::LeadOn(order) => {
            progress.torn.led.count(order);
            progress.send(order, now);
            return Some(order);
        }
        Judgement::Send(order) => {
            progress.send(order, now);
            return Some(order);
        }
        Judgement::Release(why) => {
            progress.release();
            let name = progress.name.clone();
            run.detail(Phase::Settle, format!("{id} {name}: {why}"));
        }
        Judgement::Gate(text) => gated::gate(run, id, text),
        Judgement::TakeOver(why) => {
            progress.begun = None;
            progress.reopen(now);
            if run.vms.scheduling.over.is_none() {
                run.note(Phase::Settle, format!("{why}: the rest is migrated directly"));
                run.vms.scheduling.over = Some(why);
            }
        }
        Judgement::TakenBack => {
            progress.flag.is_set = false;
            match progress.flag.end.take() {
                Some(fate) => give_up(run, id, fate),
                None => progress.reopen(now),
            }
        }
        Judgement::Close(fate) => {
            // Of one that never failed nothing new is learned.
            let runs = matches!(fate, Fate::Recovered(_)) && progress.tries.all() > 0;
            give_up(run, id, fate);
            if runs {
                run.vms.runs_where_it_was_sent(id);
            }
        }
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
            | Judgement::LeadOn(_)
            | Judgement::Look
            | Judgement::Oned
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
