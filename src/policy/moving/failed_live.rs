//! VMs that oned put back onto the dead host after the host was last heard.
//!
//! A migration away that fails leaves such a record. After a live one the domain may run on the other host
//! without oned knowing, so the VM must not be started anywhere before a person has looked.

use crate::model::{Record, Vm, VmId};
use crate::policy::healthy::fallen::moved_live;
use crate::policy::notes::Phase;
use crate::policy::port::Survey;
use crate::policy::run::Run;
use crate::policy::run::stop::Stop;
use crate::policy::states::{self, Class};

/// More than this are not looked at one by one; they are held.
const MOST: usize = 50;
/// Look at the whole history of those VMs of this survey, where it was not looked at yet: which may run on another host?
pub(super) async fn trace(run: &mut Run, survey: &Survey) -> Result<(), Stop> {
    let mut ids = doubtful(run, survey);
    if ids.is_empty() {
        return Ok(());
    }
    run.vms.moving.traced.extend(&ids);
    if ids.len() > MOST {
        run.vms.moving.live.extend(ids.split_off(MOST));
    }
    let asked = ids.clone();
    // One that is missing is held.
    let vms = run.read(Phase::Survey, move |world| world.histories(&asked)).await?.unwrap_or_default();
    let dead = run.subject.host;
    let cleared = |id: &VmId| vms.iter().any(|vm| vm.id == *id && !moved_live(vm, dead));
    ids.retain(|id| !cleared(id));
    for vm in &ids {
        run.detail(Phase::Survey, format!("{vm} came back from a live migration that failed"));
    }
    run.vms.moving.live.extend(ids);
    Ok(())
}

fn doubtful(run: &Run, survey: &Survey) -> Vec<VmId> {
    let put_back = |vm: &&Vm| {
        let class = states::class(vm.state);
        vm.host == Some(run.subject.host)
            && matches!(class, Class::Lost | Class::Running)
            && !run.vms.moving.traced.contains(&vm.id)
            && vm.history.last().is_some_and(|record| later(record, run.suspect.heard))
    };
    survey.vms.iter().filter(put_back).map(|vm| vm.id).collect()
}

/// Did this stay begin after the host was last heard, and is it not the first one?
fn later(record: &Record, heard: Option<i64>) -> bool {
    match (record.since, heard) {
        (Some(since), Some(heard)) => record.sequence > 0 && since > heard,
        _ => false,
    }
}
