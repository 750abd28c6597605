//! Send VMs on their way, and read each back until it has its outcome.

use super::look::{gone, has_failed};
use super::run::{Guest, Run};
use crate::model::{HostId, Moment, Vm, VmId, VmState};
use crate::policy::healthy::deed::Deed;
use crate::policy::healthy::still;
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::report::{Fate, Outcome};
use crate::policy::states::{self, Class};
use std::collections::BTreeMap;
use std::time::Duration;

/// oned takes an accepted action up within this time, however busy it is.
const TAKEN_UP: Duration = Duration::from_secs(120);

/// A VM whose call may have reached oned.
struct Sent {
    name: String,
    at: Moment,
    /// `USER_TEMPLATE/ERROR` before. oned's text has the date, so another text is another failure.
    error: Option<String>,
    /// Where it goes back from, if it does not start.
    from: Option<HostId>,
    /// oned has taken it up.
    begun: bool,
    /// The answer to it was lost.
    doubt: bool,
}

type Away = BTreeMap<VmId, Sent>;

/// These VMs are started, or one goes back live `from` where it runs. At the end each has its outcome, or is to be looked
/// at again.
pub(super) async fn carry_out(run: &mut Run, vms: &[Vm], from: Option<HostId>) -> Result<(), Outcome> {
    let at = run.now();
    let deed = |vm: &Vm| match from {
        None => Deed::Resume { vm: vm.id },
        Some(_) => Deed::Live { vm: vm.id, to: run.id },
    };
    let replies = run.tend(vms.iter().map(deed).collect()).await;
    let mut away = Away::new();
    for (vm, reply) in vms.iter().zip(&replies) {
        let (name, error, doubt) = (vm.name.clone(), vm.error.clone(), matches!(reply, Reply::Unknown(_)));
        let sent = Sent { name, at, error, from, begun: false, doubt };
        if reached(run, vm.id, &sent, reply) {
            away.insert(vm.id, sent);
        }
    }
    loop {
        run.wait(run.policy.wait.look).await;
        if has_failed(run).await? {
            for (vm, sent) in std::mem::take(&mut away) {
                run.settle(vm, &sent.name, sent.not_read_back());
            }
            return Err(gone(run));
        }
        read_back(run, &mut away).await?;
        if away.is_empty() {
            return Ok(());
        }
    }
}

/// Has the call reached oned? One whose answer is lost may have been carried out: the VM is read back first.
fn reached(run: &mut Run, vm: VmId, sent: &Sent, reply: &Reply) -> bool {
    match reply {
        Reply::Accepted => {
            run.started = run.started.saturating_add(1);
            run.unsent = None;
            return true;
        }
        Reply::Unknown(_) => {
            run.started = run.started.saturating_add(1);
            return true;
        }
        Reply::NotSent(_) if again(run, vm, sent) => {}
        Reply::Refused(..) | Reply::NotSent(_) => {
            let said = reply.said();
            let fate = match sent.from {
                None => Fate::Held(format!("its resume was {said}")),
                Some(from) => Fate::Left(format!("RUNNING on {from}, and stays: its migration was {said}")),
            };
            run.settle(vm, &sent.name, fate);
        }
    }
    false
}

/// A call that was not carried out is sent again, after another look; unless oned has taken nothing for too long.
fn again(run: &mut Run, vm: VmId, sent: &Sent) -> bool {
    let now = run.now();
    let since = *run.unsent.get_or_insert(now);
    let again = now.since(since) < run.policy.wait.oned;
    if again {
        match sent.from {
            Some(at) => run.guests.get_or_insert_default().push_front(Guest { vm, at }),
            None => run.queue.push_front((vm, sent.name.clone())),
        }
    }
    again
}

/// The VMs that are on their way are read, and those that have arrived or failed get their outcome.
async fn read_back(run: &mut Run, away: &mut Away) -> Result<(), Outcome> {
    let ids: Vec<_> = away.keys().copied().collect();
    let list = match run.look(Phase::Settle, move |world| world.vms(&ids)).await {
        Ok(list) => list,
        Err(outcome) => {
            for (vm, sent) in std::mem::take(away) {
                run.settle(vm, &sent.name, sent.not_read_back());
            }
            return Err(outcome);
        }
    };
    for (id, mut sent) in std::mem::take(away) {
        let vm = list.vms.iter().find(|vm| vm.id == id);
        let never = vm.is_some_and(|vm| sent.never_begun(run, vm));
        // A migration that was accepted dies with the leader. One that is forgotten twice is not sent a third time.
        if never && (sent.doubt || run.forgotten.insert(id)) && again(run, id, &sent) {
            let text = format!("{id}: nothing has become of it, so it was not done; looking at it again");
            run.note(Phase::Settle, text);
        } else if let Some(fate) = sent.judge(run, vm) {
            run.settle(id, &sent.name, fate);
        } else {
            away.insert(id, sent);
        }
    }
    Ok(())
}

impl Sent {
    fn not_read_back(&self) -> Fate {
        Fate::Failed(match self.from {
            None => "oned has taken the resume, and it was not read back".to_owned(),
            Some(from) => format!(
                "its live migration from {from} was sent, and not read back; it runs on one of the two"
            ),
        })
    }

    /// Has oned had time to take the call up?
    fn waited(&self, run: &Run) -> bool {
        run.now().since(self.at) >= TAKEN_UP.min(run.policy.settle.deadline)
    }

    /// Was a migration, or a start whose answer was lost, not carried out? Nothing has become of it for longer than oned needs.
    fn never_begun(&self, run: &Run, vm: &Vm) -> bool {
        let still = match self.from {
            Some(from) => vm.host == Some(from) && vm.state == VmState::RUNNING,
            None => matches!(states::class(vm.state), Class::Lost | Class::Stopped),
        };
        let unsure = self.doubt || self.from.is_some();
        unsure && !self.begun && self.waited(run) && still && vm.error == self.error
    }

    /// The outcome of the VM; `None` while it is on its way.
    fn judge(&mut self, run: &Run, vm: Option<&Vm>) -> Option<Fate> {
        let Some(vm) = vm else {
            return Some(Fate::Left("it was deleted meanwhile".to_owned()));
        };
        let deadline = run.policy.settle.deadline;
        let waits = !self.begun && !self.waited(run);
        let error = vm.error.as_deref().unwrap_or("its driver gave no reason");
        if vm.host.is_some() && vm.host == self.from && vm.state == VmState::RUNNING {
            let why = if self.begun || vm.error != self.error {
                format!("its live migration failed: {error}")
            } else {
                "nothing has become of its live migration".to_owned()
            };
            return (!waits).then_some(Fate::Left(format!("it stays where it was: {why}")));
        }
        if vm.host != Some(run.id) && vm.host != self.from.or(Some(run.id)) {
            return Some(Fate::Left(format!("{}: somebody has moved it meanwhile", vm.state)));
        }
        match states::class(vm.state) {
            Class::Running => Some(Fate::Recovered(format!("RUNNING on {}", run.named()))),
            Class::Transient | Class::Resubmit if run.now().since(self.at) < deadline => {
                self.begun = true;
                None
            }
            Class::Lost | Class::Stopped if waits && vm.error == self.error => None,
            Class::Transient | Class::Resubmit => Some(Fate::Failed(still(vm, deadline))),
            Class::Lost | Class::Stopped | Class::Failure | Class::Strange => {
                Some(Fate::Failed(format!("{} again: {error}", vm.state)))
            }
            Class::NotPlaced | Class::Done => Some(Fate::Left(format!("{} meanwhile", vm.state))),
        }
    }
}
