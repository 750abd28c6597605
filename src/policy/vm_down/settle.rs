//! Read the VM until it is what it was to become, or is down again.

use super::look::Down;
use super::run::{End, Run};
use crate::model::{HostId, Moment, Vm, VmState};
use crate::policy::healthy::{MONITOR, still};
use crate::policy::notes::Phase;
use crate::policy::states::{self, Class};
use std::time::Duration;

/// oned takes an accepted action up within this time, however busy it is.
const TAKEN_UP: Duration = Duration::from_secs(120);

/// What the VM is on its way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// RUNNING where it is.
    Boots,
    /// POWEROFF on this host.
    Moves(HostId),
}

/// A call that was sent for the VM.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) at: Moment,
    /// Its answer was lost.
    pub(super) doubt: bool,
}

/// What has become of a call.
pub(super) enum Tried {
    /// The VM runs, or its disks are where it is to be started.
    There(Box<Vm>),
    /// The reason.
    DownAgain(String),
    /// Nothing, which is known since this moment: oned did not take the call, or not the count before it.
    NotMade(Moment),
}

enum Judged {
    There,
    Waits,
    /// oned is at it.
    Begun,
    DownAgain,
    /// The call whose answer was lost was not carried out.
    NeverBegun,
}

pub(super) async fn settle(run: &mut Run, down: &Down, way: Way, call: Call) -> Result<Tried, End> {
    let deadline = run.policy.rules.settle.deadline;
    let mut course = Course { down, way, call, deadline, begun: false };
    loop {
        let vm = run.read_vm().await?;
        match course.judge(run.now(), &vm)? {
            Judged::There => return Ok(Tried::There(Box::new(vm))),
            Judged::Waits => {}
            Judged::Begun => course.begun = true,
            Judged::NeverBegun if run.tries_again() => {
                let text = "nothing has become of it, so it was not done; looking at everything again";
                run.note(Phase::Settle, text);
                return Ok(Tried::NotMade(run.now()));
            }
            Judged::NeverBegun | Judged::DownAgain => return Ok(Tried::DownAgain(reason(&vm))),
        }
        run.wait(run.policy.rules.wait.look).await;
    }
}

/// A call, and what has been seen of it.
struct Course<'a> {
    /// The VM before it.
    down: &'a Down,
    way: Way,
    call: Call,
    deadline: Duration,
    /// oned has taken it up.
    begun: bool,
}

impl Course<'_> {
    fn judge(&self, now: Moment, vm: &Vm) -> Result<Judged, End> {
        let waited = now.since(self.call.at);
        Ok(match states::class(vm.state) {
            // Also if a person has started it.
            Class::Running => Judged::There,
            Class::Transient | Class::Resubmit if waited < self.deadline => Judged::Begun,
            Class::Transient | Class::Resubmit => {
                return Err(End::failed(still(vm, self.deadline)));
            }
            Class::Stopped if matches!(self.way, Way::Moves(to) if vm.host == Some(to)) => {
                let arrived = vm.state == VmState::Poweroff && (self.begun || taken_up(vm));
                if arrived { Judged::There } else { Judged::Waits }
            }
            Class::Lost | Class::Stopped if self.begun || self.failed_since(vm) => Judged::DownAgain,
            Class::Lost | Class::Stopped if waited < TAKEN_UP.min(self.deadline) => Judged::Waits,
            Class::Lost | Class::Stopped if self.call.doubt => Judged::NeverBegun,
            Class::Lost | Class::Stopped => Judged::DownAgain,
            Class::Failure | Class::Strange => {
                let why = format!("{}: {}; `onevm recover {}` by hand", vm.state, reason(vm), vm.id.0);
                return Err(End::failed(why));
            }
            Class::NotPlaced | Class::Done => return Err(End::left(format!("{} meanwhile", vm.state))),
        })
    }

    /// It did not start, or it ran and crashed, between two looks. oned's text has the date, so another text is another
    /// failure.
    fn failed_since(&self, vm: &Vm) -> bool {
        if vm.error.is_some() && vm.error != self.down.vm.error {
            return true;
        }
        let ended = vm.history.last().and_then(|record| record.ended);
        vm.last_action == Some(MONITOR) && ended.is_some_and(|ended| ended > self.down.epoch(self.call.at).0)
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
