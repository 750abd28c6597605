//! Before the fence: is there a VM that would gain by it? Planned as if the host were off, with nothing sent.
//!
//! A fence that moves no VM takes down what may still run, for nothing. A VM gains that the planner would act on; that waits for
//! oned and is on this host, or charged to it; or that an earlier run has sent elsewhere and that is on its way. Where none gains:
//! - some are held: the run is held with their reasons, and a person's ends at once;
//! - some have failed that an earlier run has sent, and none is held: it ends as partly done;
//! - else nothing is to be done, and the incident is closed: the host has no VMs, none is to be recovered, or all are.
//!
//! Nobody weighs it for `fence_host`, with `-u`, with `[fence] without_gain = true`, or with a person's word that the host is off;
//! nor while VMs of an earlier run are on their way, or after this run has sent anything. A weighing that takes 10 s or more
//! (`FRESH`) has brakes and witnesses asked again before the fence.
//!
//! A run that goes on with a host that was proven off looks at its power first: off is proven again, and its VMs are read back.
//! Only where that run would send "off" is that "off" weighed too. A person may have switched the host on when all was done, and
//! the record of that may have been written over by a write that came late.

use super::hold::end_held;
use super::observe::unreadable;
use crate::model::text::vms;
use crate::model::{Scope, VmId};
use crate::policy::moving::adopt::{Sent, sent};
use crate::policy::notes::Phase;
use crate::policy::plan::{self, Decision, Request, Verdict};
use crate::policy::port::{Failure, Source, Survey, Trouble};
use crate::policy::report::{Fate, Outcome};
use crate::policy::run::Run;
use crate::policy::run::record::Retry;
use crate::policy::run::stop::Stop;
use crate::policy::settings::{Fencing, Policy, Purpose};
use crate::policy::timings::FRESH;
use std::collections::BTreeMap;

/// So many reasons are said with the outcome; every VM has its own.
const REASONS: usize = 3;

/// Weigh the fence, a person's too: once in a run, anew after a hold, and never before a second fence. `false` where that took so
/// long that everything is to be looked at again.
pub(in crate::policy) async fn is_worth_it(run: &mut Run) -> Result<bool, Stop> {
    // An earlier run had it off: its VMs are on their way, or it is to be said why not.
    let proven = run.record.incident.as_ref().is_some_and(|incident| incident.proof.is_some());
    let proven = proven && !matches!(run.record.retry, Retry::Anew { .. });
    let under_way = run.vms.remembered.values().any(|vm| vm.order.is_some() && vm.end.is_none());
    // A person who says that it is off needs no fence.
    if !is_due(run) || proven || under_way || run.confirmation().is_some() {
        return Ok(true);
    }
    let asked = run.now();
    // Before the fence is chosen no order of an earlier run is open; what it ended with stands. A person reads it again.
    let by_hand = run.subject.source == Source::Person;
    weigh(run, if by_hand { sent } else { |_, _, _| Sent::Nothing }).await?;
    Ok(run.now().since(asked) < FRESH)
}

/// Weigh it before the first "off" of a run that goes on.
pub(in crate::policy) async fn is_worth_off(run: &mut Run) -> Result<(), Stop> {
    weigh(run, sent).await
}

/// Has this run sent nothing yet, and not weighed it?
pub(in crate::policy) fn is_due(run: &Run) -> bool {
    let fence = &run.fence;
    let begun = run.vms.touched || fence.earlier.is_some() || fence.again > 0 || !fence.told.is_empty();
    weighs(&run.policy) && !begun && fence.weighed.is_none()
}

async fn weigh(run: &mut Run, sent: fn(&Run, &Decision, &Survey) -> Sent) -> Result<(), Stop> {
    let (host, also) = (run.subject.host, run.subject.vms.clone());
    let survey = match run.read(Phase::Plan, move |world| world.survey(host, &also)).await? {
        Ok(survey) => survey,
        Err(failure) => return Err(Stop::Ended(unreadable(failure))),
    };
    let weighed: Vec<_> =
        decide(run, &survey).into_iter().map(|decision| (sent(run, &decision, &survey), decision)).collect();
    let gain = weighed.iter().any(|(sent, decision)| gains(run, &survey, sent, decision));
    run.vms.unmoved =
        weighed.into_iter().filter_map(|(sent, decision)| told(run, &survey, sent, decision)).collect();
    if gain {
        run.fence.weighed = Some(run.now());
        return Ok(());
    }
    Err(match refusal(run) {
        Ok(_) if settle_unmoved(run) => Stop::Ended(Outcome::Partly),
        Ok(reason) => Stop::nothing(reason),
        Err(failure) if run.subject.source == Source::Person => told_at_once(run, failure),
        Err(failure) => Stop::held(failure),
    })
}

/// A hook waits for what would help; a person at a terminal reads what it is and mends it. What an earlier run has proven
/// off is not called "not fenced".
fn told_at_once(run: &mut Run, failure: Failure) -> Stop {
    settle_unmoved(run);
    let proven = run.record.incident.as_ref().is_some_and(|incident| incident.proof.is_some());
    Stop::Ended(if proven { Outcome::Partly } else { Outcome::Held(end_held(run, failure)) })
}

/// Every VM comes to what it is now. Has one of them failed?
fn settle_unmoved(run: &mut Run) -> bool {
    let unmoved = std::mem::take(&mut run.vms.unmoved);
    let failed = unmoved.values().any(|(_, fate)| matches!(fate, Fate::Failed(_)));
    for (vm, (name, fate)) in unmoved {
        run.vms.settle(vm, &name, fate);
    }
    failed
}

/// Is a fence that gains nothing to be refused?
pub(in crate::policy) fn weighs(policy: &Policy) -> bool {
    let asked = policy.purpose != Purpose::Fence && policy.fencing == Fencing::Required;
    asked && !policy.fence.without_gain
}

fn decide(run: &Run, survey: &Survey) -> Vec<Decision> {
    // As a rehearsal: by then a VM that is RUNNING now would be UNKNOWN.
    let policy = Policy { purpose: Purpose::Rehearse, ..run.policy.clone() };
    plan::plan(
        survey,
        &Request { fell: run.fell_since(), ..Request::new(run.subject.host, &policy, &Scope::Host) },
    )
}

/// What it comes to if nothing is done. One that is on its way is left for the next run to read back, and is no reason to
/// hold: what an earlier run has sent elsewhere has not ended well, and what others move is theirs.
fn told(run: &Run, survey: &Survey, sent: Sent, decision: Decision) -> Option<(VmId, (String, Fate))> {
    let elsewhere = decision.host.is_some() && !is_here(run, survey, &decision);
    let before = run.vms.remembered.get(&decision.vm).is_some_and(|before| before.order.is_some());
    let fate = match (sent, decision.verdict) {
        (Sent::OnItsWay, _) => return None,
        (Sent::Ended(fate), _) => fate,
        (Sent::Nothing, Verdict::Hold(reason) | Verdict::Await(reason)) if elsewhere && before => {
            Fate::Failed(format!("{reason}; an earlier run has sent it there"))
        }
        (Sent::Nothing, Verdict::Await(reason)) if elsewhere => Fate::Left(reason),
        (Sent::Nothing, Verdict::Act(..) | Verdict::Await(_)) => {
            Fate::Held("not touched, because this run ended before that".to_owned())
        }
        (Sent::Nothing, Verdict::Hold(reason)) => Fate::Held(reason),
        (Sent::Nothing, Verdict::Leave(reason)) => Fate::Left(reason),
    };
    Some((decision.vm, (decision.name, fate)))
}

/// It could be moved, or it is on the host and may be moved later; or it was sent elsewhere and is not there yet.
fn gains(run: &Run, survey: &Survey, sent: &Sent, decision: &Decision) -> bool {
    match sent {
        Sent::Nothing => {}
        Sent::OnItsWay => return true,
        Sent::Ended(_) => return false,
    }
    match decision.verdict {
        Verdict::Act(..) => true,
        Verdict::Await(_) => is_here(run, survey, decision),
        Verdict::Hold(_) | Verdict::Leave(_) => false,
    }
}

/// Is it on the dead host, or charged to it?
fn is_here(run: &Run, survey: &Survey, decision: &Decision) -> bool {
    let dead = run.subject.host;
    let charged = survey.hosts.iter().any(|host| host.id == dead && host.vms.contains(&decision.vm));
    charged || decision.host == Some(dead)
}

/// Why a run that has nothing to gain has nothing to do, or what holds it.
fn refusal(run: &Run) -> Result<String, Failure> {
    refused(&run.subject.name, &run.host(), run.vms.unmoved.values().map(|(_, fate)| fate))
}

/// The same for a host whose VMs come to this, and none of them is moved.
pub(in crate::policy) fn refused<'a>(
    name: &str,
    host: &str,
    fates: impl Iterator<Item = &'a Fate>,
) -> Result<String, Failure> {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut all, mut held, mut done) = (0, 0, 0);
    for fate in fates {
        all += 1;
        if let Fate::Held(reason) = fate {
            held += 1;
            *reasons.entry(reason).or_default() += 1;
        }
        done += usize::from(matches!(fate, Fate::Recovered(_)));
    }
    if held == 0 {
        let which = match (all, done) {
            (0, _) => "it has no VMs",
            (_, 0) => "none of its VMs is to be recovered",
            _ => "its VMs are recovered already",
        };
        return Ok(format!("{host} needs no fence: {which}"));
    }
    let which = if held == 1 {
        "the one VM that should be recovered cannot be".to_owned()
    } else {
        format!("none of the {held} VMs that should be recovered can be")
    };
    Err(Failure {
        trouble: Trouble::Unreachable,
        what: format!(
            "{host} is not powered off, because that would recover no VM now: {which}: {}",
            counted(&reasons)
        ),
        advice: format!("repair what holds them; to power it off anyway: `fence_host --host {name}`"),
    })
}

/// `locked (USE); no host has room (3 VMs)`: what holds most VMs first.
fn counted(reasons: &BTreeMap<&str, usize>) -> String {
    let mut counted: Vec<_> = reasons.iter().map(|(reason, count)| (*count, *reason)).collect();
    counted.sort_by_key(|(count, reason)| (std::cmp::Reverse(*count), *reason));
    let several = counted.len() > 1;
    let told = counted.iter().take(REASONS).map(|(count, reason)| match count {
        1 if !several => (*reason).to_owned(),
        _ => format!("{reason} ({})", vms(*count)),
    });
    let mut text: Vec<_> = told.collect();
    let more = counted.len().saturating_sub(REASONS);
    if more > 0 {
        text.push(format!("and {more} more reasons"));
    }
    text.join("; ")
}
