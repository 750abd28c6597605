//! VMs go back to the host that they were recovered from: one at a time, live, and only if the planner would place them
//! there. One that cannot go back stays where it runs.

use super::act::Acting;
use super::case::Case;
use super::look::Observing;
use super::rules::Failback;
use super::survey::Surveying;
use super::{Step, wait};
use crate::model::{End, HostId, IncidentVm, Moment, Progress, VmId, VmState};
use crate::policy::limits::span;
use crate::policy::notes::Phase;
use crate::policy::plan::locked;
use crate::policy::port::Survey;
use crate::policy::report::Fate;
use crate::policy::rules::Rules;
use crate::policy::settings::HandOver;
use crate::policy::tend::place;
use std::collections::VecDeque;
use std::time::Duration;

/// A VM that an incident has moved away, and where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guest {
    pub(super) vm: VmId,
    pub(super) at: HostId,
}

/// The VMs that the last incident says were moved from this host and run elsewhere since.
fn guests(case: &Case) -> VecDeque<Guest> {
    let Some(incident) = case.incident.as_ref().filter(|incident| incident.progress == Progress::Closed)
    else {
        return VecDeque::new();
    };
    let recovered = |vm: &&IncidentVm| vm.end == Some(End::Recovered);
    let guest = |vm: &IncidentVm| Some(Guest { vm: vm.id, at: vm.to? });
    incident
        .vms
        .iter()
        .filter(recovered)
        .filter_map(guest)
        .filter(|guest| guest.at != case.subject.host)
        .collect()
}

/// The next VM that goes back, or the end.
pub(super) fn next(mut case: Box<Case>, now: Moment) -> Step {
    let Failback::After(stable) = case.policy.back.failback else {
        return Acting::finish(case, now);
    };
    if case.guests.is_none() {
        let guests = guests(&case);
        let text = format!("{} VMs were moved from it, and go back after {}", guests.len(), span(stable));
        if !guests.is_empty() {
            case.diary.note(now, Phase::Plan, text);
        }
        case.guests = Some(guests);
    }
    let left = stable.saturating_sub(case.stood(now));
    if case.guests.as_ref().is_some_and(VecDeque::is_empty) {
        return Acting::finish(case, now);
    }
    if left > Duration::ZERO && case.policy.hand_over == HandOver::Yes {
        return Acting::hand_over(case, now, stable);
    }
    if left > Duration::ZERO {
        let pause = left.min(Duration::from_secs(60)).min((stable / 10).max(case.policy.wait.look));
        return wait(pause, Observing::between(case, now));
    }
    match case.guests.as_mut().and_then(VecDeque::pop_front) {
        Some(guest) => Surveying::guest(case, guest),
        None => Acting::finish(case, now),
    }
}

/// May it go back now?
pub(super) fn decide(mut case: Box<Case>, now: Moment, guest: Guest, survey: &Survey) -> Step {
    let Some(vm) = survey.vms.iter().find(|vm| vm.id == guest.vm) else {
        return stays(case, now, guest.vm, "?", "it does not exist any more");
    };
    if vm.state != VmState::RUNNING || vm.host != Some(guest.at) {
        let place = vm.host.map_or_else(|| "no host".to_owned(), |host| host.to_string());
        let why = format!("{} on {place}: it is not as the incident left it, so it is not moved", vm.state);
        return stays(case, now, vm.id, &vm.name, &why);
    }
    if vm.attributes.get("HA_POLICY").is_some_and(|policy| policy.eq_ignore_ascii_case("none")) {
        return stays(case, now, vm.id, &vm.name, "its HA_POLICY is NONE");
    }
    if let Some(why) = locked(vm) {
        return stays(case, now, vm.id, &vm.name, &why);
    }
    let home = case.subject.host;
    let rules = Rules { plan: case.policy.plan.clone(), settle: case.policy.settle, ..Rules::default() };
    match place(survey, vm.id, guest.at, &[], Some(home), &rules) {
        Ok(place) => {
            case.diary.note(now, Phase::Plan, format!("{} {}: back, live: {}", vm.id, vm.name, place.said));
            Acting::go_back(case, vm, now)
        }
        Err(why) => stays(case, now, vm.id, &vm.name, &format!("RUNNING on {}, and stays: {why}", guest.at)),
    }
}

fn stays(mut case: Box<Case>, now: Moment, vm: VmId, name: &str, why: &str) -> Step {
    case.settle(now, vm, name, Fate::Left(why.to_owned()));
    Observing::between(case, now)
}
