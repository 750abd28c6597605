//! Random trouble: what devices, witnesses and people do, what goes wrong on the way to oned, what was before.

use super::{DeviceStory, Happens, IMAGES, RecordStory, View};
use onerescue::model::{Progress, ReadBack, Route};
use onerescue::sim::{Behaviour, Consul, Death, Driver, Fault, FaultRule, Honesty, Stage};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;

pub(crate) fn driver() -> impl Strategy<Value = (Stage, Driver)> {
    let stages = [Stage::Transfer, Stage::Boot, Stage::Save, Stage::Shutdown, Stage::Cleanup, Stage::Other];
    (
        select(stages.to_vec()),
        prop_oneof![Just(Driver::Fails), (1..3u32).prop_map(Driver::FailsTimes), Just(Driver::Hangs)],
    )
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    use Behaviour::*;
    prop_oneof![
        12 => Just(Works),
        8 => select(vec![
            Slow, Ignores, Rejects, Dead, DiesWithHost, Unreadable, Liar, Flaps, LateSuccess, ComesBack, DeadThenWorks,
            Caches, OffTwice, Unsendable, SaysOffAtFirst, RestartsAtOff, TurnedUuid,
        ]),
        3 => select(vec![Feed, Feed, Feed, FeedStuck, FeedComesBack]),
    ]
}

fn read_back() -> impl Strategy<Value = ReadBack> {
    prop_oneof![16 => Just(ReadBack::Status), 2 => Just(ReadBack::ExitCodeAccepted), 1 => Just(ReadBack::ExitCodeOnly)]
}

fn device() -> impl Strategy<Value = DeviceStory> {
    let cuts = prop_oneof![
        8 => Just(None),
        1 => Just(Some((1 << (IMAGES + 1)) - 1)),
        1 => (1..1u16 << (IMAGES + 1)).prop_map(Some),
    ];
    let route = prop_oneof![6 => Just(Route::FrontEnd), 1 => Just(Route::Peer)];
    let seen_on = prop_oneof![8 => Just(Some(0)), 1 => Just(Some(29)), 1 => (30..90u64).prop_map(Some), 1 => Just(None)];
    let level = prop_oneof![3 => Just(0usize), 2 => 0..3usize];
    (behaviour(), read_back(), level, cuts, route, seen_on, 0..900u64).prop_map(
        |(behaviour, read_back, level, cuts, route, seen_on, returns_after)| {
            // Storage that comes back by itself while VMs run elsewhere gives them two writers whatever a run does.
            let back = matches!(behaviour, Behaviour::ComesBack | Behaviour::FeedComesBack);
            let cuts = cuts.filter(|_| !back);
            let odd = returns_after % 2 == 1;
            DeviceStory { behaviour, read_back, level, cuts, route, seen_on, returns_after, odd }
        },
    )
}

pub(crate) fn devices() -> impl Strategy<Value = Vec<DeviceStory>> {
    prop_oneof![
        3 => Just(vec![DeviceStory::new(Behaviour::Works)]),
        6 => vec(device(), 1..4),
        1 => Just(Vec::new()),
    ]
}

fn consul() -> impl Strategy<Value = Consul> {
    prop_oneof![
        4 => Just(Consul::Honest),
        1 => Just(Consul::NoLeader),
        1 => Just(Consul::LiesAlive),
        1 => Just(Consul::LiesDead),
        2 => (0..40u64).prop_map(|seconds| Consul::Lagging(Duration::from_secs(seconds))),
    ]
}

/// Seconds before the hook starts, near the limits that count by default.
fn ago() -> impl Strategy<Value = u64> {
    prop_oneof![0..900u64, 840..960u64, 3500..3700u64, 0..100_000u64]
}

fn record() -> impl Strategy<Value = RecordStory> {
    use Progress::{Closed, Fencing, Held, Off, Open};
    let progress = select(vec![Open, Held, Fencing, Fencing, Off, Off, Closed, Closed, Closed]);
    (0..9usize, ago(), progress, option::weighted(0.7, ago()), vec(ago(), 0..3)).prop_map(
        |(host, updated, progress, fenced, events)| {
            // Whoever is off was fenced, and whoever only begins was not yet.
            let fenced = match progress {
                Fencing | Off => Some(fenced.unwrap_or(updated)),
                Open => None,
                Held | Closed => fenced,
            };
            RecordStory { host, updated, progress, fenced, events }
        },
    )
}

pub(crate) fn view() -> impl Strategy<Value = View> {
    let honesty = select(vec![Honesty::Silent, Honesty::LiesAlive, Honesty::LiesDead]);
    let witnesses = prop_oneof![3 => Just(Vec::new()), 2 => vec((0..8usize, honesty), 1..4)];
    let gateways = prop_oneof![
        6 => Just(Vec::new()),
        3 => Just(vec![true, false]),
        1 => vec(any::<bool>(), 1..3),
    ];
    let oned = option::weighted(0.1, 0..400u64);
    let records = prop_oneof![3 => Just(Vec::new()), 2 => vec(record(), 1..5)];
    (witnesses, consul(), gateways, oned, any::<u64>(), records).prop_map(
        |(witnesses, consul, gateways, oned, chance, records)| View {
            witnesses,
            consul,
            gateways,
            oned,
            chance,
            records,
        },
    )
}

const METHODS: [&str; 19] = [
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
    "one.document.allocate",
    "one.document.update",
    "one.document.update",
    "one.documentpool.info",
    "one.clusterpool.info",
];

pub(crate) fn fault() -> impl Strategy<Value = FaultRule> {
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

pub(crate) fn death() -> impl Strategy<Value = Death> {
    select(vec![Death::PowerLoss, Death::NetworkCut, Death::Hang, Death::FrontEndCut])
}

pub(crate) fn happens() -> impl Strategy<Value = Happens> {
    let place = || prop_oneof![2 => Just(None), 1 => (0..3usize).prop_map(Some)];
    let jump = prop_oneof![-7200..7200i64, -2_000_000..2_000_000i64];
    let cloud = prop_oneof![
        Just(Happens::Returns),
        Just(Happens::PowerOn),
        Just(Happens::PowerOff),
        (0..3i64).prop_map(Happens::Status),
        (0..25usize).prop_map(Happens::Terminated),
        (0..25usize).prop_map(Happens::Locked),
        (0..25usize).prop_map(Happens::Unlocked),
        (0..25usize).prop_map(Happens::Crashes),
        (0..25usize).prop_map(Happens::Garbled),
        (0..8usize, death()).prop_map(|(host, death)| Happens::TargetDies(host, death)),
        (0..8usize, 0..3i64).prop_map(|(host, status)| Happens::TargetStatus(host, status)),
        (0..3usize).prop_map(Happens::FrontEndDies),
        (0..3usize).prop_map(Happens::FrontEndReturns),
        Just(Happens::LeaderStepsDown),
        (0..25usize, driver()).prop_map(|(vm, (stage, driver))| Happens::DriverTurns(vm, stage, driver)),
        death().prop_map(Happens::Dies),
        (0..8usize).prop_map(Happens::TargetReturns),
        (1..900u64).prop_map(Happens::Dumps),
    ];
    let people = prop_oneof![
        place().prop_map(Happens::Disarmed),
        place().prop_map(Happens::Armed),
        Just(Happens::ConfirmedOff),
        Just(Happens::Proceeded),
        any::<bool>().prop_map(Happens::Damaged),
        jump.prop_map(Happens::ClockJumps),
        (0..3usize, any::<bool>()).prop_map(|(cluster, yes)| Happens::Protected(cluster, yes)),
        (0..2usize, any::<bool>()).prop_map(|(gateway, answers)| Happens::Gateway(gateway, answers)),
        Just(Happens::OnedRestarted),
    ];
    prop_oneof![3 => cloud, 2 => people]
}
