//! What waits for the last looks at the host.

use super::case::Case;
use super::fence::Fencing;
use super::port::Failure;
use super::settings::{Fencing as Fence, Purpose};
use super::still::After;
use crate::model::PowerState;

/// Something that cannot be taken back.
#[derive(Debug)]
pub(super) enum Ahead {
    /// Fence it: look up its devices, or with `-u` go straight to its VMs.
    Fence,
    /// Send "off" to the device at work.
    PowerOff(Box<Fencing>),
    /// Change something about a host whose power nobody can read.
    Change(Box<After>),
}

impl Ahead {
    /// Would it happen to a host that no device has shown to be off? Before the fence devices are only read, which a host
    /// that is really off needs nothing more for.
    pub(super) fn is_blind(&self, case: &Case) -> bool {
        match self {
            Self::PowerOff(_) => true,
            Self::Fence if case.policy.purpose == Purpose::Rehearse => true,
            Self::Fence | Self::Change(_) => {
                case.policy.fencing == Fence::Waived && case.policy.purpose != Purpose::Fence
            }
        }
    }

    /// What holds it, with what the device at work says.
    pub(super) fn in_view(&self, failure: Failure) -> Failure {
        match self {
            Self::PowerOff(fence) if fence.said == Some(PowerState::On) => {
                let what = format!("{} says on, and {}", fence.device.name, failure.what);
                Failure { what, ..failure }
            }
            Self::PowerOff(_) | Self::Fence | Self::Change(_) => failure,
        }
    }
}
