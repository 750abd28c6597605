//! Before the fence: is there a VM that would gain by it? Planned as if the host were off, with nothing sent.
//!
//! A fence that moves no VM takes down what may still run, for nothing. It never shortens what comes before it: an oned
//! that answers too slowly has everything looked at again.
//!
//! A run that goes on with a host that was off looks at its power first: off is proven again, and its VMs are read back.
//! Only where it would send "off" is that weighed too. A person may have switched the host on when all was done, and the
//! record of that may have been written over by a write that came late.

use super::FRESH;
use super::ahead::Ahead;
use super::brake::Braking;
use super::case::Case;
use super::devices::ChoosingDevices;
use super::fence::Fencing as Fence;
use super::hold::hold;
use super::incident::{Step, wait};
use super::notes::Phase;
use super::observe::unreadable;
use super::plan::{self, Decision, Request, Verdict};
use super::port::Survey;
use super::port::{Failure, Subject, Trouble};
use super::report::{Fate, Outcome};
use super::resume::{Sent, sent};
use super::retry::Retry;
use super::settings::{Fencing, Policy, Purpose};
use crate::model::{Moment, Scope, VmId};
use std::collections::{BTreeMap, BTreeSet};

/// So many reasons are said with the outcome; every VM has its own.
const REASONS: usize = 3;

/// See [`Step::Weigh`].
#[derive(Debug)]
pub struct Weighing {
    case: Box<Case>,
    asked: Moment,
    /// The device that "off" would be sent to; without one they are to be looked up.
    fence: Option<Box<Fence>>,
}

impl Weighing {
    pub(super) fn case(&self) -> &Case {
        &self.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.case
    }

    /// Weigh a fence that this run begins by itself, once before each; then look its devices up.
    pub(super) fn before_the_fence(case: Box<Case>, now: Moment) -> Step {
        // An earlier run had it off: its VMs are on their way, or it is to be said why not.
        let proven = case.incident.as_ref().is_some_and(|incident| incident.proof.is_some());
        let proven = proven && !matches!(case.retry, Retry::Anew);
        let sent = case.remembered.values().any(|vm| vm.order.is_some() && vm.end.is_none());
        // A person who says that it is off needs no fence.
        if !Self::is_due(&case) || proven || sent || case.confirmation(now).is_some() {
            return Step::ChooseDevices(ChoosingDevices::new(case));
        }
        Step::Weigh(Self { case, asked: now, fence: None })
    }

    /// Weigh it before the first "off" of a run that goes on.
    pub(super) fn before_off(fence: Fence, case: Box<Case>, now: Moment) -> Step {
        Step::Weigh(Self { case, asked: now, fence: Some(Box::new(fence)) })
    }

    /// Has this run sent nothing yet, and not weighed it?
    pub(super) fn is_due(case: &Case) -> bool {
        let begun = case.touched || case.earlier.is_some() || case.again > 0 || !case.told.is_empty();
        weighs(&case.policy) && !begun && case.weighed.is_none()
    }

    /// The host, and the VMs that the event had on it.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The cloud, or why it could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, survey: Result<Survey, Failure>) -> Step {
        let survey = match survey {
            Ok(survey) => survey,
            Err(failure) => {
                if let Some(pause) = self.case.patience(now, Phase::Plan, &failure) {
                    return wait(pause, Step::Weigh(self));
                }
                return self.case.stop(now, unreadable(failure));
            }
        };
        let Self { mut case, asked, fence } = self;
        case.answered();
        let weighed: Vec<_> = decide(&case, &survey)
            .into_iter()
            // Before the fence is chosen no order of an earlier run is open; what it ended with stands.
            .map(|decision| match fence {
                Some(_) => (sent(&case, now, &decision, &survey), decision),
                None => (Sent::Nothing, decision),
            })
            .collect();
        let gain = weighed.iter().any(|(sent, decision)| gains(&case, &survey, sent, decision));
        case.unmoved = weighed.into_iter().filter_map(|(sent, decision)| told(sent, decision)).collect();
        if gain {
            case.weighed = Some(now);
            if let Some(fence) = fence {
                return Braking::before_off(*fence, case, now);
            }
            if now.since(asked) >= FRESH {
                return Braking::again(case, Ahead::Fence);
            }
            return Step::ChooseDevices(ChoosingDevices::new(case));
        }
        match refusal(&case) {
            Err(failure) => hold(case, now, failure, Outcome::Held),
            Ok(reason) => {
                let mut outcome = Outcome::NothingToDo(reason);
                for (vm, (name, fate)) in std::mem::take(&mut case.unmoved) {
                    if let Fate::Failed(_) = fate {
                        outcome = Outcome::Partly;
                    }
                    case.settle(vm, &name, fate);
                }
                case.stop(now, outcome)
            }
        }
    }
}

/// Is a fence that gains nothing to be refused?
pub(super) fn weighs(policy: &Policy) -> bool {
    let asked = policy.purpose != Purpose::Fence && policy.fencing == Fencing::Required;
    asked && !policy.fence.without_gain
}

fn decide(case: &Case, survey: &Survey) -> Vec<Decision> {
    // As a rehearsal: by then a VM that is RUNNING now would be UNKNOWN.
    let policy = Policy { purpose: Purpose::Rehearse, ..case.policy.clone() };
    plan::plan(
        survey,
        &Request {
            host: case.subject.host,
            policy: &policy,
            scope: &Scope::Host,
            reservation: None,
            closed: BTreeSet::new(),
            live: BTreeSet::new(),
            moving: BTreeMap::new(),
            refused: BTreeMap::new(),
            waited: BTreeSet::new(),
        },
    )
}

/// What it comes to if nothing is done. One that is on its way is left for the next run to read back.
fn told(sent: Sent, decision: Decision) -> Option<(VmId, (String, Fate))> {
    let fate = match (sent, decision.verdict) {
        (Sent::OnItsWay, _) => return None,
        (Sent::Ended(fate), _) => fate,
        (Sent::Nothing, Verdict::Act(..) | Verdict::Await(_)) => {
            Fate::Held("not touched, because this run ended before that".to_owned())
        }
        (Sent::Nothing, Verdict::Hold(reason)) => Fate::Held(reason),
        (Sent::Nothing, Verdict::Leave(reason)) => Fate::Left(reason),
    };
    Some((decision.vm, (decision.name, fate)))
}

/// It could be moved, or it is on the host and may be moved later; or it was sent elsewhere and is not there yet.
fn gains(case: &Case, survey: &Survey, sent: &Sent, decision: &Decision) -> bool {
    match sent {
        Sent::Nothing => {}
        Sent::OnItsWay => return true,
        Sent::Ended(_) => return false,
    }
    let dead = case.subject.host;
    let charged = survey.hosts.iter().any(|host| host.id == dead && host.vms.contains(&decision.vm));
    match decision.verdict {
        Verdict::Act(..) => true,
        Verdict::Await(_) => charged || decision.host == Some(dead),
        Verdict::Hold(_) | Verdict::Leave(_) => false,
    }
}

/// Why a run that has nothing to gain has nothing to do, or what holds it.
fn refusal(case: &Case) -> Result<String, Failure> {
    refused(&case.host(), case.unmoved.values().map(|(_, fate)| fate))
}

/// The same for a host whose VMs come to this, and none of them is moved.
pub(super) fn refused<'a>(host: &str, fates: impl Iterator<Item = &'a Fate>) -> Result<String, Failure> {
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
        return Ok(format!("{host} is not fenced, because {which}"));
    }
    let mut counted: Vec<_> = reasons.iter().map(|(reason, count)| (*count, *reason)).collect();
    counted.sort_by_key(|(count, reason)| (std::cmp::Reverse(*count), *reason));
    let more = counted.len().saturating_sub(REASONS);
    let mut text: Vec<_> =
        counted.iter().take(REASONS).map(|(count, reason)| format!("{count}: {reason}")).collect();
    if more > 0 {
        text.push(format!("and {more} more reasons"));
    }
    Err(Failure {
        trouble: Trouble::Unreachable,
        what: format!(
            "{host} is not fenced, because none of the {held} VMs that should be recovered can be: {}",
            text.join("; ")
        ),
        advice:
            "mend what holds them; to fence all the same, `fence_host`, or without_gain = true under [fence]"
                .to_owned(),
    })
}

impl Case {
    /// VMs that were seen before the fence have their outcome too, however the run ends.
    pub(super) fn tell_unmoved(&mut self, outcome: &Outcome) {
        let unmoved: BTreeMap<VmId, (String, Fate)> = std::mem::take(&mut self.unmoved);
        // It came back, or somebody else works on it.
        if matches!(outcome, Outcome::NothingToDo(_)) {
            return;
        }
        for (vm, (name, fate)) in unmoved {
            if !self.vms.contains_key(&vm) {
                self.settle(vm, &name, fate);
            }
        }
    }
}
