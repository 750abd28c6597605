//! What one run knows and has written down so far.

use super::Step;
use super::failback::Guest;
use super::later::Mark;
use super::rules::Policy;
use crate::model::{Epoch, Host, HostId, Incident, Moment, VmId};
use crate::policy::notes::Phase;
use crate::policy::port::{Source, Subject};
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::settings::Purpose;
use crate::policy::tend::{Account, Diary, Hook};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A VM whose resume may have reached oned.
#[derive(Clone, Debug)]
pub(super) struct Away {
    pub(super) name: String,
    pub(super) sent: Moment,
    /// `USER_TEMPLATE/ERROR` before. oned's text has the date, so another text is another failure.
    pub(super) error: Option<String>,
    /// Where it goes back from, if it does not start.
    pub(super) from: Option<HostId>,
    /// oned has taken it up.
    pub(super) begun: bool,
    /// The answer to it was lost.
    pub(super) doubt: bool,
}

/// The run's memory; it travels from step to step.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) subject: Subject,
    pub(super) policy: Policy,
    pub(super) diary: Diary,
    pub(super) vms: BTreeMap<VmId, VmReport>,
    /// The host as it was read last.
    pub(super) host: Option<Host>,
    /// Since when it is MONITORED without a break, and when oned had heard it last then.
    pub(super) since: Option<(Moment, Option<i64>)>,
    /// How long it was so before this run, as an earlier one has written.
    pub(super) stood: Duration,
    /// The front-end's wall clock at a moment of this run.
    pub(super) clock: Option<(Epoch, Moment)>,
    /// The host's last incident, and for how long this front-end has seen no change in it.
    pub(super) incident: Option<Incident>,
    pub(super) unchanged: Duration,
    /// VMs to start, in order.
    pub(super) queue: VecDeque<(VmId, String)>,
    /// VMs on their way.
    pub(super) away: BTreeMap<VmId, Away>,
    pub(super) started: u32,
    /// VMs that go back to this host; `None` before that was looked at.
    pub(super) guests: Option<VecDeque<Guest>>,
    /// Since when oned has taken nothing of what was sent.
    pub(super) unsent: Option<Moment>,
}

impl Case {
    pub(super) fn new(subject: Subject, policy: Policy) -> Box<Self> {
        Box::new(Self {
            subject,
            diary: Diary::new(policy.wait),
            policy,
            vms: BTreeMap::new(),
            host: None,
            since: None,
            stood: Duration::ZERO,
            clock: None,
            incident: None,
            unchanged: Duration::ZERO,
            queue: VecDeque::new(),
            away: BTreeMap::new(),
            started: 0,
            guests: None,
            unsent: None,
        })
    }

    /// What was not done, because oned did not take it, is looked at and sent again; unless that is so for too long.
    pub(super) fn again(&mut self, now: Moment, vm: VmId) -> bool {
        let since = *self.unsent.get_or_insert(now);
        if now.since(since) >= self.policy.wait.oned {
            return false;
        }
        match self.away.remove(&vm) {
            Some(Away { from: Some(at), .. }) => {
                self.guests.get_or_insert_default().push_front(Guest { vm, at });
            }
            Some(Away { name, .. }) => self.queue.push_front((vm, name)),
            None => {}
        }
        true
    }

    /// `node7 (host 7)`
    pub(super) fn named(&self) -> String {
        format!("{} ({})", self.subject.name, self.subject.host)
    }

    pub(super) fn rehearses(&self) -> bool {
        self.policy.purpose == Purpose::Rehearse
    }

    /// An attribute of the host's template.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let value = self.host.as_ref().and_then(|host| host.attributes.get(name));
        value.map_or("", |value| value.trim())
    }

    /// How long it has been MONITORED.
    pub(super) fn stood(&self, now: Moment) -> Duration {
        self.since.map_or(Duration::ZERO, |(since, _)| now.since(since)).saturating_add(self.stood)
    }

    /// The word that an earlier run has left on the host.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.host.as_ref().and_then(Mark::read)
    }

    /// How long it has been MONITORED as that word says, if this run was started by it and its time has come.
    pub(super) fn marked_stood(&self, now: Moment) -> Option<Duration> {
        let (host, mark) = (self.host.as_ref()?, self.mark()?);
        let ours = self.subject.source == Source::Reconcile;
        let last = self.incident.as_ref().map(|incident| (incident, self.unchanged));
        mark.stood(host, last, self.epoch(now), self.policy.back).filter(|_| ours)
    }

    /// The wall clock at this moment.
    pub(super) fn epoch(&self, now: Moment) -> Epoch {
        self.clock.map_or(Epoch::default(), |(epoch, at)| epoch.plus(now.since(at)))
    }

    /// Give a VM its one outcome.
    pub(super) fn settle(&mut self, now: Moment, vm: VmId, name: &str, fate: Fate) {
        self.diary.note(now, Phase::Settle, format!("{vm} {name}: {fate}"));
        self.vms.insert(vm, VmReport { id: vm, name: name.to_owned(), fate });
    }

    /// Every VM that is neither decided nor on its way is held.
    pub(super) fn hold_rest(&mut self, now: Moment, why: &str) {
        while let Some((vm, name)) = self.queue.pop_front() {
            self.settle(now, vm, &name, Fate::Held(why.to_owned()));
        }
    }

    pub(super) fn end(mut self, now: Moment, outcome: Outcome) -> Step {
        for (vm, away) in std::mem::take(&mut self.away) {
            let text = match away.from {
                None => "oned has taken the resume, and it was not read back".to_owned(),
                Some(from) => {
                    format!(
                        "its live migration from {from} was sent, and not read back; it runs on one of the two"
                    )
                }
            };
            self.settle(now, vm, &away.name, Fate::Failed(text));
        }
        self.hold_rest(now, &outcome.to_string());
        self.diary.note(now, Phase::Report, outcome.to_string());
        Step::Stop(Box::new(Account {
            hook: Hook::HostBack,
            about: self.named(),
            outcome,
            vms: self.vms.into_values().collect(),
            trail: self.diary.trail,
            took: now,
        }))
    }
}
