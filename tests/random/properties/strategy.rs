//! Random stories: anything may go wrong with the cloud, its devices and oned, or nothing but the death of the host.
//!
//! What keeps a run from fencing (brakes, witnesses, earlier records) is left to the stories of `held`, so that most of
//! these come to their VMs.

use super::random;
use super::rules::mode;
use super::story::{DeviceStory, End, Happens, Ill, Story, View};
use crate::story::rules::{nobody, plain as defaults};
use onerescue::model::ReadBack;
use onerescue::policy::states::{self, Class};
use onerescue::policy::{BrakeRules, Force, HoldRules, Mode, Placement, Policy};
use onerescue::sim::{Behaviour, Death};
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;

/// Anything may go wrong.
pub(crate) fn story() -> impl Strategy<Value = Story> {
    let placement = prop_oneof![3 => Just(Placement::Direct), 1 => Just(Placement::Scheduler)];
    (random::story(), placement, 1..241u64, any::<bool>()).prop_map(
        |(mut story, placement, scheduler, without_gain)| {
            story.view = View::plain();
            story.events.retain(|(_, happens)| is_of_the_cloud(happens));
            for device in &mut story.devices {
                *device =
                    DeviceStory { read_back: device.read_back, ..DeviceStory::new(plain(device.behaviour)) };
            }
            let policy = &mut story.policy;
            (policy.brake, policy.witness) = (BrakeRules::default(), nobody());
            policy.hold = HoldRules::default();
            policy.fence.without_gain = without_gain;
            policy.settle.placement = placement;
            policy.settle.scheduler = Duration::from_secs(scheduler);
            story
        },
    )
}

/// Power feeds come in pairs, which these stories do not.
fn plain(behaviour: Behaviour) -> Behaviour {
    match behaviour {
        Behaviour::Feed | Behaviour::FeedStuck | Behaviour::FeedComesBack => Behaviour::Works,
        other => other,
    }
}

fn is_of_the_cloud(happens: &Happens) -> bool {
    matches!(
        happens,
        Happens::Returns
            | Happens::PowerOn
            | Happens::PowerOff
            | Happens::Status(_)
            | Happens::Terminated(_)
            | Happens::Locked(_)
            | Happens::Unlocked(_)
            | Happens::Crashes(_)
            | Happens::Garbled(_)
            | Happens::TargetDies(..)
            | Happens::TargetStatus(..)
            | Happens::FrontEndDies(_)
            | Happens::FrontEndReturns(_)
            | Happens::LeaderStepsDown
            | Happens::DriverTurns(..)
            | Happens::Dumps(_)
    )
}

/// Any cloud, in which nothing goes wrong but the host's death, and no VM is on its way.
pub(crate) fn quiet() -> impl Strategy<Value = Story> {
    let calm = random::state().prop_filter("nothing is on its way", |state| {
        !matches!(states::class(*state), Class::Transient | Class::Resubmit)
    });
    let plain = (mode(), prop_oneof![2 => Just(Force::RunningOnly), 1 => Just(Force::AlsoStopped)], 0..4u32);
    (story(), plain, vec(calm, 26)).prop_map(|(mut story, (mode, force, cycles), states)| {
        // oned refuses to recreate what is stopped, which only its answer tells.
        let force = if mode == Mode::Recreate { Force::RunningOnly } else { force };
        story.policy = Policy { force, ..defaults(mode) };
        story.policy.wait.cycles = cycles;
        story.slow = random::USUAL;
        (story.front_ends, story.detection, story.end) = (1, 30, End::Dies(Death::PowerLoss));
        story.devices =
            vec![DeviceStory { read_back: ReadBack::Status, ..DeviceStory::new(Behaviour::Works) }];
        (story.faults, story.events, story.claimed) = (Vec::new(), Vec::new(), false);
        for host in &mut story.hosts {
            host.ill = host.ill.filter(|ill| matches!(ill, Ill::Disabled | Ill::Offline));
        }
        for (vm, state) in story.vms.iter_mut().zip(states) {
            (vm.state, vm.driver) = (state, None);
        }
        story
    })
}

/// Nothing goes wrong but the host's death: there is room, the disks are shared, the device works, and there are VMs.
pub(crate) fn calm() -> impl Strategy<Value = Story> {
    random::calm().prop_filter("a VM", |story| !story.vms.is_empty())
}
