//! Random stories: anything may go wrong, or nothing but the death of the host.

use super::rules::{mode, plain, policy};
use super::trouble::{death, devices, driver, fault, happens, view};
use super::{Before, DATASTORES, DeviceStory, End, HostStory, Ill, KINDS, NAMES, Slow, Story, View, VmStory};
use onerescue::model::{LcmState, VmState};
use onerescue::sim::{Behaviour, Version};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn state() -> impl Strategy<Value = VmState> {
    let plain: Vec<VmState> =
        [0, 1, 2, 4, 5, 6, 8, 9, 10, 11].iter().map(|n| VmState::from_numbers(*n, 0)).collect();
    let active: Vec<VmState> = LcmState::ALL.iter().map(|lcm| VmState::Active(*lcm)).collect();
    prop_oneof![
        10 => Just(VmState::RUNNING),
        2 => select(vec![VmState::Poweroff, VmState::Suspended]),
        1 => select(plain),
        4 => select(active),
    ]
}

fn host() -> impl Strategy<Value = HostStory> {
    let ill = prop_oneof![
        Just(Ill::Dead),
        Just(Ill::Disabled),
        Just(Ill::Offline),
        (1..4u32).prop_map(Ill::NoBoot),
        Just(Ill::NoBoot(u32::MAX)),
    ];
    (
        0..3usize,
        prop_oneof![3 => Just(64i64), 2 => 1..12i64],
        prop_oneof![3 => Just(256i64), 2 => 1..24i64],
        0..3usize,
        prop_oneof![8 => Just(0usize), 2 => 1..KINDS.len()],
        option::weighted(0.2, ill),
    )
        .prop_map(|(cluster, cores, memory_gib, gpus, kind, ill)| HostStory {
            cluster,
            cores,
            memory_gib,
            gpus,
            kind,
            ill,
        })
}

fn vm() -> impl Strategy<Value = VmStory> {
    (
        prop_oneof![3 => Just(None), 1 => (0..8usize).prop_map(Some)],
        state(),
        (prop_oneof![3 => Just(0usize), 2 => 0..DATASTORES.len()], prop::bool::weighted(0.3)),
        prop_oneof![3 => 10..200i64, 1 => 200..2000i64],
        prop_oneof![3 => 1..3i64, 1 => 3..40i64],
        prop_oneof![6 => Just(0usize), 1 => 1..3usize],
        (option::weighted(0.1, 1..4i64), option::weighted(0.15, select(vec!["qemu64", "EPYC"]))),
        0..NAMES.len(),
        option::weighted(0.15, driver()),
    )
        .prop_map(
            |(host, state, (datastore, image), cpu, memory_gib, gpus, (lock, model), name, driver)| VmStory {
                host,
                state,
                datastore,
                image,
                cpu,
                memory_gib,
                gpus,
                lock,
                model,
                name,
                driver,
                before: Before::Nothing,
            },
        )
}

/// The times of a cloud that is well.
pub(crate) const USUAL: Slow = Slow {
    first_unknown_ms: 500,
    lcm_ms: 20,
    boot_ms: 700,
    transfer_ms: 300,
    cleanup_s: 300,
    ssh_s: 30,
    lag_ms: 100,
};

fn slow() -> impl Strategy<Value = Slow> {
    prop_oneof![
        Just(USUAL),
        (0..90_000u64, 0..8000u64, 0..20_000u64, 0..20_000u64, 1..600u64, 1..120u64, 0..5000u64).prop_map(
            |(first_unknown_ms, lcm_ms, boot_ms, transfer_ms, cleanup_s, ssh_s, lag_ms)| {
                Slow { first_unknown_ms, lcm_ms, boot_ms, transfer_ms, cleanup_s, ssh_s, lag_ms }
            },
        ),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![7 => death().prop_map(End::Dies), 1 => Just(End::Probe)]
}

/// Anything may go wrong.
pub(crate) fn story() -> impl Strategy<Value = Story> {
    let versions = vec![Version::V7_5, Version::V7_5, Version::V7_5, Version::V6_10, Version::V5_12];
    let cloud = (
        select(versions),
        prop_oneof![5 => Just(1usize), 1 => Just(3usize)],
        1..4usize,
        vec(host(), 1..9),
        vec(prop_oneof![2 => Just(0xffu8), 1 => any::<u8>()], DATASTORES.len()),
        vec(vm(), 0..26),
        slow(),
    );
    let trouble = (
        0..8usize,
        end(),
        prop_oneof![Just(0u64), Just(30), Just(200)],
        prop_oneof![6 => 1..40u64, 1 => 40..300u64],
        (devices(), view()),
        vec(fault(), 0..4),
        vec((prop_oneof![3 => 0..60u64, 1 => 60..700u64], happens()), 0..5),
    );
    (cloud, trouble, policy(), prop::bool::weighted(0.03), prop_oneof![0..60usize, 0..200usize]).prop_map(
        |((version, front_ends, clusters, hosts, datastores, vms, slow), trouble, policy, claimed, crash)| {
            let (dead, end, detection, start, (devices, view), faults, events) = trouble;
            let dead = dead % hosts.len();
            Story {
                version,
                front_ends,
                clusters,
                hosts,
                datastores,
                vms,
                dead,
                end,
                detection,
                start,
                slow,
                devices,
                view,
                faults,
                events,
                policy,
                claimed,
                crash,
            }
        },
    )
}

/// Nothing goes wrong but the host's death: there is room, the disks are shared, the device works.
pub(crate) fn calm() -> impl Strategy<Value = Story> {
    let vms = vec((10..200i64, 1..5i64, 0..NAMES.len()), 0..26);
    let modes = (mode(), 0..4u32, 2..9usize, 0..8usize);
    (modes, vms, death(), 1..40u64, prop_oneof![5 => Just(1usize), 1 => Just(3usize)]).prop_map(
        |((mode, cycles, hosts, dead), vms, death, start, front_ends)| {
            let mut policy = plain(mode);
            policy.wait.cycles = cycles;
            let well = HostStory { cluster: 0, cores: 64, memory_gib: 256, gpus: 0, kind: 0, ill: None };
            let vm = |(cpu, memory_gib, name): (i64, i64, usize)| VmStory {
                host: None,
                state: VmState::RUNNING,
                datastore: 0,
                image: false,
                cpu,
                memory_gib,
                gpus: 0,
                lock: None,
                model: None,
                name,
                driver: None,
                before: Before::Nothing,
            };
            Story {
                version: Version::V7_5,
                front_ends,
                clusters: 1,
                hosts: vec![well; hosts],
                datastores: vec![0xff; DATASTORES.len()],
                vms: vms.into_iter().map(vm).collect(),
                dead: dead % hosts,
                end: End::Dies(death),
                detection: 30,
                start,
                slow: USUAL,
                devices: vec![DeviceStory::new(Behaviour::Works)],
                view: View::plain(),
                faults: Vec::new(),
                events: Vec::new(),
                policy,
                claimed: false,
                crash: 0,
            }
        },
    )
}

/// The same story, and something became of some VMs of the host before it died. `twice`: of some a domain runs elsewhere.
pub(crate) fn with_past(story: impl Strategy<Value = Story>, twice: bool) -> impl Strategy<Value = Story> {
    let before = prop_oneof![
        3 => Just(Before::Nothing),
        3 => Just(Before::Fell),
        1 => Just(Before::Off),
        1 => (0..8usize).prop_map(move |at| if twice { Before::Twice(at) } else { Before::Nothing }),
    ];
    (story, vec(before, 26)).prop_map(|(mut story, before)| {
        for (vm, before) in story.vms.iter_mut().zip(before) {
            if vm.host.is_none() && vm.state == VmState::RUNNING && vm.driver.is_none() {
                vm.before = before;
            }
        }
        story
    })
}
