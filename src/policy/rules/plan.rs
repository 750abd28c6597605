//! The rules of `[plan]` and `[exclude]`: what becomes of the VMs, where a person has to choose.

use crate::model::{Owner, VmId};
use crate::section::{NONE, Raw, choice, days, few, minutes, plain, seconds, section, texts, time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

section! {
    /// How VMs are planned.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct PlanRules {
        /// The values of `HA_POLICY` that a VM's owner may choose, of NONE, MIGRATE, RECREATE and DELETE. The least
        /// destructive of `HA_POLICY` in the VM, the option -m, -r or -d, and `HA_POLICY` in the cluster is what happens;
        /// another value here is passed over.
        pub owner_may: BTreeSet<Wish> = BTreeSet::from([Wish::None, Wish::Migrate]), wishes;
        /// Hosts with `HA_STANDBY` = YES in their template: "first", before any other host; "only"; "last", when no other
        /// takes the VM.
        pub standby: Standby = Standby::First, choice;
        /// VMs that are to be kept apart or together (VM groups, `HA_LAYER`): "hard", one is held rather than put where
        /// that is broken; "soft", as the last resort it is put away from those that it goes with, and after that beside
        /// those that it is kept apart from. Which hosts a role may use is never broken.
        pub layers: Layers = Layers::Hard, choice;
        /// Whose VMs are of one layer if their `HA_LAYER` is the same: "owner", those of one owner; "group", of one group
        /// too, unless it is `users`, where everybody is; "all". The VMs of the group oneadmin count for everybody's.
        #[serde(default)]
        pub layer_scope: LayerScope = LayerScope::Group, choice;
        /// `SCHED_REQUIREMENTS` that only oned's scheduler can evaluate: "hold" the VM, or leave it to the "scheduler", by
        /// its RESCHED flag; it is held if that moves nothing in settle.scheduler.
        pub requirements: Requirements = Requirements::Hold, choice;
        /// A VM that would lose the state of its TPM or the variables of its UEFI: "hold" it, or move it and "lose" them.
        pub firmware: Firmware = Firmware::Hold, choice;
        /// A VM that is in `BOOT_FAILURE`, `PROLOG_FAILURE` or another failure: "hold" it, "leave" it as one that did not
        /// run, or "recover" it, which oned can do with -r and -d only, and only for one that was to start.
        #[serde(default)]
        pub failed: Failed = Failed::Hold, choice;
        /// A VM that oned's monitoring, and no person, found powered off so long before its host was last heard, or later, has
        /// fallen with the host: it is recovered and started like one that ran, with or without -f. "0s": none has.
        ///
        /// A shutdown of the hypervisor ends its guests first, and power that goes down slowly takes minutes.
        #[serde(default)]
        pub fell: Duration = minutes(10), time(NONE, days(1));
    } and {
        /// `[host_back] stable`: a host that was in ERROR within this time takes VMs only when no other does.
        #[serde(default = "returned")]
        pub returned: Duration = returned();
        /// VMs that are left alone.
        pub exclude: Exclusions = Exclusions::default();
    }
}

/// As long as `[host_back] stable`.
fn returned() -> Duration {
    seconds(200)
}

impl PlanRules {
    /// From when on a VM has fallen with a host that was last heard at this moment, in epoch seconds.
    pub(in crate::policy) fn fell_since(&self, heard: i64) -> Option<i64> {
        let before = i64::try_from(self.fell.as_secs()).ok().filter(|before| *before > 0)?;
        Some(heard.saturating_sub(before))
    }
}

/// `HA_POLICY`: what may happen to a VM, the least destructive first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Wish {
    /// `NONE`: nothing.
    None,
    /// `MIGRATE`: the same VM on another host.
    Migrate,
    /// `RECREATE`: made again from its images.
    Recreate,
    /// `DELETE`
    Delete,
}

impl Wish {
    /// Every value, the least destructive first.
    pub const ALL: [Wish; 4] = [Self::None, Self::Migrate, Self::Recreate, Self::Delete];

    /// The value that is written like this, in any case.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wish| wish.to_string().eq_ignore_ascii_case(word.trim()))
    }
}

/// The values in a list.
fn wishes(key: &str, raw: Raw) -> Result<BTreeSet<Wish>, String> {
    let words: Vec<String> = plain(key, raw)?;
    let unknown = |word| format!("{key}: {word:?} is none of NONE, MIGRATE, RECREATE and DELETE");
    words.iter().map(|word| Wish::read(word).ok_or_else(|| unknown(word))).collect()
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "NONE",
            Self::Migrate => "MIGRATE",
            Self::Recreate => "RECREATE",
            Self::Delete => "DELETE",
        })
    }
}

/// `plan.standby`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standby {
    /// Before any other host.
    First,
    /// No other host at all.
    Only,
    /// When no other host takes the VM.
    Last,
}

/// `plan.layers`: rules between VMs. Rules about hosts (`HOST_AFFINED`, `HOST_ANTI_AFFINED`, `SCHED_REQUIREMENTS`) are never
/// broken: a host that a person excluded may lack what the VM needs, or be somebody else's, and oned would take the VM there
/// without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layers {
    /// A VM is held rather than put beside one that it is to be kept apart from, or away from one that it goes with.
    Hard,
    /// It is put there as the last resort, and that is said.
    Soft,
}

/// `plan.layer_scope`: whose VMs are of one layer if their `HA_LAYER` is the same. Every owner may write any value, so a value
/// alone says nothing: it would let strangers keep a VM away from every host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LayerScope {
    /// Those of one owner.
    Owner,
    /// Those of one owner or one group; `users`, where everybody is, is no group in this sense.
    #[default]
    Group,
    /// All.
    All,
}

impl LayerScope {
    /// Does a VM of one owner keep away from one of another owner with the same `HA_LAYER`? From one of the group oneadmin
    /// everybody's does; that one keeps away from no stranger's, so that no stranger can hold it.
    #[must_use]
    pub fn binds(self, one: Owner, to: Owner) -> bool {
        to.is_admin()
            || match self {
                Self::Owner => one.user == to.user,
                Self::Group => one.belongs_with(to),
                Self::All => true,
            }
    }
}

/// `plan.requirements`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Requirements {
    /// The VM is held.
    Hold,
    /// It is left to oned's scheduler, by its RESCHED flag; held if that does not move it.
    Scheduler,
}

/// `plan.firmware`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Firmware {
    /// The VM is held.
    Hold,
    /// It is moved, and what it loses is said.
    Lose,
}

/// `plan.failed`: `BOOT_FAILURE`, `PROLOG_FAILURE` and the like. oned does not say since when a VM is in such a state: a
/// driver that was at work when the host died ends there too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failed {
    /// The VM is not touched, and counts as one that should be recovered and was not.
    #[default]
    Hold,
    /// The VM is not touched, and counts as one that did not run.
    Leave,
    /// One that was to start is created again with -r and deleted with -d. oned migrates none of them.
    Recover,
}

section! {
    /// `[exclude]`: VMs that no run touches, by any of these.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Exclusions {
        /// By id.
        pub vms: BTreeSet<VmId> = BTreeSet::new(), few;
        /// By name, with * and ?.
        ///
        /// `*` is any characters and `?` is one.
        pub names: Vec<String> = Vec::new(), texts;
        /// By label, a whole one.
        ///
        /// Of the list in `LABELS`.
        pub labels: BTreeSet<String> = BTreeSet::new(), texts;
        /// By the group of users that they belong to.
        pub groups: BTreeSet<String> = BTreeSet::new(), texts;
    }
}
