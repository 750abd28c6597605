//! What a run knows of what keeps it from fencing.

use crate::model::{Moment, Words};

/// Since when, how often it was looked at, and why.
#[derive(Default)]
pub(in crate::policy) struct Holding {
    pub(in crate::policy) since: Option<Moment>,
    pub(in crate::policy) looks: u32,
    pub(in crate::policy) why: String,
    /// What sees nothing new is not said again.
    pub(in crate::policy) quiet: bool,
    /// What keeps it is not a device: when that is over, it is said.
    pub(in crate::policy) braked: bool,
    /// What people had written when that was looked at last, and when that was.
    pub(in crate::policy) words: Option<(Words, Moment)>,
    /// It was held last because the zone's leader is young, with its "off" ahead.
    pub(in crate::policy) at_off: bool,
}

impl Holding {
    pub(in crate::policy) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Has nothing held the run yet?
    pub(in crate::policy) fn is_first(&self) -> bool {
        self.since.is_none()
    }
}
