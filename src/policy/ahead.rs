//! What waits for the last looks at the host.

use super::fence::Fencing;
use super::still::After;

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
