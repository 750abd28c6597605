//! What a run knows of the record of its incident.

use crate::model::{Abort, Confirmation, DocumentId, Epoch, Incident, Moment, RunId, Surroundings};

/// Whether a run goes on with a record that was closed.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) enum Retry {
    /// It was open, or is new.
    #[default]
    No,
    /// Yes, and everything begins from the start. Were its held VMs to be looked at again?
    Anew { waited: bool },
    /// It only looks again at VMs that are held; how the run before it ended.
    Look(String),
}

impl Retry {
    pub(in crate::policy) fn is_look(&self) -> bool {
        self.outcome().is_some()
    }

    pub(in crate::policy) fn waited(&self) -> bool {
        matches!(self, Self::Anew { waited: true })
    }

    pub(in crate::policy) fn outcome(&self) -> Option<&String> {
        match self {
            Self::Look(outcome) => Some(outcome),
            Self::No | Self::Anew { .. } => None,
        }
    }
}

/// How a run leaves its record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::policy) enum Left {
    /// As its outcome says.
    #[default]
    AsItEnded,
    /// As far as it has come: another front-end's run goes on.
    AsItStands,
}

/// The front-end's wall clock, as it was at moments of this run.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::policy) struct Clock {
    /// As it was shown first.
    first: Option<(Epoch, Moment)>,
    /// As it was shown last: somebody may have set it.
    last: Option<(Epoch, Moment)>,
}

impl Clock {
    /// It shows this, for the first time or not.
    pub(in crate::policy) fn begin(&mut self, epoch: Epoch, now: Moment) {
        self.first.get_or_insert((epoch, now));
    }

    pub(in crate::policy) fn shows(&mut self, epoch: Epoch, now: Moment) {
        self.begin(epoch, now);
        self.last = Some((epoch, now));
    }

    /// What it shows at this moment, if nobody sets it.
    pub(in crate::policy) fn epoch(&self, now: Moment) -> Epoch {
        self.first.map_or(Epoch::default(), |(epoch, at)| {
            let ahead = i64::try_from(at.since(now).as_secs()).unwrap_or(0);
            Epoch(epoch.plus(now.since(at)).0.saturating_sub(ahead))
        })
    }

    /// The later of what it shows and of what it was last seen to show.
    pub(in crate::policy) fn latest(&self, now: Moment) -> Epoch {
        let at = self.epoch(now);
        self.last.map_or(at, |(epoch, seen)| at.max(epoch.plus(now.since(seen))))
    }
}

/// The record of this run's incident, and what decides whose it is.
#[derive(Debug, Default)]
pub(in crate::policy) struct Record {
    pub(in crate::policy) document: Option<DocumentId>,
    /// As it is to be written.
    pub(in crate::policy) incident: Option<Incident>,
    /// As it was written last.
    pub(in crate::policy) written: Option<Incident>,
    /// How many lines of the trail are in its log.
    pub(in crate::policy) logged: usize,
    /// When it was written last, and when it was last seen to be ours.
    pub(in crate::policy) wrote: Moment,
    pub(in crate::policy) owned: Moment,
    pub(in crate::policy) clock: Clock,
    /// Front-end, process and begin of this run, and the identity of its process.
    pub(in crate::policy) me: (String, Option<RunId>),
    /// Where this run has its settings and its lock files.
    pub(in crate::policy) here: Option<Surroundings>,
    /// The last owner, where it is known to be dead: it was stopped, it has ended, or it was here.
    pub(in crate::policy) dead_owner: Option<(String, Option<RunId>)>,
    /// Documents that nobody needs any more when this incident is closed.
    pub(in crate::policy) old: Vec<DocumentId>,
    pub(in crate::policy) left: Left,
    /// Whether this run goes on with a record that was closed.
    pub(in crate::policy) retry: Retry,
    /// A person has ended the incident.
    pub(in crate::policy) aborted: Option<Abort>,
    /// A person's word that the host is off.
    pub(in crate::policy) word: Option<Confirmation>,
    /// A person's word that the brakes do not hold it, and whether this run has taken that.
    pub(in crate::policy) proceed: (Option<Confirmation>, bool),
}
