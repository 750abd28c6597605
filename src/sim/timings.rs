//! How long things take in the simulated cloud, and how its drivers end.

use std::time::Duration;

/// How a driver action ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// Well, unless a host that it needs cannot be reached.
    #[default]
    Works,
    /// Badly, every time.
    Fails,
    /// Badly this many times, then well.
    FailsTimes(u32),
    /// Never.
    Hangs,
}

/// What a driver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Disks: prolog, migration of files, epilog.
    Transfer,
    /// Starting the domain.
    Boot,
    /// Saving the domain's memory, or moving it live.
    Save,
    /// Ending the domain.
    Shutdown,
    /// Removing what a VM left, for delete and delete-recreate.
    Cleanup,
    /// Hotplug, snapshots, backup and the rest.
    Other,
}

/// How long things take in the simulated cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// From a host's death to ERROR. `Duration::ZERO`: at once.
    pub detection: Duration,
    /// From enabling a host that was OFFLINE and is dead to ERROR: its ssh fails. Measured where there is no route.
    pub forced_failure: Duration,
    /// From enabling a host that was OFFLINE and is well to its next beacon. Measured.
    pub forced_report: Duration,
    /// Between the failed monitoring cycles of a dead host.
    pub monitor_cycle: Duration,
    /// From the host's ERROR to its first VM's UNKNOWN.
    pub first_unknown: Duration,
    /// From one VM's UNKNOWN to the next one's.
    pub next_unknown: Duration,
    /// From a host's return to MONITORED.
    pub host_report: Duration,
    /// From MONITORED to the first full report of its VMs.
    pub vm_report: Duration,
    /// From an accepted action to the life-cycle manager taking it up.
    pub lcm: Duration,
    /// A transfer driver's action.
    pub transfer: Duration,
    /// Starting a domain.
    pub boot: Duration,
    /// Saving, shutting down, hotplug and the rest.
    pub action: Duration,
    /// How long a driver tries to reach a dead host before it fails.
    pub ssh_timeout: Duration,
    /// How long delete-recreate is stuck on a dead host.
    pub cleanup_stuck: Duration,
    /// Between two looks of the scheduler.
    pub scheduler: Duration,
    /// How far a follower's answers lie behind.
    pub follower_lag: Duration,
    /// How long followers still forward to a dead leader.
    pub leader_timeout: Duration,
    /// From a leader's death to the next leader.
    pub election: Duration,
    /// How long each write takes on a leader that came from an election; 86 to 106 s were seen in one lab.
    pub write_after_election: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        let ms = Duration::from_millis;
        Timings {
            detection: ms(200_000),
            forced_failure: ms(3_000),
            forced_report: ms(36_000),
            monitor_cycle: ms(195_000),
            first_unknown: ms(500),
            next_unknown: ms(40),
            host_report: ms(30_000),
            vm_report: ms(30_000),
            lcm: ms(20),
            transfer: ms(300),
            boot: ms(700),
            action: ms(500),
            ssh_timeout: ms(30_000),
            cleanup_stuck: ms(300_000),
            scheduler: ms(15_000),
            follower_lag: ms(100),
            leader_timeout: ms(2_500),
            election: ms(8_000),
            write_after_election: Duration::ZERO,
        }
    }
}
