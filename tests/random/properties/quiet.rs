//! After the last trouble the services of the program bring every story to its end: S12.

use super::stage::Stage;
use super::{config, go, strategy, told, until_quiet};
use crate::story::services::recovers;
use crate::story::strategy as random;
use crate::story::{Happens, Story};
use onerescue::model::{VmId, VmState};
use onerescue::policy::Mode;
use onerescue::run_steps;
use onerescue::sim::{Driver, Stage as Step};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A calm cloud with VMs; `front_ends` of them lead or follow.
fn calm(front_ends: usize) -> impl Strategy<Value = Story> {
    strategy::calm().prop_map(move |story| Story { front_ends, ..story })
}

/// What ends the work of the oned that leads.
fn tears() -> impl Strategy<Value = Happens> {
    prop_oneof![Just(Happens::LeaderStepsDown), Just(Happens::FrontEndDies(0)), Just(Happens::OnedRestarted)]
}

/// After the hook and the services: VMs that do not run, with what was said of them.
fn down(stage: &mut Stage, story: &Story) -> Result<Vec<String>, TestCaseError> {
    let (report, _) = go(stage, story);
    let text = told(stage, &report);
    let broken = until_quiet(stage, story, &report.vms);
    prop_assert!(broken.is_empty(), "{}\nfirst: {text}", broken.join("\n"));
    let cloud = stage.world.transport().cloud();
    let runs = |vm: &&VmId| match story.policy.mode {
        Mode::Delete => cloud.vm_state(**vm) == Some(VmState::Done),
        Mode::Migrate | Mode::Recreate => cloud.vm_state(**vm) == Some(VmState::RUNNING),
    };
    Ok(stage.charged.iter().filter(|vm| !runs(vm)).map(|vm| format!("{vm} is down\n{text}")).collect())
}

proptest! {
    #![proptest_config(config(20))]

    /// The lock of the dead host's NFS client outlives it by minutes.
    #[test]
    fn a_lock_that_the_dead_host_has_left_only_delays(mut story in calm(1), ends in 20..900u64) {
        for (at, vm) in story.vms.iter_mut().enumerate() {
            vm.driver = Some((Step::Boot, Driver::Fails));
            story.events.push((ends, Happens::DriverTurns(at, Step::Boot, Driver::Works)));
        }
        let mut stage = Stage::new(&story);
        prop_assert_eq!(down(&mut stage, &story)?, Vec::<String>::new());
    }

    /// The work of drivers, and orders that were accepted, end with the oned that leads.
    #[test]
    fn what_is_torn_is_led_on_or_named(
        mut story in select(vec![1, 3]).prop_flat_map(calm),
        torn in vec((0..90u64, tears()), 1..3),
        (lcm, boot) in (0..4000u64, 0..30_000u64),
    ) {
        (story.slow.lcm_ms, story.slow.boot_ms) = (lcm, boot);
        story.events = torn;
        story.events.sort_by_key(|(at, _)| *at);
        down(&mut Stage::new(&story), &story)?;
    }
}

proptest! {
    #![proptest_config(config(20))]

    #[test]
    fn when_all_is_quiet_every_vm_runs_or_has_its_reason(
        story in random::with_past(strategy::story(), true).prop_map(recovers),
        killed in any::<bool>(),
    ) {
        let mut stage = Stage::new(&story);
        let first = if killed {
            run_steps(&mut stage.world, stage.subject.clone(), story.policy.clone(), story.crash)
        } else {
            Some(go(&mut stage, &story).0)
        };
        let text = first.as_ref().map_or_else(|| "killed".to_owned(), |report| told(&stage, report));
        let said = first.map_or_else(Vec::new, |report| report.vms);
        let broken = until_quiet(&mut stage, &story, &said);
        prop_assert!(broken.is_empty(), "{}\nfirst: {text}", broken.join("\n"));
    }
}
