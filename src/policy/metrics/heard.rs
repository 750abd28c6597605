//! What `onerescue check` has heard of fence devices last. Nobody else asks devices of hosts that are well.
//!
//! A file of the front-end keeps it; one that is lost costs one check.

use crate::model::{DeviceName, Epoch, HostId, PowerState, ReadBack};
use crate::policy::check::HostFacts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Hosts that were checked, by id.
    #[serde(default)]
    pub hosts: BTreeMap<HostId, HostAnswers>,
}

/// What the devices of one host said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAnswers {
    /// When they were asked.
    pub at: Epoch,
    /// Each that can be asked.
    pub devices: Vec<Answer>,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its name.
    pub device: DeviceName,
    /// What it switches; what was seen of another target is not about it.
    pub target: String,
    /// It said on or off.
    pub answers: bool,
}

impl Answers {
    /// These hosts were checked at this moment. Of others what was heard before stays, unless they are gone.
    pub fn hear(&mut self, checked: &[HostFacts], at: Epoch, all: &BTreeSet<HostId>) {
        self.hosts.retain(|host, _| all.contains(host));
        for facts in checked {
            let said = |device: &DeviceName| facts.power.iter().find(|(name, _)| name == device);
            let levels = facts.levels.iter().flatten();
            let asked =
                levels.flat_map(|level| &level.0).filter(|device| device.read_back == ReadBack::Status);
            let mut devices: Vec<Answer> = Vec::new();
            for device in asked {
                let answers = said(&device.name)
                    .is_some_and(|(_, power)| matches!(power, PowerState::On | PowerState::Off));
                // It may stand in two levels.
                if devices.iter().all(|known| known.device != device.name) {
                    let (device, target) = (device.name.clone(), device.target.clone());
                    devices.push(Answer { device, target, answers });
                }
            }
            self.hosts.insert(facts.host.id, HostAnswers { at, devices });
        }
    }
}
