//! The rules of `[plan]` that are no recovery's.

use crate::section::{NONE, days, minutes, number, section, time};
use std::time::Duration;

section! {
    /// `[plan]`: what is planned by day.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LossRules {
        /// How often `onerescue reconcile` plans for the loss of each host at most, where the cloud has changed; where it looks
        /// the same, six times as seldom. "0s": never.
        pub watch: Duration = minutes(10), time(NONE, days(1));
        /// The hosts of a cluster that may be lost at the same moment, whichever they are, without a VM that is held: 0 to 2.
        /// Below it `onerescue check` warns.
        pub reserve: u32 = 1, number(0, 2);
    }
}
