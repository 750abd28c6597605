//! The judgement: the whole procedure as a pure state machine.
//!
//! No I/O, no clock, no randomness and no logging in here: every fact and every moment comes in as the
//! answer to a step.

mod settings;

pub use settings::{FenceRules, Fencing, Force, Mode, Policy, ProbeError, SettleRules, WaitRules};
