//! VMs of which something became before their host died: they fell with it, a person has switched them off, or they run
//! elsewhere too.

use super::{config, go};
use crate::story::Before;
use crate::story::stage::Stage;
use crate::story::strategy as random;
use crate::story::told::told;
use onerescue::model::{VmId, VmState};
use onerescue::policy::{Fate, Mode};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn who_fell_is_started_who_is_off_stays_off_and_who_runs_elsewhere_is_held(
        story in random::with_past(random::calm(), true),
    ) {
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        let fates: Vec<_> = report.vms.iter().map(|vm| (vm.id, vm.fate.clone())).collect();
        let cloud = stage.world.transport().cloud();
        let ends = |vm: &VmId| (*vm, cloud.vm_state(*vm), cloud.domain_hosts(*vm));
        let ends: Vec<_> = stage.charged.iter().map(ends).collect();
        drop(cloud);
        let mut held = false;
        for (vm, state, hosts) in &ends {
            let state = *state;
            let fate = fates.iter().find(|(id, _)| id == vm).map(|(_, fate)| fate);
            let before = story.vms[vm.0 as usize].before;
            let says = || format!("{vm} {before:?} is {state:?} on {hosts:?}: {fate:?}\n{}", told(&stage, &report));
            match (before, story.policy.mode) {
                (Before::Twice(_), _) => {
                    held = true;
                    prop_assert!(matches!(fate, Some(Fate::Held(_))), "{}", says());
                    prop_assert!(hosts.iter().any(|host| *host != stage.subject.host), "{}", says());
                }
                (Before::Off, _) => {
                    prop_assert_eq!(state, Some(VmState::Poweroff), "{}", says());
                    prop_assert!(hosts.is_empty(), "{}", says());
                }
                (Before::Nothing | Before::Fell, Mode::Delete) => {
                    prop_assert_eq!(state, Some(VmState::Done), "{}", says());
                }
                (Before::Nothing | Before::Fell, Mode::Migrate | Mode::Recreate) => {
                    prop_assert_eq!(state, Some(VmState::RUNNING), "{}", says());
                    prop_assert!(hosts.len() == 1 && hosts[0] != stage.subject.host, "{}", says());
                }
            }
        }
        prop_assert_eq!(report.outcome.exit_code() == 0, !held, "{}", told(&stage, &report));
    }

    #[test]
    fn whatever_goes_wrong_no_safety_rule_is_broken_for_those_either(
        story in random::with_past(super::strategy::story(), true),
    ) {
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        // One that fell is recovered, held or has failed: never left as one that somebody wants to be off.
        for vm in &report.vms {
            let fell = story.vms.get(vm.id.0 as usize).is_some_and(|vm| vm.before == Before::Fell);
            let off = matches!(&vm.fate, Fate::Left(why) if why.contains("it was not running"));
            prop_assert!(!(fell && off), "{vm}\n{}", told(&stage, &report));
        }
    }
}
