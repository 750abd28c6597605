//! `[evacuate]`, and what one run of it was told.

use crate::policy::rules::{PlanRules, SettleRules, WaitRules};
use crate::policy::settings::{Force, Purpose};
use crate::section::{days, hours, minutes, number, section, time};
use std::time::Duration;

section! {
    /// How a host is emptied.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rules {
        /// VMs that are on their way to one target at the same time.
        pub parallel: u32 = 1, number(1, 100);
        /// VMs that are on their way at the same time, to all targets together.
        pub overall: u32 = 4, number(1, 100);
        /// A VM that is on its way for longer is named as failed, and not waited for any more. Its driver goes on.
        pub deadline: Duration = hours(1), time(minutes(1), days(2));
    }
}

/// Whether VMs that cannot be moved keep the others from being moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What can be moved is moved, and the rest is named.
    WhatCan,
    /// `--all-or-nothing`: nothing is touched then.
    AllOrNothing,
}

/// Everything that one run goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `--dry-run` or not.
    pub purpose: Purpose,
    /// `--all`: POWEROFF and SUSPENDED VMs too.
    pub force: Force,
    /// `--all-or-nothing`
    pub extent: Extent,
    /// Who wants it.
    pub by: String,
    /// `--reason`
    pub reason: String,
    /// `[evacuate]`
    pub rules: Rules,
    /// `[wait]`
    pub wait: WaitRules,
    /// `[settle]`
    pub settle: SettleRules,
    /// `[plan]`
    pub plan: PlanRules,
    /// `[observer] leader`: whether the configured front-end must be the leader, or alone.
    pub leader: bool,
}
