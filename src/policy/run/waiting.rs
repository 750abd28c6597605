//! What a run knows of the wait for its host.

use crate::model::Moment;
use crate::policy::host_error::witnesses::Count;
use std::time::Duration;

/// What has shown that the host does not come back by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum By {
    Devices,
    Witnesses,
}

/// The wait was over before its time.
#[derive(Clone, Copy, Debug)]
struct Early {
    by: By,
    /// When that was seen last; none when it is contradicted.
    seen: Option<Moment>,
    /// When the wait would have been over.
    until: Moment,
}

/// The wait, and what has ended it.
#[derive(Default)]
pub(in crate::policy) struct Waiting {
    early: Option<Early>,
    /// Why it was, for the report.
    pub(in crate::policy) why: Option<String>,
    /// The host has its whole time.
    pub(in crate::policy) whole: bool,
    /// What witnesses have said in it last.
    pub(in crate::policy) heard: Option<(Moment, Count)>,
}

impl Waiting {
    /// It is over at this moment, before its time.
    pub(in crate::policy) fn is_over(&mut self, by: By, why: String, now: Moment, until: Moment) {
        self.early = Some(Early { by, seen: Some(now), until });
        self.why = Some(why);
    }

    /// The fence has begun to act, or is done: no wait goes on after that.
    pub(in crate::policy) fn is_past(&mut self) {
        self.early = None;
    }

    /// A device says on, before anything was sent to it: is that what its "off" has ended?
    pub(in crate::policy) fn is_contradicted(&mut self, now: Moment) -> bool {
        let devices = |early: &&mut Early| early.by == By::Devices && now < early.until;
        let Some(early) = self.early.as_mut().filter(devices) else { return false };
        early.seen = None;
        true
    }

    /// Is what has ended it contradicted, or older than this? Then it goes on until this moment.
    pub(in crate::policy) fn goes_on(&mut self, now: Moment, most: Duration) -> Option<Moment> {
        let early = self.early.filter(|early| now < early.until)?;
        if early.seen.is_some_and(|seen| now.since(seen) <= most) {
            return None;
        }
        (self.early, self.why) = (None, None);
        Some(early.until)
    }
}
