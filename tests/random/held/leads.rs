//! Front-ends that lose and take the lead at any moment, with a host in ERROR that lives: no "off" goes to it before the
//! leader is known for as long as hosts may look dead then, and nothing is delayed for a host that is off.

use super::passing::{offs, quiet};
use super::stage::Stage;
use super::story::{End, Happens, Story};
use super::{config, go, told, until_recovered};
use onerescue::policy::{HandOver, Outcome};
use onerescue::sim::Death;
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;

/// What was looked at last may be this old when "off" is sent: an election since then is not known.
const FRESH: Duration = Duration::from_secs(12);

fn zone(mut story: Story, end: Death, elections: &[u64], grace: u64) -> Story {
    (story.front_ends, story.end) = (3, End::Dies(end));
    story.policy.brake.startup_grace = Duration::from_secs(grace);
    story.events = elections.iter().map(|at| (*at, Happens::LeaderStepsDown)).collect();
    story.events.sort_by_key(|(at, _)| *at);
    story
}

/// An "off" that was sent too early, by what really happened and not by what anybody knew.
fn early(stage: &Stage, grace: u64) -> Option<String> {
    let cloud = stage.world.transport().cloud();
    let young = |at: &Duration| {
        let led = cloud.led_for(*at);
        led > FRESH && led < Duration::from_secs(grace)
    };
    offs(stage)
        .into_iter()
        .find(young)
        .map(|at| format!("\"off\" at {at:?}, elected {:?} before", cloud.led_for(at)))
}

proptest! {
    #![proptest_config(config(4))]

    /// Elections are over after twenty minutes, and the run holds for longer.
    #[test]
    fn a_host_that_lives_is_fenced_only_under_a_leader_that_is_known(
        story in quiet(),
        elections in vec(0..1200u64, 1..6),
        grace in 60..900u64,
        returns in prop::option::weighted(0.3, 0..2400u64),
    ) {
        let mut story = zone(story, Death::FrontEndCut, &elections, grace);
        story.events.extend(returns.map(|at| (at, Happens::Returns)));
        story.events.sort_by_key(|(at, _)| *at);
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert_eq!(early(&stage, grace), None, "{}", told(&stage, &report));
        // Elections may come while VMs move, and a host may come back after its "off".
        let done = matches!(&report.outcome, Outcome::Recovered | Outcome::Partly) || returns.is_some();
        prop_assert!(done, "{}", told(&stage, &report));
    }

    /// As the registered hook hands it over, and then each minute by the timer, whose look is noted.
    #[test]
    fn the_runs_of_the_timer_keep_to_it_too(
        story in quiet(),
        elections in vec(0..1200u64, 1..6),
        grace in 60..900u64,
    ) {
        let mut story = zone(story, Death::FrontEndCut, &elections, grace);
        story.policy.hand_over = HandOver::Yes;
        let mut stage = Stage::new(&story);
        until_recovered(&mut stage, &story, 60, |stage| early(stage, grace))?;
    }

    /// One election just before: a host without power is recovered as fast as under an old leader.
    #[test]
    fn a_host_that_is_off_waits_for_no_leader(story in quiet(), grace in 60..900u64) {
        let story = zone(story, Death::PowerLoss, &[], grace);
        let mut stage = Stage::new(&story);
        stage.world.transport().cloud().leader_steps_down();
        stage.world.advance(Duration::from_secs(10));
        stage.world.begin_again();
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert_eq!(&report.outcome, &Outcome::Recovered, "{}", told(&stage, &report));
        prop_assert!(offs(&stage).is_empty(), "{}", told(&stage, &report));
        let held = report.trail.iter().any(|entry| entry.text.contains("HELD"));
        prop_assert!(!held, "{}", told(&stage, &report));
    }
}
