//! The permission to fence.

use crate::model::{HostId, Moment};
use crate::policy::timings::FRESH;

/// The permission to send "off" to one host, once: the world takes it away. It is made by one function, after it has
/// looked at everything; nobody else can make one, or have two.
///
/// ```compile_fail
/// // Nobody makes one by hand,
/// let clearance = onerescue::policy::Clearance { host: onerescue::model::HostId(7) };
/// ```
///
/// ```compile_fail
/// // and without one nothing is sent.
/// use onerescue::{model::DeviceName, policy::World};
/// fn fence(world: &mut dyn World) {
///     world.power_off(&DeviceName("bmc".to_owned()), None);
/// }
/// ```
#[derive(Debug)]
pub struct Clearance {
    host: HostId,
    at: Moment,
}

impl Clearance {
    /// This is the moment of oned's view of the host, which is looked at last. Brakes and witnesses may have been asked 10 s before
    /// that look began.
    pub(super) fn new(host: HostId, at: Moment) -> Self {
        Self { host, at }
    }

    /// The host that may be fenced.
    #[must_use]
    pub fn host(&self) -> HostId {
        self.host
    }

    pub(in crate::policy::fencing) fn is_fresh(&self, now: Moment) -> bool {
        now.since(self.at) < FRESH
    }
}
