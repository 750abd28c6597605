//! Hosts that start nothing.

use super::{config, go};
use crate::story::Ill;
use crate::story::rules::plain;
use crate::story::stage::Stage;
use crate::story::strategy as random;
use crate::story::told::told;
use onerescue::model::VmState;
use onerescue::policy::{Fate, Mode, Policy};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn a_host_that_starts_nothing_takes_few_vms_and_the_others_run(
        mut story in random::calm(),
        bad in proptest::collection::vec(any::<bool>(), 9),
        boot_ms in prop_oneof![Just(700u64), 0..8500u64],
    ) {
        story.policy = Policy { wait: story.policy.wait, ..plain(Mode::Migrate) };
        story.slow.boot_ms = boot_ms;
        for (at, host) in story.hosts.iter_mut().enumerate().filter(|(at, _)| *at != story.dead && bad[*at]) {
            host.ill = Some(Ill::NoBoot(u32::MAX)).filter(|_| bad[at]);
        }
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        let any_good = (0..story.hosts.len()).any(|at| at != story.dead && !bad[at]);
        let most = if any_good { 1 } else { story.policy.settle.failures as usize };
        let cloud = stage.world.transport().cloud();
        let fates = report.vms.iter().map(|vm| (vm.id, &vm.fate));
        let mut taken = vec![0; story.hosts.len()];
        let mut wrong = Vec::new();
        for (vm, fate) in fates {
            let runs = cloud.vm_state(vm) == Some(VmState::RUNNING);
            match cloud.vm_host(vm).map(|host| host.0 as usize) {
                Some(host) if host != story.dead && bad[host] => taken[host] += 1,
                Some(host) if host != story.dead && runs => {}
                _ if !any_good && matches!(fate, Fate::Held(_)) => {}
                _ => wrong.push(vm),
            }
        }
        drop(cloud);
        prop_assert!(wrong.is_empty(), "{wrong:?}\n{}", told(&stage, &report));
        prop_assert!(taken.iter().all(|count| *count <= most), "{taken:?} of {bad:?}\n{}", told(&stage, &report));
    }
}
