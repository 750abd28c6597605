//! A fresh look at everything: what runs there that should not, and what does not run that should.

use super::judge::{Tail, Verdict};
use super::run::{Run, Task};
use crate::model::{Host, HostId, HostState, VmId, VmState};
use crate::policy::limits::disarmed;
use crate::policy::notes::Phase;
use crate::policy::peers::{self, peers};
use crate::policy::port::Survey;
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::zombies::{self, listed};
use std::collections::BTreeSet;

/// More VMs than this that run where they should not are not named.
const NAMED: usize = 20;

/// The host and the cloud; with the VM that is to go back, if it is about one.
pub(super) async fn survey(run: &Run, guest: Option<VmId>) -> Result<(Host, Survey), Outcome> {
    let id = run.id;
    let also: Vec<_> = guest.into_iter().chain(listed(&run.host)).collect();
    let survey = run.look(Phase::Survey, move |world| world.survey(id, &also)).await?;
    let own = survey.hosts.iter().find(|host| host.id == id);
    let Some(host) = own.filter(|host| host.state == HostState::Monitored).cloned() else {
        return Err(Outcome::NothingToDo("it is not MONITORED any more".to_owned()));
    };
    Ok((host, survey))
}

/// Nothing is sent while a person has disarmed the host's cluster, but what a person has asked for.
pub(super) fn must_be_armed(run: &Run, host: &Host, survey: &Survey) -> Result<(), Outcome> {
    let failure = disarmed(&survey.memory.disarmed, Some(host.cluster), &[]);
    let failure = failure.filter(|_| run.task == Task::LookAfter);
    failure.map_or(Ok(()), |failure| Err(Outcome::Held(failure)))
}

/// Why the host is not to be trusted: those of the reported VMs that really are elsewhere, or gone, with their names.
pub(super) fn runs_twice(host: &Host, survey: &Survey) -> Option<String> {
    let name = |id: VmId| {
        let Some(vm) = survey.vms.iter().find(|vm| vm.id == id) else {
            return Some(format!("{id}, which oned does not know"));
        };
        match vm.host {
            Some(other) if vm.state == VmState::Done || other != host.id => {
                Some(format!("{id} {}, which is {} on {other}", vm.name, vm.state))
            }
            Some(_) => None,
            None => Some(format!("{id} {}, which is {}", vm.name, vm.state)),
        }
    };
    let all = named(listed(host).filter_map(name));
    (!all.is_empty()).then(|| format!("it runs what oned has elsewhere: {all}"))
}

/// `vm 4 web, vm 5 db, and 3 more`
pub(super) fn named(vms: impl Iterator<Item = String>) -> String {
    let mut all: Vec<_> = vms.collect();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join(", ")
}

/// One verdict for every VM that is charged to the host.
pub(super) async fn decide(run: &mut Run, host: &Host, survey: &mut Survey) {
    let tail = Tail::of(run, host);
    let charged: BTreeSet<_> = host.vms.iter().copied().collect();
    let here = survey.vms.iter().filter(|vm| charged.contains(&vm.id));
    let start: Vec<_> = here.filter(|vm| matches!(tail.judge(vm), Verdict::Start)).map(|vm| vm.id).collect();
    ask_peers(run, survey, host.id, start).await;
    let elsewhere = zombies::elsewhere(survey, host.id);
    for id in charged {
        let Some(vm) = survey.vms.iter().find(|vm| vm.id == id) else {
            let why = survey.unreadable.iter().find(|(vm, _)| *vm == id).map(|(_, why)| why.as_str());
            let why = why.unwrap_or("oned gives no document for it");
            run.settle(id, "?", Fate::Held(format!("it cannot be read: {why}")));
            continue;
        };
        match (tail.judge(vm), elsewhere.get(&id)) {
            (Verdict::Start, Some(why)) => run.settle(id, &vm.name, Fate::Held(why.clone())),
            (Verdict::Start, None) => {
                run.note(Phase::Plan, format!("{id} {}: {}, start it here", vm.name, vm.state));
                run.queue.push_back((id, vm.name.clone()));
            }
            (Verdict::Leave(why), _) if vm.state == VmState::RUNNING => {
                // Most of them do, and nothing has to be said about it in the log.
                let report = VmReport { id, name: vm.name.clone(), fate: Fate::Left(why) };
                run.vms.insert(id, report);
            }
            (Verdict::Leave(why), _) => run.settle(id, &vm.name, Fate::Left(why)),
            (Verdict::Hold(why), _) => run.settle(id, &vm.name, Fate::Held(why)),
        }
    }
    let (start, all) = (run.queue.len(), host.vms.len());
    let plural = if all == 1 { " is" } else { "s are" };
    run.note(Phase::Plan, format!("{all} VM{plural} charged to it: {start} to start"));
}

/// Which of these VMs other hosts of the cluster run, though oned has them at `at`, stands in the survey from then on.
pub(super) async fn ask_peers(run: &Run, survey: &mut Survey, at: HostId, vms: Vec<VmId>) {
    let mut asked = peers(&survey.hosts, run.id, run.policy.peers, u64::from(run.id.0));
    asked.retain(|peer| peer.id != at);
    survey.running = peers::ask(run, Phase::Survey, &survey.hosts, asked, vms).await;
}

/// What would be started.
pub(super) fn rehearsed(run: &mut Run) -> Outcome {
    let stable = run.policy.back.stable.as_secs();
    let text = format!("start it on {}, after {stable} s of MONITORED", run.named());
    run.settle_rest(&Fate::Planned(text));
    let held = run.vms.values().any(|vm| matches!(vm.fate, Fate::Held(_)));
    Outcome::Rehearsed(held.then(|| Box::new(Outcome::Partly)))
}
