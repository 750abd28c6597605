//! How a run ends, and what it leaves written down.

use super::judge::taken_up;
use super::list::{Listed, Step, list, survey};
use super::record::write;
use super::run::{Run, why};
use crate::model::text::vms;
use crate::model::{Emptying, Vm, VmState};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Trouble};
use crate::policy::report::{Fate, Outcome, VmReport};

/// What would be done.
pub(super) fn rehearsed(run: &mut Run, listed: Listed) -> Outcome {
    let stop = listed.all_or_nothing(run).err();
    for line in listed.0 {
        let fate = match line.step {
            Step::Goes(..) | Step::Waits => Fate::Planned(line.text),
            Step::Stays(fate) => fate,
        };
        run.settle(line.vm, &line.name, fate);
    }
    let stop = stop.or_else(|| is_partly(run).then_some(Outcome::Partly));
    Outcome::Rehearsed(stop.map(Box::new))
}

fn is_partly(run: &Run) -> bool {
    run.vms.values().any(|vm| matches!(vm.fate, Fate::Held(_) | Fate::Failed(_)))
}

/// What an earlier run has moved is read back too; how many those are.
async fn read_earlier(run: &mut Run) -> usize {
    let earlier: Vec<_> = run.moved_before.keys().filter(|vm| !run.vms.contains_key(vm)).copied().collect();
    if earlier.is_empty() {
        return 0;
    }
    let ids = earlier.clone();
    let Ok(list) = run.look(Phase::Settle, move |world| world.vms(&ids)).await else { return earlier.len() };
    for id in &earlier {
        let Some((name, to)) = run.moved_before.get(id).map(|one| (one.name.clone(), one.to)) else {
            continue;
        };
        let place = |vm: &Vm| vm.host.map_or_else(|| "no host".to_owned(), |host| run.host_name(host));
        let fate = match list.vms.iter().find(|vm| vm.id == *id) {
            Some(vm) if vm.host == to && vm.state == VmState::RUNNING && !taken_up(vm) => {
                Fate::Failed(format!("oned has it on {}, and has not begun to move it", place(vm)))
            }
            Some(vm) if vm.host == to => Fate::Recovered(format!("{} on {}", vm.state, place(vm))),
            Some(vm) => Fate::Left(format!("{} on {}: somebody has moved it since", vm.state, place(vm))),
            None => Fate::Left("it was deleted since".to_owned()),
        };
        run.vms.insert(*id, VmReport { id: *id, name, fate });
    }
    run.note(Phase::Settle, format!("{} moved by an earlier run", vms(earlier.len())));
    earlier.len()
}

/// Every VM has its outcome, or nothing more is sent.
pub(super) async fn finish(run: &mut Run) -> Outcome {
    if let Some(stopped) = run.stopped.take() {
        return give_up(run, stopped).await;
    }
    let moved = read_earlier(run).await;
    let outcome = if is_partly(run) {
        run.note(Phase::Report, "VMs are left on it, and oned tells nobody if a DISABLED host fails");
        Outcome::Partly
    } else if run.sent > 0 || moved > 0 {
        Outcome::Recovered
    } else {
        Outcome::NothingToDo("no VM of it was to be moved; it is out of service".to_owned())
    };
    end(run, outcome).await
}

/// The run ends early: what it has not sent is held, and what is on its way is not read back any more.
pub(super) async fn give_up(run: &mut Run, outcome: Outcome) -> Outcome {
    let begun = run.record.is_some() && run.document.is_some();
    if begun && !run.rehearses() {
        let why = why(&outcome);
        for (vm, sent) in run.away.clone() {
            let from = run.named();
            let text =
                format!("it was sent from {from} to {}, and not read back: {why}", run.host_name(sent.to));
            run.unread.insert(vm);
            run.settle(vm, &sent.name, Fate::Failed(text));
        }
        hold_rest(run, &why).await;
    }
    if begun && !run.rehearses() { end(run, outcome).await } else { outcome }
}

/// What was not sent. Where it cannot be read, the record says so.
async fn hold_rest(run: &mut Run, why: &str) {
    let Ok(survey) = survey(run).await else { return };
    for line in list(run, &survey) {
        let fate = match line.step {
            Step::Stays(fate) => fate,
            Step::Goes(..) | Step::Waits => Fate::Held(why.to_owned()),
        };
        run.settle(line.vm, &line.name, fate);
    }
}

/// It is written down how it ended. Where that cannot be written, the next run goes on with it.
async fn end(run: &mut Run, outcome: Outcome) -> Outcome {
    if let Some(record) = &mut run.record {
        // Where oned gives no answer, or another front-end leads by now, `onerescue reconcile` goes on.
        let unreachable = |failure: &Failure| failure.trouble == Trouble::Unreachable;
        let goes_on = matches!(outcome, Outcome::NoCloud(_))
            || matches!(&outcome, Outcome::Held(failure) if unreachable(failure));
        if record.stage == Emptying::Under && !goes_on {
            record.stage = Emptying::Done;
        }
        record.outcome = Some(why(&outcome));
        if let Err(unwritten) = write(run).await {
            run.note(Phase::Report, format!("how it ended could not be written down: {unwritten}"));
        }
    }
    outcome
}
