//! What keeps a run from fencing, in random clouds: while it holds nobody is fenced, when it passes the recovery goes on,
//! several runs that take turns keep to the limits, and what cannot be written down is not fenced.
//!
//! The cases are fewer than those of the other properties, because each of them lasts for an hour of simulated time.

#![allow(dead_code, reason = "the stories can tell more than these properties need")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a helper of a test fails as the test does"
)]

#[path = "../properties/check.rs"]
mod check;
mod happening;
mod held;
mod hurdles;
mod killed;
mod leads;
mod owners;
mod people;
mod proof;
mod reconciled;
mod replayed;
mod rules;
mod several;
mod stage;
mod story;
mod strategy;
mod trouble;
mod turns;
mod written;

use onerescue::model::VmId;
use onerescue::policy::{Outcome, Report, Source};
use onerescue::run;
use onerescue::sim::{Seen, SimWorld, audit};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use stage::Stage;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;
use story::Story;

/// A share of 64 cases, or of those that are asked for.
fn config(share: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: (asked.cases.min(64) / share).max(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/held/regressions.txt"))),
        max_shrink_iters: 4000,
        ..asked
    }
}

fn go(stage: &mut Stage, story: &Story) -> (Report, Vec<String>) {
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

fn ordered(world: &SimWorld) -> BTreeSet<VmId> {
    let orders = world.seen().iter().filter_map(|seen| match seen {
        Seen::Order { order, .. } => Some(order.vm()),
        _ => None,
    });
    orders.collect()
}

fn told(stage: &Stage, report: &Report) -> String {
    let mut text = format!("{:?}\n", report.outcome);
    for entry in &report.trail {
        let _ = writeln!(text, "  {entry}");
    }
    for call in stage.world.transport().calls().iter().filter(|call| call.method.starts_with("one.vm.")) {
        let _ = writeln!(text, "  {} {call}", call.at.as_millis());
    }
    text
}
