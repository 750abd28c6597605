//! The rules of the settings file, with their defaults and why they are so.

mod plan;

pub use plan::{Exclusions, Failed, Firmware, LayerScope, Layers, PlanRules, Requirements, Standby, Wish};

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a host in ERROR with a failed probe's text means: such a text was sent by a live host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeError {
    /// The host is alive: do not fence.
    Hold,
    /// The operator trusts the ERROR state alone.
    Fence,
}

/// How long a host may come back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRules {
    /// `-p N`: cycles to wait. The stock hook's default is 2.
    pub cycles: u32,
    /// The length of a cycle. 60 s, as the stock hook effectively has it.
    pub cycle: Duration,
    /// The time between two looks at the host, and between two looks at VMs on their way.
    pub look: Duration,
    /// How long oned may be away before the run gives up.
    pub oned: Duration,
}

impl WaitRules {
    /// The time of all cycles together.
    #[must_use]
    pub fn whole(self) -> Duration {
        self.cycle.saturating_mul(self.cycles)
    }
}

/// How a host is powered off and proven off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FenceRules {
    /// Consecutive "off" answers that make a proof.
    pub samples: u32,
    /// The time between two samples.
    pub interval: Duration,
    /// How often `off` is sent to a device in all.
    pub attempts: u32,
    /// How long after `off` a device may take until it says off, before `off` is sent again.
    pub patience: Duration,
    /// The end of all attempts together.
    pub deadline: Duration,
    /// What a failed probe's text means.
    pub probe_error: ProbeError,
    /// Whether a device counts that was never seen ON while its host was healthy.
    pub control: Control,
    /// A device that was last seen ON longer ago than this does not authorise `-r` and `-d`.
    pub control_age: Duration,
    /// How often a host that was off and is on again is fenced again.
    pub again: u32,
    /// How old the last "off" may be when the next few VMs are sent on: nothing, so it is read again before each batch.
    pub recheck: Duration,
    /// Whether a host is fenced although none of its VMs can be recovered.
    pub without_gain: bool,
}

/// Whether a device must have been seen ON while its host was healthy. One that says off for an outlet that does not
/// exist would prove any host off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// It must; `onerescue check` writes that down.
    Required,
    /// The operator trusts every device as it is declared.
    Waived,
}

/// When not to fence, although the host is in ERROR: is it us?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrakeRules {
    /// More hosts than this that fail now are a storm, in the zone or in the host's cluster. One never is.
    pub failing: u32,
    /// The same as a share of all hosts, in percent.
    pub failing_percent: u32,
    /// Hosts that may be fenced in a short time.
    pub short: Window,
    /// And in a long one.
    pub long: Window,
    /// A host with this many ERROR events in such a time flaps.
    pub flaps: Window,
    /// After oned has started or the zone's leader has changed, hosts may look dead that are not.
    pub startup_grace: Duration,
    /// Whether the configured front-end must be the leader, or alone.
    pub leader: bool,
}

/// A number in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// How many.
    pub count: u32,
    /// In this time.
    pub time: Duration,
}

/// Who is asked whether the host is alive, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessRules {
    /// How many other hosts of the cluster are asked; 0 is none.
    pub peers: u32,
    /// Whether Consul is asked.
    pub consul: bool,
    /// This many that say alive stop the fence.
    pub alive: u32,
    /// This many must say that it does not answer before it is fenced; 0 is none. It never replaces the fence.
    pub dead: u32,
    /// How long a witness may go on to say alive after the host was proven off. Consul needs up to 15 s.
    pub after_off: Duration,
}

impl WitnessRules {
    /// Is anybody to be asked?
    #[must_use]
    pub fn any(&self) -> bool {
        self.peers > 0 || self.consul
    }
}

/// What is held is looked at again, more and more slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRules {
    /// The time to the first look; it doubles with each further one.
    pub look: Duration,
    /// The longest time between two looks.
    pub longest: Duration,
    /// How long a run looks again before it ends as held; the incident stays open.
    pub deadline: Duration,
    /// How long `onerescue reconcile` looks again at VMs that are held when everything else is done; zero: not at all.
    pub vms: Duration,
}

/// How long closed incidents are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRules {
    /// A closed one that is older is deleted, unless a brake still counts it.
    pub age: Duration,
    /// More than this many are not kept.
    pub most: u32,
}

/// Every rule of the settings file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// `[wait]`
    pub wait: WaitRules,
    /// `[brake]`
    pub brake: BrakeRules,
    /// `[witness]`
    pub witness: WitnessRules,
    /// `[fence]`
    pub fence: FenceRules,
    /// `[hold]`
    pub hold: HoldRules,
    /// `[settle]`
    pub settle: SettleRules,
    /// `[plan]` and `[exclude]`
    pub plan: PlanRules,
    /// `[record]`
    pub record: RecordRules,
}

/// Who chooses where a VM goes, with `-m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placement {
    /// The planner, which migrates it there.
    Direct,
    /// OpenNebula's scheduler, by the RESCHED flag, as with the stock hook; the planner takes over when it stops.
    Scheduler,
}

/// What becomes of a VM whose wait for others is over before they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Late {
    /// It is started without them.
    Go,
    /// It is held.
    Hold,
}

/// How VM actions are made and watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRules {
    /// Calls at the same time. oned has 15 connections for everybody.
    pub parallel: u32,
    /// Hosts that one VM is offered to in all.
    pub targets: u32,
    /// How often a VM in a failure state is retried where that is safe.
    pub retries: u32,
    /// The time between two retries of one VM. A busy oned takes a retry up late.
    pub retry_wait: Duration,
    /// How long a VM may take from the call to RUNNING elsewhere.
    pub deadline: Duration,
    /// How long VMs on the dead host may stay RUNNING or in a transient state after the fence, before they
    /// are held. A failed monitoring cycle takes about 195 s.
    pub unknown: Duration,
    /// How long a recreated VM may sit in `CLEANUP_RESUBMIT` before the call is repeated.
    pub cleanup: Duration,
    /// Who chooses where a VM goes.
    pub placement: Placement,
    /// How long the scheduler may move no VM before the planner takes over.
    pub scheduler: Duration,
    /// How long a VM waits for those that must run first.
    pub after_wait: Duration,
    /// What becomes of it then.
    pub after_late: Late,
}

impl Default for WaitRules {
    fn default() -> Self {
        Self {
            cycles: 2,
            cycle: Duration::from_secs(60),
            look: Duration::from_secs(5),
            oned: Duration::from_secs(300),
        }
    }
}

impl Default for FenceRules {
    fn default() -> Self {
        Self {
            samples: 3,
            interval: Duration::from_secs(2),
            attempts: 3,
            patience: Duration::from_secs(30),
            deadline: Duration::from_secs(300),
            probe_error: ProbeError::Hold,
            control: Control::Required,
            control_age: Duration::from_secs(30 * 24 * 3600),
            again: 2,
            recheck: Duration::ZERO,
            without_gain: false,
        }
    }
}

impl Default for RecordRules {
    fn default() -> Self {
        Self { age: Duration::from_secs(90 * 24 * 3600), most: 200 }
    }
}

impl Default for SettleRules {
    fn default() -> Self {
        Self {
            parallel: 4,
            targets: 3,
            retries: 1,
            retry_wait: Duration::from_secs(30),
            deadline: Duration::from_secs(600),
            unknown: Duration::from_secs(400),
            cleanup: Duration::from_secs(60),
            placement: Placement::Direct,
            scheduler: Duration::from_secs(120),
            after_wait: Duration::from_secs(300),
            after_late: Late::Go,
        }
    }
}

impl Default for BrakeRules {
    fn default() -> Self {
        let minutes = |count: u32, minutes: u64| Window { count, time: Duration::from_secs(minutes * 60) };
        Self {
            failing: 4,
            failing_percent: 50,
            short: minutes(3, 15),
            long: minutes(10, 24 * 60),
            flaps: minutes(3, 60),
            startup_grace: Duration::from_secs(300),
            leader: true,
        }
    }
}

/// Nobody is asked: who can be asked depends on the site.
impl Default for WitnessRules {
    fn default() -> Self {
        Self { peers: 0, consul: false, alive: 1, dead: 0, after_off: Duration::from_secs(20) }
    }
}

/// For an hour, at least every five minutes; held VMs for a day.
impl Default for HoldRules {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(30),
            longest: Duration::from_secs(300),
            deadline: Duration::from_secs(3600),
            vms: Duration::from_secs(24 * 3600),
        }
    }
}
