//! The survey: a fresh look at the cloud, and what it means for the host itself.

use super::apply::plan_round;
use super::ending::{call_off, no_cloud};
use super::ready::{Seen, twice};
use super::{Todo, disable, domains, failed_live, settle};
use crate::model::{HostState, VmId, Words};
use crate::policy::fencing::proof::Proof;
use crate::policy::host_error::gain::{refused, weighs};
use crate::policy::host_error::hold::pause;
use crate::policy::host_error::observe::not_dead;
use crate::policy::limits::disarmed;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Survey, Trouble};
use crate::policy::record::heartbeat::Mute;
use crate::policy::record::ownership::{abort_of, lost, overwritten};
use crate::policy::report::{Fate, Outcome};
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::run::would_stop::WouldStop;
use crate::policy::settings;
use crate::policy::settings::Fencing;
use std::collections::BTreeSet;

/// What a survey is for, besides planning what can be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Plan,
    /// The host is to be disabled, if it is still there and nobody else has taken it out of service.
    Disable,
    /// How are the hosts that VMs were sent to?
    Targets,
}

/// More VMs that oned charges to a wrong host are not looked for.
const STRAYS: usize = 500;

/// What came of a look at the cloud.
pub(in crate::policy) enum Looked {
    At(Box<Survey>),
    /// Nothing more is sent.
    CalledOff,
    Ended(Outcome),
}

/// Survey, and plan what can be planned.
pub(super) async fn plan(
    run: &mut Run,
    proof: &Proof,
    seen: &mut Seen,
    purpose: Purpose,
) -> Result<Todo, Stop> {
    let survey = match survey(run).await? {
        Looked::At(survey) => survey,
        Looked::CalledOff => return Ok(Todo::Orders(Vec::new())),
        Looked::Ended(outcome) => return Ok(Todo::Done(outcome)),
    };
    seen.surveyed = run.now();
    let orders = plan_round(run, &survey, proof);
    Ok(match purpose {
        Purpose::Disable if orders.is_empty() => disable::unless_out_of_service(run, &survey),
        Purpose::Targets => settle::with_hosts(run, proof, &survey, orders),
        Purpose::Plan | Purpose::Disable => Todo::Orders(orders),
    })
}

/// Look at the cloud.
pub(in crate::policy) async fn survey(run: &mut Run) -> Result<Looked, Stop> {
    loop {
        let (host, also) = (run.subject.host, asked(run));
        let survey = match run.read(Phase::Survey, move |world| world.survey(host, &also)).await? {
            Ok(survey) => match strays(run, survey).await? {
                Ok(mut survey) => {
                    if domains::look(run, &mut survey).await {
                        continue;
                    }
                    survey
                }
                Err(failure) => return Ok(Looked::Ended(no_cloud(run, failure))),
            },
            Err(failure) => return Ok(Looked::Ended(no_cloud(run, failure))),
        };
        if let Some(lost) = lost(run, &survey.memory) {
            return Err(Stop::Lost(lost));
        }
        run.record.owned = run.now();
        // Written with what is decided now.
        overwritten(run, &survey.memory);
        run.vms.hosts.seen(run.now(), &survey, host);
        if let Some(reason) = came_back(run, &survey) {
            return Ok(returned(run, reason, &survey));
        }
        let failure = match abort_of(run, &survey.memory) {
            Some(word) => run.aborted(word),
            None => match is_disarmed(run, &survey) {
                // Before any order it can wait; afterwards VMs on their way are read back.
                Some(failure) => match if run.vms.touched { None } else { pause(run, &failure) } {
                    Some(pause) => {
                        run.hold.words = Some((Words::of(&survey.memory, host), run.now()));
                        run.pause_for_news(pause, Mute::Left).await?;
                        continue;
                    }
                    None => failure,
                },
                None => return failed_live::trace(run, &survey).await.map(|()| Looked::At(Box::new(survey))),
            },
        };
        hold_all(run, &survey, &failure.what);
        call_off(run, failure);
        return Ok(Looked::CalledOff);
    }
}

/// Read the VMs, too, that an incident has brought to a host which oned does not charge them to: those on the dead host are
/// lost with it, and the others take room.
async fn strays(run: &mut Run, mut survey: Survey) -> Result<Result<Survey, Failure>, Stop> {
    let charges = |id, vm| survey.hosts.iter().any(|host| host.id == id && host.vms.contains(&vm));
    let known: BTreeSet<_> = survey.vms.iter().chain(&survey.needed).map(|vm| vm.id).collect();
    let sent =
        survey.memory.incidents.iter().flat_map(|(_, incident)| {
            incident.vms.iter().filter_map(|vm| Some((incident.host, vm.to?, vm.id)))
        });
    let stray =
        sent.filter(|(from, to, vm)| charges(*from, *vm) && !charges(*to, *vm) && !known.contains(vm));
    let ids: BTreeSet<_> = stray.map(|(_, _, vm)| vm).take(STRAYS).collect();
    if ids.is_empty() {
        return Ok(Ok(survey));
    }
    let ids: Vec<_> = ids.into_iter().collect();
    Ok(run.read(Phase::Survey, move |world| world.vms(&ids)).await?.map(|list| {
        let (here, others): (Vec<_>, Vec<_>) =
            list.vms.into_iter().partition(|vm| vm.host == Some(run.subject.host));
        survey.vms.extend(here);
        survey.needed.extend(others);
        survey
    }))
}

/// The VMs to read besides those that are charged to the dead host.
fn asked(run: &Run) -> Vec<VmId> {
    let known = run.subject.vms.iter().chain(run.vms.progress.keys()).chain(run.vms.places.sent.keys());
    // Those that were not ready run elsewhere, and are looked at again.
    let unready = run.vms.remembered.values().filter(|vm| vm.is_not_ready()).map(|vm| vm.id);
    let ids: BTreeSet<_> = known.copied().chain(unready).collect();
    ids.into_iter().collect()
}

fn is_disarmed(run: &Run, survey: &Survey) -> Option<Failure> {
    let acts = run.policy.purpose == settings::Purpose::Recover;
    disarmed(&survey.memory.disarmed, run.suspect.cluster, &[]).filter(|_| acts)
}

/// How a rehearsal ends, now that the cloud was surveyed.
pub(in crate::policy) fn rehearsed(
    run: &mut Run,
    proof: &Proof,
    survey: &Survey,
    mut stop: WouldStop,
) -> Outcome {
    plan_round(run, survey, proof);
    let gains = run.vms.reports.values().any(|vm| matches!(vm.fate, Fate::Planned(_)));
    if weighs(&run.policy) && !gains {
        let refused = refused(&run.subject.name, &run.host(), run.vms.reports.values().map(|vm| &vm.fate));
        let outcome = refused.map_or_else(Outcome::Held, Outcome::NothingToDo);
        run.note(Phase::Plan, format!("WOULD STOP HERE: {outcome}"));
        stop.with(outcome);
    }
    let held = run.vms.reports.values().any(|vm| matches!(vm.fate, Fate::Held(_)));
    let stop = stop.outcome().or(held.then_some(Outcome::Partly));
    Outcome::Rehearsed(stop.map(Box::new))
}

/// Why the host is not dead any more, if it is not.
fn came_back(run: &Run, survey: &Survey) -> Option<String> {
    if run.policy.purpose == settings::Purpose::Rehearse {
        return None;
    }
    let Some(host) = survey.hosts.iter().find(|host| host.id == run.subject.host) else {
        run.note(Phase::Survey, "the host was deleted meanwhile; its VMs are looked at all the same");
        return None;
    };
    // INIT is what `onehost enable` makes of a dead host, until monitoring fails again. It contradicts no proof.
    let waived = run.policy.fencing == Fencing::Waived;
    let back = host.state == HostState::Monitored || waived && host.state == HostState::Init;
    if back { not_dead(host) } else { None }
}

/// A host that is proven off cannot be MONITORED: somebody has powered it on, or the proof was about another
/// machine. Without a proof (`-u`) and before any order it has simply come back.
fn returned(run: &mut Run, reason: String, survey: &Survey) -> Looked {
    let untouched = run.vms.reports.is_empty() && run.vms.progress.is_empty();
    if run.policy.fencing == Fencing::Waived && untouched {
        return Looked::Ended(Outcome::NothingToDo(reason));
    }
    let what = format!("{} was taken for dead, but {reason}", run.host());
    hold_all(run, survey, &what);
    let advice = format!(
        "{}; if {} was never off, its fence device switches another machine: find that one",
        twice(&run.subject.name),
        run.subject.name
    );
    call_off(run, Failure { trouble: Trouble::Refused, what, advice });
    Looked::CalledOff
}

/// Every VM of the dead host that has no outcome and is not on its way yet is held.
fn hold_all(run: &mut Run, survey: &Survey, why: &str) {
    let dead = run.subject.host;
    let charged = survey.hosts.iter().filter(|host| host.id == dead).flat_map(|host| &host.vms);
    let charged: BTreeSet<_> = charged.copied().collect();
    let seen = survey.vms.iter().map(|vm| vm.id).chain(survey.unreadable.iter().map(|(id, _)| *id));
    let ids: BTreeSet<_> = seen.chain(charged.iter().copied()).collect();
    for id in ids {
        if run.vms.reports.contains_key(&id) || run.vms.progress.contains_key(&id) {
            continue;
        }
        let vm = survey.vms.iter().find(|vm| vm.id == id);
        let fate = match vm {
            Some(vm) if vm.host != Some(dead) && !charged.contains(&id) => {
                Fate::Left(format!("{}, not on the dead host", vm.state))
            }
            Some(_) | None => Fate::Held(why.to_owned()),
        };
        run.vms.settle(id, vm.map_or("?", |vm| vm.name.as_str()), fate);
    }
}
