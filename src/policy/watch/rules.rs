//! `[watch]`, and what else a watcher goes by.

use crate::policy::rules::{BrakeRules, Control, ObserverRules, Rules as AllRules, WitnessRules};
use crate::section::{SECOND, minutes, number, seconds, section, time};
use std::time::Duration;

section! {
    /// How hosts are watched.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Rules {
        /// The time between two connections to the ssh port of one host.
        pub every: Duration = seconds(2), time(SECOND, minutes(1));
        /// A host that has given no ssh banner for so long is asked about: its devices, then its peers.
        ///
        /// A packet that is lost is sent again after 1, 3 and 7 s; a restarted sshd is back sooner.
        pub silence: Duration = seconds(10), time(SECOND, minutes(10));
        /// The port of sshd on every host. Where this is 22, a port that oneadmin's ssh has for a host wins.
        pub port: u32 = 22, number(1, 65_535);
    }
}

/// Everything that a watcher goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `[watch]`
    pub watch: Rules,
    /// `[brake]`: those of a recovery.
    pub brake: BrakeRules,
    /// `[observer]`: whether this front-end must lead.
    pub observer: ObserverRules,
    /// `[witness]`: who is asked whether a host that is silent here is alive.
    pub witness: WitnessRules,
    /// `[fence] seen_on`: whose "off" says something.
    pub control: Control,
    /// No other watcher of this front-end is at work: what an earlier one has left is nobody's.
    pub alone: bool,
}

impl Policy {
    /// These rules, for the one watcher of a front-end.
    #[must_use]
    pub fn of(watch: Rules, rules: &AllRules) -> Self {
        let AllRules { brake, observer, witness, fence, .. } = rules;
        Self {
            watch,
            brake: *brake,
            observer: *observer,
            witness: *witness,
            control: fence.seen_on,
            alone: true,
        }
    }
}
