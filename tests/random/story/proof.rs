//! A second opinion on what an order rests on: what its devices said last, what they cut off, and how long ago somebody
//! saw them work.

use super::stage::datastore;
use super::{DeviceStory, IMAGES, Story};
use onerescue::model::{DatastoreId, DeviceName, PowerState, ReadBack, VmId};
use onerescue::policy::{Control, Fencing, Mode, Order};
use onerescue::sim::{Seen, SimWorld};
use std::collections::BTreeMap;

/// Every order that no level of devices authorises, in words. A person's word authorises all of them.
pub(crate) fn orders(story: &Story, world: &SimWorld) -> Vec<String> {
    let mut broken = Vec::new();
    // Whether each device said off last, or obeyed if it cannot be read.
    let mut off: BTreeMap<&DeviceName, bool> = BTreeMap::new();
    let mut given = story.policy.fencing == Fencing::Waived;
    for seen in world.seen() {
        match seen {
            Seen::Off { device, answer, .. } => {
                off.insert(device, answer.is_ok() && !status(story, device));
            }
            Seen::Power { device, said, .. } => {
                off.insert(device, *said == PowerState::Off);
            }
            Seen::Record { incident, answer: Ok(_), .. } => given |= incident.confirmation.is_some(),
            Seen::Order { order, .. } if !given => {
                if let Err(why) = authorised(story, &off, order) {
                    broken.push(format!("{order:?}: {why}"));
                }
            }
            _ => {}
        }
    }
    broken
}

fn name(at: usize) -> DeviceName {
    DeviceName(format!("device{at}"))
}

fn status(story: &Story, device: &DeviceName) -> bool {
    let known = story.devices.iter().enumerate().find(|(at, _)| name(*at) == *device);
    known.is_some_and(|(_, device)| device.read_back == ReadBack::Status)
}

fn authorised(story: &Story, off: &BTreeMap<&DeviceName, bool>, order: &Order) -> Result<(), String> {
    let mut levels: BTreeMap<usize, Vec<(usize, &DeviceStory)>> = BTreeMap::new();
    for (at, device) in story.devices.iter().enumerate() {
        levels.entry(device.level).or_default().push((at, device));
    }
    let mut why = "no device is set".to_owned();
    for level in levels.values() {
        if let Some((at, _)) = level.iter().find(|(at, _)| off.get(&name(*at)) != Some(&true)) {
            why = format!("device{at} did not say off last");
        } else if let Some(disk) = open_disk(story, level, order.vm()) {
            why = format!("the host is not cut off from {disk}");
        } else if let Some(doubt) = doubt(story, level) {
            why = doubt;
        } else {
            return Ok(());
        }
    }
    Err(why)
}

/// A disk that the host can still write when this level is off.
fn open_disk(story: &Story, level: &[(usize, &DeviceStory)], vm: VmId) -> Option<DatastoreId> {
    if level.iter().any(|(_, device)| device.cuts.is_none()) {
        return None;
    }
    let bits = level.iter().filter_map(|(_, device)| device.cuts).fold(0, |all, cuts| all | cuts);
    let vm = &story.vms[vm.0 as usize];
    let disks = [Some(vm.datastore), vm.image.then_some(IMAGES)];
    disks.into_iter().flatten().find(|at| bits >> at & 1 == 0).map(datastore)
}

/// Why this level may prove too little.
fn doubt(story: &Story, level: &[(usize, &DeviceStory)]) -> Option<String> {
    let rules = story.policy.fence;
    let gentle = story.policy.mode == Mode::Migrate;
    level.iter().find_map(|(at, device)| match (device.read_back, device.seen_on) {
        (ReadBack::ExitCodeOnly, _) => Some(format!("device{at} proves nothing")),
        _ if rules.seen_on == Control::Waived => None,
        (ReadBack::ExitCodeAccepted, _) => (!gentle).then(|| format!("nobody has seen device{at} work")),
        (ReadBack::Status, None) => Some(format!("device{at} was never seen ON")),
        // A day is not counted exactly: clocks may be set while a run waits.
        (ReadBack::Status, Some(days)) => (!gentle && days > rules.seen_on_age.as_secs() / 86_400 + 30)
            .then(|| format!("device{at} is stale")),
    })
}
