//! After the last trouble the services of the program bring every story to its end: S12.

use super::stage::Stage;
use super::{config, go, strategy, told, until_quiet};
use crate::story::Story;
use crate::story::strategy as random;
use onerescue::policy::{Policy, Purpose};
use onerescue::run_steps;
use onerescue::sim::Fault;
use proptest::prelude::*;

/// Whoever asks for a fence alone looks after the VMs himself, and oned says of nothing that it does not exist if it does.
fn recovers(mut story: Story) -> Story {
    story.faults.retain(|rule| !matches!(rule.fault, Fault::Refused { code: 0x0400, .. }));
    story.policy = Policy { purpose: Purpose::Recover, ..story.policy };
    story
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
