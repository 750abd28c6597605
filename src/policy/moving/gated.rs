//! A VM runs where it was sent, and its owner, or its service, says when it is ready (`ready`): it is looked at until it is, for
//! `[settle] after_wait` (300 s) at most. Who waits for it (`moving::after`) waits for that.
//!
//! `READY=YES` from before the crash is taken away before the VM is started, by one `one.vm.update` that merges `READY=NO` and
//! touches nothing else; whatever oned says to that, a YES counts only after the VM was seen without it. Where the VM is not ready in
//! time it is "recovered, not ready"; `onerescue reconcile` looks at it again (`moving::held_vms`), once each time.

use super::judge::{Judge, Judgement};
use crate::model::{Moment, Vm, VmId, VmState};
use crate::policy::healthy::{Deed, guests};
use crate::policy::notes::Phase;
use crate::policy::order::Order;
use crate::policy::order::Reply;
use crate::policy::port::{Survey, VmList};
use crate::policy::ready::{Kind, Opening, gates};
use crate::policy::report::Fate;
use crate::policy::run::Run;
use crate::policy::run::progress::Stage;
use crate::policy::states::{self, Class};
use std::collections::{BTreeMap, BTreeSet};

/// Take up the gates of the VMs that were read.
pub(super) fn take_up(run: &mut Run, survey: &Survey) {
    for (vm, gate) in gates(survey, &run.policy.ready) {
        let read = survey.vms.iter().find(|read| read.id == vm);
        let remembered = run.vms.remembered.get(&vm).and_then(|vm| vm.ready);
        // It was ready once: that is over, whatever its guest says by now.
        let Some(read) =
            read.filter(|_| gate.waits() && remembered.is_none_or(|ready| ready.after.is_none()))
        else {
            continue;
        };
        let opening = run.vms.openings.entry(vm).or_insert_with(|| Opening::new(gate.clone(), read));
        opening.gate = gate;
        opening.asked.cleared |= remembered.is_some_and(|ready| ready.cleared);
        // A READY that is away now was not left by the guest that has died.
        if read.host == Some(run.subject.host) {
            opening.reads(read);
        }
    }
}

/// VMs that run, or may, and that nobody may count on yet.
pub(super) fn unready(run: &Run) -> BTreeSet<VmId> {
    let is_open = |vm: &&VmId| {
        let (report, before) = (run.vms.reports.get(*vm), run.vms.remembered.get(*vm));
        match report {
            Some(report) => matches!(report.fate, Fate::NotReady(_)),
            None => {
                run.vms.progress.contains_key(*vm)
                    || before.is_some_and(|before| before.order.is_some() && before.end.is_none())
            }
        }
    };
    run.vms.openings.keys().filter(is_open).copied().collect()
}

/// Take READY=YES away from the VMs that are about to be started, where it is of a guest that has died. Was oned asked for that?
pub(super) async fn clear(run: &mut Run, orders: &[Order]) -> bool {
    let mut vms = Vec::new();
    for order in orders {
        let starts = match order {
            Order::Migrate { .. } | Order::Recreate { .. } | Order::Resched { .. } => true,
            Order::Retry { .. }
            | Order::Resume { .. }
            | Order::Fail { .. }
            | Order::Unresched { .. }
            | Order::Delete { .. } => false,
        };
        let vm = order.vm();
        let is_stale = |opening: &Opening| opening.gate.kind == Kind::Context && !opening.asked.cleared;
        if !starts || !run.vms.openings.get(&vm).is_some_and(is_stale) {
            continue;
        }
        vms.push(vm);
    }
    if vms.is_empty() {
        return false;
    }
    let deed = |vm: &VmId| Deed::NoteVm { vm: *vm, attributes: vec![("READY", "NO".to_owned())] };
    let said = run.tend(vms.iter().map(deed).collect()).await;
    for (vm, reply) in vms.iter().zip(said) {
        if let (Some(opening), Reply::Accepted) = (run.vms.openings.get_mut(vm), reply) {
            opening.asked.cleared = true;
        }
    }
    true
}

/// Look at the guests of those that run elsewhere.
pub(super) async fn look(run: &mut Run, list: &VmList) {
    let runs = |vm: &&Vm| {
        let on_its_way = run
            .vms
            .progress
            .get(&vm.id)
            .is_some_and(|vm| matches!(vm.stage, Stage::Moving { .. } | Stage::Gated { .. }));
        on_its_way && run.vms.openings.contains_key(&vm.id) && runs_elsewhere(run, vm)
    };
    let vms: Vec<_> = list.vms.iter().filter(runs).cloned().collect();
    if vms.is_empty() {
        return;
    }
    let mut openings = std::mem::take(&mut run.vms.openings);
    let now = run.now();
    for vm in &vms {
        if let Some(opening) = openings.get_mut(&vm.id) {
            opening.ran.get_or_insert(now);
        }
    }
    guests::look(run, &run.policy.ready, &mut openings, &vms).await;
    run.vms.openings = openings;
}

fn runs_elsewhere(run: &Run, vm: &Vm) -> bool {
    vm.state == VmState::RUNNING && vm.host.is_some_and(|host| host != run.subject.host)
}

/// It was read back where it should be: it is done, unless it has a gate and runs.
pub(super) fn unless_gated(judgement: Judgement, run: &Run, vm: Option<&Vm>) -> Judgement {
    match (judgement, vm) {
        (Judgement::Close(Fate::Recovered(text)), Some(vm))
            if run.vms.openings.contains_key(&vm.id) && runs_elsewhere(run, vm) =>
        {
            match run.vms.progress.get(&vm.id).map(|progress| progress.stage) {
                Some(Stage::Gated { .. }) | None => Judgement::Close(Fate::Recovered(text)),
                Some(
                    Stage::Open
                    | Stage::Awaiting { .. }
                    | Stage::Waiting { .. }
                    | Stage::Behind { .. }
                    | Stage::Moving { .. },
                ) => Judgement::Gate(text),
            }
        }
        (judgement, _) => judgement,
    }
}

/// It runs, as this text says; it has its outcome when it is ready.
pub(super) fn gate(run: &mut Run, id: VmId, text: String) {
    let now = run.now();
    let Some(progress) = run.vms.progress.get_mut(&id) else { return };
    let (name, has_failed) = (progress.name.clone(), progress.tries.all() > 0);
    progress.stage = Stage::Gated { ran: now };
    let known = run.vms.openings.get_mut(&id).map(|opening| {
        opening.ran.get_or_insert(now);
        format!("{id} {name}: {text}; it is waited until it is ready: {}", opening.gate)
    });
    progress.runs = text;
    run.runs_now();
    if let Some(known) = known {
        run.detail(Phase::Settle, known);
    }
    if has_failed {
        run.vms.runs_where_it_was_sent(id);
    }
}

/// Is this VM, which runs elsewhere, one that is not ready yet? Why.
pub(super) fn not_yet(run: &Run, vm: VmId) -> Option<String> {
    let opening = run.vms.openings.get(&vm).filter(|_| run.vms.progress.contains_key(&vm))?;
    Some(format!("which runs and is not ready yet: {}", opening.why()))
}

/// Those that are ready by now, for so long as they must be.
pub(super) fn opened(run: &mut Run) -> BTreeMap<VmId, u64> {
    let now = run.now();
    let gated: BTreeSet<_> = run
        .vms
        .progress
        .iter()
        .filter(|(_, vm)| matches!(vm.stage, Stage::Gated { .. }))
        .map(|(id, _)| *id)
        .collect();
    let opens = |(id, opening): (&VmId, &mut Opening)| Some((*id, opening.opens(now)?.as_secs()));
    run.vms.openings.iter_mut().filter(|(id, _)| gated.contains(id)).filter_map(opens).collect()
}

impl Judge<'_> {
    /// It is ready, or has waited for long enough, or runs no more; the text says where it runs.
    pub(super) fn gated(&self, id: VmId, vm: Option<&Vm>, ran: Moment, opened: Option<u64>) -> Judgement {
        let text = &self.vm.runs;
        if let Some(vm) =
            vm.filter(|vm| states::class(vm.state) != Class::Running || vm.host == Some(self.dead()))
        {
            return Judgement::Close(Fate::NotReady(format!("{text}, and {} before it was ready", vm.state)));
        }
        let by = self.run.vms.openings.get(&id);
        if let (Some(seconds), Some(by)) = (opened, by) {
            return Judgement::Close(Fate::Recovered(format!(
                "{text}, ready after {seconds} s ({})",
                by.gate
            )));
        }
        let waited = self.now.since(ran);
        // A look only sees how it is.
        if waited < self.run.policy.settle.after_wait && !self.run.only_looks() {
            return Judgement::Stay;
        }
        let why = by.map_or_else(|| "it has no gate any more".to_owned(), Opening::why);
        Judgement::Close(Fate::NotReady(format!("{text}, not ready after {} s: {why}", waited.as_secs())))
    }
}
