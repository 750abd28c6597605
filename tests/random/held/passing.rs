//! What holds back a fence, one thing at a time in a cloud that is well otherwise: nothing is sent while it lasts, and
//! when it passes the recovery goes on by itself.

use super::hurdles::{HARMLESS, HURDLES, Hurdle};
use super::stage::Stage;
use super::story::{Happens, Ill, Story};
use super::{config, go, ordered, strategy, told, until_recovered};
use onerescue::policy::{HandOver, Outcome, Source};
use onerescue::run;
use onerescue::sim::Seen;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;

/// Three hosts at least, no wait for the host, an hour to be held for.
pub(crate) fn quiet() -> impl Strategy<Value = Story> {
    strategy::calm().prop_filter("a third host", |story| story.hosts.len() > 2).prop_map(|mut story| {
        story.policy.wait.cycles = 0;
        // What holds here are brakes, also where there is no VM.
        story.policy.fence.without_gain = true;
        story
    })
}

pub(crate) fn offs(stage: &Stage) -> Vec<Duration> {
    let off = |seen: &Seen| match seen {
        Seen::Off { at, .. } => Some(*at),
        _ => None,
    };
    stage.world.seen().iter().filter_map(off).collect()
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn what_held_passes_and_the_recovery_goes_on(
        mut story in quiet(),
        hurdle in select(HURDLES.to_vec()),
        until in 30..850u64,
    ) {
        hurdle.put(&mut story, until);
        let mut stage = Stage::new(&story);
        let over = stage.world.began() + Duration::from_secs(until);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert_eq!(&report.outcome, &Outcome::Recovered, "{}", told(&stage, &report));
        let early = stage.world.seen().iter().find(|seen| match seen {
            Seen::Off { at, .. } => *at < over && !matches!(hurdle, Hurdle::Mute | Hurdle::Word),
            Seen::Order { at, .. } | Seen::Disable { at, .. } => *at < over,
            _ => false,
        });
        prop_assert!(early.is_none(), "{early:?}\n{}", told(&stage, &report));
        // It is looked at again at least every five minutes, and some rules count whole seconds.
        let late = report.took.0 > Duration::from_secs(until + 300 + 300);
        prop_assert!(!late, "it took {} s\n{}", report.took.0.as_secs(), told(&stage, &report));
    }

    /// As the hook with `--hand-over`, and then the timer's runs, each minute.
    #[test]
    fn what_is_handed_over_goes_on_when_nothing_holds_it_any_more(
        mut story in quiet(),
        hurdle in select(HURDLES.to_vec()),
        until in 30..850u64,
    ) {
        hurdle.put(&mut story, until);
        story.policy.hand_over = HandOver::Yes;
        let mut stage = Stage::new(&story);
        let over = stage.world.began() + Duration::from_secs(until);
        let fences = matches!(hurdle, Hurdle::Mute | Hurdle::Word);
        let early = |stage: &Stage| (!fences).then(|| offs(stage).into_iter().find(|at| *at < over)).flatten();
        until_recovered(&mut stage, &story, 40, |stage| early(stage).map(|at| format!("\"off\" at {at:?}")))?;
    }

    #[test]
    fn what_holds_for_ever_ends_as_held_in_time_and_nothing_was_sent(
        mut story in quiet(),
        hurdle in select(HURDLES.to_vec()),
        deadline in 0..4000u64,
    ) {
        hurdle.put(&mut story, 800);
        story.policy.brake.startup_grace = Duration::from_secs(if matches!(hurdle, Hurdle::Grace) { 10_000 } else { 0 });
        story.events.retain(|(at, _)| *at == 0);
        story.devices[0].returns_after = 100_000;
        let brake = &mut story.policy.brake;
        for time in [&mut brake.short, &mut brake.long, &mut brake.flap_time] {
            *time = Duration::from_secs(100_000);
        }
        story.policy.hold.deadline = Duration::from_secs(deadline);
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        let fences = matches!(hurdle, Hurdle::Mute | Hurdle::Word);
        let right = if fences { matches!(report.outcome, Outcome::NotFenced(_)) } else { matches!(report.outcome, Outcome::Held(_)) };
        prop_assert!(right && report.proof.is_none(), "{}", told(&stage, &report));
        prop_assert!(fences || offs(&stage).is_empty(), "{}", told(&stage, &report));
        prop_assert!(ordered(&stage.world).is_empty(), "{}", told(&stage, &report));
        let (took, most) = (report.took.0.as_secs(), deadline + 400);
        prop_assert!(deadline <= took && took <= most, "{took} s, held for {deadline} s");
        // Held is not lost.
        let open = stage.world.transport().cloud().open_incident(stage.subject.host);
        prop_assert!(open.is_some_and(|(_, incident)| incident.held.is_some()), "{}", told(&stage, &report));
    }

    #[test]
    fn what_is_harmless_does_not_hold(mut story in quiet(), harmless in select(HARMLESS.to_vec())) {
        harmless.put(&mut story);
        // No second look would help.
        story.policy.hold.deadline = Duration::ZERO;
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert_eq!(&report.outcome, &Outcome::Recovered, "{}", told(&stage, &report));
    }

    #[test]
    fn a_person_who_names_a_host_knows_that_it_flaps(mut story in quiet()) {
        Hurdle::Flaps.put(&mut story, 100);
        story.policy.hold.deadline = Duration::ZERO;
        let mut stage = Stage::new(&story);
        stage.subject.source = Source::Person;
        let report = run(&mut stage.world, stage.subject.clone(), story.policy);
        prop_assert_eq!(&report.outcome, &Outcome::Recovered, "{}", told(&stage, &report));
    }

    #[test]
    fn what_cannot_be_read_may_hold_anything(mut story in quiet(), own in any::<bool>()) {
        story.events.push((0, Happens::Damaged(own)));
        story.policy.hold.deadline = Duration::from_secs(60);
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert!(matches!(report.outcome, Outcome::Held(_)), "{}", told(&stage, &report));
        prop_assert!(offs(&stage).is_empty(), "{}", told(&stage, &report));
    }

    #[test]
    fn in_a_storm_nobody_is_fenced(
        mut story in quiet(),
        dead in vec(any::<bool>(), 9),
        places in vec(0..3usize, 9),
        (failing, percent) in (0..5u32, 10..101u32),
    ) {
        (story.policy.brake.failing, story.policy.brake.failing_percent) = (failing, percent);
        story.clusters = 3;
        for (at, host) in story.hosts.iter_mut().enumerate() {
            host.cluster = places[at];
            host.ill = dead[at].then_some(Ill::Dead);
        }
        let own = story.hosts[story.dead].cluster;
        let storm = |inside: &dyn Fn(usize) -> bool| {
            let all = (0..story.hosts.len()).filter(|at| inside(*at)).count();
            let gone = (0..story.hosts.len()).filter(|at| inside(*at) && (dead[*at] || *at == story.dead)).count();
            gone > 1 && (gone > failing as usize || gone * 100 > percent as usize * all)
        };
        prop_assume!(storm(&|_| true) || storm(&|at| places[at] == own));
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert!(matches!(report.outcome, Outcome::Held(_)), "{}", told(&stage, &report));
        prop_assert!(offs(&stage).is_empty() && report.proof.is_none(), "{}", told(&stage, &report));
    }
}
