//! The safety rules, checked after a run against what really happened in the simulated cloud.
//!
//! It trusts neither the policy nor its report: what was asked, answered and sent is in [`Seen`], power and
//! domains are those of the machines. Where a VM may be placed is not judged here; the properties do that.

mod brake;
mod dump;
mod fence;
mod orders;
mod outcomes;
mod proof;
mod quiet;
mod tend;
mod wait;
mod watch;
mod well;
mod words;

pub use quiet::{Quiet, audit_quiet};
pub use tend::audit_tend;
pub use watch::audit_watch;

use super::world::SimWorld;
use crate::model::{HostId, VmId};
use crate::policy::{Policy, Report};
use crate::short_report::{LONGEST as LONGEST_REPORT, short};
use brake::braked;
use dump::dumped;
use fence::fence;
use orders::{doubles, flags, orders};
use outcomes::{outcomes, recovered};
use proof::proven;
use std::time::Duration;
use wait::waited;
use well::well;
use words::owned;

/// The most time that one run may take, whatever goes wrong, beside the time for which it is held. The sum of all
/// other deadlines is below it.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// Every safety rule that this run has broken, in words; empty is good. `charged` are the VMs that were on
/// the host when the run began.
#[must_use]
pub fn audit(world: &SimWorld, policy: &Policy, report: &Report, charged: &[VmId]) -> Vec<String> {
    let mut broken = audit_deeds(world, policy, report.host);
    outcomes(world, policy, report, &mut broken);
    recovered(world, policy, report, &mut broken);
    if report.proof.as_ref().is_some_and(|proof| proof.host() != report.host) {
        broken.push("S1: the proof names another host".to_owned());
    }
    bounds(world, policy, report, charged.len(), &mut broken);
    flags(world, report, &mut broken);
    let session = world.transport().cloud().session.clone();
    if format!("{report:?} {:?} {:?}", world.told(), world.transport().calls()).contains(&session) {
        broken.push("S7: the session is in the report, the trail or the log of calls".to_owned());
    }
    broken
}

/// The same for a run that may not have ended: the rules about what was done, not about what was reported.
#[must_use]
pub fn audit_deeds(world: &SimWorld, policy: &Policy, subject: HostId) -> Vec<String> {
    let mut broken = Vec::new();
    fence(world, policy, subject, &mut broken);
    braked(world, policy, subject, &mut broken);
    waited(world, policy, subject, &mut broken);
    dumped(world, policy, &mut broken);
    proven(world, policy, subject, &mut broken);
    orders(world, policy, subject, &mut broken);
    doubles(world, policy, &mut broken);
    orders::elsewhere(world, &mut broken);
    owned(world, subject, &mut broken);
    well(world, subject, &mut broken);
    broken
}

fn bounds(world: &SimWorld, policy: &Policy, report: &Report, vms: usize, broken: &mut Vec<String>) {
    if report.took.0 > LONGEST.saturating_add(policy.hold.deadline) {
        broken.push(format!("S6: the run took {} s", report.took.0.as_secs()));
    }
    let calls = world.transport().calls();
    let calls = calls.iter().filter(|call| call.at >= world.began()).count();
    if calls > 20_000 + 60 * vms {
        broken.push(format!("S6: {calls} calls for {vms} VMs"));
    }
    let length = short(report).len();
    if length > LONGEST_REPORT {
        broken.push(format!("S6: the report has {length} bytes"));
    }
}
