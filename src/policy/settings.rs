//! What the operator chose: the flags of one run, over the rules of the settings file.

use super::rules::{
    BrakeRules, FenceRules, HoldRules, ObserverRules, PlanRules, ReadyRules, RecordRules, Rules, SettleRules,
    WaitRules, WitnessRules,
};
pub use crate::model::{Fencing, Force, Mode};
use serde::{Deserialize, Serialize};

/// Whether this run acts or only says what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// The real thing.
    Recover,
    /// `--dry-run`: read, plan, tell; send nothing.
    Rehearse,
    /// `fence_host`: power the host off, prove it, and leave its VMs to the caller.
    Fence,
}

/// Whether a run waits itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandOver {
    /// The default: it waits for the host to come back, and looks again while it is held.
    No,
    /// `--hand-over`: it ends where it would wait, and `onerescue reconcile` goes on when that time is over.
    Yes,
}

/// Everything the operator chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `-m`, `-r` or `-d`.
    pub mode: Mode,
    /// `-f`
    pub force: Force,
    /// `-u`
    pub fencing: Fencing,
    /// `--dry-run`
    pub purpose: Purpose,
    /// `--hand-over`
    pub hand_over: HandOver,
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

impl Policy {
    /// The defaults with this mode.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self::under(mode, Rules::default())
    }

    /// These rules with this mode, and no other flag.
    #[must_use]
    pub fn under(mode: Mode, rules: Rules) -> Self {
        let Rules { wait, brake, observer, witness, fence, hold, settle, ready, plan, record } = rules;
        Self {
            mode,
            force: Force::RunningOnly,
            fencing: Fencing::Required,
            purpose: Purpose::Recover,
            hand_over: HandOver::No,
            wait,
            brake,
            observer,
            witness,
            fence,
            hold,
            settle,
            ready,
            plan,
            record,
        }
    }
}
