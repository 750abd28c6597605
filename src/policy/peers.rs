//! Hosts that are asked over ssh about another one: whether it is alive, and which VMs they run themselves.
//!
//! A host that oned monitors says in `ZOMBIES` what it runs and oned has elsewhere; one whose libvirt is down lists nothing,
//! and one that has just returned not yet. So those that are asked about a host are asked for domains too: all at the same
//! time, with one connection each. A VM that one of them runs is held, whatever is to be done with it. No answer is no
//! opinion.

use super::desk::Desk;
use super::notes::Phase;
use super::port::Domains;
use crate::model::text::vms as count;
use crate::model::{Host, HostId, HostState, Peer, VmId};
use std::collections::{BTreeMap, BTreeSet};

/// More VMs are not asked for: their names must fit into one command.
pub const MOST: usize = 5000;

/// Is the host well enough to be asked about another one?
pub(in crate::policy) fn can_be_asked(host: &Host) -> bool {
    host.state == HostState::Monitored
}

/// Up to `most` MONITORED hosts of the same cluster, in another order for another number, so that not always the same hosts
/// are asked.
#[must_use]
pub fn peers(hosts: &[Host], about: HostId, most: u32, chance: u64) -> Vec<Peer> {
    let cluster = hosts.iter().find(|one| one.id == about).map(|one| one.cluster);
    some(hosts.iter().filter(|one| one.id != about && Some(one.cluster) == cluster), most, chance)
}

/// Up to `most` of each cluster, who are asked about every VM of the zone.
#[must_use]
pub fn of_each_cluster(hosts: &[Host], most: u32, chance: u64) -> Vec<Peer> {
    let clusters: BTreeSet<_> = hosts.iter().map(|host| host.cluster).collect();
    let inside = |cluster| some(hosts.iter().filter(|host| host.cluster == cluster), most, chance);
    clusters.into_iter().flat_map(inside).collect()
}

fn some<'a>(hosts: impl Iterator<Item = &'a Host>, most: u32, chance: u64) -> Vec<Peer> {
    let mut peers: Vec<_> = hosts.filter(|host| can_be_asked(host)).map(peer).collect();
    peers.sort_by_key(|peer| {
        let mixed = (u64::from(peer.id.0) ^ chance).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 29), peer.id)
    });
    peers.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    peers
}

pub(in crate::policy) fn peer(host: &Host) -> Peer {
    Peer { id: host.id, name: host.name.clone() }
}

/// Where the VMs run, as far as the hosts that were asked have said it.
#[must_use]
pub fn running(said: &[Domains]) -> BTreeMap<VmId, HostId> {
    said.iter().flat_map(|said| said.running.iter().map(move |vm| (*vm, said.host))).collect()
}

/// Ask which of these VMs run on the peers, and tell what was said.
pub(in crate::policy) async fn ask(
    desk: &Desk,
    phase: Phase,
    hosts: &[Host],
    peers: Vec<Peer>,
    mut vms: Vec<VmId>,
) -> BTreeMap<VmId, HostId> {
    vms.truncate(MOST);
    if peers.is_empty() || vms.is_empty() {
        return BTreeMap::new();
    }
    let said = desk.ask(move |world| world.domains(&peers, &vms)).await;
    for said in &said {
        let host = hosts.iter().find(|host| host.id == said.host);
        let name = host.map_or_else(|| said.host.to_string(), ToString::to_string);
        match (&said.silent, said.running.len()) {
            (Some(why), _) => {
                desk.detail(phase, format!("{name} does not say which of the VMs it runs: {why}"));
            }
            (None, 0) => {}
            (None, some) => desk.note(phase, format!("{name} says that it runs {}", count(some))),
        }
    }
    running(&said)
}
