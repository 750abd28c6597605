//! Whatever has held a run, in the end nothing is forgotten: S12.

use super::stage::Stage;
use super::{config, go, strategy, told};
use crate::story::services::{recovers, until_quiet};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn what_was_held_has_run_or_has_its_reason_when_all_is_quiet(story in strategy::story().prop_map(recovers)) {
        let mut stage = Stage::new(&story);
        let (report, broken) = go(&mut stage, &story);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{}", told(&stage, &report));
        let text = told(&stage, &report);
        let broken = until_quiet(&mut stage, &story, &report.vms);
        prop_assert!(broken.is_empty(), "{}\nfirst: {text}", broken.join("\n"));
    }
}
