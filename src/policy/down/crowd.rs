//! How many went down at the same time, and is this one ours? The cheapest question first.

use super::Step;
use super::case::{Case, Subject};
use super::look::Looking;
use super::rules::Crowd;
use crate::model::{DatastoreId, Moment, Vm, VmId};
use crate::policy::case::{Failure, Source, Trouble};
use crate::policy::limits::span;
use crate::policy::notes::{Entry, Phase};
use crate::policy::observe::Claim;
use crate::policy::report::Outcome;
use crate::policy::tend::{Fallen, fallen};
use std::time::Duration;

pub(super) fn begin(mut case: Box<Case>, event: Option<&Vm>) -> Step {
    let now = Moment::default();
    if let Some(vm) = event {
        let text = format!("{} is {} on {}", case.named(), vm.state, case.place());
        case.diary.note(now, Phase::Observe, text);
        if let Fallen::NotOurs(why) = fallen(vm) {
            return case.leave(now, why);
        }
    }
    crowd(case)
}

/// Count, unless a person has named the VM.
pub(super) fn crowd(case: Box<Case>) -> Step {
    match case.subject.source {
        Source::Event => Step::Crowd(Crowding { case }),
        Source::Person | Source::Reconcile => after_crowd(case),
    }
}

fn after_crowd(case: Box<Case>) -> Step {
    if case.waited { Step::Look(Looking::new(case)) } else { Step::Claim(Claiming { case }) }
}

/// See [`Step::Crowd`].
#[derive(Debug)]
pub struct Crowding {
    case: Box<Case>,
}

impl Crowding {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VM with its host and datastore.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.case.subject
    }

    /// The time that counts.
    #[must_use]
    pub fn within(&self) -> Duration {
        self.case.policy.down.crowd.time
    }

    /// How many there were.
    #[must_use]
    pub fn answer(self, now: Moment, crowd: Result<Crowd, Failure>) -> Step {
        let case = self.case;
        let crowd = match crowd {
            Ok(crowd) => crowd,
            Err(failure) => return case.given_up(now, Outcome::NotStarted(failure)),
        };
        let most = usize::try_from(case.policy.down.crowd.count).unwrap_or(usize::MAX);
        let time = span(case.policy.down.crowd.time);
        let many = |count: usize, of: String| (count >= most).then(|| format!("{count} VMs {of}"));
        let host = case.subject.host.and_then(|host| many(crowd.of_host, format!("of {host}")));
        let datastore = || {
            case.subject.datastore.and_then(|on: DatastoreId| many(crowd.of_datastore, format!("on {on}")))
        };
        let Some(which) = host.or_else(datastore) else {
            return after_crowd(case);
        };
        let what = format!(
            "{which} went down within {time}: that is the failure of a host or of storage, not of a VM"
        );
        let advice = format!(
            "look at {} and its storage; then `vm_down --vm {}` or `onevm resume` for each",
            case.place(),
            case.subject.vm.0
        );
        case.held(now, Failure { trouble: Trouble::Refused, what, advice })
    }
}

/// See [`Step::Claim`].
#[derive(Debug)]
pub struct Claiming {
    case: Box<Case>,
}

impl Claiming {
    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VM to claim.
    #[must_use]
    pub fn vm(&self) -> VmId {
        self.case.subject.vm
    }

    /// Whether it is ours.
    #[must_use]
    pub fn answer(self, now: Moment, claim: Result<Claim, Failure>) -> Step {
        match claim {
            Ok(Claim::Ours(_)) => Step::Look(Looking::new(self.case)),
            Ok(Claim::Others) => self.case.leave(now, "another run works on this VM"),
            Err(failure) => self.case.given_up(now, Outcome::NotStarted(failure)),
        }
    }
}
