//! The simulated fence devices at work: from where they are reached, what they switch, what they say.

use super::super::device::{ASKING, BACK_AFTER, Behaviour, CACHE, SILENT, Said, SimDevice, TURNED};
use super::super::physics::Power;
use super::super::seen::Seen;
use super::SimWorld;
use crate::model::{DeviceName, Dump, HostId, NotOff, Peer, PowerState, Route, Scope};
use std::time::Duration;

impl SimWorld {
    /// Tell a device "off", as a test of the machines does it. A recovery needs a clearance.
    ///
    /// # Errors
    /// What the device said instead of success, or why nothing was sent to it.
    pub fn tell_off(&mut self, host: HostId, name: &DeviceName, via: Option<&Peer>) -> Result<(), NotOff> {
        self.advance(self.takes(host, name));
        let at = self.cloud_now();
        if let Some(why) = self.unmet(host, name) {
            return Err(NotOff::not_sent(why));
        }
        let device = self.reach(host, name, via).map_err(NotOff::Sent);
        let power = self.transport.cloud().power(host);
        let dumps = self.transport.cloud().physics.dumps_since(host, at);
        let said = device.and_then(|device| {
            if device.behaviour == Behaviour::RestartsAtOff && self.orders(&device) == 0 {
                return Err(NotOff::Sent("connection reset by peer".to_owned()));
            }
            let Said { answer, off_after, on_after, again_after } = device.behaviour.off(power);
            let outlet = self.last_outlet(host, &device);
            let off_after = if outlet { Some(Duration::ZERO) } else { off_after };
            for after in [off_after, again_after].into_iter().flatten() {
                self.schedule(at.saturating_add(after), device.cuts(host));
            }
            if let Some(after) = on_after {
                self.schedule(at.saturating_add(after), device.restores(host));
            }
            answer
        });
        let via = via.map(|peer| peer.id);
        if !matches!(said, Err(NotOff::NotSent { .. })) {
            self.seen.push(Seen::Off { at, host, device: name.clone(), via, answer: said.clone(), dumps });
        }
        self.due();
        said
    }

    /// A message that comes while nobody listens is lost.
    pub(super) fn listen_for_a_dump(&mut self, host: HostId, listen: Duration) -> Dump {
        let now = self.cloud_now();
        self.listened.entry(host).or_insert(now);
        let next = self.transport.cloud().physics.says_that_it_dumps(host, now);
        let left = next.map(|next| next.saturating_sub(now)).filter(|left| *left < listen);
        self.advance(left.map_or(listen, |left| left.max(ASKING)));
        let said = if left.is_some() { Dump::Saving } else { Dump::Silent };
        self.seen.push(Seen::Dump { at: self.cloud_now(), said: said.clone() });
        said
    }

    pub(super) fn read_power(&mut self, host: HostId, name: &DeviceName, via: Option<&Peer>) -> PowerState {
        self.advance(self.takes(host, name));
        let (at, really, said) = self.say_power(host, name, via);
        let via = via.map(|peer| peer.id);
        self.seen.push(Seen::Power { at, device: name.clone(), via, said: said.clone(), really });
        said
    }

    /// What a device says at this moment, and what is true of what it switches.
    pub(super) fn say_power(
        &mut self,
        host: HostId,
        name: &DeviceName,
        via: Option<&Peer>,
    ) -> (Duration, Power, PowerState) {
        let at = self.cloud_now();
        let met = self.unmet(host, name).map_or(Ok(()), Err);
        let (really, said) = match met.and_then(|()| self.reach(host, name, via)) {
            Ok(device) => {
                let really = self.outlet(host, &device);
                let shown = self.shown(host, &device, really);
                let asked = self.asked.entry((host, name.clone())).or_default();
                *asked += 1;
                (really, device.behaviour.state(shown, *asked - 1))
            }
            Err(why) => (self.power(host), PowerState::Unknown(why)),
        };
        (at, really, said)
    }

    pub(super) fn takes(&self, host: HostId, name: &DeviceName) -> Duration {
        let device = self.devices(host).iter().find(|device| device.name == *name);
        device.map_or(ASKING, |device| device.takes)
    }

    /// The device, if it can be reached from there now.
    fn reach(&self, host: HostId, name: &DeviceName, via: Option<&Peer>) -> Result<SimDevice, String> {
        let device = self.devices(host).iter().find(|device| device.name == *name);
        let device = device.cloned().ok_or("no such device")?;
        let cloud = self.transport.cloud();
        match (device.route, via) {
            (Route::Peer, None) => return Err("it cannot be reached from the front-end".to_owned()),
            (Route::Peer, Some(peer)) if peer.id == host => {
                return Err("it is not to be asked from the host itself".to_owned());
            }
            (Route::Peer, Some(peer)) if !cloud.answers_front_end(peer.id) => {
                return Err(format!("{peer} cannot be reached over ssh"));
            }
            (Route::FrontEnd, _) | (Route::Peer, Some(_)) => {}
        }
        let silent = (device.behaviour == Behaviour::DeadThenWorks).then_some(SILENT);
        let silent = device.returns_after.or(silent).unwrap_or_default();
        if cloud.now() < self.made.saturating_add(silent) {
            return Err("connection timed out".to_owned());
        }
        Ok(device)
    }

    /// Why the machine at this device does not count as the host.
    fn unmet(&self, host: HostId, name: &DeviceName) -> Option<String> {
        let device = self.devices(host).iter().find(|device| device.name == *name)?;
        let met = self.recognised.get(&(host, name.clone())).map(String::as_str) == Some(TURNED);
        (device.behaviour == Behaviour::TurnedUuid && !met)
            .then(|| format!("its UUID is {TURNED}, that of the settings with turned bytes"))
    }

    /// How often "off" was sent to it.
    fn orders(&self, device: &SimDevice) -> usize {
        let told = |seen: &&Seen| matches!(seen, Seen::Off { device: told, .. } if *told == device.name);
        self.seen.iter().filter(told).count()
    }

    /// What a device that caches, or has forgotten, shows instead of the truth.
    fn shown(&mut self, host: HostId, device: &SimDevice, really: Power) -> Power {
        match (device.behaviour, self.orders(device)) {
            (Behaviour::SaysOffAtFirst, 0) | (Behaviour::RestartsAtOff, 1) => return Power::Off,
            _ => {}
        }
        if device.behaviour != Behaviour::Caches {
            return really;
        }
        let now = self.cloud_now();
        let seen = self.cached.entry((host, device.name.clone())).or_insert((now, really));
        if now.saturating_sub(seen.0) >= CACHE {
            *seen = (now, really);
        }
        seen.1
    }

    /// Switch an outlet off; is it the last one?
    fn last_outlet(&mut self, host: HostId, device: &SimDevice) -> bool {
        if matches!(device.behaviour, Behaviour::Feed | Behaviour::FeedComesBack) {
            self.outlets.insert((host, device.name.clone()), self.cloud_now());
        }
        let mut feeds = self.devices(host).iter().filter(|device| device.behaviour.is_feed());
        device.behaviour.is_feed() && feeds.all(|feed| self.outlet(host, feed) == Power::Off)
    }

    /// What a device can see: the host's power, its own relay, or the host's way to datastores.
    fn outlet(&self, host: HostId, device: &SimDevice) -> Power {
        if let Scope::Datastores(datastores) = &device.scope {
            let cut = self.transport.cloud().is_cut(host, datastores);
            return if cut { Power::Off } else { Power::On };
        }
        if !device.behaviour.is_feed() {
            return self.power(host);
        }
        let off = self.outlets.get(&(host, device.name.clone())).copied();
        let back = |off: Duration| {
            device.behaviour == Behaviour::FeedComesBack && self.cloud_now() >= off.saturating_add(BACK_AFTER)
        };
        if off.is_some_and(|off| !back(off)) { Power::Off } else { Power::On }
    }
}
