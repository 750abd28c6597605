//! The safety rules of a watcher, checked against what really happened.

use crate::model::HostState;
use crate::policy::healthy::Deed;
use crate::sim::seen::{Looked, Seen};
use crate::sim::world::SimWorld;
use std::collections::BTreeSet;
use std::time::Duration;

/// A host that gave its banner so lately is not silent.
const LATELY: Duration = Duration::from_secs(5);
/// The least time between two looks at one host.
const REST: Duration = Duration::from_secs(300);

/// Every safety rule that watchers have broken, in words; empty is good.
#[must_use]
pub fn audit_watch(world: &SimWorld) -> Vec<String> {
    let mut broken = Vec::new();
    let strange = |deed: &Deed| !matches!(deed, Deed::Offline { .. } | Deed::Enable { .. });
    for tended in world.tended().iter().filter(|tended| strange(&tended.deed)) {
        broken.push(format!("V1: a watcher does nothing but look: {}", tended.deed));
    }
    if world.seen().iter().any(|seen| matches!(seen, Seen::Off { .. })) {
        broken.push("V1: a watcher has fenced".to_owned());
    }
    for (at, looked) in world.looked().iter().enumerate() {
        one(looked, &mut broken);
        repeated(looked, world.looked().iter().take(at), &mut broken);
    }
    left(world, &mut broken);
    let session = world.transport().cloud().session.clone();
    if format!("{:?}", world.told()).contains(&session) {
        broken.push("S7: the session is in the trail".to_owned());
    }
    broken
}

fn one(looked: &Looked, broken: &mut Vec<String>) {
    let host = looked.host;
    if looked.state != Some(HostState::Monitored) {
        broken.push(format!("V2: {host} was set OFFLINE while it was {:?}", looked.state));
    }
    if !looked.notes.iter().any(|note| note.over.is_none() && note.state == HostState::Monitored) {
        broken.push(format!("V3: {host} was set OFFLINE, and that was not written down before"));
    }
    if looked.banner.is_some_and(|banner| looked.at.saturating_sub(banner) < LATELY) {
        broken.push(format!("V4: {host} was set OFFLINE, and it is heard"));
    }
}

fn repeated<'a>(looked: &Looked, earlier: impl Iterator<Item = &'a Looked>, broken: &mut Vec<String>) {
    let before: Vec<_> = earlier.filter(|other| other.host == looked.host).collect();
    let doubled = u32::try_from(before.len().saturating_sub(1)).unwrap_or(u32::MAX).min(8);
    // The notes have whole seconds.
    let rest = REST.saturating_mul(1 << doubled).saturating_sub(Duration::from_secs(1));
    if before.last().is_some_and(|last| looked.at.saturating_sub(last.at) < rest) {
        broken.push(format!("V5: {} was looked at again too soon", looked.host));
    }
}

/// No host is OFFLINE in the end, but by a person; and no person's host was enabled.
fn left(world: &SimWorld, broken: &mut Vec<String>) {
    let cloud = world.transport().cloud();
    let hosts: BTreeSet<_> = world.looked().iter().map(|looked| looked.host).collect();
    for host in hosts {
        if cloud.host_state(host) == Some(HostState::Offline) && !cloud.is_offline_by_person(host) {
            broken.push(format!("V6: {host} was left OFFLINE"));
        }
    }
    for host in world.taken_from_persons() {
        broken.push(format!("V7: {host} was enabled, and a person had set it OFFLINE"));
    }
}
