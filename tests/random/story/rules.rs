//! Random rules of the settings file, and random flags.

use onerescue::policy::{
    BrakeRules, Control, FenceRules, Fencing, Force, HoldRules, Mode, ObserverRules, Policy, ProbeError,
    Purpose, RecordRules, SettleRules, WaitRules, WitnessRules,
};
use proptest::prelude::*;
use std::time::Duration;

fn seconds(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_secs)
}

fn wait() -> impl Strategy<Value = WaitRules> {
    let dump = prop_oneof![4 => Just(Duration::ZERO), 1 => seconds(1..601)];
    let sure = prop_oneof![1 => Just(Duration::ZERO), 3 => seconds(1..91)];
    (0..4u32, seconds(1..61), seconds(1..31), seconds(1..301), dump, sure).prop_map(
        |(cycles, cycle, look, oned, dump, sure)| WaitRules {
            cycles,
            cycle,
            look,
            oned,
            dump,
            sure,
            ..WaitRules::default()
        },
    )
}

fn fence() -> impl Strategy<Value = FenceRules> {
    let interval = (100..5000u64).prop_map(Duration::from_millis);
    let probe = prop_oneof![3 => Just(ProbeError::Hold), 1 => Just(ProbeError::Fence)];
    let seen_on = prop_oneof![4 => Just(Control::Required), 1 => Just(Control::Waived)];
    (1..6u32, interval, 1..5u32, seconds(0..61), seconds(20..301), probe, seen_on, 0..4u32).prop_map(
        |(samples, interval, attempts, patience, deadline, probe_error, seen_on, again)| FenceRules {
            samples,
            interval,
            attempts,
            patience,
            deadline,
            probe_error,
            seen_on,
            again,
            recheck: Duration::from_secs(deadline.as_secs() % 4 * 10),
            // What holds here are brakes.
            without_gain: true,
            ..FenceRules::default()
        },
    )
}

pub(crate) fn brake() -> impl Strategy<Value = BrakeRules> {
    let minutes = |range: std::ops::Range<u64>| range.prop_map(|many| Duration::from_secs(many * 60));
    let windows = ((1..5u32, minutes(1..31)), (1..12u32, minutes(30..1500)), (2..6u32, minutes(5..120)));
    (0..8u32, 10..101u32, windows, seconds(0..600)).prop_map(
        |(failing, failing_percent, windows, startup_grace)| {
            let ((fenced_short, short), (fenced_long, long), (flaps, flap_time)) = windows;
            BrakeRules {
                failing,
                failing_percent,
                fenced_short,
                short,
                fenced_long,
                long,
                flaps,
                flap_time,
                startup_grace,
            }
        },
    )
}

/// No other host is asked.
pub(crate) fn nobody() -> WitnessRules {
    WitnessRules { peers: 0, ..WitnessRules::default() }
}

/// The defaults, but that no other host is asked: what these stories tell would be cut short by what it says.
pub(crate) fn plain(mode: Mode) -> Policy {
    Policy { witness: nobody(), ..Policy::new(mode) }
}

pub(crate) fn observer() -> impl Strategy<Value = ObserverRules> {
    prop_oneof![4 => Just(true), 1 => Just(false)].prop_map(|leader| ObserverRules { leader })
}

pub(crate) fn witness() -> impl Strategy<Value = WitnessRules> {
    let consul = prop_oneof![2 => Just(false), 1 => Just(true)];
    let dead = prop_oneof![3 => Just(0u32), 1 => 1..3u32];
    (0..4u32, consul, prop_oneof![3 => Just(1u32), 1 => 0..4u32], dead, seconds(0..60)).prop_map(
        |(peers, consul, alive, dead, after_off)| WitnessRules { peers, consul, alive, dead, after_off },
    )
}

/// Short, so that a run that is held for ever does not take long.
pub(crate) fn hold() -> impl Strategy<Value = HoldRules> {
    let deadline = prop_oneof![1 => Just(Duration::ZERO), 6 => seconds(1..400), 1 => seconds(1..4000)];
    (seconds(1..61), seconds(10..301), deadline).prop_map(|(look, longest, deadline)| HoldRules {
        look,
        longest,
        deadline,
        ..HoldRules::default()
    })
}

fn settle() -> impl Strategy<Value = SettleRules> {
    (1..11u32, 1..5u32, 0..4u32, seconds(1..61), seconds(1..901), seconds(0..601), seconds(1..121)).prop_map(
        |(parallel, targets, retries, retry_wait, deadline, unknown, cleanup)| SettleRules {
            parallel,
            targets,
            retries,
            retry_wait,
            deadline,
            unknown,
            cleanup,
            ..SettleRules::default()
        },
    )
}

pub(crate) fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![4 => Just(Mode::Migrate), 2 => Just(Mode::Recreate), 1 => Just(Mode::Delete)]
}

pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let rules = prop_oneof![
        Just((WaitRules::default(), FenceRules::default(), SettleRules::default())),
        (wait(), fence(), settle()),
    ];
    let purpose =
        prop_oneof![20 => Just(Purpose::Recover), 1 => Just(Purpose::Rehearse), 1 => Just(Purpose::Fence)];
    let fencing = prop_oneof![15 => Just(Fencing::Required), 1 => Just(Fencing::Waived)];
    let force = prop_oneof![2 => Just(Force::RunningOnly), 1 => Just(Force::AlsoStopped)];
    let brake = prop_oneof![2 => Just(BrakeRules::default()), 1 => brake()];
    let observer = prop_oneof![2 => Just(ObserverRules::default()), 1 => observer()];
    let witness = prop_oneof![1 => Just(WitnessRules::default()), 1 => witness()];
    let hold = prop_oneof![4 => hold(), 1 => Just(HoldRules::default())];
    (mode(), force, fencing, purpose, rules, 0..4u32, (brake, observer, witness, hold)).prop_map(
        |(mode, force, fencing, purpose, (wait, fence, settle), cycles, (brake, observer, witness, hold))| {
            Policy {
                mode,
                force,
                // `fence_host` knows no -u.
                fencing: if purpose == Purpose::Fence { Fencing::Required } else { fencing },
                purpose,
                hand_over: onerescue::policy::HandOver::No,
                wait: WaitRules { cycles, ..wait },
                brake,
                observer,
                witness,
                fence,
                hold,
                settle,
                ready: onerescue::policy::ReadyRules::default(),
                plan: onerescue::policy::PlanRules::default(),
                record: RecordRules::default(),
            }
        },
    )
}
