//! What one run knows and has written down so far.

use super::Step;
use super::rules::Policy;
use crate::model::{Epoch, Host, HostId, Moment, Vm};
use crate::policy::limits::lately;
use crate::policy::moments::is_ahead;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, VmSubject as Subject};
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::settings::Purpose;
use crate::policy::tend::{Account, Diary, Hook};
use std::time::Duration;

/// The VM's user template: the moments of the attempts, in epoch seconds, and what they have led to.
pub(super) const RESTARTS: &str = "HA_RESTARTS";
pub(super) const STATE: &str = "HA_STATE";
/// A person, or an hour without another crash, ends it.
pub(super) const CRASH_LOOP: &str = "CRASH_LOOP";
/// No more moments than this are kept.
const KEPT: usize = 20;

/// The run's memory; it travels from step to step.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) subject: Subject,
    pub(super) policy: Policy,
    pub(super) diary: Diary,
    /// The VM and its host as they were read last.
    pub(super) vm: Option<Vm>,
    pub(super) host: Option<Host>,
    /// The front-end's wall clock at a moment of this run.
    pub(super) clock: Option<(Epoch, Moment)>,
    /// The present attempt was waited for.
    pub(super) waited: bool,
    /// The moments of all attempts.
    pub(super) attempts: Vec<Epoch>,
    /// Attempts of this run.
    pub(super) made: u32,
    /// Those that were counted and of which nothing was sent, and those that stand at another moment now.
    pub(super) withdrawn: Vec<Epoch>,
    /// Since when no attempt could be made, because oned did not take it.
    pub(super) unmade: Option<Moment>,
    /// Hosts that have refused it in this run.
    pub(super) refused: Vec<HostId>,
}

impl Case {
    pub(super) fn new(subject: Subject, policy: &Policy) -> Box<Self> {
        Box::new(Self {
            subject,
            diary: Diary::new(policy.rules.wait),
            policy: policy.clone(),
            vm: None,
            host: None,
            clock: None,
            waited: false,
            attempts: Vec::new(),
            made: 0,
            withdrawn: Vec::new(),
            unmade: None,
            refused: Vec::new(),
        })
    }

    /// `web (vm 4)`
    pub(super) fn named(&self) -> String {
        format!("{} ({})", self.subject.name, self.subject.vm)
    }

    /// `node7 (host 7)`
    pub(super) fn place(&self) -> String {
        match (&self.host, self.subject.host) {
            (Some(host), _) => host.to_string(),
            (None, Some(host)) => host.to_string(),
            (None, None) => "no host".to_owned(),
        }
    }

    pub(super) fn rehearses(&self) -> bool {
        self.policy.purpose == Purpose::Rehearse
    }

    pub(super) fn epoch(&self, now: Moment) -> Epoch {
        self.clock.map_or(Epoch::default(), |(epoch, at)| epoch.plus(now.since(at)))
    }

    /// The VM, read anew.
    pub(super) fn read(&mut self, vm: Vm) {
        self.subject.name.clone_from(&vm.name);
        self.subject.host = vm.host;
        let text = vm.attributes.get(RESTARTS).map_or("", String::as_str);
        let told: Vec<_> = text.split_whitespace().filter_map(|at| Some(Epoch(at.parse().ok()?))).collect();
        // What this run has done counts even where oned's answer was lost, or somebody has taken the attribute away.
        self.attempts.extend(told.into_iter().filter(|at| !self.withdrawn.contains(at)));
        self.attempts.sort_unstable();
        self.attempts.dedup();
        self.vm = Some(vm);
    }

    /// Attempts that count.
    pub(super) fn recent(&self, now: Moment) -> usize {
        let (epoch, reset) = (self.epoch(now), self.policy.down.reset);
        let read = self.attempts.iter().filter(|at| lately(epoch, **at, Duration::ZERO, reset)).count();
        read.max(usize::try_from(self.made).unwrap_or(usize::MAX))
    }

    /// The attribute with one more attempt in it.
    pub(super) fn count(&mut self, now: Moment) -> (&'static str, String) {
        self.made = self.made.saturating_add(1);
        self.mend(now);
        // Two attempts within one second are two.
        let mut at = self.epoch(now);
        while self.attempts.contains(&at) {
            at = Epoch(at.0.saturating_add(1));
        }
        self.attempts.push(at);
        (RESTARTS, self.words())
    }

    /// Has a wrong clock dated attempts ahead?
    pub(super) fn is_misdated(&self, now: Moment) -> bool {
        let epoch = self.epoch(now);
        self.attempts.iter().any(|at| is_ahead(epoch, *at))
    }

    /// Attempts that a wrong clock has dated ahead were made now at the latest. Each stays one.
    ///
    /// The attribute as it is to be, if there were any.
    pub(super) fn mend(&mut self, now: Moment) -> Option<(&'static str, String)> {
        let epoch = self.epoch(now);
        let (wrong, right): (Vec<_>, Vec<_>) =
            self.attempts.iter().copied().partition(|at| is_ahead(epoch, *at));
        let furthest = wrong.last()?.since(epoch);
        let text = format!(
            "{RESTARTS} has a moment that is {} s ahead: a clock was wrong; it counts as now",
            furthest.as_secs()
        );
        self.diary.note(now, Phase::Observe, text);
        self.attempts = right;
        for old in wrong {
            let mut at = epoch;
            while self.attempts.contains(&at) {
                at = Epoch(at.0.saturating_sub(1));
            }
            self.attempts.push(at);
            // oned still has it as it was.
            self.withdrawn.push(old);
        }
        self.attempts.sort_unstable();
        Some((RESTARTS, self.words()))
    }

    fn words(&self) -> String {
        let skip = self.attempts.len().saturating_sub(KEPT);
        let words: Vec<_> = self.attempts.iter().skip(skip).map(|at| at.0.to_string()).collect();
        words.join(" ")
    }

    /// The attempt that was counted last was not made, and that may pass: is it tried again?
    pub(super) fn tries_again(&mut self, now: Moment) -> bool {
        let since = *self.unmade.get_or_insert(now);
        now.since(since) < self.policy.rules.wait.oned
    }

    /// It does not count.
    pub(super) fn withdraw(&mut self) {
        self.made = self.made.saturating_sub(1);
        self.withdrawn.extend(self.attempts.pop());
    }

    pub(super) fn fate(&self, fate: Fate) -> VmReport {
        VmReport { id: self.subject.vm, name: self.subject.name.clone(), fate }
    }

    /// There is nothing to do, or nothing that is ours.
    pub(super) fn leave(self, now: Moment, why: impl Into<String>) -> Step {
        let why = why.into();
        let left = self.fate(Fate::Left(why.clone()));
        self.end(now, Outcome::NothingToDo(why), Some(left))
    }

    /// It should run and is not touched.
    pub(super) fn hold(self, now: Moment, why: impl Into<String>) -> Step {
        let held = self.fate(Fate::Held(why.into()));
        self.end(now, Outcome::Partly, Some(held))
    }

    /// The same because of what is around it.
    pub(super) fn held(self, now: Moment, failure: Failure) -> Step {
        let held = self.fate(Fate::Held(failure.what.clone()));
        self.end(now, Outcome::Held(failure), Some(held))
    }

    pub(super) fn failed(self, now: Moment, why: impl Into<String>) -> Step {
        let failed = self.fate(Fate::Failed(why.into()));
        self.end(now, Outcome::Partly, Some(failed))
    }

    /// oned gives no answer.
    pub(super) fn given_up(self, now: Moment, outcome: Outcome) -> Step {
        let fate = if self.made > 0 {
            Fate::Failed("it was started, and not read back".to_owned())
        } else {
            Fate::Held(outcome.to_string())
        };
        let vm = self.fate(fate);
        self.end(now, outcome, Some(vm))
    }

    pub(super) fn end(mut self, now: Moment, outcome: Outcome, vm: Option<VmReport>) -> Step {
        if let Some(vm) = &vm {
            self.diary.note(now, Phase::Settle, vm.to_string());
        }
        self.diary.note(now, Phase::Report, outcome.to_string());
        Step::Stop(Box::new(Account {
            hook: Hook::VmDown,
            about: self.named(),
            outcome,
            vms: vm.into_iter().collect(),
            trail: self.diary.trail,
            took: now,
        }))
    }
}
