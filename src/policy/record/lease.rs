//! Which record counts, and whether its owner is still at work.
//!
//! oned knows no compare-and-set but the lock, and a lock does not say whose run holds it. So a run locks the record,
//! writes itself down as its owner, and looks before each fence and each round of orders whether it still is. An owner that
//! is gone leaves its lock behind; then the lease decides.
//!
//! A record is taken over as it is, with its VMs, and the host is proven off anew. When that may be (`may_live`):
//! - at once, when its owner was a process of this machine that is dead, or has written down how it ended; only reconcile
//!   leaves one that is held or waits until the moment that is written in it, unless a person has written a word for it or
//!   armed fencing again, or it waits and its devices or witnesses may end that: they are asked at each tick (`unfinished`);
//! - never, while its owner is a process of this machine that lives: one that is silent for 400 s is named, for a person to
//!   end;
//! - else when it was not written for 700 s by the clocks (`LEASE` 400 s + `CLOCKS` 300 s; an owner writes every 90 s, see
//!   `timings`), or when a hook or a person's run has watched it for 400 s, every `[hold] look` (30 s, which does not double
//!   here), and it did not change; one that changes ends who watches (`Watch`; nobody watches with `[hold] deadline = "0s"`).
//!   Where a clock was wrong (`is_doubtful`) only what was seen here counts, for reconcile from tick to tick.
//!
//! `open::find` and `reconcile::unfinished` ask, `adopt::taken` takes it over. A lock that no record names is
//! `record::lock`'s.

use crate::model::{
    Abort, DocumentId, Epoch, Hold, HostId, Incident, Life, Memory, Moment, Progress, RunId, SeenOwner,
};
use crate::policy::moments::{CLOCKS, is_ahead};
use crate::policy::timings::{LEASE, QUIET, UNNAMED};
use std::time::Duration;

/// The record of this host that counts. Names are not unique, so there may be several that are open: of those after
/// the last closed one the first that was made counts, because oned numbers documents in one order for everybody.
/// Without an open one it is the last that was closed.
#[must_use]
pub fn standing(memory: &Memory, host: HostId) -> Option<&(DocumentId, Incident)> {
    let ended = || records(memory, host).rfind(|(_, incident)| incident.progress == Progress::Closed);
    open(memory, host).last().or_else(ended)
}

/// The open records of a host after its last closed one, the newest first.
pub(in crate::policy) fn open(
    memory: &Memory,
    host: HostId,
) -> impl Iterator<Item = &(DocumentId, Incident)> {
    let after = records(memory, host).rev().take_while(|(_, incident)| incident.progress != Progress::Closed);
    after.filter(|(_, incident)| !is_twin(memory, incident))
}

/// Does it say no more than one that is closed? oned may make a record after the answer was given up and another one
/// was written, and even after that one was closed: both were opened at the same moment, and this one was never
/// worked on. The failure has ended.
pub(in crate::policy) fn is_twin(memory: &Memory, incident: &Incident) -> bool {
    let closed = |other: &Incident| other.progress == Progress::Closed && other.opened == incident.opened;
    incident.progress == Progress::Open && records(memory, incident.host).any(|(_, other)| closed(other))
}

/// The person's word that ends the incident of this record. There may be two open ones of it by accident, and the word
/// names one of them.
pub(in crate::policy) fn ended_by(memory: &Memory, host: HostId, record: DocumentId) -> Option<&Abort> {
    let open: Vec<_> = open(memory, host).map(|(document, _)| *document).collect();
    let all = |word: &Abort| open.contains(&record) && open.contains(&word.incident);
    memory.aborts.iter().find(|word| word.host == host && (word.incident == record || all(word)))
}

fn records(memory: &Memory, host: HostId) -> impl DoubleEndedIterator<Item = &(DocumentId, Incident)> {
    memory.incidents.iter().filter(move |(_, incident)| incident.host == host)
}

/// `fe1` of `fe1 4711 1795165661`.
pub(in crate::policy) fn front_end(owner: &str) -> &str {
    owner.split(' ').next().unwrap_or_default()
}

/// Does its run have its lock files where this one has? Otherwise no lock says whether it is dead.
fn same_locks(memory: &Memory, incident: &Incident) -> bool {
    match (&memory.here, &incident.ran) {
        (Some(here), Some(ran)) => here.run_dir == ran.run_dir,
        (None, _) | (_, None) => true,
    }
}

/// What this machine says of the owner's process. A record of an older version has a name only: one of this name is dead,
/// because this run has the lock of the host here, unless its process is seen to live.
pub(in crate::policy) fn life(memory: &Memory, incident: &Incident) -> Life {
    let of = |seen: &&SeenOwner| seen.owner == incident.owner && seen.run == incident.run;
    match memory.owners.iter().find(of) {
        // Another host's run of this process, or one that has ended: who asks has the lock of the host here.
        Some(_) if incident.run.is_some() && incident.run == memory.run => Life::Gone,
        Some(seen) => seen.life,
        None if incident.run.is_none()
            && front_end(&incident.owner) == front_end(&memory.me)
            && same_locks(memory, incident) =>
        {
            Life::Gone
        }
        None => Life::Unseen,
    }
}

/// Was the owner a process of this machine, which is dead?
pub(in crate::policy) fn is_here(memory: &Memory, incident: &Incident) -> bool {
    life(memory, incident) == Life::Gone
}

/// May a run be at work on this record? One of this machine is, as long as its process lives, and is not taken over; one
/// of another is, as far as the clock tells.
pub(in crate::policy) fn may_live(memory: &Memory, document: DocumentId, incident: &Incident) -> bool {
    let let_go = incident.outcome.is_some() || incident.interrupted.is_some();
    // Who looks again at VMs that are held leaves the record closed until there is something to send.
    let looks = incident.waiting.is_some() && incident.lock.is_some();
    let lives = match life(memory, incident) {
        Life::Lives => true,
        Life::Gone => false,
        Life::Unseen => !lease_left(memory, document, incident).is_zero(),
    };
    (incident.progress != Progress::Closed || looks) && !let_go && lives
}

/// How long its owner may be silent until anybody may take over, whatever the clocks say. Where they say what cannot be,
/// only what this front-end itself has seen counts.
pub(in crate::policy) fn lease_left(memory: &Memory, document: DocumentId, incident: &Incident) -> Duration {
    if is_doubtful(memory, incident) {
        return LEASE.saturating_sub(memory.unchanged(document));
    }
    LEASE.saturating_add(CLOCKS).saturating_sub(memory.now.since(incident.updated))
}

/// Was the record written by a clock that is far from this one, or from oned's when the owner locked it? A living run
/// would be taken for a dead one, or a dead one for alive for as long as the clock was wrong.
pub(in crate::policy) fn is_doubtful(memory: &Memory, incident: &Incident) -> bool {
    let locked = incident.lock.map(|lock| Epoch(lock.time));
    is_ahead(memory.now, incident.updated) || locked.is_some_and(|locked| is_ahead(incident.updated, locked))
}

/// A record that somebody else may be at work on, and since when it has not changed.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Watch {
    document: DocumentId,
    owner: (String, Option<RunId>),
    updated: Epoch,
    lock: Option<Hold>,
    since: Moment,
}

impl Watch {
    pub(in crate::policy) fn new(now: Moment, document: DocumentId, incident: &Incident) -> Self {
        let owner = (incident.owner.clone(), incident.run.clone());
        let updated = incident.updated;
        Self { document, owner, updated, lock: None, since: now }
    }

    /// Has its owner shown itself since?
    pub(in crate::policy) fn has_moved(&self, document: DocumentId, incident: &Incident) -> bool {
        let (owner, run) = &self.owner;
        let same = (owner, run, self.updated) == (&incident.owner, &incident.run, incident.updated);
        self.document == document && !same
    }

    /// Somebody holds this lock on it.
    pub(in crate::policy) fn is_locked(&mut self, now: Moment, lock: Hold) {
        if self.lock != Some(lock) {
            (self.lock, self.since) = (Some(lock), now);
        }
    }

    /// Has nothing moved for a whole lease? That needs no clock but our own.
    pub(in crate::policy) fn is_over(&self, now: Moment) -> bool {
        now.since(self.since) >= LEASE
    }

    /// Has nothing moved for so long that this lock, which the record does not name, is not that of a run which has just
    /// taken it?
    pub(in crate::policy) fn is_quiet(&self, now: Moment, probably_left: bool) -> bool {
        let enough = if probably_left { QUIET } else { UNNAMED };
        now.since(self.since) >= enough
    }

    pub(in crate::policy) fn has_just_begun(&self, now: Moment) -> bool {
        self.since == now
    }
}

/// Is this lock, which no record names, so old that its run must have died before it wrote that down? Who cannot watch
/// for a lease, as `onerescue reconcile`, goes by that; clocks may differ. A lock of a time that lies ahead was taken by
/// a clock that was wrong: its run would have written the record since, which has not changed for this long.
pub(in crate::policy) fn is_left(now: Epoch, lock: Hold, unchanged: Duration) -> bool {
    let taken = Epoch(lock.time);
    now.since(taken) >= LEASE.saturating_add(CLOCKS) || is_ahead(now, taken) && unchanged >= LEASE
}

#[cfg(test)]
mod tests;
