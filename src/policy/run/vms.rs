//! What a recovery knows of its VMs, and of the hosts that they may go to.

use crate::model::{
    Epoch, HostId, HostState, IncidentVm, Moment, Observer, RaftState, Term, Vm, VmId, VmState, WhoLeads,
};
use crate::policy::charge;
use crate::policy::plan::Standing;
use crate::policy::port::{Failure, Survey};
use crate::policy::ready::Opening;
use crate::policy::report::{Fate, Outcome, VmReport};
use crate::policy::run::progress::Stage;
use crate::policy::run::progress::VmProgress;
use crate::policy::zombies;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The VMs of the dead host.
#[derive(Default)]
pub(in crate::policy) struct Vms {
    /// Those that have their outcome.
    pub(in crate::policy) reports: BTreeMap<VmId, VmReport>,
    /// When each of those that this run has moved was read back, oldest first.
    pub(in crate::policy) ran: Vec<Epoch>,
    /// Those between their first decision and their outcome.
    pub(in crate::policy) progress: BTreeMap<VmId, VmProgress>,
    pub(in crate::policy) places: Places,
    /// Those whose owner, or service, says when they are ready.
    pub(in crate::policy) openings: BTreeMap<VmId, Opening>,
    /// Those of this incident that earlier runs have written down.
    pub(in crate::policy) remembered: BTreeMap<VmId, IncidentVm>,
    /// When those were written.
    pub(in crate::policy) written: Option<Epoch>,
    /// Those that were decided about before the host had to be fenced again; all of it is decided anew.
    pub(in crate::policy) undecided: BTreeMap<VmId, String>,
    /// What those come to that were seen before the fence, if nothing is done.
    pub(in crate::policy) unmoved: BTreeMap<VmId, (String, Fate)>,
    pub(in crate::policy) moving: MovingLive,
    /// Those with an `HA_LAYER`, as the last survey had them.
    pub(in crate::policy) layered: BTreeSet<VmId>,
    /// `placement = "scheduler"`: how it gets on.
    pub(in crate::policy) scheduling: Scheduling,
    pub(in crate::policy) hosts: Hosts,
    /// An order may have reached oned.
    pub(in crate::policy) touched: bool,
    /// Disabling the host was tried, or is not needed.
    pub(in crate::policy) disable_tried: bool,
    /// Why nothing more is sent.
    pub(in crate::policy) halted: Option<Failure>,
}

/// Where VMs were to go.
#[derive(Default)]
pub(in crate::policy) struct Places {
    /// Where each was sent last. oned may charge it there only later, also when it was given up here.
    pub(in crate::policy) sent: BTreeMap<VmId, HostId>,
    /// Where each was planned last. That room is kept for who waits.
    pub(in crate::policy) planned: BTreeMap<VmId, HostId>,
}

/// VMs that may have been moving live when their host died.
#[derive(Default)]
pub(in crate::policy) struct MovingLive {
    /// Those whose history was looked at.
    pub(in crate::policy) traced: BTreeSet<VmId>,
    /// Those that were seen moving live.
    pub(in crate::policy) live: BTreeSet<VmId>,
}

/// How the scheduler gets on.
#[derive(Debug, Default)]
pub(in crate::policy) struct Scheduling {
    /// When the first flag was set, or the scheduler moved a VM last.
    pub(in crate::policy) since: Option<Moment>,
    /// When the VMs were read last, or a flag went out.
    read: Option<Moment>,
    /// Why the planner has taken over.
    pub(in crate::policy) over: Option<String>,
}

/// A look at VMs comes within this time while oned answers; what is beyond it oned was away, and its scheduler with it.
const ANSWERS: Duration = Duration::from_secs(30);

impl Scheduling {
    /// A flag goes out. Where no other is out, its time begins now.
    pub(in crate::policy) fn begin(&mut self, now: Moment, others: bool) {
        self.since = self.since.filter(|_| others).or(Some(now));
        self.read = Some(now);
    }

    /// The VMs were read, with this time at most between two looks: the time in which oned gave no answer is not the scheduler's.
    pub(in crate::policy) fn is_read(&mut self, now: Moment, look: Duration) {
        let gap = self.read.replace(now).map_or(Duration::ZERO, |last| now.since(last));
        if gap > look.saturating_add(ANSWERS) {
            self.since = self.since.map(|since| since.plus(gap));
        }
    }
}

/// No other one is elected within this time after one has led.
/// Source: `RAFT/ELECTION_TIMEOUT_MS` of oned.conf: a follower waits for 2500 ms without a heartbeat.
const ELECTION: Duration = Duration::from_secs(2);

/// Who leads is not asked more often than this for orders that were just taken.
const SEEN: Duration = Duration::from_secs(2);

const _: () =
    assert!(SEEN.as_secs() <= ELECTION.as_secs(), "a look that is not repeated counts for what is sent next");

/// How long the oned that leads had been at work when that was asked.
#[derive(Clone, Copy)]
pub(in crate::policy) struct AtWork {
    asked: Moment,
    /// How long its process has run; none where that cannot be seen.
    process: Option<Duration>,
    /// How long it has led, as far as this front-end has seen: an election may have been before its first look.
    led: Option<Duration>,
    /// Did it lead?
    leads: bool,
    /// Its term, where it is one of several.
    term: Option<Term>,
}

impl AtWork {
    /// As a front-end has said that was asked at this moment; of one that follows, how long its process has run says nothing.
    pub(in crate::policy) fn new(asked: Moment, seen: Option<&Observer>) -> Self {
        let leads = seen.is_some_and(|seen| does_lead(&seen.raft));
        Self {
            asked,
            process: seen.filter(|_| leads).and_then(|seen| seen.oned_runs_for),
            led: seen.and_then(|seen| seen.leader_for),
            leads,
            term: seen.and_then(|seen| seen.term),
        }
    }

    /// As one has said that was asked only whether it leads.
    pub(in crate::policy) fn lead(asked: Moment, said: &WhoLeads) -> Self {
        Self { asked, process: None, led: None, leads: does_lead(&said.state), term: said.term }
    }

    pub(in crate::policy) fn asked(self) -> Moment {
        self.asked
    }

    /// Was its process started so lately?
    pub(in crate::policy) fn was_started_within(self, passed: Duration) -> bool {
        self.process.is_some_and(|time| time < passed)
    }

    /// The same, or was its lead seen so lately for the first time? It may have led for longer: that is no proof.
    pub(in crate::policy) fn began_within(self, passed: Duration) -> bool {
        self.was_started_within(passed) || self.led.is_some_and(|time| time < passed)
    }
}

fn does_lead(state: &Result<RaftState, String>) -> bool {
    matches!(state, Ok(RaftState::Solo | RaftState::Leader))
}

/// The hosts of the zone, as the last survey had them.
#[derive(Default)]
pub(in crate::policy) struct Hosts {
    names: BTreeMap<HostId, String>,
    pub(in crate::policy) states: BTreeMap<HostId, HostState>,
    /// VMs that another host says it runs, and why nothing is sent for them.
    pub(in crate::policy) zombies: BTreeMap<VmId, String>,
    /// VMs of the dead host that another host runs, as it has said over ssh; `None` before anybody was asked.
    pub(in crate::policy) domains: Option<BTreeMap<VmId, HostId>>,
    pub(in crate::policy) told: Told,
    /// One that took no more has started a VM: VMs that were held are to be planned.
    pub(in crate::policy) is_freed: bool,
    /// When they were looked at.
    pub(in crate::policy) looked: Option<Moment>,
    /// Each look at the oned that leads, in order.
    pub(in crate::policy) oned: Vec<AtWork>,
    /// Those of the VMs that oned charged to another host than the one that they were on, and their state then.
    pub(in crate::policy) misplaced: BTreeMap<VmId, VmState>,
}

/// What was said already.
#[derive(Default)]
pub(in crate::policy) struct Told {
    /// Of hosts where VMs do not start.
    pub(in crate::policy) standing: BTreeMap<HostId, Standing>,
    /// VMs that were held while one of those took no more.
    pub(in crate::policy) held: BTreeSet<VmId>,
    /// Where VMs are to go that wait for the first one there.
    pub(in crate::policy) behind: BTreeMap<VmId, String>,
}

impl Hosts {
    pub(in crate::policy) fn seen(&mut self, now: Moment, survey: &Survey, dead: HostId) {
        self.zombies = zombies::elsewhere(survey, dead);
        self.names = survey.hosts.iter().map(|host| (host.id, host.name.clone())).collect();
        self.states = survey.hosts.iter().map(|host| (host.id, host.state)).collect();
        let misplaced = |vm: &&Vm| charge::elsewhere(vm, survey.hosts.iter()).is_some();
        self.misplaced = survey.vms.iter().filter(misplaced).map(|vm| (vm.id, vm.state)).collect();
        self.looked = Some(now);
    }

    /// Does the one lead no more that has taken what was sent at this moment? Who has is known where one was seen to lead so shortly
    /// before that no other can have been elected since, or was seen to lead in the same term after it too. It leads no more where
    /// its term has grown, or another one leads in a later term.
    pub(in crate::policy) fn has_lost_its_lead(&self, sent: Moment) -> bool {
        let after = self.oned.partition_point(|look| look.asked < sent);
        let lead = |at: Option<usize>| self.oned.get(at?).filter(|look| look.leads);
        let term = |at| lead(at)?.term;
        let just = |look: &&AtWork| sent.since(look.asked) <= ELECTION;
        let before = after.checked_sub(1);
        let known = lead(before).as_ref().is_some_and(just) || term(before) == term(Some(after));
        let took = term(before).filter(|_| known);
        let ended = |took: Term, now: &AtWork, term: Term| {
            term.term > took.term && (term.server == took.server || now.leads)
        };
        let now = self.oned.last().and_then(|look| Some((look, look.term?)));
        took.zip(now).is_some_and(|(took, (now, term))| ended(took, now, term))
    }

    /// Is the oned that leads one of several?
    pub(in crate::policy) fn is_of_several(&self) -> bool {
        self.oned.iter().any(|look| look.term.is_some())
    }

    /// Has one of several taken what was sent at this moment, and who leads was not seen since?
    pub(in crate::policy) fn is_unseen(&self, sent: Moment) -> bool {
        self.is_of_several() && self.oned.last().is_some_and(|last| last.asked < sent)
    }

    /// Was who leads asked just now? It is not asked for each batch of many.
    pub(in crate::policy) fn is_seen_lately(&self, now: Moment) -> bool {
        self.oned.last().is_some_and(|last| now.since(last.asked) < SEEN)
    }

    /// `node3 (host 3)`
    pub(in crate::policy) fn named(&self, host: HostId) -> String {
        self.names.get(&host).map_or_else(|| host.to_string(), |name| format!("{name} ({host})"))
    }
}

impl Vms {
    /// Give a VM its one outcome.
    pub(in crate::policy) fn settle(&mut self, vm: VmId, name: &str, fate: Fate) {
        self.reports.insert(vm, VmReport { id: vm, name: name.to_owned(), fate });
    }

    /// VMs that are not to be planned: they have their outcome, or are on their way to it.
    pub(in crate::policy) fn closed(&self) -> BTreeSet<VmId> {
        let out = |vm: &VmProgress| matches!(vm.stage, Stage::Moving { .. } | Stage::Gated { .. });
        let moving = self.progress.iter().filter(|(_, vm)| out(vm));
        self.reports.keys().copied().chain(moving.map(|(vm, _)| *vm)).collect()
    }

    /// Is one to be planned with the next survey?
    pub(in crate::policy) fn any_open(&self) -> bool {
        self.hosts.is_freed || self.progress.values().any(|vm| vm.stage == Stage::Open)
    }

    /// A VM runs on its target. Where that took no more, those that were held meanwhile are planned once more, instead of at the
    /// next look at held VMs.
    pub(in crate::policy) fn runs_where_it_was_sent(&mut self, vm: VmId) {
        let before = || self.remembered.get(&vm).and_then(|vm| vm.to);
        let Some(host) = self.places.sent.get(&vm).copied().or_else(before) else { return };
        if !matches!(self.hosts.told.standing.get(&host), Some(Standing::Out(_))) {
            return;
        }
        self.hosts.told.standing.remove(&host);
        for vm in std::mem::take(&mut self.hosts.told.held) {
            if self.reports.get(&vm).is_some_and(|report| matches!(report.fate, Fate::Held(_))) {
                self.reports.remove(&vm);
                self.hosts.is_freed = true;
            }
        }
    }

    /// VMs that were seen before the fence have their outcome too, however the run ends.
    pub(in crate::policy) fn tell_unmoved(&mut self, outcome: &Outcome) {
        let unmoved = std::mem::take(&mut self.unmoved);
        // It came back, or somebody else works on it.
        if matches!(outcome, Outcome::NothingToDo(_)) {
            return;
        }
        for (vm, (name, fate)) in unmoved {
            if !self.reports.contains_key(&vm) {
                self.settle(vm, &name, fate);
            }
        }
    }
}
