//! What holds in every case: random clouds, deaths, devices, faults and events, judged by the safety rules
//! and by a second opinion that does not know the planner.

mod again;
mod dumps;
mod fallen;
mod foresee;
mod quiet;
mod strategy;
mod targets;

use crate::story::services::until_quiet;
use crate::story::stage::{self, Stage};
use crate::story::strategy as random;
use crate::story::told::{ordered, told};
use crate::story::{self, Story, check, rules};
use onerescue::model::{VmId, VmState};
use onerescue::policy::{Fate, Fencing, Mode, Outcome, Purpose, Report};
use onerescue::sim::{Breach, Seen, SimWorld, audit, audit_deeds};
use onerescue::{run, run_steps};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn config(share: u32) -> ProptestConfig {
    crate::config(share, "tests/random/properties/regressions.txt", 4000)
}

/// No run asks more often than this.
const LONGEST: usize = 100_000;

fn go(stage: &mut Stage, story: &Story) -> (Report, Vec<String>) {
    let ended = run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), LONGEST);
    let last =
        |told: &[_]| told.iter().rev().take(40).rev().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(ended.is_some(), "the run does not end:\n{}", last(stage.world.told()));
    let report = ended.unwrap();
    let mut broken = audit(&stage.world, &story.policy, &report, &stage.charged);
    broken.extend(check::orders(story, &stage.world, stage.subject.host));
    broken.extend(check::really(story, &stage.world, &report));
    (report, broken)
}

/// A VM among these that ran on two hosts.
fn started_twice(world: &SimWorld, among: &BTreeSet<VmId>) -> Option<Breach> {
    let of = |breach: &&Breach| match breach {
        Breach::DoubleStart { vm, .. } | Breach::TwoDrivers { vm, .. } => among.contains(vm),
        Breach::SentToDeadHost { .. } | Breach::ConnectedElsewhere { .. } => false,
    };
    world.transport().cloud().breaches().iter().find(of).cloned()
}

/// Everything that a run leaves behind.
fn transcript(story: &Story) -> String {
    let mut stage = Stage::new(story);
    let report = run(&mut stage.world, stage.subject.clone(), story.policy.clone());
    let cloud = stage.world.transport().cloud();
    let happenings = format!("{:?}", cloud.happenings());
    drop(cloud);
    format!("{report:?}\n{:?}\n{:?}\n{happenings}", stage.world.transport().calls(), stage.world.told())
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn no_safety_rule_is_broken_and_a_second_run_touches_nothing_that_is_done(story in strategy::story()) {
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));

        let done = |vm: &&onerescue::policy::VmReport| matches!(vm.fate, Fate::Recovered(_));
        let done: BTreeSet<_> = report.vms.iter().filter(done).map(|vm| vm.id).collect();
        stage.world.begin_again();
        let (second, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "second run: {broken:#?}\n{}", told(&stage, &second));
        let again: Vec<_> = ordered(&stage.world).intersection(&done).copied().collect();
        prop_assert!(again.is_empty(), "touched again: {again:?}\n{}", told(&stage, &second));
    }
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn a_run_that_dies_anywhere_can_be_begun_again(story in strategy::story()) {
        let mut stage = Stage::new(&story);
        let ended = run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), story.crash);
        let dead = stage.subject.host;
        let mut broken = audit_deeds(&stage.world, &story.policy, dead);
        broken.extend(check::orders(&story, &stage.world, dead));
        prop_assert!(broken.is_empty(), "before the crash: {broken:#?}");
        let mut touched = ordered(&stage.world);
        let honest = stage.world.fence_is_honest(&story.policy, dead);

        stage.world.begin_again();
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "after the crash: {broken:#?}\n{}", told(&stage, &report));
        touched.extend(ordered(&stage.world));
        let twice = started_twice(&stage.world, &touched);
        let excused = story.policy.fencing == Fencing::Waived || !honest;
        prop_assert!(twice.is_none() || excused, "{twice:?} ended {}\n{}", ended.is_some(), told(&stage, &report));
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn when_nothing_else_goes_wrong_every_vm_runs_elsewhere(story in strategy::calm()) {
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        prop_assert_eq!(&report.outcome, &Outcome::Recovered, "{}", told(&stage, &report));
        prop_assert_eq!(report.outcome.exit_code(), 0);
        let cloud = stage.world.transport().cloud();
        for vm in &stage.charged {
            let hosts = cloud.domain_hosts(*vm);
            match story.policy.mode {
                Mode::Delete => prop_assert_eq!(cloud.vm_state(*vm), Some(VmState::Done)),
                Mode::Migrate | Mode::Recreate => {
                    prop_assert_eq!(cloud.vm_state(*vm), Some(VmState::RUNNING));
                    prop_assert!(hosts.len() == 1 && hosts[0] != stage.subject.host, "{} on {:?}", vm, hosts);
                }
            }
        }
    }

    #[test]
    fn the_same_story_is_told_the_same_way(story in strategy::story()) {
        prop_assert_eq!(transcript(&story), transcript(&story));
    }

    #[test]
    fn a_dry_run_changes_nothing(mut story in strategy::story()) {
        story.policy.purpose = Purpose::Rehearse;
        let mut stage = Stage::new(&story);
        let report = run(&mut stage.world, stage.subject.clone(), story.policy.clone());
        let writes = ["one.vm.migrate", "one.vm.recover", "one.vm.action", "one.host.status"];
        let calls = stage.world.transport().calls();
        let wrote: Vec<_> = calls.iter().filter(|call| writes.contains(&call.method.as_str())).collect();
        prop_assert!(wrote.is_empty(), "{wrote:?}");
        let sent = stage.world.seen().iter().any(|seen| matches!(seen, Seen::Off { .. }));
        prop_assert!(!sent, "off was sent");
        prop_assert!(report.vms.iter().all(|vm| !matches!(vm.fate, Fate::Recovered(_) | Fate::Failed(_))));
    }
}
