//! One run: what it asks, what it knows of its VM, and how it ends.

use super::attempts::Attempts;
use super::rules::Policy;
use crate::model::{Epoch, Holder, HostId, Moment, Vm};
use crate::policy::desk::Desk;
use crate::policy::healthy::{
    Account, Claimed, DOWN, Deed, Fallen, Hook, claim, fallen, is_known_down, must_lead,
};
use crate::policy::holder::by;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Source, VmSubject, World};
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::rules::{NotReady, ReadyRules};
use crate::policy::settings::Purpose;
use std::ops::Deref;

pub(super) struct Run {
    desk: Desk,
    pub(super) policy: Policy,
    pub(super) subject: VmSubject,
    /// `node7 (host 7)`
    pub(super) place: String,
    pub(super) attempts: Attempts,
    /// Since when no attempt could be made, because oned did not take it.
    pub(super) unmade: Option<Moment>,
    /// READY=YES of before was taken away before the last attempt.
    pub(super) cleared: bool,
    /// When the last attempt was counted, by the front-end's wall clock.
    pub(super) started: Option<Epoch>,
    /// Hosts that the VM was sent to in this run.
    pub(super) refused: Vec<HostId>,
}

/// A run asks the world at its desk.
impl Deref for Run {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Run {
    pub(super) fn new(desk: Desk, subject: VmSubject, policy: Policy) -> Self {
        let place = subject.host.map_or_else(|| "no host".to_owned(), |host| host.to_string());
        // A look of the timer says nothing until there is something to do.
        desk.set_quiet(subject.source == Source::Reconcile);
        let (attempts, unmade, refused) = (Attempts::default(), None, Vec::new());
        let (cleared, started) = (false, None);
        Self { desk, policy, subject, place, attempts, unmade, cleared, started, refused }
    }

    /// `web (vm 4)`
    pub(super) fn named(&self) -> String {
        format!("{} ({})", self.subject.name, self.subject.vm)
    }

    /// This run, begun by hand.
    pub(super) fn command(&self) -> String {
        format!("vm_down --vm {}", self.subject.vm.0)
    }

    pub(super) fn rehearses(&self) -> bool {
        self.policy.purpose == Purpose::Rehearse
    }

    /// A run that changes something belongs on the front-end that leads.
    pub(super) async fn must_lead(&self) -> Result<(), End> {
        let rules = &self.policy.rules;
        if !rules.observer.leader || self.rehearses() {
            return Ok(());
        }
        let leads = must_lead(&self.desk, rules.wait, &self.command()).await;
        leads.map_err(|outcome| self.ended(outcome))
    }

    /// No other run works on this VM.
    pub(super) async fn claim(&self) -> Result<(), End> {
        let vm = self.subject.vm;
        let question = move |world: &mut dyn World, over: &[Holder]| world.claim_vm(vm, over);
        match claim(&self.desk, &vm.to_string(), &self.command(), question).await {
            Ok(Claimed::Ours) => Ok(()),
            Ok(Claimed::Busy(locked)) => {
                let why = format!("another run is working on this VM{}; nothing is needed", by(&locked));
                Err(self.ended(Outcome::NothingToDo(why)))
            }
            Err(outcome) => Err(self.ended(outcome)),
        }
    }

    /// Ask oned until it answers, or end when it has been silent for too long.
    pub(super) async fn read<T: 'static>(
        &self,
        phase: Phase,
        question: impl Fn(&mut dyn World) -> Result<T, Failure> + Clone + 'static,
    ) -> Result<T, End> {
        let answer = self.desk.read(self.policy.rules.wait, phase, question).await;
        answer.map_err(|failure| self.ended(Outcome::NoCloud(failure)))
    }

    /// It is held by what may pass.
    pub(super) async fn look_again(&self) {
        let (vm, hold) = (self.subject.vm, self.policy.rules.hold);
        if !self.rehearses() {
            self.ask(move |world| world.look_again(vm, &hold)).await;
        }
    }

    /// The crash of a VM that is held stands in its template: whoever recovers it later knows that nobody wanted it. Of a
    /// thousand VMs that go down at once each costs no call; those that the timer finds down later one, once.
    pub(super) async fn write_crash(&self, vm: &Vm) {
        if let (Fallen::Crashed(Some(at)), Source::Reconcile) = (fallen(vm), self.subject.source)
            && !is_known_down(vm, at)
            && !self.rehearses()
        {
            self.tend(vec![Deed::NoteVm { vm: vm.id, attributes: vec![(DOWN, at.to_string())] }]).await;
        }
    }

    /// The VM on its way.
    pub(super) async fn read_vm(&self) -> Result<Vm, End> {
        let id = self.subject.vm;
        let list = self.read(Phase::Settle, move |world| world.vms(&[id])).await?;
        if let Some((_, why)) = list.unreadable.first() {
            return Err(End::held(format!("it was started, and its document cannot be read: {why}")));
        }
        let vm = list.vms.into_iter().find(|vm| vm.id == id);
        vm.ok_or_else(|| End::left("it was deleted meanwhile"))
    }

    /// The attempt that was counted last was not made, and that may pass: is it tried again?
    pub(super) fn tries_again(&mut self) -> bool {
        let now = self.now();
        let since = *self.unmade.get_or_insert(now);
        now.since(since) < self.policy.rules.wait.oned
    }

    /// An end that has nothing to do with the VM.
    pub(super) fn ended(&self, outcome: Outcome) -> End {
        let fate = if let Outcome::NothingToDo(why) = &outcome {
            Fate::Left(why.clone())
        } else if let Outcome::Held(failure) = &outcome {
            Fate::Held(failure.what.clone())
        } else if self.attempts.is_any_made() {
            Fate::Failed("it was started, and not read back".to_owned())
        } else {
            Fate::Held(outcome.to_string())
        };
        End { outcome, fate }
    }

    pub(super) fn account(self, end: End) -> Account {
        let vm = VmReport { id: self.subject.vm, name: self.subject.name.clone(), fate: end.fate };
        if !matches!(vm.fate, Fate::Held(_)) {
            self.set_quiet(false);
        }
        self.note(Phase::Settle, vm.to_string());
        self.note_end(end.outcome.to_string());
        Account {
            hook: Hook::VmDown,
            about: self.named(),
            outcome: end.outcome,
            vms: vec![vm],
            trail: self.trail(),
            took: self.now(),
        }
    }
}

/// How a run ends, and its VM with it.
#[derive(Debug)]
pub(super) struct End {
    outcome: Outcome,
    fate: Fate,
}

impl End {
    pub(super) fn recovered(text: String) -> Self {
        Self { outcome: Outcome::Recovered, fate: Fate::Recovered(text) }
    }

    /// It runs, and is not ready in time: what that is, the settings say.
    pub(super) fn not_ready(text: String, rules: &ReadyRules) -> Self {
        let outcome = match rules.not_ready {
            NotReady::Done => Outcome::Recovered,
            NotReady::Fail => Outcome::Partly,
        };
        Self { outcome, fate: Fate::NotReady(text) }
    }

    /// There is nothing to do, or nothing that is ours.
    pub(super) fn left(why: impl Into<String>) -> Self {
        let why = why.into();
        Self { outcome: Outcome::NothingToDo(why.clone()), fate: Fate::Left(why) }
    }

    /// The VM should run and is not touched.
    pub(super) fn held(why: impl Into<String>) -> Self {
        Self { outcome: Outcome::Partly, fate: Fate::Held(why.into()) }
    }

    /// The same because of what is around the VM.
    pub(super) fn held_by(failure: Failure) -> Self {
        Self { fate: Fate::Held(failure.what.clone()), outcome: Outcome::Held(failure) }
    }

    pub(super) fn failed(why: String) -> Self {
        Self { outcome: Outcome::Partly, fate: Fate::Failed(why) }
    }

    /// A rehearsal would do this next.
    pub(super) fn planned(text: String) -> Self {
        Self { outcome: Outcome::Rehearsed(None), fate: Fate::Planned(text) }
    }

    /// A rehearsal would end so.
    pub(super) fn rehearsed(self) -> Self {
        Self { outcome: Outcome::Rehearsed(Some(Box::new(self.outcome))), fate: self.fate }
    }
}
