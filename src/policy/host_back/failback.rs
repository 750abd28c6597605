//! VMs go back to the host that they were recovered from: one at a time, live, and only if the planner would place them
//! there. `[host_back] failback` is `never` by default; where it is set, the host must have been MONITORED for
//! `failback_stable` (1800 s); with `--hand-over` a later run waits for that and does all of it.
//!
//! One that does not run where the incident left it, is locked, or has `HA_POLICY=NONE` stays where it is. The next one
//! goes when the last has its outcome (`host_back::settle`): RUNNING on this host is recovered, RUNNING where it was is
//! left, a failure state is failed, and so is what is still on its way after `[settle] deadline` (600 s). One of which
//! nothing has become, as when the leader that accepted it died, is sent once more. A host that is not MONITORED any more
//! ends it: the rest stays.

use super::close::hand_over;
use super::look::look_again;
use super::rules::Failback;
use super::run::{Guest, Run, Task};
use super::settle::carry_out;
use super::survey::{ask_peers, must_be_armed, survey};
use crate::model::text::vms;
use crate::model::{End, HostId, Incident, IncidentVm, Progress, Vm, VmState};
use crate::policy::healthy::place;
use crate::policy::limits::span;
use crate::policy::notes::Phase;
use crate::policy::plan::locked;
use crate::policy::port::Survey;
use crate::policy::report::{Fate, Outcome};
use crate::policy::rules::Rules;
use crate::policy::settings::HandOver;
use crate::policy::zombies;
use std::collections::VecDeque;
use std::time::Duration;

/// What keeps a VM from being moved by machines. Source: `OneDRS` of OpenNebula 7.4.
const BLOCKED: &str = "ONEDRS_BLOCKED";

/// One VM after the other goes back: the next one when the last has its outcome. The host has to be MONITORED for longer
/// than before a start; it is read before each VM.
pub(super) async fn send_vms_back(run: &mut Run) -> Result<(), Outcome> {
    let stable = match run.policy.back.failback {
        Failback::Never => return Ok(()),
        Failback::After => run.policy.back.failback_stable,
    };
    let guests = run.incident().map(|incident| guests(incident, run.id)).unwrap_or_default();
    if !guests.is_empty() {
        let text = format!("moved from it, and going back after {}: {}", span(stable), vms(guests.len()));
        run.note(Phase::Plan, text);
    }
    run.guests = Some(guests);
    while run.guests.as_ref().is_some_and(|guests| !guests.is_empty()) {
        let left = stable.saturating_sub(run.monitored_for());
        if left > Duration::ZERO && run.policy.hand_over == HandOver::Yes {
            hand_over(run, stable).await?;
            continue;
        }
        if left > Duration::ZERO {
            run.wait(left.min(Duration::from_secs(60)).min((stable / 10).max(run.policy.wait.look))).await;
        } else if let Some(guest) = run.guests.as_mut().and_then(VecDeque::pop_front) {
            send_back(run, guest).await?;
        }
        look_again(run).await?;
    }
    Ok(())
}

/// The VMs that the last incident says were moved from this host and run elsewhere since.
fn guests(incident: &Incident, home: HostId) -> VecDeque<Guest> {
    let closed = incident.progress == Progress::Closed;
    let recovered = |vm: &&IncidentVm| closed && vm.end == Some(End::Recovered);
    let guest = |vm: &IncidentVm| Some(Guest { vm: vm.id, at: vm.to.filter(|to| *to != home)? });
    incident.vms.iter().filter(recovered).filter_map(guest).collect()
}

/// One VM goes back, if it is as it was left.
pub(super) async fn send_back(run: &mut Run, guest: Guest) -> Result<(), Outcome> {
    let (host, mut survey) = survey(run, Some(guest.vm)).await?;
    must_be_armed(run, &host, &survey)?;
    ask_peers(run, &mut survey, guest.at, vec![guest.vm]).await;
    let Some(vm) = survey.vms.iter().find(|vm| vm.id == guest.vm) else {
        run.settle(guest.vm, "?", Fate::Left("it does not exist any more".to_owned()));
        return Ok(());
    };
    if let Some(why) = zombies::elsewhere(&survey, guest.at).get(&guest.vm) {
        run.settle(vm.id, &vm.name, Fate::Held(why.clone()));
        return Ok(());
    }
    if run.task == Task::Restore && vm.host == Some(run.id) {
        run.settle(vm.id, &vm.name, Fate::Left(format!("{} here already", vm.state)));
        return Ok(());
    }
    match may_go_back(run, &survey, vm, guest.at) {
        Ok(said) => {
            run.note(Phase::Plan, format!("{} {}: back, live: {said}", vm.id, vm.name));
            carry_out(run, std::slice::from_ref(vm), Some(guest.at)).await?;
        }
        Err(why) => run.settle(vm.id, &vm.name, Fate::Left(why)),
    }
    Ok(())
}

/// The planner's words, or why it stays where it is.
fn may_go_back(run: &Run, survey: &Survey, vm: &Vm, at: HostId) -> Result<String, String> {
    if vm.state != VmState::RUNNING || vm.host != Some(at) {
        let place = vm.host.map_or_else(|| "no host".to_owned(), |host| host.to_string());
        return Err(format!(
            "{} on {place}: it is not as {} left it, so it is not moved",
            vm.state,
            if run.task == Task::Restore { "the evacuation" } else { "the incident" }
        ));
    }
    let says = |name: &str, word: &str| {
        vm.attributes.get(name).is_some_and(|said| said.trim().eq_ignore_ascii_case(word))
    };
    if run.task == Task::LookAfter && says("HA_POLICY", "none") {
        return Err("its HA_POLICY is NONE".to_owned());
    }
    if says(BLOCKED, "yes") {
        return Err(format!("its {BLOCKED} is YES, so it is moved by nobody but people"));
    }
    if let Some(why) = locked(vm) {
        return Err(why);
    }
    let rules = Rules { plan: run.policy.plan.clone(), settle: run.policy.settle, ..Rules::default() };
    // What is about failures does not matter to one that a person wants back.
    let mut survey = survey.clone();
    if run.task == Task::Restore {
        survey.vms.iter_mut().for_each(|vm| drop(vm.attributes.remove("HA_POLICY")));
        survey.clusters.all.iter_mut().for_each(|cluster| drop(cluster.attributes.remove("HA_POLICY")));
    }
    let place = place(&survey, vm.id, at, &[], Some(run.id), &rules);
    place.map(|place| place.said).map_err(|why| format!("RUNNING on {at}, and stays: {why}"))
}
