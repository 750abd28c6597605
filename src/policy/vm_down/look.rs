//! Is the VM this run's to start? It is down by a crash, nobody wants it to be, and its host is well.

use super::elsewhere::must_not_be_listed;
use super::run::{End, Run};
use crate::model::{Epoch, Host, HostId, HostState, Moment, Progress, Vm, VmState};
use crate::policy::healthy::{Fallen, PERSON, fallen, is_on_its_way, may_run_elsewhere};
use crate::policy::limits::{disarmed, unreadable};
use crate::policy::notes::Phase;
use crate::policy::plan::{excluded, locked};
use crate::policy::record::lease::standing;
use crate::policy::report::Outcome;
use crate::policy::surroundings::refused;

/// A VM that may be started, as it was read.
pub(super) struct Down {
    pub(super) vm: Vm,
    pub(super) host: Host,
    /// The front-end's wall clock at a moment of this run.
    clock: (Epoch, Moment),
}

impl Down {
    pub(super) fn epoch(&self, at: Moment) -> Epoch {
        let (epoch, then) = self.clock;
        epoch.plus(at.since(then))
    }

    /// The attempts that count.
    pub(super) fn recent(&self, run: &Run) -> usize {
        run.attempts.recent(self.epoch(run.now()), run.policy.down.reset)
    }
}

/// Look at the VM, at its host, and at what is remembered of incidents.
pub(super) async fn look_at_vm(run: &mut Run) -> Result<Down, End> {
    let id = run.subject.vm;
    let vms = run.read(Phase::Observe, move |world| world.histories(&[id])).await?;
    let vm = vms.into_iter().find(|vm| vm.id == id);
    let vm = vm.ok_or_else(|| End::left("it does not exist any more"))?;
    run.subject.name.clone_from(&vm.name);
    run.subject.host = vm.host;
    run.attempts.read(&vm);
    must_not_be_on_its_way(run, &vm).await?;
    let at = may_be_started(run, &vm)?;
    let host = run.read(Phase::Observe, move |world| world.host(at)).await?;
    run.place = host.to_string();
    must_be_well(run, &host).await?;
    let clock = must_have_no_incident(run, at, &host).await?;
    must_not_be_listed(run, &vm, at, clock.0).await?;
    Ok(Down { vm, host, clock })
}

/// A driver is at work for an attempt of a run that is gone: whoever looks again sees what becomes of it.
async fn must_not_be_on_its_way(run: &Run, vm: &Vm) -> Result<(), End> {
    if run.attempts.is_any_made() || !is_on_its_way(vm) {
        return Ok(());
    }
    run.look_again().await;
    let (state, id) = (vm.state, vm.id.0);
    Err(End::held(format!(
        "{state}: a run of vm_down that was ended has started it; if that lasts, `onevm recover --failure {id}` ends it"
    )))
}

/// The host of the VM, where the VM was down by a crash and nobody wants it to be.
fn may_be_started(run: &Run, vm: &Vm) -> Result<HostId, End> {
    match fallen(vm) {
        // What this run has started and failed is off by our own call.
        Fallen::NotOurs(_) if run.attempts.is_any_made() && by_us(vm) => {}
        Fallen::NotOurs(why) => return Err(End::left(why)),
        Fallen::Failed(why) => return Err(End::held(why)),
        Fallen::Lost | Fallen::Crashed(_) => {}
    }
    if vm.attributes.get("HA_POLICY").is_some_and(|policy| policy.eq_ignore_ascii_case("none")) {
        return Err(End::left("its HA_POLICY is NONE"));
    }
    if let Some(why) = excluded(vm, &run.policy.rules.plan.exclude) {
        return Err(End::left(why));
    }
    if let Some(why) = locked(vm) {
        return Err(End::held(why));
    }
    let host = vm.host.ok_or_else(|| End::held("oned does not say on which host it was"))?;
    if may_run_elsewhere(vm, host) {
        let why = "a live migration of it failed, and it may run on the other host: look there with `virsh list`, and resume it by \
             hand only if it is not listed";
        return Err(End::held(why));
    }
    Ok(host)
}

fn by_us(vm: &Vm) -> bool {
    vm.state == VmState::Poweroff && vm.last_action.is_some_and(|action| !PERSON.contains(&action))
}

async fn must_be_well(run: &Run, host: &Host) -> Result<(), End> {
    let state = host.state;
    let what = format!("its host {host} is {state}");
    match state {
        HostState::Monitored => Ok(()),
        HostState::Disabled | HostState::Offline => {
            Err(End::left(format!("somebody has taken its host {host} out of service ({state})")))
        }
        HostState::Error | HostState::MonitoringError => {
            Err(End::left(format!("{what}: the incident of that host recovers its VMs")))
        }
        HostState::Init
        | HostState::MonitoringMonitored
        | HostState::MonitoringInit
        | HostState::MonitoringDisabled
        | HostState::Unknown(_) => {
            run.look_again().await;
            Err(End::left(format!("{what}: it is looked at again when oned has heard of that host")))
        }
    }
}

/// The wall clock, if nothing that is remembered speaks against a start.
async fn must_have_no_incident(run: &Run, at: HostId, host: &Host) -> Result<(Epoch, Moment), End> {
    let memory = run.read(Phase::Observe, |world| world.memory()).await?;
    if let Some(failure) = refused(&memory) {
        return Err(run.ended(Outcome::NotStarted(failure)));
    }
    let brake = unreadable(&memory).or_else(|| disarmed(&memory.disarmed, Some(host.cluster), &[]));
    if let Some(failure) = brake {
        return Err(End::held_by(failure));
    }
    let open = standing(&memory, at).filter(|(_, incident)| incident.progress != Progress::Closed);
    if let Some((document, incident)) = open {
        let progress = format!("{:?}", incident.progress).to_lowercase();
        let why = format!(
            "an incident of its host is not closed ({document}, {progress}): that incident recovers it"
        );
        // It may end because the host is back, and would recover nothing then.
        run.look_again().await;
        return Err(End::left(why));
    }
    Ok((memory.now, run.now()))
}
