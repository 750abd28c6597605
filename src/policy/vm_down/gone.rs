//! Before a VM is started elsewhere, its host says that the VM is not there.
//!
//! oned's word is not enough: up to 6.2 a host whose libvirt is down reports none of its VMs, and oned calls them POWEROFF
//! although they run.

use super::look::Down;
use super::run::{End, Run};
use crate::model::{Opinion, Version};
use crate::policy::notes::Phase;
use std::time::Duration;

/// From this version on a host that cannot see its VMs says nothing about them.
const TRUE_SINCE: Version = Version(6, 4, 0);

/// A host that is well reports within this time.
const REPORT: Duration = Duration::from_secs(300);

/// The host says so by a report that is younger than the crash, or when it is asked over ssh.
pub(super) async fn must_be_gone(run: &Run, down: &Down, version: Option<Version>) -> Result<(), End> {
    let (at, vm) = (down.host.id, down.vm.id);
    if version.is_some_and(|version| version >= TRUE_SINCE) && has_reported(run, down).await? {
        return Ok(());
    }
    let said = run.ask(move |world| world.domain(at, vm)).await;
    run.note(Phase::Confirm, format!("does {} run {vm}? {}", down.host, said.said));
    let look = format!("look there with `virsh list`, then `onevm resume {}`", vm.0);
    match said.opinion {
        Opinion::Dead => Ok(()),
        Opinion::Alive => Err(End::held(format!(
            "{} says that it runs there, and oned has it POWEROFF: started elsewhere it would run twice; {look}",
            down.host
        ))),
        Opinion::None => Err(End::held(format!(
            "{} does not say that it is not there ({}), and started elsewhere it might run twice; {look}",
            down.host, said.said
        ))),
    }
}

/// Has oned heard the host since the VM was down?
async fn has_reported(run: &Run, down: &Down) -> Result<bool, End> {
    let Some(ended) = down.vm.history.last().and_then(|record| record.ended) else { return Ok(false) };
    let (at, since) = (down.host.id, run.now());
    let mut heard = down.host.monitored_at;
    while heard.is_some_and(|heard| heard <= ended) && run.now().since(since) < REPORT {
        run.wait(run.policy.rules.wait.look).await;
        heard = run.read(Phase::Confirm, move |world| world.host(at)).await?.monitored_at;
    }
    Ok(heard.is_some_and(|heard| heard > ended))
}
