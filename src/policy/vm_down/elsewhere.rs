//! No other host runs the VM: by what hosts say to oned, at each look, and by what is asked over ssh, before each attempt.

use super::look::Down;
use super::run::{End, Run};
use crate::model::{Epoch, HostId, Vm};
use crate::policy::notes::Phase;
use crate::policy::{peers, zombies};

/// No host lists the VM in its `ZOMBIES`.
pub(super) async fn must_not_be_listed(run: &Run, vm: &Vm, at: HostId, now: Epoch) -> Result<(), End> {
    let id = vm.id;
    let hosts = run.read(Phase::Observe, move |world| world.zombies(&[id])).await?;
    match zombies::seen(&hosts, now, at).get(&id) {
        Some(host) => held(run, vm, zombies::why(id, host)).await,
        None => Ok(()),
    }
}

/// None of `[witness] peers` hosts of the cluster says that it runs the VM.
pub(super) async fn must_run_on_no_peer(run: &Run, down: &Down) -> Result<(), End> {
    let (id, at) = (down.vm.id, down.host.id);
    let most = run.policy.rules.witness.peers;
    if most == 0 {
        return Ok(());
    }
    let hosts = run.read(Phase::Confirm, |world| world.pool()).await?;
    let asked = peers::peers(&hosts, at, most, u64::from(id.0));
    let running = peers::ask(run, Phase::Confirm, &hosts, asked, vec![id]).await;
    let there = running.get(&id).and_then(|there| hosts.iter().find(|host| host.id == *there));
    match there {
        Some(host) => held(run, &down.vm, zombies::asked(id, host)).await,
        None => Ok(()),
    }
}

async fn held(run: &Run, vm: &Vm, why: String) -> Result<(), End> {
    run.write_crash(vm).await;
    run.look_again().await;
    Err(End::held(why))
}
