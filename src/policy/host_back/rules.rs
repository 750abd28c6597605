//! `[host_back]`, and what one run of it was told.

use crate::policy::rules::{PlanRules, SettleRules, WaitRules, Window};
use crate::policy::settings::{HandOver, Purpose};
use crate::section::{SECOND, choice, days, hours, minutes, seconds, section, time};
use serde::Deserialize;
use std::time::Duration;

/// The longest time between two looks at VMs that could not be started.
pub(super) const LATER: Duration = Duration::from_secs(900);

/// Whether VMs go back to a host that they were recovered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Failback {
    /// They stay where they are.
    Never,
    /// One at a time, after the host has been MONITORED for `failback_stable`.
    After,
}

section! {
    /// What happens on a host that has come back.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rules {
        /// It must be MONITORED without a break for this long before VMs are started on it. Once in 180 s a host says which
        /// VMs it has, and before that nobody knows; without `--hand-over` this is also how long the hook keeps one of the
        /// hook manager's ten slots.
        ///
        /// Source: `SYNC_STATE_VM` in `monitord.conf`.
        pub stable: Duration = seconds(200), time(SECOND, hours(1));
        /// A host that has failed too often (`[brake] flaps`) is disabled for this long; not shorter than `flap_time`.
        pub quarantine: Duration = hours(1), time(minutes(1), days(30));
        /// "after": when it has been MONITORED for `failback_stable`, VMs that its last incident moved away go back, one at
        /// a time, live, where the planner would place them there. Without `--hand-over` the hook keeps its slot for that
        /// long. "never": they stay.
        pub failback: Failback = Failback::Never, choice;
        /// How long it must have been MONITORED before VMs go back to it.
        pub failback_stable: Duration = minutes(30), time(SECOND, days(1));
    }
}

impl Rules {
    /// The longest time from now until something is due on a host.
    pub(super) fn longest(self) -> Duration {
        let stands = match self.failback {
            Failback::Never => self.stable,
            Failback::After => self.stable.max(self.failback_stable),
        };
        stands.max(LATER)
    }
}

/// Everything that one run goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `--dry-run` or not.
    pub purpose: Purpose,
    /// `--hand-over`
    pub hand_over: HandOver,
    /// `[host_back]`
    pub back: Rules,
    /// `[wait]`
    pub wait: WaitRules,
    /// `[settle]`
    pub settle: SettleRules,
    /// `[plan]`, for VMs that go back.
    pub plan: PlanRules,
    /// `[brake] flaps`
    pub flaps: Window,
    /// `[hold] vms`: for how long VMs that could not be started are looked at again.
    pub again: Duration,
    /// `[witness] peers`: how many hosts are asked whether they run what is to be started.
    pub peers: u32,
    /// `[observer] leader`: whether the configured front-end must be the leader, or alone.
    pub leader: bool,
}
