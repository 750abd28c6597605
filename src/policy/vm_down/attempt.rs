//! One attempt: a VM is started on its own host, or moved and started there. And what the attempts have led to.

use super::elsewhere::must_run_on_no_peer;
use super::gone::must_be_gone;
use super::look::Down;
use super::ready::{cleared, is_cleared};
use super::run::{End, Run};
use super::settle::{Call, Tried, Way, settle};
use crate::model::{Vm, VmState};
use crate::policy::healthy::{Deed, MOVING, RESTARTING, STATE, place};
use crate::policy::limits::span;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;

/// A person, or an hour without another crash, ends it.
pub(in crate::policy) const CRASH_LOOP: &str = "CRASH_LOOP";

/// Start the VM on its own host.
pub(super) async fn start(run: &mut Run, down: &Down, plan: &str) -> Result<Tried, End> {
    let text = format!("{plan}: start it on {}", down.host);
    run.note(Phase::Plan, text.clone());
    must_run_on_no_peer(run, down).await?;
    if run.rehearses() {
        return Err(End::planned(text));
    }
    let deeds = vec![counted(run, down, RESTARTING), Deed::Resume { vm: down.vm.id }];
    make(run, down, deeds, Way::Boots).await
}

/// Place the VM as the planner would, move its disks, and start it there.
pub(super) async fn start_elsewhere(run: &mut Run, down: &Down, plan: &str) -> Result<Tried, End> {
    let (vm, from) = (down.vm.id, down.host.id);
    if down.vm.state != VmState::Poweroff {
        // Its host lives and does not say that it is gone. Started elsewhere it might run twice.
        let why = format!(
            "{} failed, and an UNKNOWN VM may still run on {}: look there with `virsh list`, and \
             `onevm poweroff --hard {}` before it is started elsewhere",
            attempts(down.recent(run)),
            down.host,
            vm.0
        );
        return Err(End::held(why));
    }
    run.note(Phase::Plan, format!("{plan}: place it elsewhere"));
    let survey = run.read(Phase::Survey, move |world| world.survey(from, &[vm])).await?;
    must_be_gone(run, down, survey.version).await?;
    must_run_on_no_peer(run, down).await?;
    let place = place(&survey, vm, from, &run.refused, None, &run.policy.rules).map_err(End::held)?;
    run.note(Phase::Plan, format!("{}: {}", run.named(), place.said));
    if run.rehearses() {
        return Err(End::planned(place.said));
    }
    let way = Way::Moves(place.to);
    let deeds = vec![counted(run, down, MOVING), Deed::Move { vm, to: place.to, kind: place.kind }];
    let mut tried = make(run, down, deeds, way).await?;
    while matches!(&tried, Tried::There(vm) if vm.state == VmState::Poweroff) {
        tried = make(run, down, vec![Deed::Resume { vm }], Way::Boots).await?;
        if let Tried::NotMade(at) = tried {
            // The attempt is counted, and the disks are there still.
            tried = settle(run, down, way, Call { at, doubt: false }).await?;
        }
    }
    if !matches!(tried, Tried::NotMade(_)) {
        // A host that the VM was sent to is not tried again in this run.
        run.refused.push(place.to);
    }
    Ok(tried)
}

/// Send calls for the VM, and see what becomes of them.
async fn make(run: &mut Run, down: &Down, deeds: Vec<Deed>, way: Way) -> Result<Tried, End> {
    let replies = run.tend(deeds.clone()).await;
    run.cleared |= is_cleared(&deeds, &replies);
    let at = run.now();
    let first = replies.iter().find(|reply| **reply != Reply::Accepted);
    let call = match (replies.last(), first) {
        // One whose answer was lost may have been carried out: it is read back, never sent again.
        (Some(Reply::Unknown(_)), _) => Some(Call { at, doubt: true }),
        (Some(Reply::Accepted), _) => {
            run.unmade = None;
            Some(Call { at, doubt: false })
        }
        (_, Some(Reply::NotSent(_) | Reply::Unknown(_))) if run.tries_again() => None,
        _ => {
            let why = first.map_or_else(|| "nothing was sent".to_owned(), Reply::said);
            return Err(End::held(format!("it was not started: {why}")));
        }
    };
    run.wait(run.policy.rules.wait.look).await;
    match call {
        Some(call) => settle(run, down, way, call).await,
        None => Ok(Tried::NotMade(at)),
    }
}

/// `1 attempt`
fn attempts(count: usize) -> String {
    format!("{count} attempt{}", if count == 1 { "" } else { "s" })
}

/// The attempt is written down before it is made.
fn counted(run: &mut Run, down: &Down, state: &str) -> Deed {
    let now = down.epoch(run.now());
    if let Some(text) = run.attempts.mend(now) {
        run.note(Phase::Observe, text);
    }
    run.attempts.count(now);
    (run.cleared, run.started) = (false, Some(now));
    let mut attributes = vec![run.attempts.attribute(), (STATE, state.to_owned())];
    attributes.extend(cleared(run, down));
    Deed::NoteVm { vm: down.vm.id, attributes }
}

/// The VM runs, on its host or on another one; and whether it is ready, where its owner says that.
pub(super) async fn end_recovered(
    run: &Run,
    down: &Down,
    vm: &Vm,
    ready: Option<Result<String, String>>,
) -> End {
    let host = match vm.host {
        Some(host) if host == down.host.id => down.host.to_string(),
        Some(host) => host.to_string(),
        None => "its host".to_owned(),
    };
    let text = format!("RUNNING on {host}, attempt {}", down.recent(run));
    run.tend(vec![Deed::NoteVm { vm: vm.id, attributes: vec![(STATE, "RESTARTED".to_owned())] }]).await;
    match ready {
        None => End::recovered(text),
        Some(Ok(ready)) => End::recovered(format!("{text}, {ready}")),
        Some(Err(why)) => End::not_ready(format!("{text}, {why}"), &run.policy.rules.ready),
    }
}

/// No attempt has helped: that gets a name that people can look for.
pub(super) async fn end_crash_loop(run: &mut Run, down: &Down, recent: usize) -> End {
    let vm = &down.vm;
    let why = format!(
        "{CRASH_LOOP}: {} within {}; find out why it crashes, then `onevm resume {}`",
        attempts(recent),
        span(run.policy.down.reset),
        vm.id.0
    );
    let known = vm.attributes.get(STATE).is_some_and(|state| state == CRASH_LOOP);
    // Attempts that lie ahead would keep the VM for as long as a clock was wrong.
    let mended = run.attempts.mend(down.epoch(run.now()));
    if known && mended.is_none() {
        return End::held(why);
    }
    if run.rehearses() {
        return End::held(why).rehearsed();
    }
    let mut attributes = vec![(STATE, CRASH_LOOP.to_owned())];
    if let Some(text) = mended {
        run.note(Phase::Observe, text);
        attributes.push(run.attempts.attribute());
    }
    run.tend(vec![Deed::NoteVm { vm: vm.id, attributes }]).await;
    End::failed(why)
}
