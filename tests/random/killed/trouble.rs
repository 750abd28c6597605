//! What goes wrong with a run: where it is killed, who goes on, and by whose clock.

use crate::story::{DeviceStory, End, Story, strategy};
use onerescue::model::VmState;
use onerescue::sim::{Behaviour, Death};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;

/// Where a run is killed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kill {
    /// After this many steps.
    Between(usize),
    /// In the call of this method after this many of it; was it executed?
    Inside(&'static str, u32, bool),
}

/// Who goes on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// The hook again, on the same front-end, at once.
    Hook,
    /// The hook on another front-end.
    HookElsewhere,
    /// The timer, here or there.
    Timer(bool),
}

const WRITES: [&str; 9] = [
    "one.document.allocate",
    "one.document.lock",
    "one.document.update",
    "one.document.update",
    "one.document.unlock",
    "one.document.delete",
    "one.vm.migrate",
    "one.vm.recover",
    "one.host.status",
];

pub(super) fn kill() -> impl Strategy<Value = Kill> {
    prop_oneof![
        2 => (0..120usize).prop_map(Kill::Between),
        4 => (select(WRITES.to_vec()), 0..8u32, any::<bool>()).prop_map(|(at, skip, done)| Kill::Inside(at, skip, done)),
        1 => (0..150u32, any::<bool>()).prop_map(|(skip, done)| Kill::Inside("*", skip, done)),
    ]
}

pub(super) fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        2 => Just(Next::Hook),
        1 => Just(Next::HookElsewhere),
        3 => any::<bool>().prop_map(Next::Timer),
    ]
}

/// A host dies, nothing else goes wrong; some of its VMs are stopped, locked, on its own disks, at work, or cannot be
/// recovered.
pub(super) fn story() -> impl Strategy<Value = Story> {
    let states = vec![
        VmState::RUNNING,
        VmState::RUNNING,
        VmState::RUNNING,
        VmState::Poweroff,
        VmState::Active(onerescue::model::LcmState::DiskSnapshot),
    ];
    let vm = (select(states), prop::bool::weighted(0.1), prop::option::weighted(0.1, 1..4i64));
    let behaviour = prop_oneof![3 => Just(Behaviour::Works), 1 => Just(Behaviour::Slow)];
    (strategy::calm(), vec(vm, 26), any::<bool>(), behaviour, 20..400u64).prop_map(
        |(mut story, vms, hangs, behaviour, ssh)| {
            for (vm, (state, local, lock)) in story.vms.iter_mut().zip(vms) {
                (vm.state, vm.datastore, vm.lock) = (state, usize::from(local), lock);
            }
            story.end = End::Dies(if hangs { Death::Hang } else { Death::PowerLoss });
            story.slow.ssh_s = ssh;
            story.devices = vec![DeviceStory::new(behaviour)];
            story.policy.hold.deadline = Duration::from_secs(1200);
            story
        },
    )
}
/// What goes wrong with one run: where it is killed, who goes on after how many seconds, and by how many seconds the clock is
/// set before it begins.
pub(super) type Trouble = (Kill, Next, u64, i64);
/// Seconds by which somebody sets a clock: what clocks may differ by, hours of a wrong zone, a day, years.
pub(super) fn jump() -> impl Strategy<Value = i64> {
    prop_oneof![
        -290..290i64,
        -7200..7200i64,
        select(vec![-86_400i64, 86_400, 19_800, -18_000]),
        -900_000_000..900_000_000i64,
    ]
}
