//! What matters only until the record is this run's.

use crate::model::{DocumentId, Epoch, HostState, Incident};
use crate::policy::report::Outcome;
use crate::policy::run::stop::Stop;
use std::time::Duration;

/// What matters only until the record is this run's.
#[derive(Debug, Default)]
pub(in crate::policy) struct Opening {
    /// Nothing is to be recovered any more, for this reason: the record is only closed.
    pub(in crate::policy) over: Option<Over>,
    /// When a person has stopped the last run on this front-end, as its lock file says; the record may not say so.
    pub(in crate::policy) given_up: Option<Epoch>,
    /// The document that a run of this front-end was locking when it died.
    pub(in crate::policy) left_behind: Option<DocumentId>,
    /// The document that this run has asked to lock without an answer: it may have been locked.
    pub(super) asked_to_lock: Option<DocumentId>,
    /// When a run of this front-end, which is dead, wrote the record last.
    pub(super) predecessor: Option<Epoch>,
    /// For how long its record had not changed when it was taken up, as far as this front-end has seen.
    pub(super) unchanged: Duration,
    /// How often this run has taken a record.
    pub(super) taken: u32,
}

/// Why nothing is to be recovered, unless the record shows otherwise.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Over {
    pub(in crate::policy) outcome: Outcome,
    /// The host's state; none if it is gone.
    pub(in crate::policy) state: Option<HostState>,
}

impl Over {
    pub(in crate::policy) fn stop(self) -> Stop {
        Stop::Ended(self.outcome)
    }

    pub(in crate::policy) fn is_disabled(&self) -> bool {
        self.state == Some(HostState::Disabled)
    }

    /// Does this incident go on although the host is DISABLED?
    pub(in crate::policy) fn goes_on(&self, heard: Option<i64>, incident: &Incident) -> bool {
        let silent = !matches!((heard, incident.heard), (Some(now), Some(before)) if now > before);
        self.is_disabled() && is_set_aside_by(incident) && silent
    }
}

/// May the host be DISABLED by a run of this incident, or was it proven off before somebody else did that? A run that
/// is not killed goes on then too.
pub(in crate::policy) fn is_set_aside_by(incident: &Incident) -> bool {
    incident.disabled.is_some() || incident.proof.is_some()
}
