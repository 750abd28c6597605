//! The second world: the policy's questions, answered by the simulated cloud.
//!
//! oned is asked through the real client and the real wire code; only the sockets, the clock and the fence
//! devices are made up. Nothing in here decides.

mod answers;
mod asking;
mod calm;
mod fencing;
mod reading;
mod tending;
mod watching;

use super::cloud::Cloud;
use super::device::SimDevice;
use super::event::Event;
use super::physics::Power;
use super::seen::{Looked, Seen, Tended};
use super::transport::{SimTransport, ZONE, zone_at};
use super::witness::{Consul, Honesty, TIMEOUT};
use crate::model::{
    DeviceName, DocumentId, Epoch, Evacuation, Hold, Holder, HostId, Life, Locked, Memory, RunId, SeenOn,
    SeenOwner, Vm,
};
use crate::policy::reconcile::Look;
use crate::policy::stopping::{By, TRIED_BY_HOOKS, not_let_go_here, tries_again};
use crate::policy::vm_down::Kept;
use crate::policy::watched::Watched;
use crate::policy::{Entry, Failure, Order, Reply};
use crate::wire::record::Record;
use crate::world::{Zone, let_go};
use jiff::tz::TimeZone;
use reading::Reading;
use std::collections::BTreeMap;
use std::time::Duration;

/// A world in memory.
#[derive(Debug)]
pub struct SimWorld {
    transport: SimTransport,
    zone: Zone<SimTransport>,
    /// When the first run and the present one began.
    made: Duration,
    began: Duration,
    witnesses: BTreeMap<HostId, Honesty>,
    consul: Consul,
    witness_timeout: Duration,
    devices: BTreeMap<HostId, Vec<SimDevice>>,
    asked: BTreeMap<(HostId, DeviceName), u32>,
    /// Outlets that were switched off, and when.
    outlets: BTreeMap<(HostId, DeviceName), Duration>,
    /// What a device that caches has last looked at, and when.
    cached: BTreeMap<(HostId, DeviceName), (Duration, Power)>,
    /// What is read beside something else: the host, the answers, when they were asked for, and when they are in.
    reading: Option<Reading>,
    /// UUIDs with turned bytes that count in the present run.
    recognised: BTreeMap<(HostId, DeviceName), String>,
    /// When somebody first listened for the crash dump of a host.
    listened: BTreeMap<HostId, Duration>,
    claimed: Option<HostId>,
    /// Who holds the lock file of the host, when that was taken, and when it is free again.
    held: Option<(Locked, Duration, Option<Duration>)>,
    /// Since when, and from when on, the front-end's `reconcile` is to look at the VM of the scenario again.
    again: Option<Kept>,
    /// The same, when the present run claimed the VM.
    since: Option<Epoch>,
    /// Which front-end this world's runs are on, and the records that they are locking or have locked.
    front_end: String,
    /// Its boot, and the number of the present run's process.
    machine: Machine,
    process: u32,
    taking: BTreeMap<HostId, DocumentId>,
    /// When the present front-end first saw a server in a term.
    leads: BTreeMap<(i64, i64), Duration>,
    /// What its reconcile has seen.
    watched: Watched,
    /// Since when a connection to a host's ssh port is open that has said nothing.
    connected: BTreeMap<HostId, Duration>,
    /// When a host gave its banner last.
    banners: BTreeMap<HostId, Duration>,
    looked: Vec<Looked>,
    /// Hosts that a person had set OFFLINE and a run has enabled.
    taken: Vec<HostId>,
    /// The locks that the present run has.
    locked: BTreeMap<DocumentId, Hold>,
    /// What is still to happen, latest first.
    pending: Vec<(Duration, Event)>,
    seen: Vec<Seen>,
    told: Vec<Entry>,
    tended: Vec<Tended>,
    /// How far a host is emptied, as runs have written it down, and when that was sent; of all runs.
    noted: Vec<(Duration, Evacuation)>,
    pace: Pace,
    tell: fn(&Entry),
}

/// The machine of a front-end: what it calls itself, and its boots until now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Machine {
    id: String,
    boot: String,
}

impl Machine {
    fn of(front_end: &str) -> Self {
        Self { id: format!("machine of {front_end}"), boot: format!("first boot of {front_end}") }
    }
}

/// How fast simulated time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Jump,
    Live,
}

impl SimWorld {
    /// A world over this zone; the run begins now.
    #[must_use]
    pub fn new(transport: SimTransport, zone: Zone<SimTransport>) -> Self {
        let began = transport.cloud().now();
        Self {
            transport,
            zone,
            made: began,
            began,
            witnesses: BTreeMap::new(),
            consul: Consul::Absent,
            witness_timeout: TIMEOUT,
            devices: BTreeMap::new(),
            asked: BTreeMap::new(),
            outlets: BTreeMap::new(),
            cached: BTreeMap::new(),
            reading: None,
            recognised: BTreeMap::new(),
            listened: BTreeMap::new(),
            claimed: None,
            held: None,
            again: None,
            since: None,
            front_end: "front-end".to_owned(),
            machine: Machine::of("front-end"),
            process: 1,
            taking: BTreeMap::new(),
            leads: BTreeMap::new(),
            watched: Watched::default(),
            connected: BTreeMap::new(),
            banners: BTreeMap::new(),
            looked: Vec::new(),
            taken: Vec::new(),
            locked: BTreeMap::new(),
            pending: Vec::new(),
            seen: Vec::new(),
            told: Vec::new(),
            tended: Vec::new(),
            noted: Vec::new(),
            pace: Pace::Jump,
            tell: |_| {},
        }
    }

    /// Let waits take real time, and tell each line of the trail when it is written.
    pub fn live(&mut self, tell: fn(&Entry)) {
        self.pace = Pace::Live;
        self.tell = tell;
    }

    /// Give a host its fence devices. That they were seen ON stands in a document of the cloud, as `onerescue check`
    /// writes it.
    pub fn set_devices(&mut self, host: HostId, devices: Vec<SimDevice>) {
        let mut cloud = self.transport.cloud();
        let now = Epoch(cloud.epoch());
        let seen = devices.iter().filter_map(|device| {
            let ago = i64::try_from(device.seen_on?.as_secs()).unwrap_or(i64::MAX);
            let (target, turned) = (device.plain().target, device.turned.clone());
            let at = Epoch(now.0.saturating_sub(ago));
            Some(SeenOn { host, device: device.name.clone(), target, turned, at })
        });
        cloud.add_record(&Record::SeenOn { devices: seen.collect() });
        drop(cloud);
        self.devices.insert(host, devices);
    }

    /// How a host answers when it is asked about another one.
    pub fn set_witness(&mut self, host: HostId, honesty: Honesty) {
        self.witnesses.insert(host, honesty);
    }

    /// How Consul answers.
    pub fn set_consul(&mut self, consul: Consul) {
        self.consul = consul;
    }

    /// Is there a Consul?
    pub(super) fn has_consul(&self) -> bool {
        self.consul != Consul::Absent
    }

    /// What asking costs when somebody does not answer.
    pub fn set_witness_timeout(&mut self, timeout: Duration) {
        self.witness_timeout = timeout;
    }

    /// Another run works on this host.
    pub fn claimed_by_another(&mut self, host: HostId) {
        self.claimed = Some(host);
    }

    /// A process of this name holds the lock file of the host for so long, before the simulation begins, until it is free.
    pub fn lock_is_held(&mut self, program: &str, since: Duration, free: Option<Duration>) {
        let holder = Holder { pid: 4711, program: program.to_owned() };
        let locked = Locked { holders: vec![holder], since: Some(since) };
        self.held = Some((locked, self.made, free));
    }

    /// The lock file of the host, if these do not hold it.
    fn held_lock(&self, over: &[Holder]) -> Option<Locked> {
        let now = self.cloud_now();
        let is_held = |held: &&(Locked, Duration, Option<Duration>)| {
            held.0.holders != over && held.2.is_none_or(|free| now < free)
        };
        let (locked, at, _) = self.held.as_ref().filter(is_held)?;
        let longer = now.saturating_sub(*at);
        Some(Locked { since: locked.since.map(|since| since.saturating_add(longer)), ..locked.clone() })
    }

    /// Let something happen this long after the simulation began.
    pub fn schedule(&mut self, at: Duration, event: Event) {
        // Of events at the same time the one that was told first happens first.
        let place = self.pending.partition_point(|(other, _)| *other > at);
        self.pending.insert(place, (at, event));
    }

    /// Begin another run on the same cloud, with its own clock.
    pub fn begin_again(&mut self) {
        self.began = self.transport.cloud().now();
        self.process += 1;
        self.locked.clear();
        self.recognised.clear();
        self.reading = None;
        self.connected.clear();
        self.told.clear();
        self.seen.clear();
        self.tended.clear();
    }

    /// Begin another run on another front-end, which knows nothing of the files of this one.
    pub fn begin_elsewhere(&mut self, front_end: &str) {
        if self.front_end != front_end {
            self.watched = Watched::default();
        }
        front_end.clone_into(&mut self.front_end);
        self.machine = Machine::of(front_end);
        self.taking.clear();
        self.leads.clear();
        self.begin_again();
    }

    /// Begin another run on this front-end after a boot, which has cost it its lock files.
    pub fn begin_after_boot(&mut self) {
        self.machine.boot = format!("boot after process {}", self.process);
        self.watched = Watched::default();
        self.taking.clear();
        self.begin_again();
    }

    /// Begin another run on a front-end that has the name and the machine id of this one, as cloned images do.
    pub fn begin_on_clone(&mut self) {
        self.machine.boot = format!("boot of the clone after process {}", self.process);
        self.watched = Watched::default();
        self.taking.clear();
        self.begin_again();
    }

    /// Everything that is remembered, as the present run reads it: its process is the only one that lives.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn remembered(&self) -> Result<Memory, Failure> {
        let now = self.transport.cloud().wall_clock();
        let mut memory = self.zone.memory(now, &self.me())?;
        let me = self.run_id();
        let seen = memory.incidents.iter().filter_map(|(_, incident)| {
            let run = incident.run.as_ref().filter(|run| run.boot == me.boot)?;
            let life = if *run == me { Life::Lives } else { Life::Gone };
            Some(SeenOwner { owner: incident.owner.clone(), run: Some(run.clone()), life })
        });
        memory.owners = seen.collect();
        memory.run = Some(me);
        self.watched.tell(self.cloud_now(), &mut memory);
        Ok(memory)
    }

    /// One look of this front-end's `onerescue reconcile`: oned dates errors in UTC here.
    ///
    /// # Errors
    /// A [`Failure`] if oned gives no usable answer.
    pub fn reconciles(&mut self) -> Result<Look, Failure> {
        let (memory, steady) = (self.remembered()?, self.cloud_now());
        self.zone.look(memory, steady, Some(&TimeZone::UTC), &mut self.watched)
    }

    fn run_id(&self) -> RunId {
        let Machine { id, boot } = self.machine.clone();
        let began = u64::try_from(self.began.as_millis()).unwrap_or(u64::MAX);
        RunId { machine: id, boot, space: "pid:[1]".to_owned(), pid: self.process, began }
    }

    /// The same on the front-end that leads.
    pub fn begin_on_the_leader(&mut self, front_end: &str) {
        self.begin_elsewhere(front_end);
        self.zone = zone_at(&self.transport, ZONE.to_owned());
    }

    /// What a process does that is stopped by a signal: it lets go of the record that it has written last, and tries that
    /// as the hook does.
    ///
    /// # Errors
    /// Why it could not.
    pub fn let_go(&mut self, by: By) -> Result<String, String> {
        let last = self.seen.iter().rev().find_map(|seen| {
            let Seen::Record { answer: Ok(document), incident, .. } = seen else { return None };
            Some((*document, incident.clone()))
        });
        let Some((document, mut incident)) = last else { return Ok("it had written nothing".to_owned()) };
        incident.lock = self.locked.get(&document).copied().or(incident.lock);
        let began = self.cloud_now();
        loop {
            let now = self.transport.cloud().wall_clock();
            let taking = &mut self.taking;
            let forget = || {
                taking.remove(&incident.host);
            };
            let failure = match let_go(&self.zone, by, now, document, &incident, forget) {
                Ok(said) => return Ok(said),
                Err(failure) => failure,
            };
            let tried = self.cloud_now().saturating_sub(began);
            let Some(pause) = tries_again(&failure, tried, TRIED_BY_HOOKS) else { return Err(failure.what) };
            self.advance(pause);
        }
    }

    /// What the timer of this front-end does while another one leads: it releases the records whose runs were its own and
    /// are dead.
    ///
    /// # Errors
    /// Why it could not.
    pub fn release(&mut self) -> Result<Vec<String>, String> {
        // The timer begins a process.
        self.begin_again();
        let memory = self.remembered().map_err(|failure| failure.what)?;
        let (now, mut said) = (memory.now, Vec::new());
        for (host, document, incident) in not_let_go_here(&memory) {
            let taking = &mut self.taking;
            let forget = || {
                taking.remove(&host);
            };
            let done = let_go(&self.zone, By::Machine, now, document, &incident, forget);
            said.push(done.map_err(|failure| failure.what)?);
        }
        Ok(said)
    }

    /// How long witnesses are waited for.
    pub(super) fn witness_timeout(&self) -> Duration {
        self.witness_timeout
    }

    /// When the present run began, since the simulation began.
    #[must_use]
    pub fn began(&self) -> Duration {
        self.began
    }

    /// When the first run began: what was done before that is nobody's here.
    pub(super) fn made(&self) -> Duration {
        self.made
    }

    /// Say that the front-end's `reconcile` is to look at the VM of the next run again.
    pub fn set_again(&mut self, kept: Option<Kept>) {
        self.again = kept;
    }

    /// That the front-end's `reconcile` is to look at the VM of the scenario again.
    #[must_use]
    pub fn is_looked_at_again(&self) -> Option<Kept> {
        self.again
    }

    /// The transport, for its log and its cloud.
    #[must_use]
    pub fn transport(&self) -> &SimTransport {
        &self.transport
    }

    /// The zone as a client sees it.
    #[must_use]
    pub fn zone(&self) -> &Zone<SimTransport> {
        &self.zone
    }

    /// What the present run has asked and been told, in order.
    #[must_use]
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// When somebody first listened for the crash dump of this host.
    pub(super) fn listened(&self, host: HostId) -> Option<Duration> {
        self.listened.get(&host).copied()
    }

    /// The fence devices of a host.
    #[must_use]
    pub fn devices(&self, host: HostId) -> &[SimDevice] {
        self.devices.get(&host).map_or(&[], Vec::as_slice)
    }

    /// Does another run work on this host?
    #[must_use]
    pub fn is_claimed(&self, host: HostId) -> bool {
        self.claimed == Some(host)
    }

    /// What the present run has written down.
    #[must_use]
    pub fn told(&self) -> &[Entry] {
        &self.told
    }

    /// Let time pass, with everything that is due on the way.
    #[expect(clippy::disallowed_methods, reason = "a drill with a live clock is watched by a person")]
    pub fn advance(&mut self, time: Duration) {
        if self.pace == Pace::Live {
            std::thread::sleep(time);
        }
        let end = self.transport.cloud().now().saturating_add(time);
        self.catch_up(end);
        self.transport.cloud().advance_to(end);
    }

    fn catch_up(&mut self, end: Duration) {
        while self.pending.last().is_some_and(|(at, _)| *at <= end) {
            let Some((at, event)) = self.pending.pop() else { return };
            let mut cloud = self.transport.cloud();
            cloud.advance_to(at);
            event.happen(&mut cloud);
        }
    }

    fn due(&mut self) {
        let now = self.transport.cloud().now();
        self.catch_up(now);
    }

    fn power(&self, host: HostId) -> Power {
        self.transport.cloud().power(host)
    }

    fn with_truth(&self, vms: &[Vm]) -> Vec<(Vm, Vec<HostId>)> {
        let cloud = self.transport.cloud();
        vms.iter().map(|vm| (vm.clone(), cloud.domain_hosts(vm.id))).collect()
    }

    fn send(&mut self, proof: HostId, order: Order) -> Reply {
        self.due();
        let (at, really) = (self.cloud_now(), self.power(proof));
        let reply = self.zone.send(&order);
        self.seen.push(Seen::Order { at, order, proof, reply: reply.clone(), really });
        reply
    }

    fn me(&self) -> String {
        format!("{} {}", self.front_end, self.began.as_millis())
    }

    fn cloud_now(&self) -> Duration {
        let cloud: &Cloud = &self.transport.cloud();
        cloud.now()
    }
}
