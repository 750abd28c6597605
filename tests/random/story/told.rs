//! What a run has done, for the text of a failure.

use super::stage::Stage;
use onerescue::model::VmId;
use onerescue::policy::Report;
use onerescue::sim::{Seen, SimWorld};
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(crate) fn ordered(world: &SimWorld) -> BTreeSet<VmId> {
    let orders = world.seen().iter().filter_map(|seen| match seen {
        Seen::Order { order, .. } => Some(order.vm()),
        _ => None,
    });
    orders.collect()
}

pub(crate) fn told(stage: &Stage, report: &Report) -> String {
    let mut text = format!("{:?}\n", report.outcome);
    for entry in &report.trail {
        let _ = writeln!(text, "  {entry}");
    }
    for call in stage.world.transport().calls().iter().filter(|call| call.method.starts_with("one.vm.")) {
        let _ = writeln!(text, "  {} {call}", call.at.as_millis());
    }
    text
}
