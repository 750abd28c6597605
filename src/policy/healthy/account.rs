//! How a run of `host_back` or `vm_down` ended: for people, and for the exit code.

use crate::model::Moment;
use crate::policy::notes::Entry;
use crate::policy::report::{Fate, Outcome, VmReport};
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
    /// `onerescue evacuate`
    Evacuate,
    /// `onerescue restore`
    Restore,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostBack => "host_back",
            Self::VmDown => "vm_down",
            Self::Watch => "watch",
            Self::Evacuate => "evacuate",
            Self::Restore => "restore",
        })
    }
}

impl Hook {
    /// What it has done with a VM that is where it should be.
    #[must_use]
    pub fn done(self) -> &'static str {
        match self {
            Self::HostBack | Self::VmDown | Self::Watch => "recovered",
            Self::Evacuate => "moved",
            Self::Restore => "brought back",
        }
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

impl Account {
    /// How it ended, in the words of what was asked for.
    #[must_use]
    pub fn said(&self) -> String {
        match (self.hook, &self.outcome) {
            (Hook::Evacuate, Outcome::Recovered) => "every VM that was to go is moved".to_owned(),
            (Hook::Evacuate, Outcome::Partly) => "not every VM could be moved".to_owned(),
            (Hook::Restore, Outcome::Recovered) => "in service, and its VMs are back".to_owned(),
            (Hook::Restore, Outcome::Partly) => "not every VM could be brought back".to_owned(),
            // Some of it may be done.
            (Hook::Evacuate | Hook::Restore, Outcome::Held(failure)) => format!("stopped: {}", failure.what),
            (Hook::HostBack | Hook::VmDown | Hook::Watch | Hook::Evacuate | Hook::Restore, outcome) => {
                outcome.to_string()
            }
        }
    }
}

/// What became of a VM, in the words of what was asked for: `vm 4 web: moved: RUNNING on node3 (host 3)`.
#[must_use]
pub fn told(hook: Hook, vm: &VmReport) -> String {
    match &vm.fate {
        Fate::Recovered(text) if !vm.fate.is_deleted() => {
            format!("{} {}: {}: {text}", vm.id, vm.name, hook.done())
        }
        Fate::Recovered(_)
        | Fate::NotReady(_)
        | Fate::Planned(_)
        | Fate::Left(_)
        | Fate::Held(_)
        | Fate::Failed(_) => vm.to_string(),
    }
}
