//! The rules of the settings file, with their defaults and why they are so.

mod plan;
mod ready;

pub use plan::{Exclusions, Failed, Firmware, LayerScope, Layers, PlanRules, Requirements, Standby, Wish};
pub use ready::{NotReady, ReadyKind, ReadyRules, Subnet};

use crate::section::{
    MILLISECOND, NONE, SECOND, TENTH, choice, days, hours, minutes, number, plain, seconds, section, time,
};
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

section! {
    /// How long a host may come back by itself.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct WaitRules {
        /// Cycles to wait; the option -p wins.
        ///
        /// `-p N`. The stock hook's default is 2.
        pub cycles: u32 = 2, number(0, 1000);
        /// The length of a cycle.
        ///
        /// 60 s, as the stock hook effectively has it.
        pub cycle: Duration = minutes(1), time(TENTH, hours(1));
        /// The time between two looks at the host, and at VMs on their way.
        pub look: Duration = seconds(5), time(TENTH, minutes(5));
        /// The first look at VMs that were sent on comes after this; then the time doubles until it is `look`. "0s": it is `look`
        /// at once.
        #[serde(default)]
        pub first_look: Duration = Duration::from_millis(500), time(NONE, minutes(5));
        /// How long oned may be away before the run gives up.
        pub oned: Duration = minutes(5), time(SECOND, days(1));
        /// The wait is over before its time when at least two witnesses have got no answer for so long, and none has got one. "0s":
        /// only devices end it, which have said off three times in a row.
        #[serde(default)]
        pub sure: Duration = seconds(30), time(NONE, hours(1));
        /// A host that says that it saves its crash dump is not fenced for at most so long. `fence_kdump`, of `agents_dir`, listens
        /// for that before the first "off", which costs 25 s where nothing is said. "0s": nobody listens.
        #[serde(default, skip_serializing_if = "Duration::is_zero")]
        pub dump: Duration = NONE, time(NONE, days(1));
    }
}

impl WaitRules {
    /// The time of all cycles together.
    #[must_use]
    pub fn whole(self) -> Duration {
        self.cycle.saturating_mul(self.cycles)
    }
}

section! {
    /// How a host is powered off and proven off.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct FenceRules {
        /// Consecutive "off" answers that make a proof.
        pub samples: u32 = 3, number(1, 100);
        /// The time between two of them; longer than the device remembers an old answer.
        pub interval: Duration = seconds(2), time(MILLISECOND, minutes(5));
        /// How often a device is told to power off.
        pub attempts: u32 = 3, number(1, 100);
        /// How long it may take until it says off, before it is told again.
        pub patience: Duration = seconds(30), time(NONE, hours(1));
        /// The end of all attempts; a call that is under way then may still end.
        pub deadline: Duration = minutes(5), time(SECOND, hours(1));
        /// A host in ERROR whose failed probe sent a text was alive: "hold" stops there, "fence" goes on.
        pub probe_error: ProbeError = ProbeError::Hold, choice;
        /// A device must have been seen ON by `onerescue check` while its host was healthy: "required" or "waived".
        pub seen_on: Control = Control::Required, choice;
        /// When that is longer ago, the device does not authorise -r and -d.
        pub seen_on_age: Duration = days(30), time(hours(1), days(3650));
        /// How often a host that was off and is on again is fenced again.
        pub again: u32 = 2, number(0, 10);
        /// How old the last "off" may be when the next VMs (as many as `[settle] parallel`) are sent on: no machine boots and is given
        /// a VM in less. From half of that on it is read again, beside the orders. "0s": it is read before each batch, which waits for
        /// it. A device that takes more than 5 s for an answer may have up to 30s.
        pub recheck: Duration = seconds(10), time(NONE, seconds(30));
        /// A host none of whose VMs can be recovered (held, no room, opted out, or there are none) is not fenced: true
        /// fences it all the same. `fence_host` always fences.
        pub without_gain: bool = false, plain;
    }
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

section! {
    /// When not to fence, although the host is in ERROR: is it us?
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct BrakeRules {
        /// More hosts than this that fail now, in the zone or in the host's cluster, are a storm; a single one never is.
        pub failing: u32 = 4, number(1, 100_000);
        /// The same in percent of all hosts.
        pub failing_percent: u32 = 50, number(1, 100);
        /// Hosts that may be fenced in a short time, counted over all front-ends.
        pub fenced_short: u32 = 3, number(1, 1000);
        /// The short time.
        pub short: Duration = minutes(15), time(minutes(1), days(1));
        /// And in a long one.
        pub fenced_long: u32 = 10, number(1, 1000);
        /// The long time.
        pub long: Duration = days(1), time(minutes(1), days(30));
        /// So many ERROR events of one host in this time are flapping.
        pub flaps: u32 = 3, number(1, 1000);
        /// The time in which they are counted.
        pub flap_time: Duration = hours(1), time(minutes(1), days(1));
        /// After oned has started, hosts may look dead that are not; after a change of leader as well: then nothing is sent
        /// to a host whose device says on. A change counts from when a program of this front-end first saw it.
        pub startup_grace: Duration = minutes(5), time(NONE, days(1));
    }
}

impl BrakeRules {
    /// How many hosts may be fenced, in a short time and in a long one.
    #[must_use]
    pub fn fenced(&self) -> [Window; 2] {
        [(self.fenced_short, self.short), (self.fenced_long, self.long)]
            .map(|(count, time)| Window { count, time })
    }

    /// From how many ERROR events on a host flaps.
    #[must_use]
    pub fn flapping(&self) -> Window {
        Window { count: self.flaps, time: self.flap_time }
    }
}

section! {
    /// Which front-end may act.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct ObserverRules {
        /// It must be the leader of its zone, or alone.
        pub leader: bool = true, plain;
    }
}

/// A number in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many.
    pub count: u32,
    /// In this time.
    pub time: Duration,
}

section! {
    /// Who is asked whether the host is alive, and what follows.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct WitnessRules {
        /// How many other hosts of the cluster are asked, over ssh with oneadmin's keys; 0 = none.
        pub peers: u32 = 2, number(0, 10);
        /// This many that say alive stop the fence.
        pub alive: u32 = 1, number(1, 11);
        /// This many must say that it does not answer before it is fenced.
        ///
        /// 0 is none. It never replaces the fence.
        pub dead: u32 = 0, number(0, 11);
        /// How long a witness may go on to say alive after the host was proven off.
        ///
        /// Consul needs up to 15 s.
        pub after_off: Duration = seconds(20), time(NONE, minutes(10));
    } and {
        /// Whether Consul is asked.
        pub consul: bool = false;
    }
}

impl WitnessRules {
    /// Is anybody to be asked?
    #[must_use]
    pub fn any(&self) -> bool {
        self.peers > 0 || self.consul
    }
}

section! {
    /// What is held is looked at again, more and more slowly.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct HoldRules {
        /// The time to the first look; it doubles with each further one.
        pub look: Duration = seconds(30), time(TENTH, hours(1));
        /// The longest time between two looks.
        pub longest: Duration = minutes(5), time(NONE, hours(1));
        /// How long a run looks again before it ends as held. The incident stays open.
        pub deadline: Duration = hours(1), time(NONE, days(1));
        /// VMs that are held when everything else is done, because no host has room or a disk cannot be had: reconcile
        /// looks at them again for so long, as rarely as above, and moves them (-m) when they can be. It never sends "off"
        /// for that. "0s": not at all.
        pub vms: Duration = days(1), time(NONE, days(30));
    }
}

section! {
    /// How long closed incidents are remembered.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct RecordRules {
        /// Closed incidents are deleted when they are older, or more; never one that a brake still counts.
        pub age: Duration = days(90), time(days(1), days(3650));
        /// More than this many are not kept.
        pub most: u32 = 200, number(10, 10_000);
    }
}

/// Every rule of the settings file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// `[wait]`
    pub wait: WaitRules,
    /// `[brake]`
    pub brake: BrakeRules,
    /// `[observer]`
    pub observer: ObserverRules,
    /// `[witness]`
    pub witness: WitnessRules,
    /// `[fence]`
    pub fence: FenceRules,
    /// `[hold]`
    pub hold: HoldRules,
    /// `[settle]`
    pub settle: SettleRules,
    /// `[ready]`
    #[serde(default)]
    pub ready: ReadyRules,
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

section! {
    /// How VM actions are made and watched.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct SettleRules {
        /// Calls at the same time, 1 to 10; oned has 15 connections for everybody.
        pub parallel: u32 = 4, number(1, 10);
        /// Hosts that one VM is offered to.
        pub targets: u32 = 3, number(1, 100);
        /// How often a VM in a failure state is retried on the host that it was sent to, while that host is well.
        pub retries: u32 = 1, number(0, 100);
        /// The time between two of these retries.
        ///
        /// A busy oned takes a retry up late.
        pub retry_wait: Duration = seconds(30), time(TENTH, hours(1));
        /// How long a VM may take until it runs elsewhere.
        pub deadline: Duration = minutes(10), time(SECOND, days(1));
        /// How long VMs may still be RUNNING on the dead host after the fence, before they are held.
        ///
        /// Or in a transient state. A failed monitoring cycle takes about 195 s.
        pub unknown: Duration = seconds(400), time(NONE, days(1));
        /// How long a recreated VM may be cleaned up before the call is repeated.
        ///
        /// That is in `CLEANUP_RESUBMIT`.
        pub cleanup: Duration = minutes(1), time(SECOND, days(1));
        /// Who chooses where a VM goes with -m: "direct" is the planner; "scheduler" sets RESCHED, as the stock hook does,
        /// when the VM is UNKNOWN. VMs with PCI devices, which the scheduler cannot move, and those with an `HA_LAYER`,
        /// which it does not know, go directly in any case.
        pub placement: Placement = Placement::Direct, choice;
        /// A scheduler that moves no VM for this long is taken over from: the rest goes directly.
        pub scheduler: Duration = minutes(2), time(SECOND, days(1));
        /// How long a VM waits until those run that must run first.
        pub after_wait: Duration = minutes(5), time(NONE, days(1));
        /// Then it is started without them ("go") or held ("hold"). One that never will run holds it at once ("hold"), or lets it
        /// go when none of the others is still coming ("go").
        pub after_late: Late = Late::Go, choice;
        /// A host that was not seen to start a VM of this incident gets one VM first. The others that go there wait until it
        /// runs or fails, for this long at most; then they go elsewhere where they fit, and there where they do not. "0s":
        /// nobody waits.
        #[serde(default)]
        pub first_wait: Duration = seconds(10), time(NONE, hours(1));
        /// A host where so many VMs do not start, and fewer run, takes no more VMs of this incident; if all are of one owner, none of
        /// that owner. 0: it goes on taking them.
        #[serde(default)]
        pub failures: u32 = 2, number(0, 100);
    }
}
