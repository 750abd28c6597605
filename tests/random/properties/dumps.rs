//! A host that has crashed saves its crash dump: nothing is sent to it meanwhile, and it is recovered all the same.

use super::stage::Stage;
use super::{config, go, strategy, told};
use crate::story::{End, Happens};
use onerescue::policy::Outcome;
use onerescue::run_steps;
use onerescue::sim::{Death, audit_deeds};
use proptest::prelude::*;
use std::time::Duration;

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn a_host_that_saves_its_crash_dump_is_fenced_when_that_is_done_or_its_time_is_over(
        mut story in strategy::calm(),
        (begins, lasts) in (prop_oneof![3 => Just(0u64), 1 => 0..90u64], 1..1200u64),
        most in 1..900u64,
        kill in proptest::option::of((1..60usize, 0..400u64)),
    ) {
        story.end = End::Dies(Death::Hang);
        story.events = vec![(begins, Happens::Dumps(lasts))];
        story.policy.wait.dump = Duration::from_secs(most);
        let mut stage = Stage::new(&story);
        if let Some((steps, rest)) = kill {
            let ended = run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), steps);
            let broken = audit_deeds(&stage.world, &story.policy, stage.subject.host);
            prop_assert!(broken.is_empty(), "before it is killed: {broken:#?}");
            if ended.is_some() {
                return Ok(());
            }
            stage.world.advance(Duration::from_secs(rest));
            stage.world.begin_again();
        }
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        // A run that is begun again may find the lock of the one that was killed.
        prop_assert!(kill.is_some() || report.outcome == Outcome::Recovered, "{}", told(&stage, &report));
    }
}
