//! The lines that a run writes down, for the log, the timeline and the report.

use crate::model::Moment;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The steps of the procedure, as the log and the timeline name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the procedure in the crate's documentation")]
pub enum Phase {
    Observe,
    Claim,
    Wait,
    Brake,
    Confirm,
    Hold,
    Fence,
    Prove,
    Survey,
    Plan,
    Act,
    Settle,
    Report,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Observe => "observe",
            Self::Claim => "claim",
            Self::Wait => "wait",
            Self::Brake => "brake",
            Self::Confirm => "confirm",
            Self::Hold => "hold",
            Self::Fence => "fence",
            Self::Prove => "prove",
            Self::Survey => "survey",
            Self::Plan => "plan",
            Self::Act => "act",
            Self::Settle => "settle",
            Self::Report => "report",
        })
    }
}

/// How much a line of the trail matters to somebody who reads only a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weight {
    /// One of the few dozen lines that tell the story.
    Step,
    /// About one VM or one sample; there may be thousands.
    Detail,
    /// How the run ended: the report begins with that, so the log file alone has it.
    End,
}

/// One line of the trail: when, in which phase, what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who should read it.
    pub weight: Weight,
    /// When it was known.
    pub at: Moment,
    /// The step that wrote it.
    pub phase: Phase,
    /// One line.
    pub text: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:<8} {}", self.at, self.phase, self.text)
    }
}
