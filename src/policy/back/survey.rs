//! A fresh look at everything: what runs there that should not, and what does not run that should.

use super::act::Acting;
use super::autostart::Naming;
use super::case::Case;
use super::failback::Guest;
use super::judge::{Closed, Tail, Verdict};
use super::{Step, failback, quarantine, wait};
use crate::model::{Host, HostState, Moment, Vm, VmId, VmState};
use crate::policy::limits::disarmed;
use crate::policy::notes::{Entry, Phase};
use crate::policy::port::Survey;
use crate::policy::port::{Failure, Subject};
use crate::policy::report::{Fate, Outcome, VmReport};
use std::collections::BTreeSet;

/// What the last run has done about a failure; in the host's template. See [`Closed`].
pub(super) const RETURNED: &str = "HA_RETURNED";
/// More VMs than this that run where they should not are not named.
const NAMED: usize = 20;

/// See [`Step::Survey`].
#[derive(Debug)]
pub struct Surveying {
    case: Box<Case>,
    /// The VM that is to go back, if it is about that.
    guest: Option<Guest>,
}

impl Surveying {
    pub(super) fn step(case: Box<Case>) -> Step {
        Step::Survey(Self { case, guest: None })
    }

    /// Before one VM goes back.
    pub(super) fn guest(case: Box<Case>, guest: Guest) -> Step {
        Step::Survey(Self { case, guest: Some(guest) })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The host.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The VMs to read besides those that are charged to the host: what it says that it runs.
    #[must_use]
    pub fn also(&self) -> Vec<VmId> {
        let zombies = self.case.host.as_ref().map(reported).unwrap_or_default();
        self.guest.map(|guest| guest.vm).into_iter().chain(zombies).collect()
    }

    /// The cloud, or why it could not be read.
    #[must_use]
    pub fn answer(self, now: Moment, survey: Result<Survey, Failure>) -> Step {
        let Self { mut case, guest } = self;
        let survey = match survey {
            Ok(survey) => survey,
            Err(failure) => {
                return match case.diary.silence(now, Phase::Survey, failure) {
                    Ok(pause) => wait(pause, Step::Survey(Self { case, guest })),
                    Err(outcome) => case.end(now, outcome),
                };
            }
        };
        case.diary.answered();
        let own = survey.hosts.iter().find(|host| host.id == case.subject.host);
        let Some(host) = own.filter(|host| host.state == HostState::Monitored) else {
            return case.end(now, Outcome::NothingToDo("it is not MONITORED any more".to_owned()));
        };
        if let Some(failure) = disarmed(&survey.memory.disarmed, Some(host.cluster), &[]) {
            return case.end(now, Outcome::Held(failure));
        }
        if let Some(guest) = guest {
            return failback::decide(case, now, guest, &survey);
        }
        let zombies = zombies(host, &survey);
        decide(&mut case, now, host, &survey);
        if !zombies.is_empty() {
            let why = quarantine::zombies(&case, &zombies);
            return quarantine::begin(case, now, why);
        }
        if case.rehearses() {
            return rehearsed(case, now);
        }
        if case.queue.is_empty() {
            return Acting::close(case, now);
        }
        Naming::step(case)
    }
}

/// The VMs that the host says it runs and oned has elsewhere. It says so every 180 s, and keeps the attribute between.
fn reported(host: &Host) -> Vec<VmId> {
    let ids = host.attributes.get("ZOMBIES").map_or("", String::as_str);
    ids.split(',').filter_map(|id| Some(VmId(id.trim().parse().ok()?))).collect()
}

/// Those of them that really are elsewhere, or gone, with their names.
fn zombies(host: &Host, survey: &Survey) -> Vec<String> {
    let name = |id: &VmId| {
        let Some(vm) = survey.vms.iter().find(|vm| vm.id == *id) else {
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
    let mut all: Vec<_> = reported(host).iter().filter_map(name).collect();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

/// One verdict for every VM that is charged to the host.
fn decide(case: &mut Case, now: Moment, host: &Host, survey: &Survey) {
    let incident = case.incident.clone();
    let closed = host.attributes.get(RETURNED).and_then(|text| Closed::read(text));
    let exclude = case.policy.plan.exclude.clone();
    let epoch = case.epoch(now);
    let tail = Tail { host: host.id, incident: incident.as_ref(), closed, exclude: &exclude, now: epoch };
    let charged: BTreeSet<_> = host.vms.iter().copied().collect();
    let seen = |id: &VmId| survey.vms.iter().find(|vm| vm.id == *id);
    for id in charged {
        if let Some(vm) = seen(&id) {
            judge(case, now, &tail, vm);
            continue;
        }
        let why = survey.unreadable.iter().find(|(vm, _)| *vm == id).map(|(_, why)| why.as_str());
        let why = why.unwrap_or("oned gives no document for it");
        case.settle(now, id, "?", Fate::Held(format!("it cannot be read: {why}")));
    }
    let (start, all) = (case.queue.len(), host.vms.len());
    let plural = if all == 1 { " is" } else { "s are" };
    let text = format!("{all} VM{plural} charged to it: {start} to start");
    case.diary.note(now, Phase::Plan, text);
}

fn judge(case: &mut Case, now: Moment, tail: &Tail<'_>, vm: &Vm) {
    match tail.judge(vm) {
        Verdict::Start => {
            case.diary.note(now, Phase::Plan, format!("{} {}: {}, start it here", vm.id, vm.name, vm.state));
            case.queue.push_back((vm.id, vm.name.clone()));
        }
        Verdict::Leave(why) if vm.state == VmState::RUNNING => {
            // Most of them do, and nothing has to be said about it in the log.
            let report = VmReport { id: vm.id, name: vm.name.clone(), fate: Fate::Left(why) };
            case.vms.insert(vm.id, report);
        }
        Verdict::Leave(why) => case.settle(now, vm.id, &vm.name, Fate::Left(why)),
        Verdict::Hold(why) => case.settle(now, vm.id, &vm.name, Fate::Held(why)),
    }
}

fn rehearsed(mut case: Box<Case>, now: Moment) -> Step {
    let planned: Vec<_> = case.queue.drain(..).collect();
    for (vm, name) in planned {
        let text = format!(
            "start it on {}, after {} s of MONITORED",
            case.named(),
            case.policy.back.stable.as_secs()
        );
        case.settle(now, vm, &name, Fate::Planned(text));
    }
    let held = case.vms.values().any(|vm| matches!(vm.fate, Fate::Held(_)));
    let stop = held.then(|| Box::new(Outcome::Partly));
    case.end(now, Outcome::Rehearsed(stop))
}
