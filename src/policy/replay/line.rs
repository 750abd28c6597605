//! What a journal says of a run.

use super::question::Question;
use crate::model::{Epoch, Moment};
use crate::policy::{Entry, Outcome, Policy, Report, Subject, VmReport};
use serde::{Deserialize, Serialize};

/// The first line: whose run it was, and what it was given. No part of it is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The version of the program: `0.1.0`.
    pub program: String,
    /// Front-end, process and begin: `fe1 4711 1795165661`.
    pub run: String,
    /// When it began, by the clock of that front-end.
    pub at: Epoch,
    /// What it was about.
    pub subject: Subject,
    /// The options and settings that it had.
    pub policy: Policy,
}

/// Every other line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The policy has written something down.
    Told(Entry),
    /// The world has answered a question; the answer, another type for each of them, stands beside it.
    Answered {
        /// When the answer was in.
        at: Moment,
        /// What was asked.
        asked: Question,
        /// When the record was written, as it says itself, if that was asked and oned took it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        written: Option<Epoch>,
    },
    /// It was over.
    Ended(Ending),
}

/// How a run ended: what a report says, without the proof, which nobody but the policy makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How.
    pub outcome: Outcome,
    /// Each VM.
    pub vms: Vec<VmReport>,
    /// How long it took.
    pub took: Moment,
}

impl Ending {
    /// The end of this run.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self { outcome: report.outcome.clone(), vms: report.vms.clone(), took: report.took }
    }
}
