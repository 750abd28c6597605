//! A host that ran while VMs of it were moved away is asked over ssh which of them it still runs: up to OpenNebula 6.2 one
//! whose libvirt is down lists none in `ZOMBIES`, and its domains run on.

use super::run::Run;
use super::survey::named;
use crate::model::{HostId, IncidentVm, Opinion, VmId};
use crate::policy::notes::Phase;
use crate::policy::port::Survey;

/// For no more VMs is a host asked: an answer takes up to `[witness] timeout`.
const MOST: usize = 20;

/// The VMs that the host says it runs, although the incident has moved them and oned has them elsewhere. Who gives no answer
/// is taken by its `ZOMBIES`.
pub(super) async fn run_twice(run: &Run, survey: &Survey) -> Option<String> {
    let at = run.id;
    let mut found = Vec::new();
    for (vm, named) in moved(run, survey) {
        let said = run.ask(move |world| world.domain(at, vm)).await;
        run.note(Phase::Confirm, format!("does {} run {named}? {}", run.named(), said.said));
        if said.opinion == Opinion::Alive {
            found.push(named);
        }
    }
    (!found.is_empty())
        .then(|| format!("it runs what was moved away while it ran: {}", named(found.into_iter())))
}

fn moved(run: &Run, survey: &Survey) -> Vec<(VmId, String)> {
    let Some(incident) = run.incident().filter(|incident| incident.ran_on().is_some()) else {
        return Vec::new();
    };
    let here = |vm: VmId| survey.vms.iter().any(|known| known.id == vm && known.host == Some(run.id));
    let away = |to: Option<HostId>| to.is_some_and(|to| to != run.id);
    let all = incident.vms.iter().filter(|vm| away(vm.to) && !here(vm.id));
    all.take(MOST)
        .map(|IncidentVm { id, name, .. }| (*id, format!("{id} {name}").trim_end().to_owned()))
        .collect()
}
