//! `[host_back]` and `[vm_down]`, as they are written, and their bounds.

use super::file::{DAY, HOUR, MINUTE, SECOND, within};
use crate::policy::{BrakeRules, Window, down, host_back};
use jiff::fmt::serde::unsigned_duration::friendly::compact::required;
use serde::Deserialize;
use std::time::Duration;

/// `[host_back]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HostBack {
    #[serde(with = "required")]
    stable: Duration,
    #[serde(with = "required")]
    quarantine: Duration,
    failback: FailbackWord,
    #[serde(with = "required")]
    failback_stable: Duration,
}

/// `failback`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FailbackWord {
    Never,
    After,
}

impl Default for HostBack {
    fn default() -> Self {
        let host_back::Rules { stable, quarantine, failback: _ } = host_back::Rules::default();
        let failback_stable = 30 * MINUTE;
        Self { stable, quarantine, failback: FailbackWord::Never, failback_stable }
    }
}

impl HostBack {
    /// A quarantine that is shorter than the time in which failures are counted would begin again at once.
    pub(super) fn check(self, brake: &BrakeRules) -> Result<host_back::Rules, String> {
        let Window { count: _, time } = brake.flaps;
        let quarantine = within("host_back.quarantine", self.quarantine, MINUTE..=30 * DAY)?;
        if quarantine < time {
            return Err(format!("host_back.quarantine is {quarantine:?}, shorter than brake.flap_time"));
        }
        let failback_stable = within("host_back.failback_stable", self.failback_stable, SECOND..=DAY)?;
        Ok(host_back::Rules {
            stable: within("host_back.stable", self.stable, SECOND..=HOUR)?,
            quarantine,
            failback: match self.failback {
                FailbackWord::Never => host_back::Failback::Never,
                FailbackWord::After => host_back::Failback::After(failback_stable),
            },
        })
    }
}

/// `[vm_down]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VmDown {
    #[serde(with = "required")]
    wait_interval: Duration,
    retry_count: u32,
    #[serde(with = "required")]
    reset: Duration,
    crowd: u32,
    #[serde(with = "required")]
    crowd_time: Duration,
}

impl Default for VmDown {
    fn default() -> Self {
        let down::Rules { wait_interval, retry_count, reset, crowd } = down::Rules::default();
        Self { wait_interval, retry_count, reset, crowd: crowd.count, crowd_time: crowd.time }
    }
}

impl VmDown {
    /// A crowd must be seen while the first of its hooks still wait.
    pub(super) fn check(self) -> Result<down::Rules, String> {
        let crowd_time = within("vm_down.crowd_time", self.crowd_time, SECOND..=HOUR)?;
        let wait_interval = within("vm_down.wait_interval", self.wait_interval, Duration::ZERO..=HOUR)?;
        if crowd_time < wait_interval {
            return Err(format!("vm_down.crowd_time is {crowd_time:?}, shorter than vm_down.wait_interval"));
        }
        Ok(down::Rules {
            wait_interval,
            retry_count: within("vm_down.retry_count", self.retry_count, 0..=20)?,
            reset: within("vm_down.reset", self.reset, MINUTE..=30 * DAY)?,
            crowd: Window { count: within("vm_down.crowd", self.crowd, 2..=10_000)?, time: crowd_time },
        })
    }
}
