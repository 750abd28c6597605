//! VMs that are held or failed although everything else is done: `onerescue reconcile` looks at them again, more and more slowly.
//!
//! Room comes back, a person mends a datastore: nobody should have to think of those VMs then. Such a look goes on with
//! the closed record of the same failure, which stays closed until there is something to send, and proves the host off
//! once more, but it never sends "off": who has switched the host on since is at work on it. So it looks only where the
//! proof can be read again, not after a person's word, a bare exit code or `-u`. What a person has asked to delete or to create
//! anew was for that run: a machine does so only where its own options say it.

use crate::model::{HostState, Incident, Looks, Progress};
use crate::policy::fencing::proof::Proof;
use crate::policy::limits::span;
use crate::policy::notes::{Phase, Weight};
use crate::policy::port::Source;
use crate::policy::report::{Fate, Outcome};
use crate::policy::run::Run;
use crate::policy::run::record::Retry;
use crate::policy::settings::{Mode, Purpose};

/// Does a run of this failure go on with this record, although it is closed?
pub(in crate::policy) fn goes_on(incident: &Incident, error: Option<&str>) -> bool {
    incident.waiting.is_some() && error.is_some() && incident.error.as_deref() == error
}

impl Run {
    /// Does this run only look again at VMs that are held, with nothing sent yet? It says nothing new until then.
    pub(in crate::policy) fn only_looks(&self) -> bool {
        self.record.retry.is_look() && !self.vms.touched
    }

    /// An order may have reached oned: from here on everything is said again.
    pub(in crate::policy) fn is_touched(&mut self) {
        self.vms.touched = true;
        self.set_quiet(false);
    }

    /// This run goes on with a record whose VMs are held: the timer's only looks; any other begins from the start.
    pub(in crate::policy) fn looks_again(&mut self, incident: &mut Incident) {
        let waiting = incident.waiting.take();
        if incident.progress == Progress::Closed {
            self.record.retry = Retry::Anew { waited: waiting.is_some() };
        }
        let Some(looks) = waiting else { return };
        if self.subject.source != Source::Reconcile {
            return;
        }
        self.record.retry = Retry::Look(looks.outcome.clone());
        incident.waiting = Some(looks);
        self.amend(|entry| entry.weight = Weight::Detail);
        self.set_quiet(true);
    }

    /// There is something to send after all: from here on this is said again, and the record is open.
    pub(in crate::policy) fn begins_to_retry(&mut self, proof: &Proof) {
        if !self.only_looks() {
            return;
        }
        if let Some(incident) = &mut self.record.incident {
            incident.progress = Progress::Off;
        }
        if !self.trail().iter().any(|entry| entry.weight != Weight::Detail) {
            let text = format!("VMs that were held can be recovered now; {} is off: {proof}", self.host());
            self.say_aloud(Phase::Plan, text);
        }
    }

    fn is_back(&self) -> bool {
        self.vms.hosts.states.get(&self.subject.host).is_some_and(|state| *state == HostState::Monitored)
    }

    /// A look that came to nothing leaves no VM without an outcome: an earlier look may have been killed at work.
    pub(in crate::policy) fn end_a_look(&mut self) {
        if !self.only_looks() {
            return;
        }
        let unseen = self.vms.remembered.values().filter(|vm| vm.order.is_some() && vm.end.is_none());
        let unseen: Vec<_> = unseen.map(|vm| (vm.id, vm.name.clone())).collect();
        for (vm, name) in unseen {
            if !self.vms.reports.contains_key(&vm) && !self.vms.progress.contains_key(&vm) {
                let why = format!(
                    "a look that was killed may have sent it somewhere: see where it is (`onevm show {}`) before it is \
                     started",
                    vm.0
                );
                self.vms.settle(vm, &name, Fate::Failed(why));
            }
        }
    }

    /// At the end of a run: whether its held VMs are looked at again, and when.
    pub(in crate::policy) fn keep_waiting(&mut self, outcome: &Outcome, proof: Option<&Proof>) {
        let (at, rules, only_looks) = (self.epoch(), self.policy.hold, self.only_looks());
        let any = |of: fn(&Fate) -> bool| self.vms.reports.values().any(|vm| of(&vm.fate));
        let kinds = (any(|fate| matches!(fate, Fate::Held(_))), any(|fate| matches!(fate, Fate::Failed(_))));
        let unready = any(|fate| matches!(fate, Fate::NotReady(_)));
        let which = match kinds {
            (false, false) if unready => "are not ready",
            (_, false) => "are held",
            (false, true) => "failed",
            (true, true) => "are held or failed",
        };
        let waits = match outcome {
            Outcome::Recovered if unready => {
                !self.is_back() && proof.map_or(self.record.retry.waited(), Proof::is_read_back)
            }
            Outcome::Partly => {
                // A person's run that could do nothing has proven nothing anew; what was proven before it stands.
                let proven = proof.map_or(self.record.retry.waited(), Proof::is_read_back);
                (unready || kinds != (false, false)) && !self.is_back() && proven
            }
            Outcome::NotStarted(_) | Outcome::NoCloud(_) | Outcome::NotFenced(_) | Outcome::Held(_) => {
                self.record.retry.is_look()
            }
            Outcome::Recovered
            | Outcome::Fenced
            | Outcome::Contradicted(_)
            | Outcome::NothingToDo(_)
            | Outcome::HandedOver(_)
            | Outcome::Rehearsed(_) => false,
        };
        let machine = self.policy.mode == Mode::Migrate || self.subject.source != Source::Person;
        let asked = self.policy.purpose == Purpose::Recover && machine;
        let Some(incident) = &mut self.record.incident else { return };
        let since = incident.waiting.as_ref().map_or(at, |looks| looks.since);
        let waits = waits && asked && self.record.aborted.is_none() && at.since(since) < rules.vms;
        if only_looks && !matches!(outcome, Outcome::Recovered) {
            // What was done stands as it was.
            incident.outcome = self.record.retry.outcome().cloned();
        }
        let outcome = incident.outcome.clone().unwrap_or_default();
        incident.waiting = waits.then_some(Looks { since, outcome });
        let pause = at.since(since).min(rules.longest).max(rules.look);
        if waits {
            incident.until = Some(at.plus(pause));
        }
        if waits && !self.record.retry.is_look() {
            let text = format!(
                "VMs that {which}: `onerescue reconcile` looks again in {}, then more and more slowly, for up to {}",
                span(pause),
                span(rules.vms)
            );
            self.note(Phase::Report, text);
        }
    }
}
