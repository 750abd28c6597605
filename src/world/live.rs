//! The real thing: oned, the fence devices, the clock, and a lock file per host.

use super::World;
use super::busy::lock_file;
use super::clock::{since_boot, wall_clock};
use super::doors;
use super::fence::Fence;
use super::identity::{identity, with_owners};
use super::interrupted::Word;
use super::lead::Lead;
use super::lockfile::{self, Got, LockFile};
use super::note::Note;
use super::observer;
use super::off;
use super::oned::Http;
use super::places::{Place, Places};
use super::reading::Reading;
use super::runner;
use super::sender::Sender;
use super::shown::Shown;
use super::stop::{self, Claimed, Running};
use super::touch::Ports;
use super::watched;
use super::witness::Witness;
use super::zone::Zone;
use crate::config::{Config, ObserverSettings};
use crate::error::Error;
use crate::model::{
    DeviceName, DocumentId, Door, Dump, Evacuation, Forced, Heard, Hold, Holder, Host, HostId, Incident,
    Level, Memory, Moment, NotOff, Opinion, Outlook, Peer, PowerState, Testimony, Vm, VmId, WhoLeads,
};
use crate::model::{Epoch, Hook, Words};
use crate::policy::healthy::Deed;
use crate::policy::progress::Seen;
use crate::policy::stopping::By;
use crate::policy::{
    Claim, Clearance, Entry, Failure, Order, Proof, Reply, Survey, Taken, Trouble, VmList, Weight,
};
use crate::policy::{Crowd, Domains, HoldRules, News, VmSubject, Watch, listen};
use crate::trail::FILE_ONLY;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A world that acts.
#[derive(Debug)]
pub struct Live {
    zone: Zone<Http>,
    pub(super) fence: Arc<Fence>,
    /// What devices are asked beside something else.
    reading: Option<Reading>,
    pub(super) witness: Witness,
    observer: ObserverSettings,
    lead: Lead,
    /// Front-end, process and begin.
    me: String,
    pub(super) run_dir: PathBuf,
    began: Instant,
    /// Does a run leave a word in the lock file of its VM while it is at it?
    notes: bool,
    /// Since when runs are at that VM, if this one goes on with an earlier one.
    since: Option<Epoch>,
    /// Every host that this run has read, as it was then, with its document.
    hosts: BTreeMap<HostId, (Host, String)>,
    /// Taken back before the lock is let go.
    word: Option<Word>,
    /// Held until the run ends.
    lock: Option<LockFile>,
    /// The places of this process for runs that work on VMs, where they are counted, and this run's.
    places: Option<Places>,
    place: Option<Place>,
    /// The hosts' ssh ports, where they are watched.
    pub(super) ports: Option<Ports>,
    /// Whether it is known where hosts are, as far as that follows from all of them.
    pub(super) found: bool,
    /// The host that this run works on, for whoever stops it.
    claimed: Option<Claimed>,
    /// Who tells receivers, where there are any.
    sender: Option<Sender>,
    /// Where a person waits for this run at a terminal.
    shown: Option<Shown>,
    /// Until it is dropped.
    _running: Running,
}

impl Live {
    /// The zone and the devices of these settings.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one monotonic clock of a live run")]
    pub fn new(zone: Zone<Http>, config: &Config) -> Self {
        Self {
            zone,
            fence: Arc::new(Fence::new(config)),
            reading: None,
            witness: Witness::new(config),
            observer: config.observer.clone(),
            lead: Lead::new(&config.paths.run_dir),
            me: identity(),
            run_dir: config.paths.run_dir.clone(),
            began: Instant::now(),
            notes: false,
            since: None,
            hosts: BTreeMap::new(),
            word: None,
            lock: None,
            places: None,
            place: None,
            ports: None,
            found: false,
            claimed: None,
            sender: Sender::of(config),
            shown: None,
            _running: Running::begin(),
        }
    }

    /// The same, and a run that is ended before it is done leaves that in the lock file of its VM.
    #[must_use]
    pub fn noting(self) -> Self {
        Self { notes: true, ..self }
    }

    /// The same, for a run that goes on with one that was at its VM since then.
    #[must_use]
    pub fn since(self, since: Option<Epoch>) -> Self {
        Self { since, ..self }
    }

    /// The same, as one of several runs of this process.
    #[must_use]
    pub fn among(self, places: &Places) -> Self {
        Self { places: Some(places.clone()), ..self }
    }

    /// The same, and a person who waits for the run at a terminal sees how far it has come.
    #[must_use]
    pub fn shown(self, seen: Seen) -> Self {
        Self { shown: Shown::begin(seen), ..self }
    }

    fn show(&mut self, change: impl FnOnce(&mut Seen)) {
        if let Some(shown) = &mut self.shown {
            shown.change(change);
        }
    }

    /// A VM was claimed.
    pub(super) fn note_vm(&mut self) {
        let lock = self.lock.as_ref().filter(|_| self.notes);
        self.word = lock.and_then(|lock| Word::write(lock.file(), self.since.unwrap_or_else(wall_clock)));
        if let Some(word) = self.word.as_ref().and_then(Word::file) {
            stop::has_word(word);
        }
    }

    /// The word of this run, which nobody takes back any more.
    pub(super) fn keep_word(&mut self) -> Option<Word> {
        self.word.take()
    }

    pub(super) fn has_word(&self) -> bool {
        self.word.is_some()
    }

    /// Since when an earlier run was at it, with which this one goes on.
    pub(super) fn begun(&self) -> Option<Epoch> {
        self.since
    }

    /// The cloud's half, for what a recovery does not need.
    #[must_use]
    pub fn zone(&self) -> &Zone<Http> {
        &self.zone
    }

    /// Front-end, process and begin: `fe1 4711 1795165661`.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// Take the lock of this file, if need be from those who are no runs.
    pub(super) fn lock(&mut self, path: &Path, over: &[Holder]) -> Result<Claim, Error> {
        // It may be ours already, from an earlier question.
        self.lock = None;
        let lock = match lockfile::lock(path, over)? {
            Got::Ours(lock) => lock,
            Got::Held(locked) => return Ok(Claim::Held(locked)),
        };
        let at_work = off::noted(&lock.note()).and_then(|program| program.at_work(wall_clock()));
        let note = Note::read(lock.file());
        self.lock = Some(lock);
        Ok(match (at_work, note) {
            (Some((program, left)), _) => Claim::Fencing { program, left },
            (None, Some(Note { stopped: Some((at, By::Person)), .. })) => Claim::Stopped(at),
            (None, note) => Claim::Ours(note.map(|note| note.document)),
        })
    }

    /// Which record is being locked, for the next run of this front-end if this one dies now. One that root has made
    /// cannot be written; that run then waits for the lease.
    fn note_taking(&self, document: Option<DocumentId>) {
        if let Some(lock) = &self.lock {
            Note::write(document.map(|document| Note { document, stopped: None }), lock.file());
        }
    }

    /// Let patterns come to devices: for this host as it was read, and for every other one as far as the pool can be read now.
    fn meet(&mut self, host: &Host) -> Result<(), Failure> {
        let (patterns, of_clusters) = self.fence.has_patterns();
        if patterns {
            let mut hosts = self.zone.hosts().unwrap_or_default();
            hosts.retain(|other| other.id != host.id);
            hosts.push(host.clone());
            let clusters = if of_clusters { self.zone.clusters()? } else { Vec::new() };
            Arc::make_mut(&mut self.fence).meet(&hosts, &clusters);
        }
        Ok(())
    }

    fn suspect(&self, host: HostId) -> Result<(&Host, &str), String> {
        let read = self.hosts.get(&host).map(|(host, document)| (host, document.as_str()));
        read.ok_or_else(|| format!("{host} was not read from oned before"))
    }
}

impl World for Live {
    fn now(&mut self) -> Moment {
        Moment(self.began.elapsed())
    }

    fn between_steps(&mut self) {
        stop::between_steps();
    }

    fn wait(&mut self, pause: Duration) {
        stop::wait(pause);
    }

    fn wait_for_news(&mut self, pause: Duration, watch: &Watch) -> News {
        listen(self, pause, watch, |live| Some(Words::of(&live.memory().ok()?, watch.host)))
    }

    fn host(&mut self, id: HostId) -> Result<Host, Failure> {
        let (host, document) = self.zone.host_with_document(id)?;
        self.hosts.insert(id, (host.clone(), document));
        Ok(host)
    }

    fn memory(&mut self) -> Result<Memory, Failure> {
        let mut memory = with_owners(self.zone.memory(wall_clock(), &self.me)?);
        watched::read(&self.run_dir).tell(since_boot(), &mut memory);
        if let Some(sender) = &mut self.sender {
            sender.read(&memory);
        }
        Ok(memory)
    }

    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        let document = self.zone.record(document, incident)?;
        stop::holds(document, incident, lock_file(&self.run_dir, incident.host));
        if let Some(sender) = &mut self.sender {
            sender.wrote(document, incident);
        }
        self.show(|seen| seen.record(incident));
        Ok(document)
    }

    fn take(&mut self, host: HostId, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure> {
        self.note_taking(Some(document));
        let taken = self.zone.take(document, over);
        match taken {
            Ok(Taken::Held { .. }) => self.note_taking(None),
            Ok(Taken::Ours(lock)) => stop::has_locked(host, document, lock),
            Err(_) => {}
        }
        let said = match &taken {
            Ok(Taken::Ours(_)) => "locked".to_owned(),
            Ok(Taken::Held { .. }) => "somebody holds its lock".to_owned(),
            Err(failure) => failure.what.clone(),
        };
        log::debug!("{host}: {document}: {said}");
        taken
    }

    fn leave(
        &mut self,
        host: HostId,
        unlock: Option<DocumentId>,
        forget: &[DocumentId],
    ) -> Result<(), Failure> {
        let done = self.zone.leave(unlock, forget);
        if done.is_ok() {
            self.note_taking(None);
            stop::has_let_go(host);
        }
        done
    }

    fn outlook(&mut self) -> Result<Outlook, Failure> {
        let (hosts, clusters, memory) = (self.zone.hosts()?, self.zone.clusters()?, self.memory()?);
        // Is one of them this machine? A run asks about the host that it has read, a command about all.
        let own = |host: &&Host| self.hosts.is_empty() || self.hosts.contains_key(&host.id);
        let asked: Vec<_> = hosts.iter().filter(own).collect();
        let observer =
            observer::look(self.zone.raft_status(), &mut self.lead, &asked, &self.observer, self.zone.port());
        Ok(Outlook { hosts, clusters, memory, observer, chance: observer::chance() })
    }

    fn witnesses(&mut self, host: HostId, peers: &[Peer]) -> Vec<Testimony> {
        self.find_hosts();
        match self.suspect(host) {
            Ok((suspect, _)) => self.witness.ask(suspect, peers),
            Err(_) => Vec::new(),
        }
    }

    fn domains(&mut self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        self.find_hosts();
        self.witness.domains(peers, vms)
    }

    fn lead(&mut self) -> WhoLeads {
        self.zone.lead()
    }

    fn claim(&mut self, host: HostId, over: &[Holder]) -> Result<Claim, Failure> {
        let path = lock_file(&self.run_dir, host);
        // Before it is claimed anew: what is dropped takes the host's word away.
        self.claimed = None;
        let claim = self.lock(&path, over)?;
        self.claimed = self.lock.is_some().then(|| Claimed::of(host, path));
        Ok(claim)
    }

    fn fence_levels(&mut self, host: HostId) -> Result<Vec<Level>, Failure> {
        let unread = |what| Failure { trouble: Trouble::Settings, what, advice: "run it again".to_owned() };
        let host = self.suspect(host).map_err(unread)?.0.clone();
        self.meet(&host)?;
        Ok(self.fence.plan(&host)?)
    }

    fn recognise(&mut self, host: HostId, turned: &[(DeviceName, String)]) {
        Arc::make_mut(&mut self.fence).recognise(host, turned);
    }

    fn power_off(
        &mut self,
        clearance: Clearance,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> Result<(), NotOff> {
        let (host, document) = self.suspect(clearance.host()).map_err(NotOff::not_sent)?;
        let lock = self.lock.as_ref().and_then(|lock| lock.file().try_clone().ok());
        // A program that outlives this process is waited for by the next run, by its number; it holds nothing.
        let tell = move |program: Option<(u32, Duration)>| {
            let until = |left: Duration| wall_clock().plus(left.saturating_add(Duration::from_secs(1)));
            if let Some(lock) = &lock {
                off::note(
                    lock,
                    program.and_then(|(pid, left)| match pid {
                        0 => Some(off::Program::about_to_begin(until(left))),
                        pid => off::Program::of(pid, until(left)),
                    }),
                );
            }
        };
        runner::telling(tell, || self.fence.off(host, document, device, via))
    }

    fn dump(&mut self, host: HostId, listen: Duration) -> Dump {
        match self.suspect(host) {
            Ok((host, _)) => self.fence.dump(host, listen),
            Err(why) => Dump::Unknown(why),
        }
    }

    fn power_state(&mut self, host: HostId, device: &DeviceName, via: Option<&Peer>) -> PowerState {
        let said = match self.suspect(host) {
            Ok((host, document)) => self.fence.status(host, document, device, via),
            Err(why) => PowerState::Unknown(why),
        };
        self.show(|seen| seen.device(device, &said));
        said
    }

    fn begin_reading(&mut self, host: HostId, devices: &[(DeviceName, Option<Peer>)]) {
        // One at a time: what is dropped is waited for.
        self.reading = None;
        let read = self.suspect(host).ok().map(|(host, document)| (host.clone(), document.to_owned()));
        self.reading = read.map(|suspect| Reading::begin(Arc::clone(&self.fence), suspect, devices.to_vec()));
    }

    fn reading(&mut self, wait: bool) -> Option<Vec<(DeviceName, PowerState)>> {
        let Some(reading) = &self.reading else { return Some(Vec::new()) };
        if !wait && !reading.is_in() {
            return None;
        }
        self.reading.take().map(Reading::answers)
    }

    fn has_place(&mut self) -> bool {
        let Some(places) = &self.places else { return true };
        self.place = self.place.take().or_else(|| places.take());
        self.place.is_some()
    }

    fn survey(&mut self, host: HostId, also: &[VmId]) -> Result<Survey, Failure> {
        let mut survey = self.zone.survey(host, also)?;
        survey.memory.now = wall_clock();
        Ok(survey)
    }

    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure> {
        let list = self.zone.vms(ids)?;
        self.show(|seen| seen.vms(&list.vms));
        Ok(list)
    }

    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure> {
        self.zone.histories(ids)
    }

    fn disable(&mut self, proof: &Proof) -> Reply {
        self.zone.disable(proof.host())
    }

    fn act(&mut self, _proof: &Proof, orders: &[Order]) -> Vec<Reply> {
        self.show(|seen| seen.orders(orders));
        let zone = &self.zone;
        std::thread::scope(|scope| {
            let sent: Vec<_> = orders.iter().map(|order| scope.spawn(move || zone.send(order))).collect();
            let lost = |_| Reply::Unknown("the call's thread ended".to_owned());
            sent.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
        })
    }

    fn tend(&mut self, deeds: &[Deed]) -> Vec<Reply> {
        Self::tend(self, deeds)
    }

    fn connect(&mut self, doors: &[Door], within: Duration) -> Vec<Result<(), String>> {
        doors::connect(doors, within)
    }

    fn hooks(&mut self) -> Result<Vec<Hook>, Failure> {
        Self::hooks(self)
    }

    fn claim_vm(&mut self, vm: VmId, over: &[Holder]) -> Result<Claim, Failure> {
        Self::claim_vm(self, vm, over)
    }

    fn domain(&mut self, host: HostId, vm: VmId) -> Testimony {
        self.find_hosts();
        match self.suspect(host) {
            Ok((host, _)) => self.witness.domain(host, vm),
            Err(said) => Testimony { witness: host.to_string(), opinion: Opinion::None, said },
        }
    }

    fn crowd(&mut self, down: &VmSubject, within: Duration) -> Result<Crowd, Failure> {
        Self::crowd(self, down, within)
    }

    fn look_again(&mut self, vm: VmId, hold: &HoldRules) {
        Self::look_again(self, vm, hold);
    }

    fn zombies(&mut self, vms: &[VmId]) -> Result<Vec<Host>, Failure> {
        self.zone.zombies(vms)
    }

    fn pool(&mut self) -> Result<Vec<Host>, Failure> {
        Self::pool(self)
    }

    fn touch(&mut self, hosts: &Rc<[Peer]>, listen: Duration) -> Vec<(HostId, Heard)> {
        Self::touch(self, hosts, listen)
    }

    fn note_forced(&mut self, document: Option<DocumentId>, forced: &Forced) -> Result<DocumentId, Failure> {
        Self::note_forced(self, document, forced)
    }

    fn note_evacuation(
        &mut self,
        document: Option<DocumentId>,
        evacuation: &Evacuation,
    ) -> Result<DocumentId, Failure> {
        self.show(|seen| seen.evacuation(evacuation));
        self.zone.record_evacuation(document, evacuation)
    }

    fn tell(&mut self, entry: &Entry) {
        self.show(|seen| seen.phase(entry.phase));
        match entry.weight {
            Weight::Step => log::info!("{}: {}", entry.phase, entry.text),
            Weight::Detail => log::debug!("{}: {}", entry.phase, entry.text),
            Weight::End => log::info!(target: FILE_ONLY, "{}: {}", entry.phase, entry.text),
        }
    }
}
