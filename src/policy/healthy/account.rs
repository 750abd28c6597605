//! How a run of `host_back` or `vm_down` ended: for people, and for the exit code.

use crate::model::Moment;
use crate::policy::notes::Entry;
use crate::policy::report::{Outcome, VmReport};
use std::fmt;

/// Which hook gave an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A host is MONITORED again.
    HostBack,
    /// A VM is down on a healthy host.
    VmDown,
    /// `onerescue watch`
    Watch,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostBack => "host_back",
            Self::VmDown => "vm_down",
            Self::Watch => "watch",
        })
    }
}

/// A run, from its first look to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who gives it.
    pub hook: Hook,
    /// `node7 (host 7)` or `web (vm 4)`.
    pub about: String,
    /// How it ended. No run of these hooks fences.
    pub outcome: Outcome,
    /// Every VM that was decided about, by id, with its one outcome.
    pub vms: Vec<VmReport>,
    /// What happened, in order.
    pub trail: Vec<Entry>,
    /// How long the run took.
    pub took: Moment,
}
