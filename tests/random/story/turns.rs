//! Several recoveries in one cloud at the same time: each has its own world, and a wait of one lets the others go on.

use onerescue::Run;
use onerescue::model::{
    DeviceName, DocumentId, Dump, Hold, Holder, Host, HostId, Incident, Level, Memory, Moment, NotOff,
    Outlook, Peer, PowerState, Testimony, Vm, VmId, WhoLeads,
};
use onerescue::policy::{
    Claim, Clearance, Domains, Entry, Failure, Order, Policy, Proof, Reply, Report, Subject, Survey, Taken,
    VmList,
};
use onerescue::sim::SimWorld;
use onerescue::world::World;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

/// Hosts that processes of one front-end have claimed there.
pub(crate) type Claims = Rc<RefCell<BTreeSet<HostId>>>;

/// The recovery of one host.
pub(crate) struct Turn {
    pub(crate) world: SimWorld,
    pub(crate) subject: Subject,
    pub(crate) report: Option<Report>,
    run: Option<Run>,
    /// It does nothing before, by the cloud's clock.
    wake: Duration,
    begun: bool,
    /// Those of its front-end, and whether one of them is its own.
    claims: Claims,
    claimed: bool,
    /// Those of its process that work on VMs, and how many may.
    places: Claims,
    most: usize,
}

impl Turn {
    /// The hook starts this much later.
    pub(crate) fn new(world: SimWorld, subject: Subject, policy: &Policy, later: Duration) -> Self {
        let wake = world.began() + later;
        Self {
            run: Some(Run::begin(subject.clone(), policy.clone())),
            world,
            subject,
            report: None,
            wake,
            begun: false,
            claims: Claims::default(),
            claimed: false,
            places: Claims::default(),
            most: usize::MAX,
        }
    }

    /// The same on a front-end where others may have claimed the host.
    pub(crate) fn beside(self, claims: &Claims) -> Self {
        Self { claims: Rc::clone(claims), ..self }
    }

    /// The same as one of several runs of a process, of which so many work on VMs at the same time.
    pub(crate) fn among(self, places: &Claims, most: usize) -> Self {
        Self { places: Rc::clone(places), most, ..self }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.run.is_none()
    }

    pub(crate) fn wake(&self) -> Duration {
        self.wake
    }

    /// Its front-end is lost, and it with that.
    pub(crate) fn kill(&mut self) {
        self.run = None;
    }

    pub(crate) fn go_on(&mut self) {
        if !self.begun {
            self.begun = true;
            self.world.begin_again();
        }
        let Some(run) = self.run.take() else { return };
        let (claims, claimed) = (&self.claims, &mut self.claimed);
        let (places, host) = (&self.places, self.subject.host);
        let place = (places, self.most, host);
        match run.go_on(&mut Patient { world: &mut self.world, wake: &mut self.wake, claims, claimed, place })
        {
            Ok(run) => self.run = Some(run),
            Err(report) => {
                self.report = Some(*report);
                self.places.borrow_mut().remove(&host);
            }
        }
        if self.report.is_some() && std::mem::take(&mut self.claimed) {
            self.claims.borrow_mut().remove(&self.subject.host);
        }
    }
}

/// Let them take turns to their ends; of those that do not wait, `order` says who is next.
pub(crate) fn take_turns(turns: &mut [Turn], order: &[usize]) {
    for next in order.iter().cycle().take(100_000) {
        let now = turns[0].world.transport().cloud().now();
        let open: Vec<usize> = (0..turns.len()).filter(|at| turns[*at].run.is_some()).collect();
        let awake: Vec<usize> = open.iter().copied().filter(|at| turns[*at].wake <= now).collect();
        if let Some(at) = awake.get(next % awake.len().max(1)) {
            turns[*at].go_on();
            continue;
        }
        let Some(first) = open.into_iter().min_by_key(|at| turns[*at].wake) else { return };
        let pause = turns[first].wake.saturating_sub(now);
        turns[first].world.advance(pause);
    }
}

pub(crate) fn trails(turns: &[Turn]) -> String {
    let mut text = String::new();
    for turn in turns {
        let _ = writeln!(text, "== {} from {:?}", turn.subject.name, turn.world.began());
        for entry in turn.world.told() {
            let _ = writeln!(text, "  {entry}");
        }
    }
    text
}

/// A world whose waits are for the scheduler.
struct Patient<'a> {
    world: &'a mut SimWorld,
    wake: &'a mut Duration,
    claims: &'a Claims,
    claimed: &'a mut bool,
    place: (&'a Claims, usize, HostId),
}

impl World for Patient<'_> {
    fn wait(&mut self, pause: Duration) {
        *self.wake = self.world.transport().cloud().now() + pause;
    }

    fn now(&mut self) -> Moment {
        self.world.now()
    }

    fn has_place(&mut self) -> bool {
        let (places, most, host) = self.place;
        let free = places.borrow().len() < most;
        if free {
            places.borrow_mut().insert(host);
        }
        free || places.borrow().contains(&host)
    }

    fn host(&mut self, id: HostId) -> Result<Host, Failure> {
        self.world.host(id)
    }

    fn memory(&mut self) -> Result<Memory, Failure> {
        self.world.memory()
    }

    fn record(&mut self, document: Option<DocumentId>, incident: &Incident) -> Result<DocumentId, Failure> {
        self.world.record(document, incident)
    }

    fn take(&mut self, host: HostId, document: DocumentId, over: Option<Hold>) -> Result<Taken, Failure> {
        self.world.take(host, document, over)
    }

    fn leave(
        &mut self,
        host: HostId,
        unlock: Option<DocumentId>,
        forget: &[DocumentId],
    ) -> Result<(), Failure> {
        self.world.leave(host, unlock, forget)
    }

    fn outlook(&mut self) -> Result<Outlook, Failure> {
        self.world.outlook()
    }

    fn witnesses(&mut self, host: HostId, peers: &[Peer]) -> Vec<Testimony> {
        self.world.witnesses(host, peers)
    }

    fn domains(&mut self, peers: &[Peer], vms: &[VmId]) -> Vec<Domains> {
        self.world.domains(peers, vms)
    }

    fn lead(&mut self) -> WhoLeads {
        self.world.lead()
    }

    fn claim(&mut self, host: HostId, over: &[Holder]) -> Result<Claim, Failure> {
        if !self.claims.borrow_mut().insert(host) {
            return Ok(Claim::Others);
        }
        *self.claimed = true;
        self.world.claim(host, over)
    }

    fn fence_levels(&mut self, host: HostId) -> Result<Vec<Level>, Failure> {
        self.world.fence_levels(host)
    }

    fn recognise(&mut self, host: HostId, turned: &[(DeviceName, String)]) {
        self.world.recognise(host, turned);
    }

    fn power_off(
        &mut self,
        clearance: Clearance,
        device: &DeviceName,
        via: Option<&Peer>,
    ) -> Result<(), NotOff> {
        self.world.power_off(clearance, device, via)
    }

    fn dump(&mut self, host: HostId, listen: Duration) -> Dump {
        self.world.dump(host, listen)
    }

    fn power_state(&mut self, host: HostId, device: &DeviceName, via: Option<&Peer>) -> PowerState {
        self.world.power_state(host, device, via)
    }

    fn begin_reading(&mut self, host: HostId, devices: &[(DeviceName, Option<Peer>)]) {
        self.world.begin_reading(host, devices);
    }

    fn reading(&mut self, wait: bool) -> Option<Vec<(DeviceName, PowerState)>> {
        self.world.reading(wait)
    }

    fn survey(&mut self, host: HostId, also: &[VmId]) -> Result<Survey, Failure> {
        self.world.survey(host, also)
    }

    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure> {
        self.world.vms(ids)
    }

    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure> {
        self.world.histories(ids)
    }

    fn disable(&mut self, proof: &Proof) -> Reply {
        self.world.disable(proof)
    }

    fn act(&mut self, proof: &Proof, orders: &[Order]) -> Vec<Reply> {
        self.world.act(proof, orders)
    }

    fn tell(&mut self, entry: &Entry) {
        self.world.tell(entry);
    }
}
