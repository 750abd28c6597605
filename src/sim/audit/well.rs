//! A safety rule about oned's view of the host: what oned hears is alive, whatever a device says.

use crate::model::{HostId, HostState};
use crate::policy::Order;
use crate::sim::cloud::Change;
use crate::sim::seen::Seen;
use crate::sim::world::SimWorld;
use std::time::Duration;

/// oned's view may be this old when an order goes out, whatever `[fence] recheck` allows of the power.
const VIEW: Duration = Duration::from_secs(10);

/// S8: nothing is started of a host that oned has as MONITORED, whatever its devices say.
pub(super) fn well(world: &SimWorld, subject: HostId, broken: &mut Vec<String>) {
    let cloud = world.transport().cloud();
    let states: Vec<_> = cloud
        .happenings()
        .iter()
        .filter_map(|happening| match happening.change {
            Change::Host(host, state) if host == subject => Some((happening.at, state)),
            Change::Host(..) | Change::Vm(..) | Change::Power(..) | Change::Leader(_) => None,
        })
        .collect();
    for seen in world.seen() {
        let Seen::Order { at, order, .. } = seen else { continue };
        let last = states.iter().rev().find(|(since, _)| since <= at);
        let well = last
            .is_some_and(|(since, state)| *state == HostState::Monitored && at.saturating_sub(*since) > VIEW);
        if well && !matches!(order, Order::Unresched { .. }) {
            broken.push(format!("S8: {order:?} while oned has its host as MONITORED"));
        }
    }
}
