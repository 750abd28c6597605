//! `[host_back]`, and what one run of it was told.

use crate::policy::rules::{PlanRules, SettleRules, WaitRules, Window};
use crate::policy::settings::{HandOver, Purpose};
use std::time::Duration;

/// Whether VMs go back to a host that they were recovered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failback {
    /// They stay where they are.
    Never,
    /// One at a time, after the host has been MONITORED for this long.
    After(Duration),
}

/// What happens on a host that has come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long it must be MONITORED without a break. A host says every 180 s which VMs it has and which it has not;
    /// before that nobody knows what runs there. Source: `SYNC_STATE_VM` in `monitord.conf`.
    pub stable: Duration,
    /// How long a flapping host stays disabled.
    pub quarantine: Duration,
    /// Whether VMs go back.
    pub failback: Failback,
}

impl Rules {
    /// The longest time that a host must be MONITORED before something is due on it.
    pub(super) fn longest(self) -> Duration {
        match self.failback {
            Failback::Never => self.stable,
            Failback::After(time) => self.stable.max(time),
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            stable: Duration::from_secs(200),
            quarantine: Duration::from_secs(3600),
            failback: Failback::Never,
        }
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
    /// `[observer] leader`: whether the configured front-end must be the leader, or alone.
    pub leader: bool,
}
