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
use onerescue::policy::Report;
use onerescue::run;
use onerescue::sim::{Seen, SimWorld, audit};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use stage::Stage;
use std::collections::BTreeSet;
use std::fmt::Write as _;
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
