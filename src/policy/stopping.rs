//! The end of a run that cannot end by itself: it was stopped by a signal, killed, or lost with a boot.
//!
//! Its record then says that it was interrupted, and nobody has it locked, so that any front-end goes on at once and not
//! after a lease. A process that is stopped writes that itself for as long as the stop allows. What it could not write, and what a
//! killed one did not, `onerescue reconcile` on the same front-end writes: that is no recovery, so it need not lead.

use super::case::{Failure, Trouble};
use super::standing::is_here;
use crate::model::{DocumentId, HostId, Incident, Memory, Progress};
use std::time::Duration;

/// How long a stopped process tries to let go of its incidents. An election takes 5 to 8 s, and longer where the leader
/// is lost with its machine. A hook has nobody who ends it; more than this nobody waits for.
pub const TRIED_BY_HOOKS: Duration = Duration::from_secs(20);

/// The same for `onerescue reconcile`, whose unit is killed after 30 s (`TimeoutStopSec`).
pub const TRIED_BY_RECONCILE: Duration = Duration::from_secs(25);

/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// How long to wait before a stopped process tries again, after it has tried for `tried`; `None` when the time for that is
/// over, or when oned's no will stay a no.
#[must_use]
pub fn tries_again(failure: &Failure, tried: Duration, within: Duration) -> Option<Duration> {
    match failure.trouble {
        Trouble::Unreachable if tried.saturating_add(PAUSE) < within => Some(PAUSE),
        Trouble::Unreachable | Trouble::Refused | Trouble::Gone | Trouble::Settings => None,
    }
}

/// The record as it is to be written: let go by the run that has written `last`. `None` if it is another run's by now.
#[must_use]
pub fn interrupted(memory: &Memory, document: DocumentId, last: &Incident) -> Option<Incident> {
    let own = memory.incidents.iter().find(|(other, _)| *other == document);
    own.filter(|(_, own)| own.is_owned_as(last)).map(|_| last.interrupted_at(memory.now))
}

/// The records, by their hosts, whose run has not let go of them and was one of this front-end. Who holds the lock of such
/// a host on this front-end knows that the run is dead.
#[must_use]
pub fn not_let_go_here(memory: &Memory) -> Vec<(HostId, DocumentId, Incident)> {
    let here = |(_, incident): &&(DocumentId, Incident)| is_here(memory, incident) && holds(incident);
    let incidents = memory.incidents.iter().filter(here);
    incidents.map(|(document, incident)| (incident.host, *document, incident.clone())).collect()
}

/// Has the last run of this incident not said that it has ended? Who looks again at VMs that are held leaves the record
/// closed.
fn holds(incident: &Incident) -> bool {
    let looks = incident.waiting.is_some() && incident.lock.is_some();
    let open = incident.progress != Progress::Closed || looks;
    open && incident.outcome.is_none() && incident.interrupted.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, Hold, Looks};

    fn failure(trouble: Trouble) -> Failure {
        Failure { trouble, what: String::new(), advice: String::new() }
    }

    #[test]
    fn it_is_tried_for_as_long_as_the_stop_allows_and_only_where_that_may_help() {
        let seconds = Duration::from_secs;
        let away = failure(Trouble::Unreachable);
        assert_eq!(tries_again(&away, seconds(8), TRIED_BY_HOOKS), Some(PAUSE));
        assert_eq!(tries_again(&away, seconds(20), TRIED_BY_HOOKS), None);
        assert_eq!(tries_again(&away, seconds(20), TRIED_BY_RECONCILE), Some(PAUSE));
        for trouble in [Trouble::Gone, Trouble::Refused, Trouble::Settings] {
            assert_eq!(tries_again(&failure(trouble), seconds(0), TRIED_BY_HOOKS), None);
        }
        let unit = include_str!("../../templates/onerescue-reconcile.service");
        assert!(unit.contains("TimeoutStopSec=30s") && TRIED_BY_RECONCILE < seconds(30), "{unit}");
    }

    #[test]
    fn only_what_this_front_end_has_not_let_go_of_is_released() {
        let lock = Some(Hold { time: 1, request: 2 });
        let of = |owner: &str, progress| Incident {
            owner: owner.to_owned(),
            progress,
            lock,
            ..Incident::default()
        };
        let ended = Incident { outcome: Some("held".to_owned()), ..of("fe1 7 8", Progress::Held) };
        let stopped = of("fe1 7 8", Progress::Fencing).interrupted_at(Epoch(5));
        let looks = Incident {
            waiting: Some(Looks { since: Epoch(1), outcome: String::new() }),
            ..of("fe1 7 8", Progress::Closed)
        };
        let all = [
            of("fe1 7 8", Progress::Fencing),
            of("fe2 7 8", Progress::Fencing),
            ended,
            stopped,
            looks,
            of("fe1 7 8", Progress::Closed),
        ];
        let incidents = (0..).map(DocumentId).zip(all).collect();
        let memory = Memory { me: "fe1 9 10".to_owned(), incidents, ..Memory::default() };
        let found: Vec<_> = not_let_go_here(&memory).into_iter().map(|(_, document, _)| document.0).collect();
        assert_eq!(found, [0, 4]);
    }

    #[test]
    fn what_another_run_has_taken_over_is_left_alone() {
        let last = Incident { owner: "fe1 7 8".to_owned(), ..Incident::default() };
        let there = |owner: &str| {
            let incidents = vec![(DocumentId(3), Incident { owner: owner.to_owned(), ..last.clone() })];
            Memory { now: Epoch(9), incidents, ..Memory::default() }
        };
        let word = interrupted(&there("fe1 7 8"), DocumentId(3), &last).unwrap();
        assert_eq!((word.interrupted, word.lock), (Some(Epoch(9)), None));
        assert_eq!(interrupted(&there("fe2 1 2"), DocumentId(3), &last), None);
        assert_eq!(interrupted(&there("fe1 7 8"), DocumentId(4), &last), None);
    }
}
