//! A VM that was started runs, and its owner says when it is ready (`policy::ready`): it is looked at until it is, for `[settle]
//! after_wait` at most. One that goes down meanwhile is down again, like any other attempt. A OneFlow service is not asked for here.

use super::attempt::end_recovered;
use super::look::Down;
use super::run::{End, Run};
use crate::model::Vm;
use crate::policy::healthy::Deed;
use crate::policy::healthy::guests::{Openings, look};
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::port::Source;
use crate::policy::ready::{Gate, Kind, Opening};
use crate::policy::states::{self, Class};
use std::time::Duration;

/// oned runs ten hooks at a time, so one does not wait for longer until its VM is ready: a host may fail meanwhile.
const OF_A_HOOK: Duration = Duration::from_secs(60);

/// How it came.
pub(super) enum Came {
    /// The run is over.
    To(End),
    /// It is down again; the reason.
    DownAgain(String),
}

/// What is written into a VM that is about to be started, beside the count: READY=YES of before is no answer.
pub(super) fn cleared(run: &Run, down: &Down) -> Option<(&'static str, String)> {
    let gate = Gate::of(&down.vm, false, &run.policy.rules.ready);
    (gate.kind == Kind::Context && down.vm.reports_ready()).then(|| ("READY", "NO".to_owned()))
}

/// Has oned taken that?
pub(super) fn is_cleared(deeds: &[Deed], replies: &[Reply]) -> bool {
    deeds.iter().zip(replies).any(|(deed, reply)| match deed {
        Deed::NoteVm { attributes, .. } => {
            attributes.iter().any(|(name, _)| *name == "READY") && *reply == Reply::Accepted
        }
        Deed::Resume { .. }
        | Deed::Move { .. }
        | Deed::Live { .. }
        | Deed::Execute { .. }
        | Deed::NoteHost { .. }
        | Deed::Disable { .. }
        | Deed::Offline { .. }
        | Deed::Enable { .. } => false,
    })
}

/// It runs: the run ends when it is ready, or was not in time.
pub(super) async fn wait(run: &Run, down: &Down, vm: Box<Vm>) -> Result<Came, End> {
    let (rules, id) = (&run.policy.rules, vm.id);
    let gate = Gate::of(&vm, false, &rules.ready);
    for note in &gate.notes {
        run.note(Phase::Settle, note.clone());
    }
    if !gate.waits() {
        return Ok(Came::To(end_recovered(run, down, &vm, None).await));
    }
    run.note(Phase::Settle, format!("it runs; it is waited until it is ready: {gate}"));
    let began = run.now();
    let mut opening = Opening::new(gate.clone(), &vm);
    opening.reads(&down.vm);
    opening.asked.cleared |= run.cleared;
    opening.asked.since = run.started.map(|started| started.0);
    opening.ran = Some(began);
    let mut openings = Openings::from([(id, opening)]);
    let by_event = run.subject.source == Source::Event;
    let most = rules.settle.after_wait.min(if by_event { OF_A_HOOK } else { Duration::MAX });
    let mut vm = *vm;
    loop {
        if states::class(vm.state) != Class::Running {
            return Ok(Came::DownAgain(format!("{} before it was ready", vm.state)));
        }
        look(run, &rules.ready, &mut openings, std::slice::from_ref(&vm)).await;
        let Some(opening) = openings.get_mut(&id) else { return Err(End::left("it has no gate any more")) };
        let now = run.now();
        if let Some(took) = opening.opens(now) {
            let text = format!("ready after {} s ({gate})", took.as_secs());
            return Ok(Came::To(end_recovered(run, down, &vm, Some(Ok(text))).await));
        }
        let waited = now.since(began);
        if waited >= most {
            let text = format!("not ready after {} s: {}", waited.as_secs(), opening.why());
            return Ok(Came::To(end_recovered(run, down, &vm, Some(Err(text))).await));
        }
        run.wait(rules.wait.look).await;
        vm = run.read_vm().await?;
    }
}
