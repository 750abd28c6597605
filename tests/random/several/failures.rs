//! Several hosts fail, and their recoveries take turns in one cloud, step by step in any order.

use super::stage::{Stage, world};
use super::story::{DeviceStory, End, Ill, RecordStory, Story};
use super::turns::{Turn, take_turns, trails};
use super::{config, strategy};
use onerescue::model::{HostId, Progress};
use onerescue::policy::{Source, Subject};
use onerescue::sim::{Behaviour, Breach, Death, Seen, SimDevice, audit};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use std::time::Duration;

/// One more host that is dead, and its recovery.
#[derive(Clone, Debug)]
struct Other {
    behaviour: Behaviour,
    /// Seconds after the first one.
    later: u64,
    /// An earlier run of it had come so far, this many seconds before.
    record: Option<(Progress, u64)>,
}

/// Hosts with VMs on all of them; those with a number are dead. The brake only knows how many were fenced.
fn zone() -> impl Strategy<Value = (Story, Vec<Other>)> {
    use Behaviour::{DeadThenWorks, Ignores, Slow, Works};
    let behaviour = prop_oneof![6 => Just(Works), 1 => select(vec![Slow, DeadThenWorks, Ignores])];
    let record = (select(vec![Progress::Held, Progress::Open, Progress::Fencing]), 0..1200u64);
    let later = prop_oneof![2 => Just(0u64), 2 => 0..20u64, 1 => 0..900u64];
    let other = (behaviour, later, option::weighted(0.3, record))
        .prop_map(|(behaviour, later, record)| Other { behaviour, later, record });
    let zone = (strategy::calm(), vec(other, 1..7), 2..4usize, 1..4u32);
    zone.prop_map(|(mut story, others, well, most)| {
        let host = story.hosts[0].clone();
        story.hosts = vec![host; 1 + others.len() + well];
        story.dead = 0;
        for (at, other) in others.iter().enumerate() {
            story.hosts[1 + at].ill = Some(Ill::Dead);
            if let Some((progress, updated)) = other.record {
                let fenced = (progress == Progress::Fencing).then_some(updated);
                let record = RecordStory { host: 1 + at, updated, progress, fenced, events: vec![updated] };
                story.view.records.push(record);
            }
        }
        let hosts = story.hosts.len();
        for (at, vm) in story.vms.iter_mut().enumerate() {
            vm.host = Some(at % hosts);
        }
        story.end = End::Dies(Death::PowerLoss);
        story.devices = vec![DeviceStory::new(Behaviour::Works)];
        let rules = &mut story.policy;
        (rules.brake.failing, rules.brake.failing_percent) = (100, 100);
        rules.brake.fenced_short = most;
        rules.hold.deadline = Duration::from_secs(1200);
        (story, others)
    })
}

/// A recovery for every host that is dead, all of them in one cloud. They hang, so that "off" is needed.
fn turns(story: &Story, others: &[Other]) -> Vec<Turn> {
    let Stage { world: first, subject, .. } = Stage::new(story);
    let transport = first.transport().clone();
    for at in 0..=others.len() {
        transport.cloud().power_on(HostId(u32::try_from(at).unwrap()));
        transport.cloud().host_dies(HostId(u32::try_from(at).unwrap()), Death::Hang);
    }
    let mut turns = vec![Turn::new(first, subject, &story.policy, Duration::ZERO)];
    for (at, other) in others.iter().enumerate() {
        let id = HostId(u32::try_from(at + 1).unwrap());
        let mut world = world(&transport);
        world.set_devices(id, vec![SimDevice::new("bmc", other.behaviour)]);
        let event = transport.cloud().host_xml(id).unwrap();
        let event: onerescue::model::Host =
            onerescue::wire::documents::read(&event, onerescue::wire::xml::Limits::HOOK).unwrap();
        let subject = Subject { host: id, name: event.name, vms: event.vms, source: Source::Event };
        turns.push(Turn::new(world, subject, &story.policy, Duration::from_secs(other.later)));
    }
    turns
}

/// When "off" was sent to each host for the first time.
fn first_offs(turns: &[Turn]) -> BTreeMap<HostId, Duration> {
    let mut first = BTreeMap::new();
    for seen in turns.iter().flat_map(|turn| turn.world.seen()) {
        if let Seen::Off { at, host, .. } = seen {
            let known = first.entry(*host).or_insert(*at);
            *known = (*known).min(*at);
        }
    }
    first
}

/// The most hosts that were sent "off" for the first time within such a time.
fn most_within(offs: &BTreeMap<HostId, Duration>, time: Duration) -> usize {
    let within = |begin: &Duration| {
        offs.values().filter(|at| *at >= begin && at.saturating_sub(*begin) < time).count()
    };
    offs.values().map(within).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn whoever_goes_first_no_more_hosts_are_fenced_than_may_be(
        (story, others) in zone(),
        order in vec(0..12usize, 1..200),
    ) {
        let mut turns = turns(&story, &others);
        take_turns(&mut turns, &order);
        let offs = first_offs(&turns);
        let [window, _] = story.policy.brake.fenced();
        // A wall clock has whole seconds.
        let most = most_within(&offs, window.time.saturating_sub(Duration::from_secs(2)));
        prop_assert!(most <= window.count as usize, "{most} of at most {}: {offs:?}\n{}", window.count, trails(&turns));
        for turn in &turns {
            prop_assert!(turn.report.is_some(), "{} did not end\n{}", turn.subject.name, trails(&turns));
            let report = turn.report.as_ref().unwrap();
            let broken = audit(&turn.world, &story.policy, report, &turn.subject.vms);
            prop_assert!(broken.is_empty(), "{}: {broken:#?}\n{}", report.name, trails(&turns));
        }
        let breaches = turns[0].world.transport().cloud().breaches().to_vec();
        let twice = breaches.iter().find(|breach| matches!(breach, Breach::DoubleStart { .. }));
        prop_assert!(twice.is_none(), "{twice:?}\n{}", trails(&turns));
    }
}
