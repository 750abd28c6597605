//! What the fence devices have said, and when they were asked for it.

use crate::model::{DeviceName, Moment, PowerState};
use std::collections::{BTreeMap, BTreeSet};

/// What the devices have said last.
#[derive(Default)]
pub(in crate::policy) struct Readings {
    /// Devices whose last answer was none.
    pub(in crate::policy) mute: BTreeSet<DeviceName>,
    /// When those were asked that have said off.
    off: BTreeMap<DeviceName, Moment>,
    /// When the reading was begun that is under way beside the orders.
    pub(in crate::policy) begun: Option<Moment>,
}

impl Readings {
    /// This device was asked then.
    pub(in crate::policy) fn said(&mut self, device: &DeviceName, asked: Moment, state: &PowerState) {
        match state {
            PowerState::Unknown(_) => self.mute.insert(device.clone()),
            PowerState::On | PowerState::Off => self.mute.remove(device),
        };
        match state {
            PowerState::Off => {
                let last = self.off.entry(device.clone()).or_default();
                *last = asked.max(*last);
            }
            PowerState::On | PowerState::Unknown(_) => drop(self.off.remove(device)),
        }
    }

    /// When this device was asked, if it has said off since it said anything else.
    pub(in crate::policy) fn off_at(&self, device: &DeviceName) -> Option<Moment> {
        self.off.get(device).copied()
    }
}
