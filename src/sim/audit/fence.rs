//! The safety rules about the fence: when, how often and to which host "off" may be sent.

use crate::model::{DeviceName, Host, HostId, HostState, PowerState, ReadBack};
use crate::policy::{Control, HoldRules, Policy, ProbeError, Purpose};
use crate::sim::device::{Behaviour, SimDevice};
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::collections::BTreeMap;
use std::time::Duration;

impl SimWorld {
    /// Can this host's devices show the truth? If none of those with a status does on a level that can make a proof,
    /// nothing can be proven.
    #[must_use]
    pub fn fence_is_honest(&self, policy: &Policy, host: HostId) -> bool {
        let mut levels: BTreeMap<usize, Vec<&SimDevice>> = BTreeMap::new();
        for device in self.devices(host) {
            levels.entry(device.level).or_default().push(device);
        }
        let mut able =
            levels.values().filter(|level| level.iter().all(|device| counts(device, policy))).peekable();
        let shows = |device: &&SimDevice| device.read_back == ReadBack::Status && is_honest(device, policy);
        able.peek().is_some() && able.all(|level| level.iter().any(shows))
    }
}

/// Can this device be a part of a proof at all?
fn counts(device: &SimDevice, policy: &Policy) -> bool {
    device.read_back != ReadBack::ExitCodeOnly
        && (policy.fence.seen_on == Control::Waived
            || device.seen_on.is_some()
            || device.read_back != ReadBack::Status)
}

fn is_honest(device: &SimDevice, policy: &Policy) -> bool {
    match device.behaviour {
        Behaviour::Liar | Behaviour::WrongMachine | Behaviour::Caches => false,
        Behaviour::Flaps => policy.fence.samples > 1,
        Behaviour::SaysOffAtFirst | Behaviour::RestartsAtOff => device.off_anyway,
        Behaviour::Works
        | Behaviour::Slow
        | Behaviour::Ignores
        | Behaviour::Rejects
        | Behaviour::Dead
        | Behaviour::DiesWithHost
        | Behaviour::Unreadable
        | Behaviour::LateSuccess
        | Behaviour::ComesBack
        | Behaviour::DeadThenWorks
        | Behaviour::OffTwice
        | Behaviour::Unsendable
        | Behaviour::TurnedUuid
        // Each knows its own relay; all of them have to say off.
        | Behaviour::Feed
        | Behaviour::FeedStuck
        | Behaviour::FeedComesBack => true,
    }
}

/// S2, S6 and S8: "off" goes to the host of this run only, while oned was just read to have it in ERROR, few
/// times, not again while the first may be at work, and once VMs were touched only if a device said on since.
pub(super) fn fence(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    let mut before: Option<&Seen> = None;
    let mut sent: BTreeMap<&DeviceName, Vec<Duration>> = BTreeMap::new();
    let mut healthy = false;
    let mut touched = false;
    let mut read: BTreeMap<&DeviceName, Duration> = BTreeMap::new();
    let mut dead = vec![HostState::Error];
    for seen in world.seen() {
        match seen {
            Seen::Outlook { outlook: Some(outlook), .. } => {
                let well = |host: &Host| host.id != subject && host.state == HostState::Monitored;
                healthy = outlook.hosts.iter().any(well);
            }
            Seen::Record { incident, .. } => {
                // An earlier run has.
                if incident.disabled.is_some() {
                    dead.push(HostState::Disabled);
                }
                continue;
            }
            Seen::Outlook { outlook: None, .. }
            | Seen::Memory { .. }
            | Seen::Witness { .. }
            | Seen::Dump { .. } => continue,
            Seen::Order { .. } => touched = true,
            Seen::Disable { .. } => {
                touched = true;
                dead.push(HostState::Disabled);
            }
            Seen::Power { at, device, said, .. } => {
                read.insert(device, *at);
                touched &= *said != PowerState::On;
            }
            Seen::Off { at, host, device, .. } => {
                let name = &device.0;
                if let Some(why) = not_error(before, subject, policy, &dead) {
                    broken.push(format!("S8: \"off\" was sent to {name}: {why}"));
                }
                let allowed = policy.purpose != Purpose::Rehearse && !world.is_claimed(*host);
                if *host != subject || touched || !healthy || !allowed {
                    broken.push(format!(
                        "S2: \"off\" was sent to {host} (touched {touched}, healthy {healthy})"
                    ));
                }
                let old = read.get(device).map(|read| at.saturating_sub(*read)).filter(|age| *age > READING);
                if let Some(age) = old {
                    broken.push(format!("S8: \"off\" was sent to {name} on a reading that was {age:?} old"));
                }
                let times = sent.entry(device).or_default();
                let soon = times.last().is_some_and(|last| at.saturating_sub(*last) < policy.fence.patience);
                let status = world
                    .devices(*host)
                    .iter()
                    .any(|other| other.name == *device && other.read_back == ReadBack::Status);
                if soon && status {
                    broken.push(format!("S2: \"off\" was sent to {name} again before its patience was over"));
                }
                times.push(*at);
            }
            Seen::Host { .. } | Seen::Survey { .. } | Seen::Vms { .. } => {}
        }
        before = Some(seen);
    }
    let rounds = (policy.fence.again + 1) * (looks(&policy.hold) + 1);
    let most = policy.fence.attempts.max(1).saturating_mul(rounds) as usize;
    for (device, times) in sent.iter().filter(|(_, times)| times.len() > most) {
        broken.push(format!("S6: \"off\" was sent to {device} {} times", times.len()));
    }
}

/// The oldest reading of the power that an "off" may go out on: as old as it may be when it is judged, and what the device
/// takes to be reached.
const READING: Duration = Duration::from_millis(10_500);

/// How often at most something that is held is looked at again.
fn looks(hold: &HoldRules) -> u32 {
    let (mut pause, mut time, mut looks) = (hold.look.max(Duration::from_millis(100)), Duration::ZERO, 0);
    while time < hold.deadline {
        time = time.saturating_add(pause);
        pause = pause.saturating_mul(2).min(hold.longest.max(hold.look));
        looks += 1;
    }
    looks
}

/// The step before an "off", other than asking and writing down, must be a look at the host that shows it in ERROR and without a sign of life.
/// A host that a run of this incident has disabled shows that instead.
fn not_error(before: Option<&Seen>, subject: HostId, policy: &Policy, dead: &[HostState]) -> Option<String> {
    let Some(Seen::Host { host: Some(host), .. }) = before else {
        return Some("the host was not read just before".to_owned());
    };
    if host.id != subject || !dead.contains(&host.state) {
        return Some(format!("{host} was read as {}", host.state));
    }
    let text = host.error.as_deref().unwrap_or_default().trim();
    let alive = !text.is_empty() && !text.ends_with("):") && !text.contains("Cannot find driver");
    (alive && policy.fence.probe_error == ProbeError::Hold).then(|| format!("it was alive to say: {text}"))
}
