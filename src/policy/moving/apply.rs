//! One round of planning: take up each decision, and note it.

use super::adopt::adopt;
use super::after::{named, unmet};
use super::gated;
use super::scheduler::left_to_it;
use super::targets::Targets;
use crate::model::text::vms;
use crate::model::{LcmState, VmId, VmState};
use crate::policy::fencing::proof::Proof;
use crate::policy::notes::Phase;
use crate::policy::order::Order;
use crate::policy::plan::{self, Decision, Priority, Request, Standing, Verdict};
use crate::policy::port::Survey;
use crate::policy::report::Fate;
use crate::policy::run::Run;
use crate::policy::run::progress::Stage;
use crate::policy::run::progress::{VmProgress, WhenOff};
use crate::policy::settings::Purpose;
use crate::policy::states::{self, Class};

/// Moving live between two hosts; the domain may be on either.
const MIGRATING: VmState = VmState::Active(LcmState::Migrate);

/// Decide about every VM that is not decided yet, and note each decision.
pub(super) fn plan_round(run: &mut Run, survey: &Survey, proof: &Proof) -> Vec<Order> {
    let mut targets = Targets::new(run, survey);
    gated::take_up(run, survey);
    let request = Request {
        reservation: proof.reservation(),
        closed: run.vms.closed(),
        live: run.vms.moving.live.clone(),
        moving: run.vms.places.sent.clone(),
        refused: run.vms.progress.iter().map(|(id, vm)| (*id, vm.refused.clone())).collect(),
        waited: run.vms.progress.iter().filter(|(_, vm)| vm.waited).map(|(vm, _)| *vm).collect(),
        unready: gated::unready(run),
        planned: run.vms.places.planned.clone(),
        standing: targets.standing(),
        fell: run.fell_since(),
        ..Request::new(run.subject.host, &run.policy, proof.scope())
    };
    let decisions = plan::plan(survey, &request);
    run.vms.hosts.is_freed = false;
    run.vms.undecided.clear();
    run.vms.unmoved.clear();
    run.vms.moving.live.extend(survey.vms.iter().filter(|vm| vm.state == MIGRATING).map(|vm| vm.id));
    run.vms.layered = survey.vms.iter().filter(|vm| vm.layer().is_some()).map(|vm| vm.id).collect();
    // A look that was for VMs on their way only.
    if !decisions.is_empty() || run.vms.progress.is_empty() {
        run.note(Phase::Plan, summary(&decisions));
    }
    let mut orders = Vec::new();
    for decision in decisions {
        orders.extend(decided(run, survey, &mut targets, decision));
    }
    let open = run.vms.progress.iter().filter(|(_, vm)| vm.stage == Stage::Open);
    let gone: Vec<_> = open.map(|(id, vm)| (*id, vm.name.clone())).collect();
    for (vm, name) in gone {
        close(run, vm, &name, Fate::Left("it does not exist any more".to_owned()));
    }
    let behind = run.vms.progress.values().filter(|vm| vm.is_behind()).count();
    if behind > 0 {
        run.detail(Phase::Plan, format!("{} until the first one runs where they go", waits(behind)));
    }
    orders
}

/// Take up one decision; a VM that waits for the first one on its target is told of once.
fn decided(run: &mut Run, survey: &Survey, targets: &mut Targets, decision: Decision) -> Option<Order> {
    let rehearsal = run.policy.purpose == Purpose::Rehearse;
    if !rehearsal && adopt(run, &decision, survey) {
        return None;
    }
    if matches!(decision.verdict, Verdict::Act(..) | Verdict::Hold(_)) {
        tell_targets(run, targets);
    }
    let vm = decision.vm;
    if matches!(decision.verdict, Verdict::Hold(_)) && targets.any_out() {
        run.vms.hosts.told.held.insert(vm);
    }
    let text = format!("{vm} {}: {}", decision.name, decision.verdict);
    if run.vms.hosts.told.behind.remove(&vm).as_ref() != Some(&text) {
        run.detail(Phase::Plan, text.clone());
    }
    let order = if rehearsal { tell(run, decision) } else { take(run, targets, decision) };
    if run.vms.progress.get(&vm).is_some_and(VmProgress::is_behind) {
        run.vms.hosts.told.behind.insert(vm, text);
    }
    order
}

/// `3 VMs wait`
fn waits(count: usize) -> String {
    format!("{} {}", vms(count), if count == 1 { "waits" } else { "wait" })
}

/// Say once of each host where VMs do not start what follows from that.
fn tell_targets(run: &mut Run, targets: &Targets) {
    for (host, standing, target) in targets.failing() {
        if run.vms.hosts.told.standing.insert(host, standing) != Some(standing) {
            let follows = match standing {
                Standing::Last => "VMs go there only where no other host takes them",
                Standing::Out(None) => "no more VMs go there (`[settle] failures`)",
                Standing::Out(Some(_)) => "no more VMs of their owner go there (`[settle] failures`)",
            };
            run.note(Phase::Plan, format!("{}: {target}; {follows}", run.vms.hosts.named(host)));
        }
    }
}

fn summary(decisions: &[Decision]) -> String {
    let count = |of: fn(&Verdict) -> bool| decisions.iter().filter(|decision| of(&decision.verdict)).count();
    format!(
        "{}: {} to act on, {} to wait for, {} held, {} left alone",
        vms(decisions.len()),
        count(|verdict| matches!(verdict, Verdict::Act(..))),
        count(|verdict| matches!(verdict, Verdict::Await(_))),
        count(|verdict| matches!(verdict, Verdict::Hold(_))),
        count(|verdict| matches!(verdict, Verdict::Leave(_)))
    )
}

fn tell(run: &mut Run, decision: Decision) -> Option<Order> {
    let fate = match decision.verdict {
        Verdict::Act(_, text) | Verdict::Await(text) => Fate::Planned(text),
        Verdict::Hold(reason) => Fate::Held(reason),
        Verdict::Leave(reason) => Fate::Left(reason),
    };
    close(run, decision.vm, &decision.name, fate);
    None
}

fn take(run: &mut Run, targets: &mut Targets, decision: Decision) -> Option<Order> {
    let now = run.now();
    let Decision { vm, name, state, host, priority, after, starts, verdict } = decision;
    let elsewhere = host.is_some_and(|host| host != run.subject.host);
    // An order whose answer was lost has been executed after all.
    if elsewhere && run.vms.progress.get_mut(&vm).is_some_and(|progress| progress.follow(now)) {
        return None;
    }
    match verdict {
        Verdict::Act(order, _) => match left_to_it(run, order, state) {
            Ok(order) => {
                let progress =
                    run.vms.progress.entry(vm).or_insert_with(|| VmProgress::new(name.clone(), state));
                progress.when_off = WhenOff::of(starts);
                return act(run, targets, (vm, priority), order, &after);
            }
            Err(reason) => close(run, vm, &name, Fate::Held(reason)),
        },
        Verdict::Await(_) => {
            let progress = run.vms.progress.entry(vm).or_insert_with(|| VmProgress::new(name, state));
            progress.wait_for_oned(now, !elsewhere);
        }
        Verdict::Hold(reason) => hold(run, vm, &name, reason),
        Verdict::Leave(_) if !elsewhere && was_running(run, vm) && states::class(state) == Class::Stopped => {
            let reason = format!(
                "{state}: it was running when this run began; its host has booted since, or somebody stopped it \
                 (`onevm resume {}` starts it again)",
                vm.0
            );
            close(run, vm, &name, Fate::Held(reason));
        }
        Verdict::Leave(reason) => close(run, vm, &name, Fate::Left(reason)),
    }
    None
}

/// Send it, or wait until others run.
fn act(
    run: &mut Run,
    targets: &mut Targets,
    (vm, priority): (VmId, Priority),
    order: Order,
    after: &[VmId],
) -> Option<Order> {
    let (now, needs) = (run.now(), unmet(&order, after));
    if let Order::Migrate { to, .. } = order {
        run.vms.places.planned.insert(vm, to);
    }
    let needed = named(run, &needs);
    let progress = run.vms.progress.get_mut(&vm)?;
    if !progress.waited && !needs.is_empty() {
        let first = progress.needs.is_empty();
        progress.wait_for(now, needs);
        if first {
            let text = format!("{vm} {} waits for {needed}", progress.name);
            run.detail(Phase::Plan, text);
        }
        return None;
    }
    if let Order::Migrate { to, .. } = order
        && let Err(first) = targets.send((vm, priority), to)
    {
        progress.stage = Stage::Behind { first };
        return None;
    }
    progress.send(order, now);
    if let Order::Resched { .. } = order {
        let others = run.vms.progress.values().any(|progress| progress.flag.is_set);
        run.vms.scheduling.begin(now, others);
        run.detail(Phase::Plan, format!("{vm}: the scheduler moves it, by its RESCHED flag"));
    }
    Some(order)
}

/// It stays where it is: untouched, or not where it should be.
pub(super) fn hold(run: &mut Run, vm: VmId, name: &str, reason: String) {
    let touched = run.vms.progress.get(&vm).is_some_and(|progress| progress.calls > 0);
    close(run, vm, name, if touched { Fate::Failed(reason) } else { Fate::Held(reason) });
}

/// The end of a VM that is on its way. A flag that this run has set is taken back first.
pub(super) fn give_up(run: &mut Run, vm: VmId, fate: Fate) {
    let now = run.now();
    let Some(progress) = run.vms.progress.get_mut(&vm) else { return };
    if progress.to_take_back() {
        progress.take_back(vm, now, Some(fate));
        return;
    }
    let fate = progress.said_with_flag(vm, fate);
    let name = progress.name.clone();
    run.detail(Phase::Settle, format!("{vm} {name}: {fate}"));
    run.vms.progress.remove(&vm);
    run.ends(vm, &name, fate);
}

/// Was this VM on its way in this run, and not stopped when it was first seen?
fn was_running(run: &Run, vm: VmId) -> bool {
    run.vms.progress.get(&vm).is_some_and(|progress| states::class(progress.from) != Class::Stopped)
}

fn close(run: &mut Run, vm: VmId, name: &str, fate: Fate) {
    if run.vms.progress.get(&vm).is_some_and(VmProgress::to_take_back) {
        return give_up(run, vm, fate);
    }
    run.vms.progress.remove(&vm);
    run.ends(vm, name, fate);
}
