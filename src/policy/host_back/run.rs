//! One run: what it knows of its host and its VMs, and the account that it gives.

use super::rules::Policy;
use crate::model::{Epoch, Host, HostId, HostState, Incident, Moment, VmId};
use crate::policy::desk::Desk;
use crate::policy::healthy::{Account, Deed, Hook, told};
use crate::policy::notes::Phase;
use crate::policy::order::Reply;
use crate::policy::port::{Failure, Source, Subject, World};
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::settings::Purpose;
use crate::policy::zombies::listed;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Deref;
use std::time::Duration;

/// A VM that an incident has moved away, and where to.
#[derive(Clone, Copy)]
pub(super) struct Guest {
    pub(super) vm: VmId,
    pub(super) at: HostId,
}

/// What a run was begun for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// The host is back after a failure.
    LookAfter,
    /// A person wants back what was moved from it by day.
    Restore,
}

pub(super) struct Run {
    desk: Desk,
    pub(super) task: Task,
    pub(super) policy: Policy,
    pub(super) source: Source,
    pub(super) id: HostId,
    /// The host as it was read last; before that only its name is known.
    pub(super) host: Host,
    /// The moment since when the host is MONITORED without a break, and when oned had heard the host last then.
    pub(super) since: Option<(Moment, Option<i64>)>,
    /// The time that the host was MONITORED before this run, as an earlier run has written.
    pub(super) monitored_before: Duration,
    /// The front-end's wall clock at a moment of this run.
    pub(super) clock: (Epoch, Moment),
    /// The host's last incident, and for how long this front-end has seen no change in it.
    pub(super) last: Option<(Incident, Duration)>,
    /// The VMs that have their outcome.
    pub(super) vms: BTreeMap<VmId, VmReport>,
    /// The VMs to start, in order.
    pub(super) queue: VecDeque<(VmId, String)>,
    /// The number of calls that oned has taken, or may have.
    pub(super) started: u32,
    /// The VMs that go back to this host; `None` before that was looked at.
    pub(super) guests: Option<VecDeque<Guest>>,
    /// The moment since when oned has taken nothing of what was sent.
    pub(super) unsent: Option<Moment>,
    /// The VMs of which oned has accepted a migration and forgotten it.
    pub(super) forgotten: BTreeSet<VmId>,
}

/// It asks the world at its desk.
impl Deref for Run {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Run {
    pub(super) fn new(desk: Desk, subject: &Subject, policy: Policy) -> Self {
        Self {
            desk,
            task: Task::LookAfter,
            policy,
            source: subject.source,
            id: subject.host,
            host: Host::new(subject.host, &subject.name, HostState::Unknown(-1)),
            since: None,
            monitored_before: Duration::ZERO,
            clock: (Epoch::default(), Moment::default()),
            last: None,
            vms: BTreeMap::new(),
            queue: VecDeque::new(),
            started: 0,
            guests: None,
            unsent: None,
            forgotten: BTreeSet::new(),
        }
    }

    /// `node7 (host 7)`
    pub(super) fn named(&self) -> String {
        format!("{} ({})", self.host.name, self.id)
    }

    /// This run, begun by hand.
    pub(super) fn command(&self) -> String {
        match self.task {
            Task::LookAfter => format!("host_back --host {}", self.host.name),
            Task::Restore => format!("onerescue restore {}", self.host.name),
        }
    }

    fn hook(&self) -> Hook {
        match self.task {
            Task::LookAfter => Hook::HostBack,
            Task::Restore => Hook::Restore,
        }
    }

    pub(super) fn rehearses(&self) -> bool {
        self.policy.purpose == Purpose::Rehearse
    }

    /// The wall clock now.
    pub(super) fn epoch(&self) -> Epoch {
        let (epoch, at) = self.clock;
        epoch.plus(self.now().since(at))
    }

    pub(super) fn incident(&self) -> Option<&Incident> {
        self.last.as_ref().map(|(incident, _)| incident)
    }

    /// The time that the host has been MONITORED.
    pub(super) fn monitored_for(&self) -> Duration {
        let here = self.since.map_or(Duration::ZERO, |(since, _)| self.now().since(since));
        here.saturating_add(self.monitored_before)
    }

    /// No failure of the host is known, and no VM is on it.
    pub(super) fn has_nothing_to_do(&self) -> bool {
        self.host.vms.is_empty() && self.last.is_none() && listed(&self.host).next().is_none()
    }

    /// An answer of oned, unless oned is silent for too long, or refuses it.
    pub(super) async fn look<T: 'static>(
        &self,
        phase: Phase,
        question: impl Fn(&mut dyn World) -> Result<T, Failure> + Clone + 'static,
    ) -> Result<T, Outcome> {
        self.read(self.policy.wait, phase, question).await.map_err(Outcome::NoCloud)
    }

    /// The host's template gets these attributes. Has oned taken that?
    pub(super) async fn write(&self, attributes: Vec<(&'static str, String)>) -> bool {
        let replies = self.tend(vec![Deed::NoteHost { host: self.id, attributes }]).await;
        replies.iter().all(|reply| *reply == Reply::Accepted)
    }

    /// A VM gets its one outcome.
    pub(super) fn settle(&mut self, vm: VmId, name: &str, fate: Fate) {
        let report = VmReport { id: vm, name: name.to_owned(), fate };
        self.note(Phase::Settle, told(self.hook(), &report));
        self.vms.insert(vm, report);
    }

    /// The VMs that were to be started get this outcome.
    pub(super) fn settle_rest(&mut self, fate: &Fate) {
        for (vm, name) in std::mem::take(&mut self.queue) {
            self.settle(vm, &name, fate.clone());
        }
    }

    pub(super) fn account(mut self, outcome: Outcome) -> Account {
        let why =
            if let Outcome::Held(failure) = &outcome { failure.what.clone() } else { outcome.to_string() };
        self.settle_rest(&Fate::Held(why));
        let account = Account {
            hook: self.hook(),
            about: self.named(),
            outcome,
            trail: Vec::new(),
            took: self.now(),
            vms: self.vms.values().cloned().collect(),
        };
        self.note_end(account.said());
        Account { trail: self.trail(), ..account }
    }
}
