//! `[host_back]` and `[vm_down]`, as they are written, and their bounds.

use super::file::{DAY, HOUR, MINUTE, SECOND, within};
use crate::policy::back;
use crate::policy::{BrakeRules, Window};
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
}

impl Default for HostBack {
    fn default() -> Self {
        let back::Rules { stable, quarantine, failback: _ } = back::Rules::default();
        Self { stable, quarantine }
    }
}

impl HostBack {
    /// A quarantine that is shorter than the time in which failures are counted would begin again at once.
    pub(super) fn check(self, brake: &BrakeRules) -> Result<back::Rules, String> {
        let Window { count: _, time } = brake.flaps;
        let quarantine = within("host_back.quarantine", self.quarantine, MINUTE..=30 * DAY)?;
        if quarantine < time {
            return Err(format!("host_back.quarantine is {quarantine:?}, shorter than brake.flap_time"));
        }
        Ok(back::Rules {
            stable: within("host_back.stable", self.stable, SECOND..=HOUR)?,
            quarantine,
            failback: back::Failback::Never,
        })
    }
}
