//! Read the VM until it runs, or is down again.

use super::act::{Acting, Then, not_made};
use super::case::Case;
use super::look::Looking;
use super::{Step, wait};
use crate::model::{Epoch, HostId, Moment, Vm, VmId, VmState};
use crate::policy::notes::{Entry, Phase};
use crate::policy::port::Failure;
use crate::policy::port::VmList;
use crate::policy::report::Fate;
use crate::policy::states::{self, Class};
use crate::policy::tend::MONITOR;
use std::time::Duration;

/// oned takes an accepted action up within this time, however busy it is.
const TAKEN_UP: Duration = Duration::from_secs(120);

/// What it is on its way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// RUNNING where it is.
    Boots,
    /// POWEROFF on this host.
    Moves(HostId),
}

/// See [`Step::Settle`].
#[derive(Debug)]
pub struct Settling {
    case: Box<Case>,
    ids: [VmId; 1],
    sent: Moment,
    way: Way,
    /// oned has taken it up.
    begun: bool,
    /// The answer to this was lost.
    doubt: Option<Then>,
}

enum Judged {
    Runs,
    Arrived(HostId),
    Waits,
    /// oned is at it.
    Begun,
    DownAgain(String),
    /// The call whose answer was lost was not carried out.
    NeverBegun(Then),
    Stuck(String),
    Gone(String),
}

impl Settling {
    pub(super) fn new(case: Box<Case>, sent: Moment, way: Way) -> Self {
        let ids = [case.subject.vm];
        Self { case, ids, sent, way, begun: false, doubt: None }
    }

    /// Nobody knows whether that was done.
    pub(super) fn doubtful(case: Box<Case>, sent: Moment, way: Way, then: Then) -> Step {
        Step::Settle(Self { doubt: Some(then), ..Self::new(case, sent, way) })
    }

    pub(super) fn trail(&self) -> &[Entry] {
        &self.case.diary.trail
    }

    /// The VM to read.
    #[must_use]
    pub fn ids(&self) -> &[VmId] {
        &self.ids
    }

    /// The VM, or why it could not be read.
    #[must_use]
    pub fn answer(mut self, now: Moment, list: Result<VmList, Failure>) -> Step {
        let list = match list {
            Ok(list) => list,
            Err(failure) => {
                return match self.case.diary.silence(now, Phase::Settle, failure) {
                    Ok(pause) => wait(pause, Step::Settle(self)),
                    Err(outcome) => self.case.given_up(now, outcome),
                };
            }
        };
        self.case.diary.answered();
        let Some(vm) = list.vms.iter().find(|vm| vm.id == self.case.subject.vm) else {
            return self.case.leave(now, "it was deleted meanwhile");
        };
        let judged = self.judge(now, vm);
        let look = self.case.policy.rules.wait.look;
        match judged {
            Judged::Waits => wait(look, Step::Settle(self)),
            Judged::Begun => {
                self.begun = true;
                wait(look, Step::Settle(self))
            }
            Judged::Arrived(to) => Acting::start_there(self.case, to),
            Judged::Runs => {
                let known = self.case.host.as_ref().filter(|host| vm.host == Some(host.id));
                let host = known.map(ToString::to_string).or(vm.host.map(|host| host.to_string()));
                let host = host.unwrap_or_else(|| "its host".to_owned());
                let attempts = self.case.recent(now);
                let text = format!("RUNNING on {host}, attempt {attempts}");
                let report = self.case.fate(Fate::Recovered(text));
                Acting::runs(self.case, report)
            }
            Judged::DownAgain(why) => again(self.case, now, &why),
            Judged::NeverBegun(then) if self.case.tries_again(now) => {
                let text = "nothing has become of it, so it was not done; looking at everything again";
                self.case.diary.note(now, Phase::Settle, text);
                not_made(self.case, now, &then)
            }
            Judged::NeverBegun(_) => again(self.case, now, &reason(vm)),
            Judged::Stuck(why) => self.case.failed(now, why),
            Judged::Gone(why) => self.case.leave(now, why),
        }
    }

    fn judge(&self, now: Moment, vm: &Vm) -> Judged {
        let late = now.since(self.sent) >= self.case.policy.rules.settle.deadline;
        match states::class(vm.state) {
            // Also if a person has started it.
            Class::Running => Judged::Runs,
            Class::Transient | Class::Resubmit if !late => Judged::Begun,
            Class::Transient | Class::Resubmit => Judged::Stuck(format!(
                "still {} after {} s",
                vm.state,
                self.case.policy.rules.settle.deadline.as_secs()
            )),
            Class::Stopped if matches!(self.way, Way::Moves(to) if vm.host == Some(to)) => match self.way {
                Way::Moves(to) if vm.state == VmState::Poweroff && (self.begun || taken_up(vm)) => {
                    Judged::Arrived(to)
                }
                Way::Moves(_) | Way::Boots => Judged::Waits,
            },
            Class::Lost | Class::Stopped if self.begun || self.failed_since(vm) => {
                Judged::DownAgain(reason(vm))
            }
            Class::Lost | Class::Stopped if self.is_late(now) => match &self.doubt {
                Some(then) => Judged::NeverBegun(then.clone()),
                None => Judged::DownAgain(reason(vm)),
            },
            Class::Lost | Class::Stopped => Judged::Waits,
            Class::Failure | Class::Strange => {
                Judged::Stuck(format!("{}: {}; `onevm recover {}` by hand", vm.state, reason(vm), vm.id.0))
            }
            Class::NotPlaced | Class::Done => Judged::Gone(format!("{} meanwhile", vm.state)),
        }
    }

    fn is_late(&self, now: Moment) -> bool {
        now.since(self.sent) >= TAKEN_UP.min(self.case.policy.rules.settle.deadline)
    }

    /// It did not start, or it ran and crashed, between two looks. oned's text has the date, so another text is another
    /// failure.
    fn failed_since(&self, vm: &Vm) -> bool {
        let before = self.case.vm.as_ref().and_then(|vm| vm.error.as_ref());
        if vm.error.is_some() && vm.error.as_ref() != before {
            return true;
        }
        let sent: Epoch = self.case.epoch(self.sent);
        vm.last_action == Some(MONITOR)
            && vm.history.last().and_then(|record| record.ended).is_some_and(|ended| ended > sent.0)
    }
}

/// oned shows the destination at once; `STIME` of that record is set when it begins, and then it is not at rest before
/// the disks are there. Source: a recorded migration of a POWEROFF VM.
fn taken_up(vm: &Vm) -> bool {
    vm.history.last().and_then(|record| record.since).is_some_and(|since| since != 0)
}

fn reason(vm: &Vm) -> String {
    vm.error.clone().unwrap_or_else(|| "its driver gave no reason".to_owned())
}

/// Look at everything again after the interval, and try the next thing.
fn again(mut case: Box<Case>, now: Moment, why: &str) -> Step {
    let pause = case.policy.down.wait_interval;
    case.diary.note(
        now,
        Phase::Settle,
        format!("it is down again: {why}; looking again in {} s", pause.as_secs()),
    );
    wait(pause, Step::Look(Looking::new(case)))
}
