//! `[vm_down]`, and what one run of it was told.

use crate::policy;
use crate::policy::settings::Purpose;
use crate::section::{NONE, SECOND, days, hours, minutes, number, seconds, section, time};
use std::time::Duration;

section! {
    /// How a VM that went down on a healthy host is started again.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rules {
        /// The time before each attempt: it may come back by itself, and a person may be at it.
        pub wait_interval: Duration = seconds(30), time(NONE, hours(1));
        /// Attempts on its own host before it is placed elsewhere; on `[settle] targets` other hosts after that.
        pub retry_count: u32 = 2, number(0, 20);
        /// After this long without an attempt a crash is a new one. Too many attempts within it are a crash loop, and end.
        ///
        /// The VM has run since.
        pub reset: Duration = hours(1), time(minutes(1), days(30));
        /// This many VMs of one host, or on one system datastore, that go down within `crowd_time` are a failure of that,
        /// and are not started again. Fewer than ten, because the hook manager starts ten hooks at once.
        pub crowd: u32 = 5, number(2, 10_000);
        /// The time in which they go down.
        pub crowd_time: Duration = minutes(1), time(SECOND, hours(1));
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
