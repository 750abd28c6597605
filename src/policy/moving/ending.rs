//! How the work on VMs ends: all is done, nothing more is sent, or oned gives no answer.

use crate::policy::notes::Phase;
use crate::policy::port::Failure;
use crate::policy::report::{Fate, Outcome};
use crate::policy::rules::NotReady;
use crate::policy::run::Run;
use crate::policy::run::progress::Stage;

/// No VM is on its way any more.
pub(super) fn all_done(run: &Run) -> Outcome {
    let partly = run.vms.reports.values().any(|vm| is_partly(run, &vm.fate));
    match &run.vms.halted {
        Some(failure) if !run.vms.touched => Outcome::Held(failure.clone()),
        None if !partly => Outcome::Recovered,
        Some(_) | None => Outcome::Partly,
    }
}

/// Is it not where it should be, or not as the settings want it?
fn is_partly(run: &Run, fate: &Fate) -> bool {
    match fate {
        Fate::Held(_) | Fate::Failed(_) => true,
        Fate::NotReady(_) => run.policy.ready.not_ready == NotReady::Fail,
        Fate::Recovered(_) | Fate::Planned(_) | Fate::Left(_) => false,
    }
}

/// Send nothing more. What was sent already is still read back.
pub(super) fn call_off(run: &mut Run, failure: Failure) {
    run.note(Phase::Settle, format!("{}; nothing more is sent; {}", failure.what, failure.advice));
    let now = run.now();
    for (vm, mut progress) in std::mem::take(&mut run.vms.progress) {
        if progress.to_take_back() {
            progress.take_back(vm, now, Some(Fate::Failed(failure.what.clone())));
            run.vms.progress.insert(vm, progress);
        } else if matches!(progress.stage, Stage::Gated { .. })
            || matches!(progress.stage, Stage::Moving { .. }) && progress.calls > 0
        {
            run.vms.progress.insert(vm, progress);
        } else {
            let why = failure.what.clone();
            let fate = if progress.calls > 0 { Fate::Failed(why) } else { Fate::Held(why) };
            run.vms.settle(vm, &progress.name, fate);
        }
    }
    run.vms.halted = Some(failure);
}

/// oned has been silent for too long.
pub(super) fn no_cloud(run: &mut Run, failure: Failure) -> Outcome {
    give_up(run, "oned gives no answer");
    Outcome::NoCloud(failure)
}

/// Every VM on its way gets an outcome, because this run sees no more of it.
pub(in crate::policy) fn give_up(run: &mut Run, why: &str) {
    for (vm, progress) in std::mem::take(&mut run.vms.progress) {
        let fate = match progress.stage {
            Stage::Gated { .. } => {
                Fate::NotReady(format!("{}, and it was not read back that it is ready: {why}", progress.runs))
            }
            Stage::Moving { .. } if progress.calls > 0 => Fate::Failed(format!(
                "a call for it may have been carried out: {why}; see where it is (`onevm show {}`) before it is started",
                vm.0
            )),
            Stage::Open
            | Stage::Awaiting { .. }
            | Stage::Waiting { .. }
            | Stage::Behind { .. }
            | Stage::Moving { .. }
                if progress.calls > 0 =>
            {
                Fate::Failed(format!("it was touched before: {why}"))
            }
            Stage::Open
            | Stage::Awaiting { .. }
            | Stage::Waiting { .. }
            | Stage::Behind { .. }
            | Stage::Moving { .. } => Fate::Held(why.to_owned()),
        };
        let fate = progress.said_with_flag(vm, fate);
        run.vms.settle(vm, &progress.name, fate);
    }
}
