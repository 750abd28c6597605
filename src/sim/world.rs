//! The second world: the policy's questions, answered by the simulated cloud.
//!
//! oned is asked through the real client and the real wire code; only the sockets, the clock and the fence
//! devices are made up. Nothing in here decides.

use super::cloud::Cloud;
use super::device::{BACK_AFTER, Behaviour, Said};
use super::event::Event;
use super::physics::Power;
use super::seen::Seen;
use super::transport::SimTransport;
use crate::model::{DeviceName, FenceDevice, Host, HostId, Moment, PowerState, ReadBack, Vm, VmId};
use crate::policy::{Claim, Entry, Failure, Order, Proof, Reply, Survey, Trouble, VmList};
use crate::world::{World, Zone};
use std::collections::BTreeMap;
use std::time::Duration;

/// A fence device of the simulated hosts.
#[derive(Clone, Debug)]
pub struct SimDevice {
    /// Its name in the settings.
    pub name: DeviceName,
    /// What it can show.
    pub read_back: ReadBack,
    /// What it does.
    pub behaviour: Behaviour,
}

/// A world in memory.
#[derive(Debug)]
pub struct SimWorld {
    transport: SimTransport,
    zone: Zone<SimTransport>,
    began: Duration,
    devices: BTreeMap<HostId, Vec<SimDevice>>,
    asked: BTreeMap<(HostId, DeviceName), u32>,
    /// Outlets that were switched off, and when.
    outlets: BTreeMap<(HostId, DeviceName), Duration>,
    claimed: Option<HostId>,
    /// What is still to happen, latest first.
    pending: Vec<(Duration, Event)>,
    seen: Vec<Seen>,
    told: Vec<Entry>,
    pace: Pace,
    tell: fn(&Entry),
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
            began,
            devices: BTreeMap::new(),
            asked: BTreeMap::new(),
            outlets: BTreeMap::new(),
            claimed: None,
            pending: Vec::new(),
            seen: Vec::new(),
            told: Vec::new(),
            pace: Pace::Jump,
            tell: |_| {},
        }
    }

    /// Let waits take real time, and tell each line of the trail when it is written.
    pub fn live(&mut self, tell: fn(&Entry)) {
        self.pace = Pace::Live;
        self.tell = tell;
    }

    /// Give a host its fence devices.
    pub fn set_devices(&mut self, host: HostId, devices: Vec<SimDevice>) {
        self.devices.insert(host, devices);
    }

    /// Another run works on this host.
    pub fn claimed_by_another(&mut self, host: HostId) {
        self.claimed = Some(host);
    }

    /// Let something happen this long after the simulation began.
    pub fn schedule(&mut self, at: Duration, event: Event) {
        self.pending.push((at, event));
        self.pending.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// Begin another run on the same cloud, with its own clock.
    pub fn begin_again(&mut self) {
        self.began = self.transport.cloud().now();
        self.told.clear();
        self.seen.clear();
    }

    /// When the present run began, since the simulation began.
    #[must_use]
    pub fn began(&self) -> Duration {
        self.began
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

    fn device(&self, host: HostId, name: &DeviceName) -> Option<&SimDevice> {
        self.devices.get(&host)?.iter().find(|device| device.name == *name)
    }

    /// Switch an outlet off; is it the last one?
    fn last_outlet(&mut self, host: HostId, device: &DeviceName, behaviour: Behaviour) -> bool {
        if matches!(behaviour, Behaviour::Feed | Behaviour::FeedComesBack) {
            self.outlets.insert((host, device.clone()), self.cloud_now());
        }
        let feeds = self.devices.get(&host).into_iter().flatten().filter(|device| device.behaviour.is_feed());
        behaviour.is_feed()
            && feeds.into_iter().all(|feed| self.outlet(host, &feed.name, feed.behaviour) == Power::Off)
    }

    /// What a device can see: the host's power, or its own relay.
    fn outlet(&self, host: HostId, device: &DeviceName, behaviour: Behaviour) -> Power {
        if !behaviour.is_feed() {
            return self.power(host);
        }
        let off = self.outlets.get(&(host, device.clone())).copied();
        let back = |off: Duration| {
            behaviour == Behaviour::FeedComesBack && self.cloud_now() >= off.saturating_add(BACK_AFTER)
        };
        if off.is_some_and(|off| !back(off)) { Power::Off } else { Power::On }
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

    fn cloud_now(&self) -> Duration {
        let cloud: &Cloud = &self.transport.cloud();
        cloud.now()
    }
}

/// What asking a device takes.
const ASKING: Duration = Duration::from_millis(200);

impl World for SimWorld {
    fn now(&mut self) -> Moment {
        Moment(self.cloud_now().saturating_sub(self.began))
    }

    fn wait(&mut self, pause: Duration) {
        self.advance(pause);
    }

    fn host(&mut self, id: HostId) -> Result<Host, Failure> {
        self.due();
        let host = self.zone.host(id);
        let at = self.cloud_now();
        self.seen.push(Seen::Host { at, host: host.as_ref().ok().cloned() });
        host
    }

    fn hosts(&mut self) -> Result<Vec<Host>, Failure> {
        self.due();
        let hosts = self.zone.hosts();
        let states = hosts.iter().flatten().map(|host| (host.id, host.state)).collect();
        self.seen.push(Seen::Hosts { states });
        hosts
    }

    fn claim(&mut self, host: HostId) -> Result<Claim, Failure> {
        Ok(if self.claimed == Some(host) { Claim::Others } else { Claim::Ours })
    }

    fn fence_devices(&mut self, host: HostId) -> Result<Vec<FenceDevice>, Failure> {
        let plain =
            |device: &SimDevice| FenceDevice { name: device.name.clone(), read_back: device.read_back };
        match self.devices.get(&host) {
            Some(devices) => Ok(devices.iter().map(plain).collect()),
            None => Err(Failure {
                trouble: Trouble::Settings,
                what: format!("no fence device is set for {host}"),
                advice: "add a [[host]] entry with its devices to onerescue.toml".to_owned(),
            }),
        }
    }

    fn power_off(&mut self, host: HostId, device: &DeviceName) -> Result<(), String> {
        self.advance(ASKING);
        let Some(behaviour) = self.device(host, device).map(|device| device.behaviour) else {
            return Err("no such device".to_owned());
        };
        let at = self.cloud_now();
        let Said { answer, off_after, on_after } = behaviour.off(self.power(host));
        let off_after =
            if self.last_outlet(host, device, behaviour) { Some(Duration::ZERO) } else { off_after };
        self.seen.push(Seen::Off { at, host, device: device.clone(), answer: answer.clone() });
        if let Some(after) = off_after {
            self.schedule(at.saturating_add(after), Event::PowerOff(host));
        }
        if let Some(after) = on_after {
            self.schedule(at.saturating_add(after), Event::PowerOn(host));
        }
        self.due();
        answer
    }

    fn power_state(&mut self, host: HostId, device: &DeviceName) -> PowerState {
        self.advance(ASKING);
        let Some(behaviour) = self.device(host, device).map(|device| device.behaviour) else {
            return PowerState::Unknown("no such device".to_owned());
        };
        let power = self.outlet(host, device, behaviour);
        let asked = self.asked.entry((host, device.clone())).or_default();
        *asked += 1;
        let said = behaviour.state(power, *asked - 1);
        let at = self.cloud_now();
        self.seen.push(Seen::Power { at, device: device.clone(), said: said.clone(), really: power });
        said
    }

    fn survey(&mut self, host: HostId, also: &[VmId]) -> Result<Survey, Failure> {
        self.due();
        let survey = self.zone.survey(host, also);
        if let Ok(survey) = &survey {
            let at = self.cloud_now();
            self.seen.push(Seen::Survey { at, survey: survey.clone() });
        }
        survey
    }

    fn vms(&mut self, ids: &[VmId]) -> Result<VmList, Failure> {
        self.due();
        let list = self.zone.vms(ids);
        if let Ok(list) = &list {
            let at = self.cloud_now();
            let vms = self.with_truth(&list.vms);
            self.seen.push(Seen::Vms { at, asked: ids.to_vec(), vms });
        }
        list
    }

    fn histories(&mut self, ids: &[VmId]) -> Result<Vec<Vm>, Failure> {
        self.due();
        self.zone.histories(ids)
    }

    fn disable(&mut self, proof: &Proof) -> Reply {
        self.due();
        let (at, host) = (self.cloud_now(), proof.host());
        self.seen.push(Seen::Disable { at, host });
        self.zone.disable(host)
    }

    fn act(&mut self, proof: &Proof, orders: &[Order]) -> Vec<Reply> {
        orders.iter().map(|order| self.send(proof.host(), *order)).collect()
    }

    fn tell(&mut self, entry: &Entry) {
        (self.tell)(entry);
        self.told.push(entry.clone());
    }
}
