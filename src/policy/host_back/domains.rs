//! A host that ran while VMs of it were moved away is asked over ssh which of them it still runs: up to OpenNebula 6.2 one
//! whose libvirt is down lists none in `ZOMBIES`, and its domains run on.

use super::quarantine;
use super::run::Run;
use super::survey::named;
use crate::model::{Opinion, VmId};
use crate::policy::notes::Phase;
use crate::policy::port::{Failure, Survey, Trouble};
use crate::policy::report::Outcome;

/// It runs none of the VMs that the incident has moved and oned has elsewhere.
///
/// # Errors
/// It does, and is disabled; or it does not say so of one of them: no answer is not a no.
pub(super) async fn run_once(run: &mut Run, survey: &Survey) -> Result<(), Outcome> {
    let (at, name) = (run.id, run.named());
    let mut found = Vec::new();
    for (vm, text) in moved(run, survey) {
        let said = run.ask(move |world| world.domain(at, vm)).await;
        run.note(Phase::Confirm, format!("does {name} run {text}? {}", said.said));
        match said.opinion {
            Opinion::Dead => {}
            Opinion::Alive => found.push(text),
            Opinion::None => return Err(unknown(run, &text, &said.said)),
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let why = format!("it runs what was moved away while it ran: {}", named(found.into_iter()));
    Err(quarantine::begin(run, why, None).await)
}

fn unknown(run: &Run, vm: &str, said: &str) -> Outcome {
    let name = &run.host.name;
    let what = format!(
        "{} does not say whether it runs {vm}, which was moved away while it ran: {said}",
        run.named()
    );
    let advice = format!(
        "make `ssh {name}` work for oneadmin and [witness] domain run there; then `host_back --host {name}`"
    );
    Outcome::Held(Failure { trouble: Trouble::Unreachable, what, advice })
}

fn moved(run: &Run, survey: &Survey) -> Vec<(VmId, String)> {
    let ran_on = run.incident().filter(|incident| incident.ran_on().is_some());
    let here = |vm: VmId| survey.vms.iter().any(|known| known.id == vm && known.host == Some(run.id));
    let all = ran_on.into_iter().flat_map(|incident| &incident.vms);
    let away = all.filter(|vm| vm.to.is_some_and(|to| to != run.id) && !here(vm.id));
    away.map(|vm| (vm.id, format!("{} {}", vm.id, vm.name).trim_end().to_owned())).collect()
}
