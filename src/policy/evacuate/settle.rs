//! VMs that are on their way are read back.

use super::judge::{Judgement, When, judge};
use super::record::write;
use super::run::Run;
use crate::model::VmId;
use crate::policy::notes::Phase;
use crate::policy::port::VmList;
use crate::policy::report::{Fate, Outcome};

/// Those that have arrived or failed get their outcome.
pub(super) async fn read_back(run: &mut Run) -> Result<(), Outcome> {
    if run.away.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = run.away.keys().copied().collect();
    let list = run.look(Phase::Settle, move |world| world.vms(&ids)).await?;
    if settle(run, &list) {
        write(run).await?;
    }
    Ok(())
}

/// The same for the last time: what oned does not say now is not waited for.
pub(super) async fn read_once(run: &mut Run) {
    let ids: Vec<_> = run.away.keys().copied().collect();
    if ids.is_empty() {
        return;
    }
    if let Ok(list) = run.ask(move |world| world.vms(&ids)).await {
        settle(run, &list);
    }
}

/// Has any its outcome now?
fn settle(run: &mut Run, list: &VmList) -> bool {
    let when =
        When { now: run.now(), deadline: run.policy.rules.deadline, settle: run.policy.settle.deadline };
    let before = run.away.len();
    for (id, sent) in run.away.clone() {
        if list.unreadable.iter().any(|(vm, _)| *vm == id) && sent.passed(when.now) < when.deadline {
            continue;
        }
        let vm = list.vms.iter().find(|vm| vm.id == id);
        match judge(vm, &sent, &run.host, (when, &|host| run.host_name(host))) {
            Judgement::Stay => {}
            Judgement::Ends(fate) => run.settle(id, &sent.name, fate),
            Judgement::Nothing => nothing(run, id, &sent.name),
        }
    }
    run.away.len() != before
}

/// An order whose answer was lost, or that was noted and not sent, or that has died with the leader: it is sent once more,
/// and not a third time.
fn nothing(run: &mut Run, vm: VmId, name: &str) {
    if run.forgotten.insert(vm) && run.stopped.is_none() {
        run.note(
            Phase::Settle,
            format!("{vm} {name}: nothing has become of its order, so it is planned again"),
        );
        run.away.remove(&vm);
        (run.stale, run.planned_all) = (true, false);
        return;
    }
    let why = format!("it stays on {}: nothing has become of its order", run.named());
    run.settle(vm, name, Fate::Failed(why));
}
