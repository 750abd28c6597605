//! What is to become of each VM of the host: where it goes, or why it stays.
//!
//! Who may not go is said here; where the others go is the planner's answer, for all of them together, the running ones
//! first: capacity, layers, groups and devices count, and priorities make the order.

use super::alive::{not_live, shown};
use super::rules::Extent;
use super::run::Run;
use crate::model::{HostId, Scope, Vm, VmId, VmState};
use crate::policy::healthy::{Deed, still};
use crate::policy::notes::Phase;
use crate::policy::order::Order;
use crate::policy::plan::{Request, Verdict, plan};
use crate::policy::port::Survey;
use crate::policy::report::{Fate, Outcome};
use crate::policy::rules::Rules;
use crate::policy::settings::{Force, Mode, Policy};
use crate::policy::states::{self, Class};
use std::collections::{BTreeMap, BTreeSet};

/// What is to become of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes there, by this order.
    Goes(HostId, Deed),
    /// oned has to end something first.
    Waits,
    /// It stays, or is not there any more.
    Stays(Fate),
}

/// One VM, with the words for people.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) vm: VmId,
    pub(super) name: String,
    pub(super) state: VmState,
    pub(super) sequence: Option<i64>,
    pub(super) step: Step,
    pub(super) text: String,
}

/// Every VM of the host that has no outcome and is not on its way, in the order in which they go.
pub(super) struct Listed(pub(super) Vec<Line>);

impl Listed {
    /// With `--all-or-nothing` nothing is touched where one cannot go.
    pub(super) fn all_or_nothing(&self, run: &Run) -> Result<(), Outcome> {
        let held = |line: &&Line| matches!(line.step, Step::Stays(Fate::Held(_)));
        let held: Vec<_> = self.0.iter().filter(held).map(|line| line.vm.to_string()).collect();
        if run.policy.extent == Extent::WhatCan || held.is_empty() {
            return Ok(());
        }
        let what =
            format!("not every VM can be moved, and --all-or-nothing was asked for: {}", held.join(", "));
        Err(Run::held(what, "read the reason of each of them (`--dry-run`), or leave --all-or-nothing out"))
    }
}

/// A fresh look at everything, and what follows from it for each VM; told to people.
pub(super) async fn list_all(run: &mut Run) -> Result<Listed, Outcome> {
    let survey = survey(run).await?;
    let listed = Listed(list(run, &survey));
    let goes = listed.0.iter().filter(|line| matches!(line.step, Step::Goes(..))).count();
    let waits = listed.0.iter().filter(|line| line.step == Step::Waits).count();
    let stays = listed.0.len() - goes - waits;
    let away = run.away.len();
    let away = if away == 0 { String::new() } else { format!("{away} on their way, ") };
    run.note(Phase::Plan, format!("{away}{goes} to move, {waits} to wait for, {stays} stay"));
    for line in &listed.0 {
        run.note(Phase::Plan, format!("{} {}: {}", line.vm, line.name, line.text));
        // It is here again: what an earlier run has done with it does not count.
        run.moved_before.remove(&line.vm);
        if let Step::Goes(to, _) = line.step {
            run.planned.insert(line.vm, to);
        }
    }
    Ok(listed)
}

/// Fresh pools, with the VMs that are on their way.
pub(super) async fn survey(run: &mut Run) -> Result<Survey, Outcome> {
    let (id, also) = (run.id, run.away.keys().copied().collect::<Vec<_>>());
    let survey = run.look(Phase::Survey, move |world| world.survey(id, &also)).await?;
    run.names = survey.hosts.iter().map(|host| (host.id, host.to_string())).collect();
    Ok(survey)
}

/// A line for each VM, those that go first and in their order.
pub(super) fn list(run: &Run, survey: &Survey) -> Vec<Line> {
    let here = survey.hosts.iter().find(|host| host.id == run.id);
    let charged: BTreeSet<_> = here.iter().flat_map(|host| host.vms.iter().copied()).collect();
    let open = |vm: &VmId| !run.vms.contains_key(vm) && !run.away.contains_key(vm);
    let (mut live, mut stopped, mut others) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for vm in survey.vms.iter().filter(|vm| open(&vm.id)) {
        match sort(run, survey, vm) {
            Sorted::Live => drop(live.insert(vm.id)),
            Sorted::Stopped => drop(stopped.insert(vm.id)),
            Sorted::Other(step, text) if charged.contains(&vm.id) => others.push(line(vm, step, text)),
            Sorted::Other(..) => {}
        }
    }
    let read: BTreeSet<_> = survey.vms.iter().map(|vm| vm.id).collect();
    for id in charged.iter().filter(|id| !read.contains(id) && open(id)) {
        let why = survey.unreadable.iter().find(|(vm, _)| vm == id).map(|(_, why)| why.as_str());
        let why = format!("its document cannot be read: {}", why.unwrap_or("oned gives none"));
        let name = survey.names.get(id).map_or("?", String::as_str);
        let vm = Vm::new(*id, name, VmState::Unknown(-1), Some(run.id));
        others.push(line(&vm, Step::Stays(Fate::Held(why.clone())), format!("stays: {why}")));
    }
    let mut moving: BTreeMap<_, _> = run.away.iter().map(|(vm, sent)| (*vm, sent.to)).collect();
    let mut lines = placed(run, survey, &live, &moving);
    moving.extend(lines.iter().filter_map(|line| match line.step {
        Step::Goes(to, _) => Some((line.vm, to)),
        Step::Waits | Step::Stays(_) => None,
    }));
    lines.extend(placed(run, survey, &stopped, &moving));
    lines.extend(others);
    lines
}

enum Sorted {
    /// It runs, and is moved live where a host takes it.
    Live,
    /// It is off, and its disks are moved.
    Stopped,
    Other(Step, String),
}

/// What may become of a VM, before targets are looked at.
fn sort(run: &Run, survey: &Survey, vm: &Vm) -> Sorted {
    let held = |why: String| Sorted::Other(Step::Stays(Fate::Held(why.clone())), format!("stays: {why}"));
    let left = |why: String| Sorted::Other(Step::Stays(Fate::Left(why.clone())), format!("left: {why}"));
    let class = states::class(vm.state);
    if matches!(class, Class::Transient | Class::Resubmit) {
        let limit = run.policy.settle.deadline;
        let since = run.waits.get(&vm.id);
        if since.is_some_and(|since| run.now().since(*since) >= limit) {
            return held(still(vm, limit));
        }
        return Sorted::Other(Step::Waits, format!("waits: {}, which oned ends first", vm.state));
    }
    if vm.host != Some(run.id) {
        let place = vm.host.map_or_else(|| "no host".to_owned(), |host| run.host_name(host));
        return left(format!("{} on {place}", vm.state));
    }
    match class {
        Class::Running => not_live(survey, vm).map_or(Sorted::Live, held),
        Class::Stopped if run.policy.force == Force::AlsoStopped => Sorted::Stopped,
        Class::Stopped => left(format!("{}: `--all` moves it too", vm.state)),
        Class::Lost => held(format!("{}: its host does not say that it runs", vm.state)),
        Class::Failure => held(format!(
            "{}: a driver has failed; `onevm recover --retry {}`, then the same command again",
            vm.state, vm.id.0
        )),
        Class::NotPlaced | Class::Done => left(vm.state.to_string()),
        Class::Strange | Class::Transient | Class::Resubmit => {
            held(format!("{}: that state is not known here", vm.state))
        }
    }
}

/// Where the planner puts these VMs, together, beside those that are on their way.
fn placed(run: &Run, survey: &Survey, vms: &BTreeSet<VmId>, moving: &BTreeMap<VmId, HostId>) -> Vec<Line> {
    if vms.is_empty() {
        return Vec::new();
    }
    let shown = shown(survey, vms);
    let rules = Rules { plan: run.policy.plan.clone(), settle: run.policy.settle, ..Rules::default() };
    let policy = Policy::under(Mode::Migrate, rules);
    let charged = survey.hosts.iter().flat_map(|host| host.vms.iter().copied());
    let all = survey.vms.iter().map(|vm| vm.id).chain(charged);
    let request = Request {
        closed: all.filter(|vm| !vms.contains(vm)).collect(),
        moving: moving.clone(),
        refused: run.refused.clone(),
        planned: run.planned.clone(),
        ..Request::new(run.id, &policy, &Scope::Host)
    };
    let decisions = plan(&shown, &request).into_iter().filter(|decision| vms.contains(&decision.vm));
    let line = |decision: crate::policy::plan::Decision| {
        let vm = survey.vms.iter().find(|vm| vm.id == decision.vm)?;
        let (step, text) = match decision.verdict {
            Verdict::Act(Order::Migrate { to, kind, .. }, said) => {
                let (vm, runs) = (vm.id, vm.state == VmState::RUNNING);
                let deed = if runs { Deed::Live { vm, to } } else { Deed::Move { vm, to, kind } };
                let how = if runs { "live to" } else { "to" };
                (Step::Goes(to, deed), format!("{how} {}", said.strip_prefix("migrate to ").unwrap_or(&said)))
            }
            Verdict::Act(Order::Resched { .. }, why) => {
                let why = format!("only the scheduler could place it: {why}");
                (Step::Stays(Fate::Held(why.clone())), format!("stays: {why}"))
            }
            Verdict::Act(_, why) | Verdict::Await(why) | Verdict::Hold(why) => {
                (Step::Stays(Fate::Held(why.clone())), format!("stays: {why}"))
            }
            // Who excludes a VM from recoveries may not have thought of this.
            Verdict::Leave(why) => (Step::Stays(Fate::Held(why.clone())), format!("stays: {why}")),
        };
        Some(self::line(vm, step, text))
    };
    decisions.filter_map(line).collect()
}

fn line(vm: &Vm, step: Step, text: String) -> Line {
    let sequence = vm.history.last().map(|record| record.sequence);
    Line { vm: vm.id, name: vm.name.clone(), state: vm.state, sequence, step, text }
}
