//! A safety rule about a crashed host: its dump is not cut off while the host says that it saves one (`[wait] dump`).

use crate::policy::Policy;
use crate::sim::physics::SAYS_SO;
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::time::Duration;

/// So long before its first message somebody may have begun to listen: the time of `[wait] dump` runs from then.
const EARLY: Duration = Duration::from_secs(25);

/// S8: nothing is sent to a host that saves its crash dump, within the time that it has for that.
///
/// Nobody can know of a dump that the host begins when the listening of a run is over, as long as that took a message.
pub(super) fn dumped(world: &SimWorld, policy: &Policy, broken: &mut Vec<String>) {
    let mut listened: Option<Duration> = None;
    for seen in world.seen() {
        match seen {
            Seen::Dump { at, .. } => listened = Some(*at),
            Seen::Off { at, host, device, dumps: Some(since), .. } => {
                let unheard = listened.is_some_and(|until| until <= since.saturating_add(SAYS_SO));
                let first = world.listened(*host).unwrap_or(*at).max(since.saturating_sub(EARLY));
                if !unheard && *at < first.saturating_add(policy.wait.dump) {
                    let waited = at.saturating_sub(first).as_secs();
                    let name = &device.0;
                    broken.push(format!(
                        "S8: \"off\" was sent to {name} while {host} saves its dump, after {waited} s"
                    ));
                }
            }
            Seen::Host { .. }
            | Seen::Outlook { .. }
            | Seen::Witness { .. }
            | Seen::Off { dumps: None, .. }
            | Seen::Record { .. }
            | Seen::Power { .. }
            | Seen::Survey { .. }
            | Seen::Vms { .. }
            | Seen::Disable { .. }
            | Seen::Order { .. }
            | Seen::Memory { .. } => {}
        }
    }
}
