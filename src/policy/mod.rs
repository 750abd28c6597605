//! The judgement: the whole procedure as a pure state machine.
//!
//! ```text
//! observe → claim → wait → brake → confirm → fence → prove → survey → plan → act → settle → report
//! ```
//!
//! No I/O, no clock, no randomness and no logging in here: every fact and every moment comes in as the
//! answer to a [`Step`], and each step is a value that holds the only way to answer it. So a recovery can be
//! simulated, replayed and explained without touching it.

mod act;
pub mod arming;
mod brake;
mod case;
pub mod check;
pub mod confirmation;
mod course;
mod ending;
mod fence;
mod incident;
mod judge;
mod notes;
mod observe;
mod order;
pub mod plan;
mod proof;
mod prove;
mod recover;
mod report;
mod round;
mod rules;
mod settings;
mod settle;
pub mod states;
mod still;
mod trace;

pub use act::{Acting, Disabling};
pub use brake::{Braking, Confirming};
pub use case::{Failure, Source, Subject, Trouble};
pub use fence::{ChoosingDevices, PoweringOff};
pub use incident::{Step, Waiting, begin};
pub use notes::{Entry, Phase, Weight};
pub use observe::{Claim, Claiming, Observing};
pub use order::{MigrationType, Order, Reply};
pub use proof::{Evidence, Proof};
pub use prove::Proving;
pub use recover::{Survey, Surveying};
pub use report::{Disabled, Fate, Outcome, Report, VmReport};
pub use rules::{
    BrakeRules, Control, FenceRules, HoldRules, ProbeError, Rules, SettleRules, WaitRules, Window,
    WitnessRules,
};
pub use settings::{Fencing, Force, Mode, Policy, Purpose};
pub use settle::{Settling, VmList};
pub use trace::Tracing;
