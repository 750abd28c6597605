//! The record: one document for each incident, where every front-end finds it.
//!
//! It says whose the incident is, how far it has come, and what became of each VM, so that a run that dies is gone on with.

pub mod abort;
mod adopt;
pub(in crate::policy) mod contents;
pub mod evacuation;
pub(in crate::policy) mod heartbeat;
pub mod history;
pub mod lease;
mod lock;
pub(in crate::policy) mod open;
pub(in crate::policy) mod opening;
pub mod outcomes;
pub(in crate::policy) mod ownership;
pub(in crate::policy) mod release;
pub mod stages;
pub(in crate::policy) mod writing;
