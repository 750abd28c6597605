//! One run: what it knows of its host and its VMs, and the account that it gives.

use super::rules::Policy;
use crate::model::{
    DocumentId, Epoch, Evacuated, Evacuation, Host, HostId, HostState, Memory, Moment, VmId, VmState,
};
use crate::policy::desk::Desk;
use crate::policy::healthy::{Account, Hook, told};
use crate::policy::limits::span;
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Source, Subject, Trouble, World};
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::settings::Purpose;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::time::Duration;

/// What keeps the run, without what an end says of VMs.
pub(super) fn why(outcome: &Outcome) -> String {
    if let Outcome::Held(failure) | Outcome::NoCloud(failure) = outcome {
        failure.what.clone()
    } else {
        outcome.to_string()
    }
}

/// A VM whose order may have reached oned.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) name: String,
    pub(super) to: HostId,
    /// When that was, or when this run found that an earlier one had noted it.
    pub(super) at: Moment,
    /// How long before that it was ordered.
    pub(super) before: Duration,
    /// `SEQ` of its last record before.
    pub(super) sequence: Option<i64>,
    /// Its state before, which it has again when it has arrived.
    pub(super) state: VmState,
}

impl Sent {
    /// How long ago it was ordered.
    pub(super) fn passed(&self, now: Moment) -> Duration {
        now.since(self.at).saturating_add(self.before)
    }
}

pub(super) struct Run {
    desk: Desk,
    pub(super) policy: Policy,
    pub(super) source: Source,
    pub(super) id: HostId,
    /// The host as it was read last; before that only its name is known.
    pub(super) host: Host,
    /// The front-end's wall clock at a moment of this run, and what this run is called.
    pub(super) clock: (Epoch, Moment),
    pub(super) me: String,
    /// `node3 (host 3)`, of every host.
    pub(super) names: BTreeMap<HostId, String>,
    /// What is written down of it.
    pub(super) document: Option<DocumentId>,
    pub(super) record: Option<Evacuation>,
    /// When that was written last.
    pub(super) wrote: Moment,
    /// The VMs that an earlier run of it has moved.
    pub(super) moved_before: BTreeMap<VmId, Evacuated>,
    /// The VMs that are on their way, and those that have their outcome, with where they went.
    pub(super) away: BTreeMap<VmId, Sent>,
    pub(super) vms: BTreeMap<VmId, VmReport>,
    pub(super) gone: BTreeMap<VmId, Sent>,
    /// Where VMs were planned to go.
    pub(super) planned: BTreeMap<VmId, HostId>,
    /// Hosts for which oned has refused a VM.
    pub(super) refused: BTreeMap<VmId, Vec<HostId>>,
    /// VMs of which nothing has become once.
    pub(super) forgotten: BTreeSet<VmId>,
    /// Since when oned has to end something first.
    pub(super) waits: BTreeMap<VmId, Moment>,
    /// Something has changed since VMs were planned last.
    pub(super) stale: bool,
    /// Every VM has its outcome or is on its way.
    pub(super) planned_all: bool,
    /// Since when oned has taken nothing of what was sent.
    pub(super) unsent: Option<Moment>,
    /// The number of orders that oned has taken, or may have.
    pub(super) sent: u32,
    /// A VM has failed to move: since when it is not known whether the host lives, and when oned had heard it last then.
    pub(super) doubted: Option<(Moment, Option<i64>)>,
    /// The host was seen to be out of service.
    pub(super) out_of_service: bool,
    /// Those that were sent and could not be read back: the next run does that.
    pub(super) unread: BTreeSet<VmId>,
    /// Why nothing more is sent.
    pub(super) stopped: Option<Outcome>,
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
            policy,
            source: subject.source,
            id: subject.host,
            host: Host::new(subject.host, &subject.name, HostState::Unknown(-1)),
            clock: (Epoch::default(), Moment::default()),
            me: String::new(),
            names: BTreeMap::new(),
            document: None,
            record: None,
            wrote: Moment::default(),
            moved_before: BTreeMap::new(),
            away: BTreeMap::new(),
            vms: BTreeMap::new(),
            gone: BTreeMap::new(),
            planned: BTreeMap::new(),
            refused: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            waits: BTreeMap::new(),
            stale: true,
            planned_all: false,
            unsent: None,
            sent: 0,
            doubted: None,
            out_of_service: false,
            unread: BTreeSet::new(),
            stopped: None,
        }
    }

    /// `node7 (host 7)`
    pub(super) fn named(&self) -> String {
        format!("{} ({})", self.host.name, self.id)
    }

    /// Has oned heard the host since a VM of it failed to move? Its death would be the cause, and nobody knows of it yet.
    pub(super) fn hears_it(&mut self, within: Duration) {
        let Some((since, heard)) = self.doubted else { return };
        let silent = self.now().since(since);
        if self.host.monitored_at > heard {
            self.doubted = None;
        } else if silent >= within {
            self.note(Phase::Observe, format!("oned has not heard it for {}", span(silent)));
            self.doubted = None;
        }
    }

    /// `node3 (host 3)`
    pub(super) fn host_name(&self, host: HostId) -> String {
        self.names.get(&host).cloned().unwrap_or_else(|| host.to_string())
    }

    /// The command that goes on with it.
    pub(super) fn command(&self) -> String {
        format!("onerescue evacuate {} --reason …", self.host.name)
    }

    pub(super) fn rehearses(&self) -> bool {
        self.policy.purpose == Purpose::Rehearse
    }

    /// The wall clock now.
    pub(super) fn epoch(&self) -> Epoch {
        let (epoch, at) = self.clock;
        epoch.plus(self.now().since(at))
    }

    /// A call that was not carried out is sent again, unless oned has taken nothing for too long.
    pub(super) fn may_try_again(&mut self) -> bool {
        let now = self.now();
        let since = *self.unsent.get_or_insert(now);
        now.since(since) < self.policy.wait.oned
    }

    /// Has every VM its outcome?
    pub(super) fn is_done(&self) -> bool {
        self.away.is_empty() && self.doubted.is_none() && (self.planned_all || self.stopped.is_some())
    }

    /// An answer of oned, unless oned is silent for too long, or refuses it.
    pub(super) async fn look<T: 'static>(
        &self,
        phase: Phase,
        question: impl Fn(&mut dyn World) -> Result<T, Failure> + Clone + 'static,
    ) -> Result<T, Outcome> {
        self.read(self.policy.wait, phase, question).await.map_err(Outcome::NoCloud)
    }

    /// What is remembered; its clock is this run's.
    pub(super) async fn remember(&mut self) -> Result<Memory, Outcome> {
        let memory = self.look(Phase::Claim, |world| world.memory()).await?;
        self.clock = (memory.now, self.now());
        self.me.clone_from(&memory.me);
        Ok(memory)
    }

    /// A VM gets its one outcome.
    pub(super) fn settle(&mut self, vm: VmId, name: &str, fate: Fate) {
        let report = VmReport { id: vm, name: name.to_owned(), fate };
        self.note(Phase::Settle, told(Hook::Evacuate, &report));
        if matches!(report.fate, Fate::Failed(_)) {
            self.doubted.get_or_insert((self.now(), self.host.monitored_at));
        }
        self.gone.extend(self.away.remove(&vm).map(|sent| (vm, sent)));
        self.waits.remove(&vm);
        self.vms.insert(vm, report);
        self.stale = true;
    }

    /// Nothing more is sent, for this reason; what is on its way is still read back.
    pub(super) fn stop(&mut self, outcome: Outcome) {
        self.note(Phase::Claim, why(&outcome));
        self.stopped.get_or_insert(outcome);
    }

    /// A reason that keeps the whole run, and the one thing to do.
    pub(super) fn held(what: String, advice: impl Into<String>) -> Outcome {
        Outcome::Held(Failure { trouble: Trouble::Refused, what, advice: advice.into() })
    }

    pub(super) fn account(self, outcome: Outcome) -> Account {
        let account = Account {
            hook: Hook::Evacuate,
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
