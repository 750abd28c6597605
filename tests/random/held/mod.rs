//! What keeps a run from fencing, in random clouds: while it holds nobody is fenced, when it passes the recovery goes on,
//! and what cannot be written down is not fenced.

mod hurdles;
mod leads;
pub(crate) mod passing;
mod people;
mod quiet;
mod written;

use crate::story::stage::{self, Stage};
use crate::story::told::{ordered, told};
use crate::story::{self, Story, check, proof, strategy};
use onerescue::policy::{Outcome, Report, Source};
use onerescue::run;
use onerescue::sim::audit;
use proptest::prelude::*;
use std::time::Duration;

fn config(share: u32) -> ProptestConfig {
    crate::config(crate::HOUR * share, "tests/random/held/regressions.txt", 4000)
}

pub(crate) fn go(stage: &mut Stage, story: &Story) -> (Report, Vec<String>) {
    let report = run(&mut stage.world, stage.subject.clone(), story.policy.clone());
    let mut broken = audit(&stage.world, &story.policy, &report, &stage.charged);
    broken.extend(check::orders(story, &stage.world, stage.subject.host));
    broken.extend(check::really(story, &stage.world, &report));
    broken.extend(proof::orders(story, &stage.world));
    (report, broken)
}

/// The run of a hook that hands over, and then those of the timer, each minute, until one of at most `runs` recovers the
/// host. `fault` says after each run what it did wrong.
fn until_recovered(
    stage: &mut Stage,
    story: &Story,
    runs: usize,
    fault: impl Fn(&Stage) -> Option<String>,
) -> Result<(), TestCaseError> {
    let mut last = String::new();
    for _ in 0..runs {
        // The timer notes first who leads.
        stage.world.look_for_a_leader();
        let (report, broken) = go(stage, story);
        last = told(stage, &report);
        prop_assert!(broken.is_empty(), "{broken:#?}\n{last}");
        prop_assert_eq!(fault(stage), None, "{}", last);
        if report.outcome == Outcome::Recovered {
            return Ok(());
        }
        stage.world.advance(Duration::from_secs(60));
        stage.world.begin_again();
        stage.subject.source = Source::Reconcile;
    }
    Err(TestCaseError::fail(format!("not recovered after {runs} runs\n{last}")))
}
