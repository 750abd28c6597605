//! The next VMs are sent, as many at a time as `[evacuate]` allows for each target and overall.

use super::given_back::given_back;
use super::list::{Line, Step, list, survey};
use super::look::{has_failed, look};
use super::record::write;
use super::run::{Run, Sent};
use crate::model::{HostId, VmId};
use crate::policy::healthy::Deed;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::report::{Fate, Outcome};
use crate::policy::timings::FRESH;
use std::collections::BTreeMap;
use std::time::Duration;

/// Plan what is left, by what is true now, and send what may go.
pub(super) async fn send_next(run: &mut Run) -> Result<(), Outcome> {
    let full = run.away.len() >= size(run.policy.rules.overall);
    let changed = run.stale || !run.waits.is_empty();
    if run.stopped.is_some() || full || run.planned_all && !run.stale || !changed {
        return Ok(());
    }
    if !run.out_of_service {
        // Seen at the next look around: until then it takes new VMs.
        return Ok(());
    }
    let survey = survey(run).await?;
    let lines = list(run, &survey);
    run.stale = false;
    let batch = batch(run, &lines);
    wait_for(run, &lines);
    let quiet = batch.is_empty() && run.away.is_empty();
    run.planned_all = lines.iter().all(|line| matches!(line.step, Step::Stays(_))) && quiet;
    if run.planned_all {
        settle_rest(run, lines);
        return Ok(());
    }
    send(run, batch).await
}

/// Those that stay get their outcome when nothing else is on its way: what arrives or fails may change it.
fn settle_rest(run: &mut Run, lines: Vec<Line>) {
    for line in lines {
        if let Step::Stays(fate) = line.step {
            let tried = run.refused.contains_key(&line.vm);
            let fate = if let (Fate::Held(why), true) = (&fate, tried) {
                Fate::Held(format!("oned has refused it: {why}"))
            } else {
                fate
            };
            run.settle(line.vm, &line.name, fate);
        }
    }
    run.stale = false;
}

fn size(many: u32) -> usize {
    usize::try_from(many).unwrap_or(usize::MAX)
}

/// The first ones that a target and the whole have room for.
fn batch(run: &Run, lines: &[Line]) -> Vec<(Line, HostId, Deed)> {
    let mut at: BTreeMap<HostId, usize> = BTreeMap::new();
    for sent in run.away.values() {
        *at.entry(sent.to).or_default() += 1;
    }
    let mut left = size(run.policy.rules.overall).saturating_sub(run.away.len());
    let mut batch = Vec::new();
    for line in lines {
        let Step::Goes(to, deed) = &line.step else { continue };
        let there = at.entry(*to).or_default();
        if left > 0 && *there < size(run.policy.rules.parallel) {
            *there += 1;
            left -= 1;
            batch.push((line.clone(), *to, deed.clone()));
        }
    }
    batch
}

/// oned has to end something first: since when that is waited for.
fn wait_for(run: &mut Run, lines: &[Line]) {
    let now = run.now();
    let waits = lines.iter().filter(|line| line.step == Step::Waits);
    run.waits = waits.map(|line| (line.vm, run.waits.get(&line.vm).copied().unwrap_or(now))).collect();
}

/// Each order is written down before it is sent.
async fn send(run: &mut Run, batch: Vec<(Line, HostId, Deed)>) -> Result<(), Outcome> {
    if batch.is_empty() {
        return Ok(());
    }
    let at = run.now();
    for (line, to, _) in &batch {
        let (name, sequence, state) = (line.name.clone(), line.sequence, line.state);
        run.away.insert(line.vm, Sent { name, to: *to, at, before: Duration::ZERO, sequence, state });
    }
    write(run).await?;
    let batch = still_as_planned(run, batch).await?;
    let replies = run.tend(batch.iter().map(|(_, _, deed)| deed.clone()).collect()).await;
    let now = run.now();
    // Writing it down may have taken minutes: it is on its way since now.
    for (line, ..) in &batch {
        if let Some(sent) = run.away.get_mut(&line.vm) {
            sent.at = now;
        }
    }
    for ((line, to, _), reply) in batch.into_iter().zip(replies) {
        match reply {
            Reply::Accepted => {
                run.sent = run.sent.saturating_add(1);
                run.unsent = None;
            }
            // It may have been carried out: the VM is read back first.
            Reply::Unknown(_) => run.sent = run.sent.saturating_add(1),
            Reply::NotSent(_) if run.may_try_again() => back(run, line.vm),
            Reply::NotSent(_) | Reply::Refused(..) => refused(run, &line, to, &reply),
        }
    }
    Ok(())
}

/// Those that are still as they were when they were planned, and the host is too. Writing them down may have taken minutes, and
/// "live" starts a VM on its target that is UNKNOWN by then.
async fn still_as_planned(
    run: &mut Run,
    batch: Vec<(Line, HostId, Deed)>,
) -> Result<Vec<(Line, HostId, Deed)>, Outcome> {
    let ids: Vec<_> = batch.iter().map(|(line, ..)| line.vm).collect();
    let seen = loop {
        let (begun, ids) = (run.now(), ids.clone());
        let seen = match look(run).await {
            Ok(()) => run.look(Phase::Survey, move |world| world.vms(&ids)).await,
            Err(outcome) => Err(outcome),
        };
        match seen {
            Ok(_) if run.now().since(begun) > FRESH => {}
            Ok(list) if !has_failed(&run.host) => break list,
            Ok(_) => {
                all_back(run, &batch);
                return Err(given_back(run).await);
            }
            Err(outcome) => {
                all_back(run, &batch);
                return Err(outcome);
            }
        }
    };
    let same = |line: &Line| {
        let vm = seen.vms.iter().find(|vm| vm.id == line.vm);
        vm.is_some_and(|vm| {
            let sequence = vm.history.last().map(|record| record.sequence);
            (vm.state, vm.host, sequence) == (line.state, Some(run.id), line.sequence)
        })
    };
    let (go, changed): (Vec<_>, Vec<_>) = batch.into_iter().partition(|(line, ..)| same(line));
    all_back(run, &changed);
    Ok(go)
}

fn all_back(run: &mut Run, batch: &[(Line, HostId, Deed)]) {
    for (line, ..) in batch {
        back(run, line.vm);
    }
}

/// It was not sent, and is planned again.
fn back(run: &mut Run, vm: VmId) {
    run.away.remove(&vm);
    run.stale = true;
}

/// oned refuses this target: another one is looked for, so often as `[settle] targets` says.
fn refused(run: &mut Run, line: &Line, to: HostId, reply: &Reply) {
    if run.forgotten.contains(&line.vm) {
        // An earlier order of it, which seemed to have come to nothing, may have been taken up: it is read back.
        return;
    }
    let hosts = run.refused.entry(line.vm).or_default();
    hosts.push(to);
    if hosts.len() >= size(run.policy.settle.targets) {
        run.away.remove(&line.vm);
        let why = format!("it stays on {}: its order was {}", run.named(), reply.said());
        run.settle(line.vm, &line.name, Fate::Held(why));
        return;
    }
    run.note(Phase::Act, format!("{} {}: another target is looked for", line.vm, line.name));
    back(run, line.vm);
}
