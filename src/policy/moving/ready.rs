//! What must hold just before something is changed: the record is still this run's, the host is still off, and oned does
//! not hear it.
//!
//! A host that is not off any more, or whose device is silent for too long, is fenced again, `[fence] again` (2) times, where VMs
//! are to be recovered, after RESCHED flags were taken back. After that, and for `fence_host` at once, nothing more is sent, what
//! was not sent is held, and what was sent is read back (`moving::ending`). Where nobody can read the power (`-u`, a device
//! without a status), oned must not show the host as back either.
//!
//! Where oned or a device takes 10 s or more, the looks are repeated, three times at most (`recheck::ROUNDS`), and the power is
//! the last of them: "off" is then as old as the answers of the devices take, however slow oned is.

use super::act::batch;
use super::alive::{contradicted_by_oned, heard, is_heard};
use super::ending::call_off;
use crate::model::{DeviceName, Host, HostState, Moment, PowerState};
use crate::policy::fencing::beside::{age, read_beside};
use crate::policy::fencing::proof::Proof;
use crate::policy::fencing::recheck::{Power, ROUNDS, still_off};
use crate::policy::host_error::lead::lead;
use crate::policy::host_error::observe::not_dead;
use crate::policy::notes::Phase;
use crate::policy::order::Order;
use crate::policy::port::{Failure, Trouble};
use crate::policy::record::ownership::{abort_of, lost, overwritten};
use crate::policy::record::writing::write_over;
use crate::policy::run::Run;
use crate::policy::run::progress::VmProgress;
use crate::policy::run::stop::Stop;
use crate::policy::settings::Purpose;
use crate::policy::timings::FRESH;
use std::time::Duration;

/// When things were seen last.
pub(in crate::policy) struct Seen {
    /// The power, and oned's view of the host.
    pub(super) checked: Moment,
    /// The cloud.
    pub(super) surveyed: Moment,
}

impl Seen {
    pub(in crate::policy) fn now(run: &Run) -> Self {
        Self { checked: run.now(), surveyed: run.now() }
    }
}

/// May it be done?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Yes,
    /// No, and nothing more is sent.
    CalledOff,
    /// No: RESCHED flags are taken back first.
    FlagsFirst,
    /// No: the host is fenced once more.
    OnAgain,
}

/// Whose the record is.
enum Owned {
    Ours,
    /// It had to be written again.
    Overwritten,
    CalledOff,
}

/// Look once more whether the record is ours and whether the host is off, which its devices may have said within this time.
/// These orders wait for it. oned's view of the host is read each time.
pub(super) async fn ready(
    run: &mut Run,
    proof: &Proof,
    seen: &mut Seen,
    orders: &[Order],
    within: Duration,
) -> Result<Ready, Stop> {
    let (mut within, mut since, mut rounds) = (within, Duration::ZERO, 0);
    lead(run).await?;
    loop {
        match owned(run).await? {
            Owned::Ours => {}
            Owned::CalledOff => return Ok(Ready::CalledOff),
            Owned::Overwritten => {
                (within, since) = (Duration::ZERO, Duration::ZERO);
                lead(run).await?;
                continue;
            }
        }
        let mut old = false;
        if run.now().since(seen.checked) >= since {
            // From the second round on oned is asked first: it may take long, and the power is to be read last.
            if rounds > 0 && is_heard(run, proof).await? {
                return Ok(Ready::CalledOff);
            }
            let beside = read_beside(run, proof, within, orders.len() > batch(run)).await;
            let is_beside = beside.is_some();
            let power = match beside {
                Some(power) => power,
                None => still_off(run, proof).await?,
            };
            let looked = run.now();
            match power {
                Power::Off if rounds == 0 && is_heard(run, proof).await? => return Ok(Ready::CalledOff),
                Power::Off => seen.checked = looked,
                Power::NobodyCanTell if is_silent(run, proof).await? => seen.checked = looked,
                Power::NobodyCanTell => return Ok(Ready::CalledOff),
                Power::NotOff { device, state } => return Ok(not_off(run, &device, &state, orders)),
            }
            // oned may have taken long for its view of the host.
            old = is_beside && age(run, proof).is_none_or(|age| age >= within);
        }
        // A device may have been silent for long: then it is asked again whose the record is, a few times, because an oned or a
        // device that is always slow would keep the run here for ever.
        if !old && run.now().since(run.record.owned) < FRESH || rounds >= ROUNDS {
            return Ok(Ready::Yes);
        }
        rounds += 1;
        since = if old { Duration::ZERO } else { FRESH };
    }
}

async fn owned(run: &mut Run) -> Result<Owned, Stop> {
    let memory = match run.read(Phase::Act, |world| world.memory()).await? {
        Ok(memory) => memory,
        Err(failure) => {
            call_off(run, failure);
            return Ok(Owned::CalledOff);
        }
    };
    if let Some(lost) = lost(run, &memory) {
        return Err(Stop::Lost(lost));
    }
    if let Some(word) = abort_of(run, &memory) {
        let failure = run.aborted(word);
        call_off(run, failure);
        return Ok(Owned::CalledOff);
    }
    run.record.owned = run.now();
    if !overwritten(run, &memory) {
        return Ok(Owned::Ours);
    }
    write_over(run).await?;
    Ok(Owned::Overwritten)
}

/// oned's view of a host whose power cannot be read: it does not hear the host.
async fn is_silent(run: &mut Run, proof: &Proof) -> Result<bool, Stop> {
    let host = match run.read_host(Phase::Confirm).await? {
        Ok(host) => host,
        Err(failure) => {
            call_off(run, failure);
            return Ok(false);
        }
    };
    if heard(run, &host) {
        contradicted_by_oned(run, proof, &host);
        return Ok(false);
    }
    let Some(what) = is_back(run, &host) else { return Ok(true) };
    let advice = twice(&run.subject.name);
    call_off(run, Failure { trouble: Trouble::Refused, what, advice });
    Ok(false)
}

fn is_back(run: &Run, host: &Host) -> Option<String> {
    match (host.state, not_dead(host)) {
        (HostState::Monitored | HostState::Init, Some(reason)) => {
            Some(format!("{} was taken for dead, but {reason}", run.host()))
        }
        (HostState::Disabled, _) if run.heard_again(host) => {
            Some(format!("{} was taken for dead, and is monitored again", run.host()))
        }
        _ => None,
    }
}

/// Somebody, or a setting of its firmware, has switched it on, or its device gives no answer any more: nothing is
/// sent until it is proven off again.
fn not_off(run: &mut Run, device: &DeviceName, state: &PowerState, orders: &[Order]) -> Ready {
    if run.fence.again >= run.policy.fence.again || run.policy.purpose != Purpose::Recover {
        contradicted(run, state);
        call_off(run, was_off(run, device, state));
        return Ready::CalledOff;
    }
    if run.vms.progress.values().any(VmProgress::to_take_back) {
        take_back(run, device, state, orders);
        return Ready::FlagsFirst;
    }
    run.fence.again += 1;
    let again = if *state == PowerState::On { "on again".to_owned() } else { state.to_string() };
    run.note(Phase::Prove, format!("{device} says {again}: fencing once more before anything is sent"));
    contradicted(run, state);
    reopen(run, orders);
    run.fence.cleared = None;
    if !run.vms.touched {
        // Nothing was sent: it is all decided again.
        let vms = &mut run.vms;
        let begun = std::mem::take(&mut vms.progress).into_iter().map(|(vm, progress)| (vm, progress.name));
        let ended = std::mem::take(&mut vms.reports).into_iter().map(|(vm, report)| (vm, report.name));
        vms.undecided = begun.chain(ended).collect();
    }
    Ready::OnAgain
}

/// The scheduler could start VMs of a host that is on: its wishes are taken back, then all of it is decided again.
fn take_back(run: &mut Run, device: &DeviceName, state: &PowerState, orders: &[Order]) {
    let text = format!("{device} says {state} again: RESCHED flags are removed before anything else");
    run.note(Phase::Prove, text);
    reopen(run, orders);
    let now = run.now();
    for (id, vm) in &mut run.vms.progress {
        if vm.to_take_back() {
            vm.take_back(*id, now, None);
        }
    }
}

fn was_off(run: &Run, device: &DeviceName, state: &PowerState) -> Failure {
    let (host, name) = (run.host(), &run.subject.name);
    let what = format!("{host} was off and now {device} says {state}");
    let advice = match state {
        PowerState::On => {
            format!("somebody, or its firmware, has switched {name} on: ask who works on it; {}", twice(name))
        }
        PowerState::Off | PowerState::Unknown(_) => {
            format!(
                "repair {device}, which gives no answer; nothing says that {name} is on; then run the same command again"
            )
        }
    };
    Failure { trouble: Trouble::Refused, what, advice }
}

/// What to do where VMs were moved off a host that may run them.
pub(in crate::policy) fn twice(name: &str) -> String {
    format!(
        "VMs that were moved may run twice: power {name} off, or end them there (`virsh list`, `virsh destroy one-ID`); then \
         run the same command again"
    )
}

/// These orders wait no more: their VMs are planned again.
pub(super) fn reopen(run: &mut Run, orders: &[Order]) {
    let now = run.now();
    for order in orders {
        if let Some(vm) = run.vms.progress.get_mut(&order.vm()) {
            vm.reopen(now);
        }
    }
}

/// A proof that a device contradicts is none any more.
fn contradicted(run: &mut Run, state: &PowerState) {
    if *state != PowerState::On {
        return;
    }
    run.is_on();
    run.fence.disproven = true;
    if let Some(incident) = &mut run.record.incident {
        incident.proof = None;
    }
}
