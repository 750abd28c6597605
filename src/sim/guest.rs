//! How a guest inside a VM is, where a scenario says it. What becomes of it is in `inside`.

use crate::model::HostId;
use std::time::Duration;

/// How a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// It is at work so long after its domain has started.
    Ready(Duration),
    /// The same, and from then on it is away, and at work again, after the second time.
    Flaps(Duration, Duration),
    /// It never is again: what it reported before its crash it does not report again.
    Never,
}

/// A guest, and since when its domain runs where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inside {
    pub(super) guest: Guest,
    pub(super) runs: Option<(HostId, Duration)>,
    pub(super) reported: bool,
}
