//! VMs that oned put back onto the dead host after the host was last heard.
//!
//! A migration away that fails leaves such a record. After a live one the domain may run on the other host
//! without oned knowing, so the VM must not be started anywhere before a person has looked.

use super::case::Case;
use super::incident::{Step, wait};
use super::notes::Phase;
use super::port::Failure;
use super::port::Survey;
use super::recover::{Intent, Proven, Surveying};
use super::states::{self, Class};
use crate::model::{HostId, Moment, Record, Vm, VmId};

/// More than this are not looked at one by one; they are held.
const MOST: usize = 50;
/// `HISTORY/ACTION` of a migration that saves the VM first: its domain ended on the dead host.
const MIGRATE: i64 = 1;

/// See [`Step::Trace`].
#[derive(Debug)]
pub struct Tracing {
    proven: Proven,
    survey: Box<Survey>,
    intent: Intent,
    ids: Vec<VmId>,
}

impl Tracing {
    /// The VMs to trace in this survey, if there are any.
    pub(super) fn doubtful(case: &Case, survey: &Survey) -> Vec<VmId> {
        let put_back = |vm: &&Vm| {
            let class = states::class(vm.state);
            vm.host == Some(case.subject.host)
                && matches!(class, Class::Lost | Class::Running)
                && !case.traced.contains(&vm.id)
                && vm.history.last().is_some_and(|record| later(record, case.heard))
        };
        survey.vms.iter().filter(put_back).map(|vm| vm.id).collect()
    }

    pub(super) fn step(mut proven: Proven, survey: Survey, intent: Intent, mut ids: Vec<VmId>) -> Step {
        proven.case.traced.extend(&ids);
        if ids.len() > MOST {
            proven.case.live.extend(ids.split_off(MOST));
        }
        Step::Trace(Self { proven, survey: Box::new(survey), intent, ids })
    }

    pub(super) fn case(&self) -> &Case {
        &self.proven.case
    }

    pub(super) fn case_mut(&mut self) -> &mut Box<Case> {
        &mut self.proven.case
    }

    /// The VMs whose whole history is needed.
    #[must_use]
    pub fn ids(&self) -> &[VmId] {
        &self.ids
    }

    /// Those VMs with all their records. One that is missing is held.
    #[must_use]
    pub fn answer(mut self, now: Moment, vms: Result<Vec<Vm>, Failure>) -> Step {
        let vms = match vms {
            Ok(vms) => vms,
            Err(failure) => {
                if let Some(pause) = self.proven.case.patience(now, Phase::Survey, &failure) {
                    return wait(pause, Step::Trace(self));
                }
                Vec::new()
            }
        };
        let case = &mut self.proven.case;
        let dead = case.subject.host;
        let cleared = |id: &VmId| vms.iter().any(|vm| vm.id == *id && !moved_live(vm, dead));
        let held: Vec<_> = self.ids.iter().copied().filter(|id| !cleared(id)).collect();
        for vm in &held {
            case.detail(now, Phase::Survey, format!("{vm} came back from a live migration that failed"));
        }
        case.live.extend(held);
        Surveying::surveyed(self.proven, now, &self.survey, self.intent)
    }
}

/// Did this stay begin after the host was last heard, and is it not the first one?
fn later(record: &Record, heard: Option<i64>) -> bool {
    match (record.since, heard) {
        (Some(since), Some(heard)) => record.sequence > 0 && since > heard,
        _ => false,
    }
}

/// From the dead host to another one and back, and not saved for it.
pub(super) fn moved_live(vm: &Vm, dead: HostId) -> bool {
    let mut records = vm.history.iter().rev().skip(1);
    match (records.next(), records.next()) {
        (Some(there), Some(before)) => {
            there.host != Some(dead) && before.host == Some(dead) && before.action != Some(MIGRATE)
        }
        // Moved here just before the host died: the domain ended with the host.
        _ => false,
    }
}
