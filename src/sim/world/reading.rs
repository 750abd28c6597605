//! The simulated fence devices, read beside something else: what each says is what is true when it is asked, and it is heard of when
//! the slowest of them has answered.

use super::super::seen::Seen;
use super::SimWorld;
use crate::model::{DeviceName, HostId, Peer, PowerState};
use std::time::Duration;

/// Devices that were asked, and when all of their answers are in.
#[derive(Debug)]
pub(super) struct Reading {
    said: Vec<Seen>,
    until: Duration,
}

impl SimWorld {
    pub(super) fn ask_beside(&mut self, host: HostId, devices: &[(DeviceName, Option<Peer>)]) {
        self.due();
        let (mut said, mut until) = (Vec::new(), self.cloud_now());
        for (device, via) in devices {
            let (at, really, state) = self.say_power(host, device, via.as_ref());
            until = until.max(at.saturating_add(self.takes(host, device)));
            let via = via.as_ref().map(|peer| peer.id);
            said.push(Seen::Power { at, device: device.clone(), via, said: state, really });
        }
        self.reading = Some(Reading { said, until });
    }

    pub(super) fn said_beside(&mut self, wait: bool) -> Option<Vec<(DeviceName, PowerState)>> {
        let now = self.cloud_now();
        let Some(reading) = self.reading.take_if(|reading| wait || reading.until <= now) else {
            return if self.reading.is_some() { None } else { Some(Vec::new()) };
        };
        self.advance(reading.until.saturating_sub(now));
        let answer = |seen: &Seen| {
            let Seen::Power { device, said, .. } = seen else { return None };
            Some((device.clone(), said.clone()))
        };
        let answers = reading.said.iter().filter_map(answer).collect();
        self.seen.extend(reading.said);
        Some(answers)
    }
}
