//! Start a few VMs, read them back, then the next few.

use super::judge::{Tail, Verdict};
use super::look::look_again;
use super::run::Run;
use super::settle::carry_out;
use crate::model::{Vm, VmId};
use crate::policy::check::is_autostart;
use crate::policy::notes::Phase;
use crate::policy::report::{Fate, Outcome};

/// The VMs of the queue are started. A few may all have changed meanwhile: then the next few are read at once.
pub(super) async fn start_vms(run: &mut Run) -> Result<(), Outcome> {
    if run.queue.is_empty() {
        return Ok(());
    }
    name_autostart(run).await;
    while !run.queue.is_empty() {
        look_again(run).await?;
        let mut vms = Vec::new();
        while vms.is_empty() && !run.queue.is_empty() {
            vms = next_few(run).await?;
        }
        if !vms.is_empty() {
            carry_out(run, &vms, None).await?;
        }
    }
    Ok(())
}

/// OpenNebula's own autostart hooks start the same VMs, without asking what else goes on. Where the hooks cannot be read
/// nothing is named, and the run goes on.
async fn name_autostart(run: &Run) {
    let hooks = run.ask(|world| world.hooks()).await.unwrap_or_default();
    for hook in hooks.iter().filter(|hook| is_autostart(hook)) {
        let text = format!(
            "WARNING: {} ({}) is OpenNebula's own and resumes VMs too, without looking at incidents: \
             `onehook delete {}`",
            hook.name, hook.id, hook.id.0
        );
        run.note(Phase::Plan, text);
    }
}

/// The next few VMs, read with all their records and judged again, by what is true now: those that are to be started.
async fn next_few(run: &mut Run) -> Result<Vec<Vm>, Outcome> {
    let most = usize::try_from(run.policy.settle.parallel).unwrap_or(1).max(1).min(run.queue.len());
    let wanted: Vec<_> = run.queue.drain(..most).collect();
    let ids: Vec<VmId> = wanted.iter().map(|(vm, _)| *vm).collect();
    let vms = match run.look(Phase::Survey, move |world| world.histories(&ids)).await {
        Ok(vms) => vms,
        Err(outcome) => {
            for (vm, name) in wanted {
                run.settle(vm, &name, Fate::Held("it could not be read".to_owned()));
            }
            return Err(outcome);
        }
    };
    let tail = Tail::of(run, &run.host);
    let mut go = Vec::new();
    for (id, name) in wanted {
        let Some(vm) = vms.iter().find(|vm| vm.id == id) else {
            run.settle(id, &name, Fate::Left("it does not exist any more".to_owned()));
            continue;
        };
        match tail.judge(vm) {
            Verdict::Start => go.push(vm.clone()),
            Verdict::Leave(why) => run.settle(id, &name, Fate::Left(why)),
            Verdict::Hold(why) => run.settle(id, &name, Fate::Held(why)),
        }
    }
    Ok(go)
}
