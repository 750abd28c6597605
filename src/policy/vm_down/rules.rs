//! `[vm_down]`, and what one run of it was told.

use crate::policy;
use crate::policy::rules::Window;
use crate::policy::settings::Purpose;
use std::time::Duration;

/// How a VM that went down on a healthy host is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The time before each attempt: it may come back by itself, and a person may be at it.
    pub wait_interval: Duration,
    /// Attempts on its own host before it is placed elsewhere; on `[settle] targets` other hosts after that.
    pub retry_count: u32,
    /// After this long without an attempt a crash is a new one. Too many attempts within it are a crash loop, and end.
    ///
    /// The VM has run since.
    pub reset: Duration,
    /// This many VMs of one host, or on one system datastore, that go down within `crowd_time` are a failure of that,
    /// and are not started again. Fewer than ten, because the hook manager starts ten hooks at once.
    pub crowd: Window,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            wait_interval: Duration::from_secs(30),
            retry_count: 2,
            reset: Duration::from_secs(3600),
            crowd: Window { count: 5, time: Duration::from_secs(60) },
        }
    }
}

/// Everything that one run goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `--dry-run` or not.
    pub purpose: Purpose,
    /// `[vm_down]`
    pub down: Rules,
    /// The other sections: waiting, settling, placing.
    pub rules: policy::Rules,
}
