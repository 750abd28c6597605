//! Random stories for planners.

use super::story::{
    After, CARDS, Chips, DATASTORES, GroupStory, HostStory, NAMES, POLICIES, PRIORITIES, ServiceStory, Site,
    Story, Ties, Trouble, VmStory,
};
use super::tenants::TEAMS;
use onerescue::policy::{Mode, Requirements, Standby};
use onerescue::sim::Version;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// How much room there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Every host could take every VM: only rules hold one.
    Plenty,
    Scarce,
}

fn host(room: Room) -> impl Strategy<Value = HostStory> {
    let size = match room {
        Room::Plenty => (Just(640i64).boxed(), Just(2048i64).boxed(), Just(32usize).boxed()),
        Room::Scarce => ((1..12i64).boxed(), (4..40i64).boxed(), (0..3usize).boxed()),
    };
    let cores = if room == Room::Plenty { 50..51u32 } else { 0..8u32 };
    (
        prop_oneof![3 => Just(0usize), 1 => 0..3usize],
        size,
        option::weighted(0.2, cores),
        prop::bool::weighted(0.2),
        0..2u8,
        if room == Room::Plenty { 3..4u8 } else { 0..4u8 },
    )
        .prop_map(|(cluster, (cores, memory_gib, gpus), pinned, standby, rack, cards)| HostStory {
            cluster,
            cores,
            memory_gib,
            gpus,
            pinned,
            standby,
            rack,
            cards,
        })
}

fn vm() -> impl Strategy<Value = VmStory> {
    let size = (
        prop_oneof![4 => Just(0usize), 1 => 0..8usize],
        prop_oneof![3 => 10..200i64, 1 => 200..800i64],
        prop_oneof![3 => 1..4i64, 1 => 4..20i64],
        prop_oneof![9 => Just(0usize), 1 => 1..3usize],
        prop_oneof![9 => Just(0usize), 1 => 1..4usize],
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.05),
    );
    let wishes = (
        option::weighted(0.4, 0..PRIORITIES.len()),
        option::weighted(0.15, 0..POLICIES.len()),
        option::weighted(0.25, after()),
        option::weighted(0.25, 0..3u8),
        option::weighted(0.3, (0..3usize, 0..2usize)),
        option::weighted(0.2, 0..3usize),
        option::weighted(0.1, 0..3u8),
        prop_oneof![8 => Just(0usize), 1 => 0..DATASTORES.len()],
    );
    let more = (
        option::weighted(0.1, 0..CARDS.len()),
        prop_oneof![
            8 => Just(Chips::Bios),
            1 => select(vec![Chips::Uefi, Chips::Tpm, Chips::Both]),
        ],
        option::weighted(0.1, 0..4usize),
    );
    let order = (
        option::weighted(0.3, 0..NAMES.len()),
        (prop_oneof![2 => Just(5u32), 1 => 5..8u32], prop_oneof![1 => Just(0usize), 2 => 0..TEAMS.len()]),
        option::weighted(0.25, (0..2usize, 0..3usize)),
        prop::bool::weighted(0.08),
        option::weighted(0.5, 0..20u64),
    );
    (size, wishes, more, order).prop_map(|(size, wishes, (card, firmware, excluded), order)| {
        let (name, (owner, team), service, unclear, resumes) = order;
        let (host, cpu, memory_gib, gpus, pinned, powered_off, locked) = size;
        let (priority, policy, after, layer, role, network, rack, datastore) = wishes;
        VmStory {
            host,
            cpu,
            memory_gib,
            gpus,
            pinned,
            powered_off,
            locked,
            priority,
            policy,
            after,
            name,
            owner,
            team,
            service,
            unclear,
            resumes,
            layer,
            role,
            network,
            rack,
            datastore,
            card,
            firmware,
            excluded,
        }
    })
}

fn after() -> impl Strategy<Value = After> {
    prop_oneof![(0..24usize).prop_map(After::Id), (0..NAMES.len()).prop_map(After::Name)]
}

fn service() -> impl Strategy<Value = ServiceStory> {
    (prop::bool::weighted(0.8), any::<[u8; 3]>())
        .prop_map(|(straight, parents)| ServiceStory { straight, parents })
}

fn group() -> impl Strategy<Value = GroupStory> {
    let ties = || select(vec![Ties::None, Ties::Apart, Ties::Together]);
    (ties(), ties(), ties(), option::weighted(0.2, 0..6usize), option::weighted(0.2, 0..6usize)).prop_map(
        |(first, second, between, only, never)| {
            // Sets that contradict themselves are another question.
            let calm =
                |ties: Ties| if between == Ties::Together && ties == Ties::Apart { Ties::None } else { ties };
            GroupStory { inside: [calm(first), calm(second)], between, only, never }
        },
    )
}

/// Its own scheduler chooses in no calm story: nobody here knows what that chooses.
fn site() -> impl Strategy<Value = Site> {
    let standby = select(vec![Standby::First, Standby::First, Standby::Last, Standby::Only]);
    (standby, prop::bool::weighted(0.3), prop::bool::weighted(0.3)).prop_map(|(standby, soft, lose)| Site {
        standby,
        soft,
        lose,
        scheduler: false,
        requirements: Requirements::Hold,
    })
}

type Parts = (
    (Version, Mode, usize, Site),
    Vec<HostStory>,
    (Vec<GroupStory>, Vec<ServiceStory>),
    Vec<u8>,
    Vec<u8>,
    Vec<VmStory>,
);

/// The host's death, and nothing else.
pub(crate) fn calm(room: Room) -> impl Strategy<Value = Story> {
    let versions = vec![Version::V7_5, Version::V7_5, Version::V7_5, Version::V6_10, Version::V6_4];
    let modes = prop_oneof![6 => Just(Mode::Migrate), 1 => Just(Mode::Recreate), 1 => Just(Mode::Delete)];
    let bits = || prop_oneof![3 => Just(0xffu8), 1 => any::<u8>()];
    (
        (select(versions), modes, 1..4usize, site()),
        vec(host(room), 2..8),
        (vec(group(), 3), vec(service(), 2)),
        vec(bits(), 3),
        vec(bits(), DATASTORES.len()),
        vec(vm(), 1..16),
    )
        .prop_map(
            |((version, mode, clusters, site), mut hosts, (groups, services), networks, datastores, vms): Parts| {
                // A cluster that loses its only host is held for hours, and nothing is planned.
                hosts[1].cluster = hosts[0].cluster;
                // Where the VMs are now, they have what they need.
                let here = 1u8 << (hosts[0].cluster % clusters);
                Story {
                    version,
                    mode,
                    site,
                    clusters,
                    hosts,
                    groups,
                    services,
                    networks: networks.into_iter().map(|bits| bits | here).collect(),
                    datastores: datastores.into_iter().map(|bits| bits | here).collect(),
                    vms,
                    troubles: Vec::new(),
                    refusals: None,
                }
            },
        )
}

/// Targets die and refuse meanwhile.
pub(crate) fn stormy() -> impl Strategy<Value = Story> {
    let trouble = prop_oneof![
        (0..8usize).prop_map(Trouble::Dies),
        (0..8usize).prop_map(Trouble::Disabled),
        (0..8usize).prop_map(Trouble::NoBoot),
    ];
    let troubles = vec((prop_oneof![3 => 0..30u64, 1 => 30..400u64], trouble), 0..4);
    let room = prop_oneof![1 => calm(Room::Plenty), 2 => calm(Room::Scarce)];
    let requirements = select(vec![Requirements::Hold, Requirements::Scheduler]);
    let scheduler = (prop::bool::weighted(0.25), requirements);
    (room, troubles, option::weighted(0.4, (0..6u32, 1..4u32)), scheduler).prop_map(
        |(story, troubles, refusals, (scheduler, requirements))| {
            let site = Site { scheduler, requirements, ..story.site };
            Story { site, troubles, refusals, ..story }
        },
    )
}
