//! Random stories: anything may go wrong, or nothing but the death of the host.

use super::story::{DATASTORES, End, Happens, HostStory, Ill, NAMES, Slow, Story, VmStory};
use onerescue::model::{LcmState, ReadBack, VmState};
use onerescue::policy::states::{self, Class};
use onerescue::policy::{
    FenceRules, Fencing, Force, Mode, Placement, Policy, ProbeError, Purpose, SettleRules, WaitRules,
};
use onerescue::sim::{Behaviour, Death, Driver, Fault, FaultRule, Stage, Version};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;

fn seconds(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_secs)
}

fn state() -> impl Strategy<Value = VmState> {
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

fn driver() -> impl Strategy<Value = (Stage, Driver)> {
    let stages = [Stage::Transfer, Stage::Boot, Stage::Save, Stage::Shutdown, Stage::Cleanup, Stage::Other];
    (
        select(stages.to_vec()),
        prop_oneof![Just(Driver::Fails), (1..3u32).prop_map(Driver::FailsTimes), Just(Driver::Hangs)],
    )
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
        option::weighted(0.2, ill),
    )
        .prop_map(|(cluster, cores, memory_gib, gpus, ill)| HostStory {
            cluster,
            cores,
            memory_gib,
            gpus,
            ill,
        })
}

fn vm() -> impl Strategy<Value = VmStory> {
    (
        prop_oneof![3 => Just(None), 1 => (0..8usize).prop_map(Some)],
        state(),
        prop_oneof![3 => Just(0usize), 2 => 0..DATASTORES.len()],
        prop_oneof![3 => 10..200i64, 1 => 200..2000i64],
        prop_oneof![3 => 1..3i64, 1 => 3..40i64],
        prop_oneof![6 => Just(0usize), 1 => 1..3usize],
        option::weighted(0.1, 1..4i64),
        0..NAMES.len(),
        option::weighted(0.15, driver()),
    )
        .prop_map(|(host, state, datastore, cpu, memory_gib, gpus, lock, name, driver)| VmStory {
            host,
            state,
            datastore,
            cpu,
            memory_gib,
            gpus,
            lock,
            name,
            driver,
        })
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    use Behaviour::*;
    prop_oneof![
        6 => Just(Works),
        4 => select(vec![Slow, Ignores, Rejects, Dead, DiesWithHost, Unreadable, Liar, Flaps, LateSuccess, ComesBack, DeadThenWorks, Caches, OffTwice]),
    ]
}

fn read_back() -> impl Strategy<Value = ReadBack> {
    prop_oneof![16 => Just(ReadBack::Status), 2 => Just(ReadBack::ExitCodeAccepted), 1 => Just(ReadBack::ExitCodeOnly)]
}

const METHODS: [&str; 14] = [
    "*",
    "one.host.info",
    "one.hostpool.info",
    "one.vmpool.infoset",
    "one.vm.info",
    "one.datastorepool.info",
    "one.vm.migrate",
    "one.vm.migrate",
    "one.vm.migrate",
    "one.vm.migrate",
    "one.vm.recover",
    "one.vm.recover",
    "one.host.status",
    "one.zone.raftstatus",
];

fn fault() -> impl Strategy<Value = FaultRule> {
    let kind = prop_oneof![
        Just(Fault::NotSent),
        Just(Fault::LostReply),
        Just(Fault::LostRequest),
        (1..200u64).prop_map(|s| Fault::Late(Duration::from_secs(s))),
        select(vec![0x0100i64, 0x0200, 0x0400, 0x0800, 0x1000, 0x2000, 0x4000, 0x8000])
            .prop_map(|code| Fault::Refused { code, text: "no".to_owned() }),
        Just(Fault::Refused { code: 0x2000, text: "Cannot process request, no leader found".to_owned() }),
        Just(Fault::Garbage("<html>".to_owned())),
        // A proxy's error page that shows what it was sent.
        Just(Fault::Garbage(format!("<html>You sent: {}", super::stage::SESSION))),
        (1..60u64).prop_map(|s| Fault::Slow(Duration::from_secs(s))),
    ];
    (select(METHODS.to_vec()), kind, 0..12u32, prop_oneof![8 => 1..6u32, 1 => Just(u32::MAX)])
        .prop_map(|(method, fault, skip, times)| FaultRule::always(method, fault).after(skip).times(times))
}

fn death() -> impl Strategy<Value = Death> {
    select(vec![Death::PowerLoss, Death::NetworkCut, Death::Hang, Death::FrontEndCut])
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        Just(Happens::Returns),
        Just(Happens::PowerOn),
        Just(Happens::PowerOff),
        (0..3i64).prop_map(Happens::Status),
        (0..25usize).prop_map(Happens::Terminated),
        (0..25usize).prop_map(Happens::Locked),
        (0..25usize).prop_map(Happens::Unlocked),
        (0..25usize).prop_map(Happens::Crashes),
        (0..8usize, death()).prop_map(|(host, death)| Happens::TargetDies(host, death)),
        (0..8usize, 0..3i64).prop_map(|(host, status)| Happens::TargetStatus(host, status)),
        (0..3usize).prop_map(Happens::FrontEndDies),
        (0..3usize).prop_map(Happens::FrontEndReturns),
        (0..25usize, driver()).prop_map(|(vm, (stage, driver))| Happens::DriverTurns(vm, stage, driver)),
    ]
}

fn wait() -> impl Strategy<Value = WaitRules> {
    (0..4u32, seconds(1..61), seconds(1..31), seconds(1..301))
        .prop_map(|(cycles, cycle, look, oned)| WaitRules { cycles, cycle, look, oned })
}

fn fence() -> impl Strategy<Value = FenceRules> {
    let interval = (100..5000u64).prop_map(Duration::from_millis);
    let probe = prop_oneof![3 => Just(ProbeError::Hold), 1 => Just(ProbeError::Fence)];
    let gain = prop_oneof![Just(true), Just(false)];
    (1..6u32, interval, 1..5u32, seconds(0..61), seconds(20..301), probe, gain).prop_map(
        |(samples, interval, attempts, patience, deadline, probe_error, without_gain)| FenceRules {
            samples,
            interval,
            attempts,
            patience,
            deadline,
            probe_error,
            without_gain,
            ..FenceRules::default()
        },
    )
}

fn settle() -> impl Strategy<Value = SettleRules> {
    let placement = prop_oneof![3 => Just(Placement::Direct), 1 => Just(Placement::Scheduler)];
    let times = (seconds(1..61), seconds(1..901), seconds(0..601), seconds(1..121), seconds(1..241));
    (1..11u32, 1..5u32, 0..4u32, times, placement).prop_map(
        |(parallel, targets, retries, (retry_wait, deadline, unknown, cleanup, scheduler), placement)| {
            SettleRules {
                parallel,
                targets,
                retries,
                retry_wait,
                deadline,
                unknown,
                cleanup,
                placement,
                scheduler,
                ..SettleRules::default()
            }
        },
    )
}

pub(crate) fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![4 => Just(Mode::Migrate), 2 => Just(Mode::Recreate), 1 => Just(Mode::Delete)]
}

fn policy() -> impl Strategy<Value = Policy> {
    let rules = prop_oneof![
        Just((WaitRules::default(), FenceRules::default(), SettleRules::default())),
        (wait(), fence(), settle()),
    ];
    let purpose =
        prop_oneof![20 => Just(Purpose::Recover), 1 => Just(Purpose::Rehearse), 1 => Just(Purpose::Fence)];
    let fencing = prop_oneof![15 => Just(Fencing::Required), 1 => Just(Fencing::Waived)];
    let force = prop_oneof![2 => Just(Force::RunningOnly), 1 => Just(Force::AlsoStopped)];
    (mode(), force, fencing, purpose, rules, 0..4u32).prop_map(
        |(mode, force, fencing, purpose, (wait, fence, settle), cycles)| Policy {
            mode,
            force,
            // `fence_host` knows no -u.
            fencing: if purpose == Purpose::Fence { Fencing::Required } else { fencing },
            purpose,
            wait: WaitRules { cycles, ..wait },
            fence,
            settle,
            ..Policy::new(mode)
        },
    )
}

const USUAL: Slow = Slow {
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
    let devices = prop_oneof![
        3 => Just(vec![(Behaviour::Works, ReadBack::Status)]),
        5 => vec((behaviour(), read_back()), 1..4),
        1 => Just(Vec::new()),
    ];
    let trouble = (
        0..8usize,
        end(),
        prop_oneof![Just(0u64), Just(30), Just(200)],
        prop_oneof![6 => 1..40u64, 1 => 40..300u64],
        devices,
        vec(fault(), 0..4),
        vec((prop_oneof![3 => 0..60u64, 1 => 60..700u64], happens()), 0..4),
    );
    (cloud, trouble, policy(), prop::bool::weighted(0.03), prop_oneof![0..60usize, 0..200usize]).prop_map(
        |((version, front_ends, clusters, hosts, datastores, vms, slow), trouble, policy, claimed, crash)| {
            let (dead, end, detection, start, devices, faults, events) = trouble;
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
                faults,
                events,
                policy,
                claimed,
                crash,
            }
        },
    )
}

/// Any cloud, in which nothing goes wrong but the host's death, and no VM is on its way.
pub(crate) fn quiet() -> impl Strategy<Value = Story> {
    let calm = state().prop_filter("nothing is on its way", |state| {
        !matches!(states::class(*state), Class::Transient | Class::Resubmit)
    });
    let plain = (mode(), prop_oneof![2 => Just(Force::RunningOnly), 1 => Just(Force::AlsoStopped)], 0..4u32);
    (story(), plain, vec(calm, 26)).prop_map(|(mut story, (mode, force, cycles), states)| {
        // oned refuses to recreate what is stopped, which only its answer tells.
        let force = if mode == Mode::Recreate { Force::RunningOnly } else { force };
        story.policy = Policy { force, ..Policy::new(mode) };
        story.policy.wait.cycles = cycles;
        story.slow = USUAL;
        (story.front_ends, story.detection, story.end) = (1, 30, End::Dies(Death::PowerLoss));
        story.devices = vec![(Behaviour::Works, ReadBack::Status)];
        (story.faults, story.events, story.claimed) = (Vec::new(), Vec::new(), false);
        for host in &mut story.hosts {
            host.ill = host.ill.filter(|ill| matches!(ill, Ill::Disabled | Ill::Offline));
        }
        for (vm, state) in story.vms.iter_mut().zip(states) {
            (vm.state, vm.driver) = (state, None);
        }
        story
    })
}

/// Nothing goes wrong but the host's death: there is room, the disks are shared, the device works.
pub(crate) fn calm() -> impl Strategy<Value = Story> {
    let vms = vec((10..200i64, 1..5i64, 0..NAMES.len()), 1..26);
    let modes = (mode(), 0..4u32, 2..9usize, 0..8usize);
    (modes, vms, death(), 1..40u64, prop_oneof![5 => Just(1usize), 1 => Just(3usize)]).prop_map(
        |((mode, cycles, hosts, dead), vms, death, start, front_ends)| {
            let mut policy = Policy::new(mode);
            policy.wait.cycles = cycles;
            let well = HostStory { cluster: 0, cores: 64, memory_gib: 256, gpus: 0, ill: None };
            let vm = |(cpu, memory_gib, name): (i64, i64, usize)| VmStory {
                host: None,
                state: VmState::RUNNING,
                datastore: 0,
                cpu,
                memory_gib,
                gpus: 0,
                lock: None,
                name,
                driver: None,
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
                devices: vec![(Behaviour::Works, ReadBack::Status)],
                faults: Vec::new(),
                events: Vec::new(),
                policy,
                claimed: false,
                crash: 0,
            }
        },
    )
}
