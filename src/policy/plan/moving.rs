//! What may happen to a VM, before hosts are looked at: that it is moved, or its verdict.

use super::storage::{self, Movable};
use super::view::View;
use super::wish::{self, Chosen};
use super::{Verdict, eligibility};
use crate::model::{Version, Vm, VmState};
use crate::policy::charge::{self, MENDS};
use crate::policy::order::Order;
use crate::policy::rules::{Failed, Layers};
use crate::policy::settings::{Force, Mode, Purpose};
use crate::policy::states;

/// A VM that is to be moved, if a host takes it.
pub(super) struct Move<'a> {
    pub(super) vm: &'a Vm,
    pub(super) movable: Movable<'a>,
    /// What oned has to end first; its place is kept free meanwhile.
    pub(super) awaited: Option<String>,
    /// Why it is moved, where the option says more.
    pub(super) why: Option<String>,
}

/// Why a VM is started that oned has powered off.
const FELL: &str = "oned found it off when its host failed (plan.fell), so it is started";

/// SUSPENDED and POWEROFF VMs can be recreated since then.
const RECREATES_STOPPED: Version = Version(6, 10, 0);

/// Everything about a VM that needs no host: that it is moved, or its verdict.
pub(super) fn judge<'a>(vm: &'a Vm, view: &View<'a>) -> Result<Move<'a>, Verdict> {
    let (request, policy) = (view.request, view.request.policy);
    if let Some(verdict) = eligibility::leaving(vm, request.host, &view.charged) {
        return Err(verdict);
    }
    let charged = charge::elsewhere(vm, view.hosts.values().copied());
    if let Some(verdict) = eligibility::elsewhere(vm, request.host) {
        return Err(match (verdict, charged) {
            (Verdict::Leave(text), Some(host)) => {
                Verdict::Leave(format!("{text}; oned charges it to {}: {MENDS}", view.host_name(host)))
            }
            (verdict, Some(_) | None) => verdict,
        });
    }
    let Chosen { mode, why } = wish::choose(vm, view)?;
    let fell = view.fell(vm);
    let fallen = fell.then(|| FELL.to_owned());
    let why = match (fallen, why) {
        (Some(fallen), Some(why)) => Some(format!("{why}; {fallen}")),
        (fallen, why) => fallen.or(why),
    };
    if request.live.contains(&vm.id) {
        return Err(Verdict::Hold(eligibility::MAY_RUN_ELSEWHERE.to_owned()));
    }
    if let Some(why) = view.zombies.get(&vm.id) {
        return Err(Verdict::Hold(why.clone()));
    }
    let force = if fell { Force::AlsoStopped } else { policy.force };
    let awaited = awaited(vm, view, mode, force)?;
    let held = |reason: String| match &awaited {
        Some(first) => Verdict::Await(first.clone()),
        None => Verdict::Hold(reason),
    };
    let barred = eligibility::locked(vm).or_else(|| eligibility::not_cut_off(vm, request.scope));
    if let Some(reason) = barred {
        return Err(held(reason));
    }
    match mode {
        Mode::Migrate => {
            if let Some(host) = charged {
                let host = view.host_name(host);
                return Err(Verdict::Hold(format!(
                    "{}: oned charges it to {host}, so it neither takes it for lost nor moves it: {MENDS}, and then the \
                     same command again",
                    vm.state
                )));
            }
            let movable = storage::movable(vm, view).map_err(held)?;
            Ok(Move { vm, movable, awaited, why })
        }
        Mode::Recreate | Mode::Delete => Err(match awaited {
            Some(first) => Verdict::Await(first),
            None => destroy(vm, mode, why, view),
        }),
    }
}

/// What oned has to end before the VM is moved, or the verdict of its state.
fn awaited(vm: &Vm, view: &View<'_>, mode: Mode, force: Force) -> Result<Option<String>, Verdict> {
    let rehearses = view.request.policy.purpose == Purpose::Rehearse;
    match states::verdict(vm.state, mode, force) {
        states::Verdict::Act => Ok(None),
        // A rehearsal asks what would be done if the host were dead: then it would be UNKNOWN by now.
        states::Verdict::Await(_) if rehearses && vm.state == VmState::RUNNING => Ok(None),
        states::Verdict::Await(reason) => Ok(Some(format!("{}: {reason}", vm.state))),
        states::Verdict::Hold(reason) => failed(vm, mode, view, reason).map(|()| None),
        states::Verdict::Leave(reason) => Err(Verdict::Leave(format!("{}: {reason}", vm.state))),
    }
}

/// A VM whose state holds it: that it is created again or deleted after a driver had failed, or its verdict.
fn failed(vm: &Vm, mode: Mode, view: &View<'_>, reason: &str) -> Result<(), Verdict> {
    let rule = view.request.policy.plan.failed;
    // The commands of `states` are about any VM.
    let reason = reason.replace(" ID`", &format!(" {}`", vm.id.0));
    let hold = |more: &str| Err(Verdict::Hold(format!("{}: {reason}{more}", vm.state)));
    if states::class(vm.state) != states::Class::Failure {
        return hold("");
    }
    match (rule, states::may_start_anew(vm.state), mode) {
        (Failed::Hold, _, _) => hold(""),
        (Failed::Leave, _, _) => Err(Verdict::Leave(format!(
            "{}: a driver had failed, and plan.failed leaves such VMs alone; when its host is well, `onevm recover --retry {}`",
            vm.state, vm.id.0
        ))),
        (Failed::Recover, Ok(()), Mode::Recreate | Mode::Delete) => Ok(()),
        (Failed::Recover, Ok(()), Mode::Migrate) => {
            hold(&format!("; oned migrates no VM out of this state; {}", view.anew("its images")))
        }
        (Failed::Recover, Err(why), _) => hold(&format!("; {why}")),
    }
}

/// A VM that is created again is PENDING as soon as its clean-up ends, at no time that is known, and the scheduler's from
/// then on. `one.vm.deploy` and `hold` are accepted then, and the scheduler may have been first; from a HOLD it becomes
/// PENDING too. Source: `src/dm/DispatchManagerActions.cc`, `src/schedm`.
fn destroy(vm: &Vm, mode: Mode, why: Option<String>, view: &View<'_>) -> Verdict {
    if let Some(reason) = view.request.reservation {
        return Verdict::Hold(format!(
            "the proof is too weak for what destroys data: {reason}; run `onerescue check` while hosts are healthy"
        ));
    }
    let notes = why.into_iter();
    if mode == Mode::Delete {
        return Verdict::Act(Order::Delete { vm: vm.id }, joined("delete (-d)".to_owned(), notes));
    }
    if let Some(reason) = not_recreated(vm, view) {
        return Verdict::Hold(reason);
    }
    let layer = vm.layer().map(|layer| {
        format!(
            "with -r the scheduler takes it before any call could choose its host, and does not know layer {layer} \
             (HA_LAYER)"
        )
    });
    match (layer, view.request.policy.plan.layers) {
        (Some(reason), Layers::Hard) => Verdict::Hold(format!(
            "{reason}; `{}` moves it; to create it again, put it into a VM group or set layers = \"soft\" under [plan]",
            view.command(Mode::Migrate, view.request.policy.force)
        )),
        (layer, Layers::Soft | Layers::Hard) => {
            let text = "delete and create again (-r); the scheduler chooses the host".to_owned();
            let notes = notes.chain(storage::replica(vm, view)).chain(layer);
            Verdict::Act(Order::Recreate { vm: vm.id }, joined(text, notes))
        }
    }
}

/// Why oned would refuse to recreate this VM. Source: `src/dm/DispatchManagerActions.cc`.
fn not_recreated(vm: &Vm, view: &View<'_>) -> Option<String> {
    let version = view.survey.version.filter(|version| *version < RECREATES_STOPPED)?;
    (states::class(vm.state) == states::Class::Stopped).then(|| {
        format!(
            "{}, and OpenNebula {version} recreates no VM that is stopped, 6.10 does; `{}` moves it if its disks are \
             shared",
            vm.state,
            view.command(Mode::Migrate, if view.fell(vm) { Force::RunningOnly } else { Force::AlsoStopped })
        )
    })
}

pub(super) fn joined(text: String, notes: impl Iterator<Item = String>) -> String {
    notes.fold(text, |text, note| text + "; " + &note)
}
