//! What one run knows and has written down so far.

use super::confirmation::VALID_FOR;
use super::course::{Course, Stage};
use super::hold::Holding;
use super::itself::Leader;
use super::moments::CLOCKS;
use super::notes::{Entry, Phase, Weight};
use super::observe::Over;
use super::order::Order;
use super::port::{Failure, Subject, Trouble};
use super::proof::Proof;
use super::report::{Disabled, Fate, Outcome, VmReport};
use super::retry::Retry;
use super::scheduler::Scheduling;
use super::settings::{Mode, Policy, Purpose};
use crate::model::{
    Abort, ClusterId, Confirmation, DeviceName, DocumentId, Epoch, Host, HostId, HostState, Incident,
    IncidentVm, Moment, Peer, RunId, SeenOn, Surroundings, VmId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a device was sent "off", and when last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) times: u32,
    pub(super) last: Moment,
}

/// How a run leaves its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// As its outcome says.
    AsItEnded,
    /// As far as it has come: another front-end's run goes on.
    AsItStands,
}

/// The run's memory; it travels from step to step.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) subject: Subject,
    pub(super) policy: Policy,
    pub(super) trail: Vec<Entry>,
    pub(super) vms: BTreeMap<VmId, VmReport>,
    /// VMs between their first decision and their outcome.
    pub(super) courses: BTreeMap<VmId, Course>,
    /// Where each VM was sent last. oned may charge it there only later, also when it was given up here.
    pub(super) sent: BTreeMap<VmId, HostId>,
    /// When the host was last heard, in epoch seconds, as oned has it.
    pub(super) heard: Option<i64>,
    /// VMs whose history was looked at.
    pub(super) traced: BTreeSet<VmId>,
    /// VMs that were seen moving live.
    pub(super) live: BTreeSet<VmId>,
    /// VMs with an `HA_LAYER`, as the last survey had them.
    pub(super) layered: BTreeSet<VmId>,
    /// VMs that were decided about before the host had to be fenced again; all of it is decided anew.
    pub(super) undecided: BTreeMap<VmId, String>,
    /// The names of the zone's hosts, for texts.
    pub(super) hosts: BTreeMap<HostId, String>,
    /// Their states, as the last survey had them.
    pub(super) states: BTreeMap<HostId, HostState>,
    /// When they were looked at last.
    pub(super) looked: Option<Moment>,
    /// Why nothing more is sent.
    pub(super) halted: Option<Failure>,
    /// How far the record says that it has come, when the run is over.
    pub(super) left: Left,
    /// How often in a row it was unclear whether this front-end leads.
    pub(super) unsure: u32,
    /// How often the record had to be read again since the last order, because a device took long.
    pub(super) rounds: u32,
    /// Nothing is to be recovered any more, for this reason: the record is only closed.
    pub(super) over: Option<Over>,
    /// `--dry-run`: how the real run would end before it touches a VM.
    pub(super) would_stop: Option<Outcome>,
    /// Disabling the host was tried, or is not needed.
    pub(super) disable_tried: bool,
    /// When the fence was found worth while, since the last hold.
    pub(super) weighed: Option<Moment>,
    /// What VMs come to that were seen before the fence, if nothing is done.
    pub(super) unmoved: BTreeMap<VmId, (String, Fate)>,
    /// `placement = "scheduler"`: how it gets on.
    pub(super) scheduling: Scheduling,
    /// Whether this run has disabled the host.
    pub(super) disabled: Disabled,
    /// The cluster of the host.
    pub(super) cluster: Option<ClusterId>,
    /// The front-end's wall clock at a moment of this run.
    pub(super) clock: Option<(Epoch, Moment)>,
    /// The same, as it was shown last: somebody may have set it.
    pub(super) shown: Option<(Epoch, Moment)>,
    /// The record of this incident: its document, as it is to be written, and as it was written last.
    pub(super) document: Option<DocumentId>,
    pub(super) incident: Option<Incident>,
    pub(super) written: Option<Incident>,
    /// VMs of this incident that earlier runs have written down.
    pub(super) remembered: BTreeMap<VmId, IncidentVm>,
    /// How many lines of the trail are in the record's log.
    pub(super) logged: usize,
    /// When the record was written last, and when it was last seen to be ours.
    pub(super) wrote: Moment,
    pub(super) owned: Moment,
    /// Front-end, process and begin of this run.
    pub(super) me: String,
    /// The identity of its process.
    pub(super) run: Option<RunId>,
    /// Where this run has its settings and its lock files.
    pub(super) here: Option<Surroundings>,
    /// When a run of this front-end, which is dead, wrote the record last.
    pub(super) predecessor: Option<Epoch>,
    /// The last owner of the record, where it is known to be dead: it was stopped, it has ended, or it was here.
    pub(super) dead_owner: Option<(String, Option<RunId>)>,
    /// For how long its record had not changed when it was taken up, as far as this front-end has seen.
    pub(super) unchanged: Duration,
    /// The document that a run of this front-end was locking when it died.
    pub(super) left_behind: Option<DocumentId>,
    /// The document that this run has asked to lock without an answer: it may have been locked.
    pub(super) asked_to_lock: Option<DocumentId>,
    /// When a person has stopped the last run on this front-end, as its lock file says; the record may not say so.
    pub(super) given_up: Option<Epoch>,
    /// Documents that nobody needs any more when this incident is closed.
    pub(super) old: Vec<DocumentId>,
    /// A person has ended the incident.
    pub(super) aborted: Option<Abort>,
    /// A person's word about this incident.
    pub(super) word: Option<Confirmation>,
    /// Devices of this host that were seen ON.
    pub(super) seen_on: Vec<SeenOn>,
    /// Other hosts of the cluster that can be asked.
    pub(super) peers: Vec<Peer>,
    /// Devices that are reached from one of them only.
    pub(super) by_peer: BTreeSet<DeviceName>,
    /// When brakes and witnesses were asked last, and nothing held.
    pub(super) cleared: Option<Moment>,
    /// The zone's leader, as it was when brakes were asked last.
    pub(super) leader: Leader,
    pub(super) hold: Holding,
    /// How often in a row oned took so long for a look at the host that everything else was old then.
    pub(super) slow: u32,
    /// The devices that were sent "off", whatever they said, and how often.
    pub(super) told: BTreeMap<DeviceName, Told>,
    /// `TEMPLATE/ERROR` of the host at the first look.
    pub(super) error: Option<String>,
    /// An order may have reached oned.
    pub(super) touched: bool,
    /// The host was proven off by this, was seen on again, and is being fenced again with VMs on their way.
    pub(super) earlier: Option<Proof>,
    /// A witness went on to contradict a proof.
    pub(super) contradiction: Option<String>,
    /// A device has contradicted the last proof.
    pub(super) disproven: bool,
    /// Whether this run goes on with a record that was closed.
    pub(super) retry: Retry,
    /// How often it was fenced again.
    pub(super) again: u32,
    /// Since when oned has given no answer.
    silent: Option<Moment>,
}

impl Case {
    pub(super) fn new(subject: Subject, policy: Policy) -> Box<Self> {
        Box::new(Self {
            subject,
            policy,
            trail: Vec::new(),
            vms: BTreeMap::new(),
            courses: BTreeMap::new(),
            heard: None,
            traced: BTreeSet::new(),
            sent: BTreeMap::new(),
            live: BTreeSet::new(),
            layered: BTreeSet::new(),
            undecided: BTreeMap::new(),
            hosts: BTreeMap::new(),
            states: BTreeMap::new(),
            looked: None,
            halted: None,
            left: Left::AsItEnded,
            unsure: 0,
            rounds: 0,
            over: None,
            would_stop: None,
            disable_tried: false,
            weighed: None,
            unmoved: BTreeMap::new(),
            scheduling: Scheduling::default(),
            disabled: Disabled::No,
            cluster: None,
            clock: None,
            shown: None,
            document: None,
            incident: None,
            written: None,
            remembered: BTreeMap::new(),
            logged: 0,
            wrote: Moment::default(),
            owned: Moment::default(),
            me: String::new(),
            run: None,
            here: None,
            predecessor: None,
            dead_owner: None,
            unchanged: Duration::ZERO,
            left_behind: None,
            given_up: None,
            asked_to_lock: None,
            old: Vec::new(),
            aborted: None,
            word: None,
            seen_on: Vec::new(),
            peers: Vec::new(),
            by_peer: BTreeSet::new(),
            cleared: None,
            leader: Leader::default(),
            hold: Holding::default(),
            slow: 0,
            told: BTreeMap::new(),
            error: None,
            touched: false,
            earlier: None,
            contradiction: None,
            disproven: false,
            retry: Retry::default(),
            again: 0,
            silent: None,
        })
    }

    /// `node7 (host 7)`
    pub(super) fn host(&self) -> String {
        format!("{} ({})", self.subject.name, self.subject.host)
    }

    pub(super) fn note(&mut self, at: Moment, phase: Phase, text: impl Into<String>) {
        let weight = if self.only_looks() { Weight::Detail } else { Weight::Step };
        self.trail.push(Entry { weight, at, phase, text: text.into() });
    }

    /// A line that says nothing new when a held run looks again.
    pub(super) fn note_once(&mut self, at: Moment, phase: Phase, text: impl Into<String>) {
        if !self.hold.is_quiet() {
            self.note(at, phase, text);
        }
    }

    pub(super) fn detail(&mut self, at: Moment, phase: Phase, text: impl Into<String>) {
        self.trail.push(Entry { weight: Weight::Detail, at, phase, text: text.into() });
    }

    /// oned answered.
    pub(super) fn answered(&mut self) {
        self.silent = None;
    }

    /// oned did not answer: how long to wait before the question is asked again; `None` when it has been
    /// silent for too long, or when its no will stay a no.
    pub(super) fn patience(&mut self, now: Moment, phase: Phase, failure: &Failure) -> Option<Duration> {
        match failure.trouble {
            Trouble::Unreachable => {}
            Trouble::Refused | Trouble::Gone | Trouble::Settings => return None,
        }
        let since = *self.silent.get_or_insert(now);
        if now.since(since) >= self.policy.wait.oned {
            return None;
        }
        if since == now {
            self.note(now, phase, format!("{}; asking again", failure.what));
        }
        Some(self.policy.wait.look)
    }

    /// A device says that the host is on: no word that was given before counts any more.
    pub(super) fn is_on(&mut self, now: Moment) {
        let at = self.epoch(now);
        if let Some(incident) = &mut self.incident {
            incident.on = Some(at);
        }
    }

    /// The error that the host has now: it may have come back while it was held, and failed anew.
    pub(super) fn fails_of(&mut self, host: &Host) {
        if host.state == HostState::Error && host.error.is_some() {
            self.error.clone_from(&host.error);
            if let Some(incident) = &mut self.incident {
                incident.error.clone_from(&host.error);
            }
        }
    }

    /// oned hears the host, although this run has disabled it.
    pub(super) fn heard_again(&self, host: &Host) -> bool {
        matches!((host.monitored_at, self.heard), (Some(now), Some(before)) if now > before)
    }

    /// `host_error --host node7 -m`, to say it in advice.
    pub(super) fn command(&self) -> String {
        let mode = match (self.policy.purpose, self.policy.mode) {
            (Purpose::Fence, _) => return format!("fence_host --host {}", self.subject.name),
            (Purpose::Recover | Purpose::Rehearse, Mode::Migrate) => "-m",
            (Purpose::Recover | Purpose::Rehearse, Mode::Recreate) => "-r",
            (Purpose::Recover | Purpose::Rehearse, Mode::Delete) => "-d",
        };
        format!("host_error --host {} {mode}", self.subject.name)
    }

    /// `node3 (host 3)`
    pub(super) fn named(&self, host: HostId) -> String {
        self.hosts.get(&host).map_or_else(|| host.to_string(), |name| format!("{name} ({host})"))
    }

    /// `migrate vm 4 database to node3 (host 3)`
    pub(super) fn say(&self, order: &Order) -> String {
        let vm = order.vm();
        let name = self.courses.get(&vm).map_or("", |course| course.name.as_str());
        match order {
            Order::Migrate { to, .. } => format!("migrate {vm} {name} to {}", self.named(*to)),
            Order::Recreate { .. } => format!("recreate {vm} {name}"),
            Order::Delete { .. } => format!("delete {vm} {name}"),
            Order::Retry { .. } => format!("retry {vm} {name}"),
            Order::Resched { .. } => format!("resched {vm} {name}"),
            Order::Unresched { .. } => format!("unresched {vm} {name}"),
        }
    }

    /// Give a VM its one outcome.
    pub(super) fn settle(&mut self, vm: VmId, name: &str, fate: Fate) {
        self.vms.insert(vm, VmReport { id: vm, name: name.to_owned(), fate });
    }

    /// VMs that are not to be planned: they have their outcome, or are on their way to it.
    pub(super) fn closed(&self) -> BTreeSet<VmId> {
        let moving = self.courses.iter().filter(|(_, course)| matches!(course.stage, Stage::Moving { .. }));
        self.vms.keys().copied().chain(moving.map(|(vm, _)| *vm)).collect()
    }

    /// `--dry-run`: note how the real run would end. The first trouble counts, and trouble counts more than a host
    /// that has nothing to recover today.
    pub(super) fn stops_with(&mut self, outcome: Outcome) {
        if matches!(self.would_stop, None | Some(Outcome::NothingToDo(_))) {
            self.would_stop = Some(outcome);
        }
    }

    /// The wall clock of the front-end at this moment, as far as it was seen.
    pub(super) fn epoch(&self, now: Moment) -> Epoch {
        self.clock.map_or(Epoch::default(), |(epoch, at)| {
            let ahead = i64::try_from(at.since(now).as_secs()).unwrap_or(0);
            Epoch(epoch.plus(now.since(at)).0.saturating_sub(ahead))
        })
    }

    /// A person's word that the host is off, if there is one that still counts.
    pub(super) fn confirmation(&self, now: Moment) -> Option<&Confirmation> {
        let at = self.epoch(now);
        let word = self.word.as_ref()?;
        // By whichever clock it is older.
        let shown = self.shown.map_or(at, |(epoch, seen)| epoch.plus(now.since(seen)));
        let incident = self.incident.as_ref()?;
        let used = incident.confirmation.as_ref() == Some(word);
        let contradicted = incident.on.is_some_and(|on| on >= word.at);
        let fresh = at.max(shown) < word.expires.min(word.at.plus(VALID_FOR))
            && word.at <= at.max(shown).plus(CLOCKS);
        (!used && !contradicted && fresh).then_some(word)
    }

    /// The peer to reach a device from, if it is not reached from the front-end.
    pub(super) fn via(&self, device: &DeviceName, turn: usize) -> Option<&Peer> {
        if !self.by_peer.contains(device) {
            return None;
        }
        self.peers.iter().cycle().nth(turn.checked_rem(self.peers.len())?)
    }
}
