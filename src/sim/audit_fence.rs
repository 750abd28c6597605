//! The safety rules about the fence: when "off" may be sent, and what must be known before a VM is touched.

use super::device::Behaviour;
use super::physics::Power;
use super::seen::Seen;
use super::world::SimWorld;
use crate::model::{DeviceName, Host, HostId, HostState, PowerState, ReadBack};
use crate::policy::{Fencing, Policy, ProbeError, Purpose};
use std::collections::BTreeMap;
use std::time::Duration;

/// How old the last look at the power may be when an order is sent: one batch of ten calls that all run into
/// their deadlines, one after the other.
const FRESH: Duration = Duration::from_secs(330);

impl SimWorld {
    /// Can this host's devices show the truth? If none of those with a status does, nothing can be proven.
    #[must_use]
    pub fn fence_is_honest(&self, policy: &Policy, host: HostId) -> bool {
        self.devices(host).iter().any(|device| {
            device.read_back == ReadBack::Status
                && match device.behaviour {
                    Behaviour::Liar | Behaviour::Caches => false,
                    Behaviour::Flaps => policy.fence.samples > 1,
                    Behaviour::Works
                    | Behaviour::Slow
                    | Behaviour::Ignores
                    | Behaviour::Rejects
                    | Behaviour::Dead
                    | Behaviour::DiesWithHost
                    | Behaviour::Unreadable
                    | Behaviour::LateSuccess
                    | Behaviour::ComesBack
                    // Each knows its own relay; all of them have to say off.
                    | Behaviour::Feed
                    | Behaviour::FeedStuck
                    | Behaviour::FeedComesBack
                    | Behaviour::DeadThenWorks
                    | Behaviour::OffTwice => true,
                }
        })
    }
}

/// S2, S6 and S8: "off" goes to the host of this run only, while oned was just read to have it in ERROR, few
/// times, not again while the first may be at work, and never once VMs were touched.
pub(super) fn fence(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    let mut before: Option<&Seen> = None;
    let mut sent: BTreeMap<&DeviceName, Vec<Duration>> = BTreeMap::new();
    let mut healthy = false;
    let (mut fences, mut again) = (1, false);
    let mut touched = false;
    for seen in world.seen() {
        match seen {
            Seen::Outlook { outlook: Some(outlook), .. } => {
                let well = |host: &Host| host.id != subject && host.state == HostState::Monitored;
                healthy = outlook.hosts.iter().any(well);
            }
            Seen::Outlook { outlook: None, .. } | Seen::Witness { .. } | Seen::Record { .. } => continue,
            Seen::Order { .. } | Seen::Disable { .. } => touched = true,
            // It is on again: another fence begins.
            Seen::Power { said: PowerState::On, .. } if touched => {
                (touched, again) = (false, true);
            }
            Seen::Off { at, host, device, .. } => {
                let name = &device.0;
                fences += u32::from(std::mem::take(&mut again));
                if let Some(why) = not_error(before, subject, policy) {
                    broken.push(format!("S8: \"off\" was sent to {name}: {why}"));
                }
                let allowed = policy.purpose != Purpose::Rehearse && !world.is_claimed(*host);
                if *host != subject || touched || !healthy || !allowed {
                    broken.push(format!(
                        "S2: \"off\" was sent to {host} (touched {touched}, healthy {healthy})"
                    ));
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
            Seen::Host { .. } | Seen::Power { .. } | Seen::Survey { .. } | Seen::Vms { .. } => {}
        }
        before = Some(seen);
    }
    if fences > policy.fence.again + 1 {
        broken.push(format!("S6: it was fenced {fences} times"));
    }
    let most = usize::try_from(policy.fence.attempts.max(1)).unwrap_or(usize::MAX);
    let most = most.saturating_mul(usize::try_from(fences).unwrap_or(1)).saturating_add(looks(policy));
    for (device, times) in sent.iter().filter(|(_, times)| times.len() > most) {
        broken.push(format!("S6: \"off\" was sent to {device} {} times", times.len()));
    }
}

/// How often a held run looks again at most; each time a device is told once.
fn looks(policy: &Policy) -> usize {
    let (mut pause, mut time, mut looks) = (policy.hold.look, Duration::ZERO, 0);
    while time < policy.hold.deadline {
        time += pause.max(Duration::from_millis(100));
        pause = (pause * 2).min(policy.hold.longest);
        looks += 1;
    }
    looks
}

/// The step before an "off" must be a look at the host that shows it in ERROR and without a sign of life.
fn not_error(before: Option<&Seen>, subject: HostId, policy: &Policy) -> Option<String> {
    let Some(Seen::Host { host: Some(host), .. }) = before else {
        return Some("the host was not read just before".to_owned());
    };
    if host.id != subject || host.state != HostState::Error {
        return Some(format!("{host} was read as {}", host.state));
    }
    let text = host.error.as_deref().unwrap_or_default().trim();
    let alive = !text.is_empty() && !text.ends_with("):") && !text.contains("Cannot find driver");
    (alive && policy.fence.probe_error == ProbeError::Hold).then(|| format!("it was alive to say: {text}"))
}

/// S1: every call that changes a VM is sent under a proof by every device, and after a fresh look at the
/// power that showed the truth.
pub(super) fn proven(world: &SimWorld, policy: &Policy, subject: HostId, broken: &mut Vec<String>) {
    let known = world.fence_is_honest(policy, subject);
    let status = world.devices(subject).iter().filter(|device| device.read_back == ReadBack::Status).count();
    let mut proofs = Proofs::default();
    let mut look: Option<Look> = None;
    for seen in world.seen() {
        let (at, what, power) = match seen {
            Seen::Off { device, answer, .. } => {
                proofs.off(device, answer.is_ok());
                continue;
            }
            Seen::Power { at, device, said, really, .. } => {
                proofs.said(device, said, policy.fence.samples);
                let off = *said == PowerState::Off;
                let since = look.as_ref().map_or(0, |look: &Look| if off { look.devices } else { 0 });
                look = Some(Look { at: *at, off, really: *really, devices: since + 1 });
                continue;
            }
            Seen::Vms { .. } | Seen::Survey { .. } => {
                look = None;
                continue;
            }
            Seen::Host { .. } | Seen::Outlook { .. } | Seen::Witness { .. } | Seen::Record { .. } => continue,
            Seen::Disable { at, .. } => (*at, "disabling".to_owned(), None),
            Seen::Order { at, order, really, .. } => (*at, format!("{order:?}"), Some(*really)),
        };
        if policy.fencing == Fencing::Waived {
            continue;
        }
        if world.is_claimed(subject) || policy.purpose != Purpose::Recover || !proofs.complete(world, subject)
        {
            broken.push(format!("S1: {what} without a proof"));
        }
        let Some(power) = power.filter(|_| status > 0) else { continue };
        match look {
            Some(look) if look.off && look.devices >= status && at.saturating_sub(look.at) <= FRESH => {
                if known && power == Power::On && look.really == Power::On {
                    broken.push(format!("S1: {what} while {subject} had power"));
                }
            }
            _ => broken.push(format!("S1: {what} without a fresh look at the power")),
        }
    }
}

#[derive(Clone, Copy)]
struct Look {
    at: Duration,
    off: bool,
    really: Power,
    /// How many looks in a row, since oned was read, said off.
    devices: usize,
}

/// Which devices have proven their part.
#[derive(Default)]
struct Proofs<'a> {
    row: BTreeMap<&'a DeviceName, u32>,
    read: BTreeMap<&'a DeviceName, bool>,
    obeyed: BTreeMap<&'a DeviceName, bool>,
}

impl<'a> Proofs<'a> {
    fn off(&mut self, device: &'a DeviceName, well: bool) {
        self.row.remove(device);
        self.obeyed.insert(device, well);
    }

    fn said(&mut self, device: &'a DeviceName, said: &PowerState, samples: u32) {
        let row = self.row.entry(device).or_default();
        *row = if *said == PowerState::Off { *row + 1 } else { 0 };
        if *row >= samples.max(1) {
            self.read.insert(device, true);
        }
    }

    fn complete(&self, world: &SimWorld, host: HostId) -> bool {
        let devices = world.devices(host);
        let proven = devices.iter().all(|device| match device.read_back {
            ReadBack::Status => self.read.contains_key(&device.name),
            ReadBack::ExitCodeAccepted => self.obeyed.get(&device.name).is_some_and(|well| *well),
            ReadBack::ExitCodeOnly => false,
        });
        proven && !devices.is_empty()
    }
}
