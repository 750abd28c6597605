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
    /// Cycles to wait; the option -p wins.
    ///
    /// `-p N`. The stock hook's default is 2.
    pub cycles: u32,
    /// The length of a cycle.
    ///
    /// 60 s, as the stock hook effectively has it.
    pub cycle: Duration,
    /// The time between two looks at the host, and at VMs on their way.
    pub look: Duration,
    /// The first look at VMs that were sent on comes after this; then the time doubles until it is `look`. "0s": it is `look`
    /// at once.
    #[serde(default)]
    pub first_look: Duration,
    /// How long oned may be away before the run gives up.
    pub oned: Duration,
    /// A host that says that it saves its crash dump is not fenced for at most so long. `fence_kdump`, of `agents_dir`, listens
    /// for that before the first "off", which costs 25 s where nothing is said. "0s": nobody listens.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub dump: Duration,
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
    /// The time between two of them; longer than the device remembers an old answer.
    pub interval: Duration,
    /// How often a device is told to power off.
    pub attempts: u32,
    /// How long it may take until it says off, before it is told again.
    pub patience: Duration,
    /// The end of all attempts; a call that is under way then may still end.
    pub deadline: Duration,
    /// A host in ERROR whose failed probe sent a text was alive: "hold" stops there, "fence" goes on.
    pub probe_error: ProbeError,
    /// A device must have been seen ON by `onerescue check` while its host was healthy: "required" or "waived".
    pub control: Control,
    /// When that is longer ago, the device does not authorise -r and -d.
    pub control_age: Duration,
    /// How often a host that was off and is on again is fenced again.
    pub again: u32,
    /// How old the last "off" may be when the next VMs (as many as `[settle] parallel`) are sent on: no machine boots and is given
    /// a VM in less. From half of that on it is read again, beside the orders. "0s": it is read before each batch, which waits for
    /// it. A device that takes more than 5 s for an answer may have up to 30s.
    pub recheck: Duration,
    /// A host none of whose VMs can be recovered (held, no room, opted out, or there are none) is not fenced: true
    /// fences it all the same. `fence_host` always fences.
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
    /// More hosts than this that fail now, in the zone or in the host's cluster, are a storm; a single one never is.
    pub failing: u32,
    /// The same in percent of all hosts.
    pub failing_percent: u32,
    /// Hosts that may be fenced in a short time, counted over all front-ends.
    pub short: Window,
    /// And in a long one.
    pub long: Window,
    /// So many ERROR events of one host in this time are flapping.
    pub flaps: Window,
    /// After oned has started, hosts may look dead that are not; after a change of leader as well: then nothing is sent
    /// to a host whose device says on. A change counts from when a program of this front-end first saw it.
    pub startup_grace: Duration,
    /// It must be the leader of its zone, or alone.
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
    /// How many other hosts of the cluster are asked, over ssh with oneadmin's keys; 0 = none.
    pub peers: u32,
    /// Whether Consul is asked.
    pub consul: bool,
    /// This many that say alive stop the fence.
    pub alive: u32,
    /// This many must say that it does not answer before it is fenced.
    ///
    /// 0 is none. It never replaces the fence.
    pub dead: u32,
    /// How long a witness may go on to say alive after the host was proven off.
    ///
    /// Consul needs up to 15 s.
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
    /// How long a run looks again before it ends as held. The incident stays open.
    pub deadline: Duration,
    /// VMs that are held when everything else is done, because no host has room or a disk cannot be had: reconcile
    /// looks at them again for so long, as rarely as above, and moves them (-m) when they can be. It never sends "off"
    /// for that. "0s": not at all.
    pub vms: Duration,
}

/// How long closed incidents are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRules {
    /// Closed incidents are deleted when they are older, or more; never one that a brake still counts.
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
    /// Calls at the same time, 1 to 10; oned has 15 connections for everybody.
    pub parallel: u32,
    /// Hosts that one VM is offered to.
    pub targets: u32,
    /// How often a VM in a failure state is retried on the host that it was sent to, while that host is well.
    pub retries: u32,
    /// The time between two of these retries.
    ///
    /// A busy oned takes a retry up late.
    pub retry_wait: Duration,
    /// How long a VM may take until it runs elsewhere.
    pub deadline: Duration,
    /// How long VMs may still be RUNNING on the dead host after the fence, before they are held.
    ///
    /// Or in a transient state. A failed monitoring cycle takes about 195 s.
    pub unknown: Duration,
    /// How long a recreated VM may be cleaned up before the call is repeated.
    ///
    /// That is in `CLEANUP_RESUBMIT`.
    pub cleanup: Duration,
    /// Who chooses where a VM goes with -m: "direct" is the planner; "scheduler" sets RESCHED, as the stock hook does,
    /// when the VM is UNKNOWN. VMs with PCI devices, which the scheduler cannot move, and those with an `HA_LAYER`,
    /// which it does not know, go directly in any case.
    pub placement: Placement,
    /// A scheduler that moves no VM for this long is taken over from: the rest goes directly.
    pub scheduler: Duration,
    /// How long a VM waits until those run that must run first.
    pub after_wait: Duration,
    /// Then, or as soon as one of them is held or has failed, it is started without them ("go") or held ("hold").
    pub after_late: Late,
    /// A host that was not seen to start a VM of this incident gets one VM first. The others that go there wait until it
    /// runs or fails, for this long at most; then they go elsewhere where they fit, and there where they do not. "0s":
    /// nobody waits.
    #[serde(default)]
    pub first_wait: Duration,
    /// A host where so many VMs do not start, and fewer run, takes no more VMs of this incident; if all are of one owner, none of
    /// that owner. 0: it goes on taking them.
    #[serde(default)]
    pub failures: u32,
}

impl Default for WaitRules {
    fn default() -> Self {
        Self {
            cycles: 2,
            cycle: Duration::from_secs(60),
            look: Duration::from_secs(5),
            first_look: Duration::from_millis(500),
            oned: Duration::from_secs(300),
            dump: Duration::ZERO,
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
            recheck: Duration::from_secs(10),
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
            first_wait: Duration::from_secs(10),
            failures: 2,
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
