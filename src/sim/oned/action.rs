//! `one.vm.action`. Source: `src/dm/DispatchManagerActions.cc`.

use super::{Args, Done, Right, bad_action, int};
use crate::model::{LcmState, VmId, VmState};
use crate::sim::cloud::Cloud;
use crate::sim::queue::Queued;
use LcmState as L;

const ACTIONS: [&str; 15] = [
    "hold",
    "poweroff",
    "poweroff-hard",
    "reboot",
    "reboot-hard",
    "release",
    "resched",
    "resume",
    "stop",
    "suspend",
    "terminate",
    "terminate-hard",
    "undeploy",
    "undeploy-hard",
    "unresched",
];

/// What an accepted action does.
#[derive(Clone, Copy)]
enum Effect {
    /// A driver's work, with the number that goes into `HISTORY/ACTION`.
    Enter(LcmState, i64),
    /// At once.
    State(VmState),
    Resched(bool),
    /// Nothing that can be seen.
    Nothing,
}

impl Cloud {
    pub(super) fn vm_action(&mut self, args: &Args<'_>) -> Done {
        let action = args.text(0)?;
        if !ACTIONS.contains(&action) {
            return Err(bad_action(format!("Action \"{action}\" is not supported")));
        }
        let id = args.id(1, "virtual machine")?;
        let vm = self.state.vms.get(&VmId(id));
        let vm = vm.ok_or_else(|| super::missing("virtual machine", id.into()))?;
        let right = if matches!(action, "resched" | "unresched") { Right::Admin } else { Right::Manage };
        super::check_lock(vm.lock, right, "VM", id)?;
        let state = vm.state;
        let Some(effect) = effect(action, state) else {
            return Err(bad_action(format!(
                "Error performing action \"{action}\": This action is not available for state {state}"
            )));
        };
        self.act(VmId(id), effect);
        int(id)
    }

    fn act(&mut self, id: VmId, effect: Effect) {
        let request = self.request_id();
        match effect {
            Effect::Enter(lcm, action) => self.queue_action(id, Queued::Enter { lcm, action, request }),
            Effect::State(VmState::Done) => self.arrive(id, VmState::Done),
            Effect::State(state) => {
                self.set_state(id, state);
                self.arm_scheduler();
            }
            Effect::Resched(flag) => {
                self.with_vm(id, |vm| vm.resched = flag);
                self.arm_scheduler();
            }
            Effect::Nothing => {}
        }
    }
}

/// The effect in this state; `None` where oned refuses.
fn effect(action: &str, state: VmState) -> Option<Effect> {
    let runs = state == VmState::RUNNING;
    let lives = runs || state == VmState::UNKNOWN;
    match action {
        "resched" | "unresched" if lives || state == VmState::Poweroff => {
            Some(Effect::Resched(action == "resched"))
        }
        "poweroff" if lives => Some(Effect::Enter(L::ShutdownPoweroff, 19)),
        "poweroff-hard" if lives || state == VmState::Active(L::ShutdownPoweroff) => {
            Some(Effect::Enter(L::ShutdownPoweroff, 20))
        }
        "undeploy" | "undeploy-hard" => undeploy(action, state, lives),
        "terminate" | "terminate-hard" => terminate(action, state, lives),
        "suspend" if runs => Some(Effect::Enter(L::SaveSuspend, 10)),
        "stop" if runs => Some(Effect::Enter(L::SaveStop, 9)),
        "stop" if state == VmState::Suspended => Some(Effect::Enter(L::EpilogStop, 9)),
        "reboot" | "reboot-hard" if runs => Some(Effect::Nothing),
        "resume" => resume(state),
        "hold" if state == VmState::Pending => Some(Effect::State(VmState::Hold)),
        "release" if state == VmState::Hold => Some(Effect::State(VmState::Pending)),
        _ => None,
    }
}

fn undeploy(action: &str, state: VmState, lives: bool) -> Option<Effect> {
    let number = if action == "undeploy" { 5 } else { 6 };
    if lives {
        return Some(Effect::Enter(L::ShutdownUndeploy, number));
    }
    (state == VmState::Poweroff).then_some(Effect::Enter(L::EpilogUndeploy, number))
}

fn terminate(action: &str, state: VmState, lives: bool) -> Option<Effect> {
    let number = if action == "terminate" { 27 } else { 28 };
    let parked = [VmState::Suspended, VmState::Poweroff, VmState::Stopped, VmState::Undeployed];
    let never_ran = [VmState::Pending, VmState::Hold, VmState::Cloning, VmState::CloningFailure];
    if lives || state == VmState::Active(L::Shutdown) && number == 28 {
        Some(Effect::Enter(L::Shutdown, number))
    } else if parked.contains(&state) {
        Some(Effect::Enter(L::Epilog, number))
    } else if never_ran.contains(&state) {
        Some(Effect::State(VmState::Done))
    } else {
        let failed = matches!(state, VmState::Active(lcm) if lcm.to_string().ends_with("_FAILURE"));
        failed.then_some(Effect::Enter(L::CleanupDelete, number))
    }
}

fn resume(state: VmState) -> Option<Effect> {
    const RESUME: i64 = 11;
    if matches!(state, VmState::Stopped | VmState::Undeployed) {
        return Some(Effect::State(VmState::Pending));
    }
    let boots = [
        (VmState::Suspended, L::BootSuspended),
        (VmState::Poweroff, L::BootPoweroff),
        (VmState::UNKNOWN, L::BootUnknown),
    ];
    let (_, lcm) = boots.into_iter().find(|(from, _)| *from == state)?;
    Some(Effect::Enter(lcm, RESUME))
}
