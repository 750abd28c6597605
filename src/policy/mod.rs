//! The judgement: the whole procedure as a pure state machine.
//!
//! ```text
//! observe → claim → wait → brake → confirm → fence → prove → survey → plan → act → settle → report
//! ```
//!
//! No I/O, no clock, no randomness and no logging in here: every fact and every moment comes in as the
//! answer to a [`Step`], and each step is a value that holds the only way to answer it. So a recovery can be
//! simulated, replayed and explained without touching it.

pub mod abort;
mod act;
mod ahead;
pub mod arming;
pub(crate) mod authority;
mod beat;
mod brake;
mod case;
pub mod check;
mod closing;
mod confirm;
pub mod confirmation;
mod course;
#[expect(dead_code, reason = "the procedures are moved to it one after the other")]
mod desk;
mod devices;
pub mod down;
mod ending;
mod fence;
mod hear;
pub mod history;
mod hold;
mod holder;
pub mod host_back;
mod incident;
mod itself;
mod judge;
mod kept;
pub mod layer;
pub mod lead;
mod leave;
mod limits;
pub mod loss;
pub mod moments;
mod notes;
mod observe;
mod order;
mod own;
mod place;
pub mod plan;
pub mod port;
mod proof;
mod prove;
pub mod reconcile;
mod record;
mod recover;
mod remember;
pub mod replay;
mod report;
mod resume;
mod retry;
mod round;
mod rules;
mod scheduler;
mod settings;
mod settle;
pub mod standing;
pub mod states;
mod still;
pub mod stopping;
pub mod surroundings;
mod target;
pub mod tend;
mod trace;
mod waiting;
pub mod watched;
mod weigh;

use std::time::Duration;

pub use act::{Acting, Disabling};
pub use beat::{Beating, Checking};
pub use brake::Braking;
pub use confirm::Confirming;
pub use desk::Suspended;
pub use devices::ChoosingDevices;
pub use fence::PoweringOff;
pub use hear::Hearing;
pub use holder::busy;
pub use incident::{Step, Waiting, begin};
pub use lead::Leading;
pub use leave::Leaving;
pub use limits::unreadable;
pub use notes::{Entry, Phase, Weight};
pub use observe::{Claiming, Observing};
pub use order::{MigrationType, Order, Reply};
pub use own::{Owning, Taking};
pub use place::Placing;
pub use port::{
    Claim, Crowd, Failure, LayerList, Source, Subject, Survey, Taken, Trouble, VmList, VmSubject, World,
};
pub use proof::{Evidence, Proof};
pub use prove::Proving;
pub use record::Recording;
pub use recover::Surveying;
pub use remember::Remembering;
pub use report::{Disabled, Fate, Outcome, Report, VmReport};
pub use rules::{
    BrakeRules, Control, Exclusions, Failed, FenceRules, Firmware, HoldRules, Late, LayerScope, Layers,
    Placement, PlanRules, ProbeError, RecordRules, Requirements, Rules, SettleRules, Standby, WaitRules,
    Window, Wish, WitnessRules,
};
pub use settings::{Fencing, Force, HandOver, Mode, Policy, Purpose};
pub use settle::Settling;
pub use trace::Tracing;
pub use weigh::Weighing;

/// What was seen longer ago than this is looked at again before something depends on it: a machine takes longer to boot,
/// and a person's word is to be heard.
pub(crate) const FRESH: Duration = Duration::from_secs(10);
