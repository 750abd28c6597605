//! One incident has one owner: runs of two front-ends at the same time, and a run that goes on where a killed one of
//! another front-end was.

use super::stage::{Stage, world};
use super::turns::{Turn, take_turns, trails};
use super::{config, go, ordered, told};
use crate::held::passing::quiet;
use onerescue::model::HostId;
use onerescue::policy::Outcome;
use onerescue::run_steps;
use onerescue::sim::{Breach, Death, Power, Seen, SimDevice, SimWorld};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

fn off(world: &SimWorld) -> bool {
    world.seen().iter().any(|seen| matches!(seen, Seen::Off { .. }))
}

/// Whether the host is switched off a second time.
fn hangs(stage: &Stage, host: HostId) {
    let mut cloud = stage.world.transport().cloud();
    cloud.power_on(host);
    cloud.host_dies(host, Death::Hang);
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn of_two_runs_on_two_front_ends_one_works(
        mut story in quiet(),
        later in 0..20u64,
        order in vec(0..12usize, 1..200),
    ) {
        story.policy.hold.deadline = Duration::from_secs(1200);
        let stage = Stage::new(&story);
        hangs(&stage, stage.subject.host);
        let Stage { world: first, subject, .. } = stage;
        let mut second = world(first.transport());
        let devices: Vec<SimDevice> = first.devices(subject.host).to_vec();
        second.set_devices(subject.host, devices);
        second.begin_elsewhere("front-end-2");
        let mut turns = vec![
            Turn::new(first, subject.clone(), &story.policy, Duration::ZERO),
            Turn::new(second, subject, &story.policy, Duration::from_secs(later)),
        ];
        take_turns(&mut turns, &order);
        prop_assert!(turns.iter().all(|turn| turn.report.is_some()), "{}", trails(&turns));
        prop_assert!(!(off(&turns[0].world) && off(&turns[1].world)), "both fenced\n{}", trails(&turns));
        let touched: BTreeSet<_> = ordered(&turns[0].world);
        let twice: Vec<_> = ordered(&turns[1].world).intersection(&touched).copied().collect();
        prop_assert!(twice.is_empty(), "{twice:?} by both\n{}", trails(&turns));
        let breaches = turns[0].world.transport().cloud().breaches().to_vec();
        let double = breaches.iter().find(|breach| matches!(breach, Breach::DoubleStart { .. }));
        prop_assert!(double.is_none(), "{double:?}\n{}", trails(&turns));
    }

    #[test]
    fn a_killed_run_is_taken_over_by_another_front_end(mut story in quiet(), crash in 0..120usize) {
        story.policy.hold.deadline = Duration::from_secs(1200);
        let mut stage = Stage::new(&story);
        let host = stage.subject.host;
        let ended = run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), crash);
        let touched = ordered(&stage.world);
        let dead = stage.world.transport().cloud().power(host) == Power::Off;
        stage.world.begin_elsewhere("front-end-2");
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        let good = matches!(report.outcome, Outcome::Recovered | Outcome::NothingToDo(_));
        prop_assert!(good, "ended {}\n{}", ended.is_some(), told(&stage, &report));
        prop_assert!(!dead || !off(&stage.world), "fenced again\n{}", told(&stage, &report));
        let again: Vec<_> = ordered(&stage.world).intersection(&touched).copied().collect();
        prop_assert!(again.is_empty(), "asked again: {again:?}\n{}", told(&stage, &report));
    }
}
