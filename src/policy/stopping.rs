//! The end of a run that cannot end by itself: it was stopped by a signal, killed, or lost with a boot.
//!
//! Its record then says that it was interrupted, and nobody has it locked, so that any front-end goes on at once and not
//! after a lease. A process that is stopped writes that itself for as long as the stop allows. What it could not write, and what a
//! killed one did not, `onerescue reconcile` on the same front-end writes: that is no recovery, so it need not lead.

use super::moments::CLOCKS;
use super::order::Order;
use super::port::{Failure, Trouble};
use super::record::lease::{is_here, may_live, standing};
use super::timings::LEASE;
use crate::model::{DocumentId, End, Epoch, HostId, Incident, IncidentVm, Memory, Progress};
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

/// Who stops a run. SIGTERM is what the hook manager, systemd and a shutdown send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Nobody has decided anything: another run goes on.
    Machine,
    /// A person wants it to end, by Ctrl-C or by closing the terminal: no machine goes on with that failure.
    Person,
}

/// The signals that a run hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM
    Terminate,
    /// SIGINT: Ctrl-C, also where the terminal is another machine's.
    Interrupt,
    /// SIGHUP: the terminal is gone; without one it is what machines send.
    HangUp,
}

/// Where a run was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// On a terminal, or by hand with `--host`.
    ByPerson,
    /// By the hook manager or a timer.
    ByMachine,
}

/// Who stops a run with this signal.
#[must_use]
pub fn by(signal: Signal, begun: Begun) -> By {
    match (signal, begun) {
        (Signal::Interrupt, _) | (Signal::HangUp, Begun::ByPerson) => By::Person,
        (Signal::Terminate, _) | (Signal::HangUp, Begun::ByMachine) => By::Machine,
    }
}

/// The record as it is to be written: let go by the run that has written `last`. `None` if it is another run's by now.
#[must_use]
pub fn let_go_by(by: By, memory: &Memory, document: DocumentId, last: &Incident) -> Option<Incident> {
    let own = memory.incidents.iter().find(|(other, _)| *other == document);
    own.filter(|(_, own)| own.is_owned_as(last)).map(|_| match by {
        By::Machine => last.interrupted_at(memory.now),
        By::Person => stopped_at(last, memory.now),
    })
}

/// It is over, whatever was done: who wants more begins it again.
fn stopped_at(last: &Incident, at: Epoch) -> Incident {
    Incident {
        stopped: Some(at),
        updated: at,
        progress: Progress::Closed,
        outcome: Some("a person has stopped it on the terminal; nothing continues it by itself".to_owned()),
        interrupted: None,
        held: None,
        until: None,
        waiting: None,
        lock: None,
        released: last.lock.or(last.released),
        ..last.clone()
    }
}

/// What has to be sent so that nothing goes on by itself: wishes that OpenNebula's scheduler would still fulfil, when
/// nobody looks any more whether the host is off. Orders that oned has accepted are its own.
#[must_use]
pub fn taken_back(last: &Incident) -> Vec<Order> {
    let wished = |vm: &&IncidentVm| vm.end.is_none() && vm.order.as_deref() == Some("resched");
    last.vms.iter().filter(wished).map(|vm| Order::Unresched { vm: vm.id }).collect()
}

/// What a person who has stopped a run reads: how far it had come, and the one command that goes on.
#[must_use]
pub fn told(document: DocumentId, last: &Incident) -> String {
    let step = match last.progress {
        Progress::Open | Progress::Held if last.fenced.is_none() => "\"off\" was not sent",
        Progress::Open | Progress::Held | Progress::Fencing => {
            "\"off\" was sent or was about to be sent, and it is not proven off"
        }
        Progress::Off | Progress::Closed => "it is proven off",
    };
    let (mut done, mut under_way, mut open) = (0, 0, 0);
    for vm in &last.vms {
        match (vm.end, &vm.order) {
            (Some(End::Recovered), _) => done += 1,
            (None, Some(_)) => under_way += 1,
            (None, None) | (Some(End::Left | End::Held | End::Failed), _) => open += 1,
        }
    }
    let set_aside = if last.disabled.is_some() { "; it is DISABLED" } else { "" };
    format!(
        "{} ({}): its incident, {document}, has ended, and nothing continues it by itself: {step}{set_aside}; VMs: {done} done, \
         {under_way} begun, {open} not\n  do this: `{}` goes on\n",
        last.name,
        last.host,
        last.command()
    )
}

/// The records, by their hosts, whose run has not let go of them and was one of this front-end. Who holds the lock of such
/// a host on this front-end knows that the run is dead.
#[must_use]
pub fn not_let_go_here(memory: &Memory) -> Vec<(HostId, DocumentId, Incident)> {
    let here = |(_, incident): &&(DocumentId, Incident)| is_here(memory, incident) && holds(incident);
    let incidents = memory.incidents.iter().filter(here);
    incidents.map(|(document, incident)| (incident.host, *document, incident.clone())).collect()
}

/// How long a person's word stays beside the lock: a write that the stopped run had on its way may land over the record.
pub const KEPT: Duration = Duration::from_secs(LEASE.as_secs() + CLOCKS.as_secs());

/// What is let go of on this front-end, with nobody at work on the host here: the records whose runs were its own and are
/// dead; after a person's word the record that counts too, whoever has written it last, unless a run may live.
#[must_use]
pub fn to_let_go(by: By, memory: &Memory, host: HostId) -> Vec<(DocumentId, Incident)> {
    let dead = not_let_go_here(memory).into_iter().filter(|(other, ..)| *other == host);
    let mut all: Vec<_> = dead.map(|(_, document, incident)| (document, incident)).collect();
    let counts = standing(memory, host).filter(|(document, incident)| {
        let open = incident.progress != Progress::Closed || incident.waiting.is_some();
        by == By::Person && open && !may_live(memory, *document, incident)
    });
    if let Some((document, incident)) = counts.filter(|(one, _)| all.iter().all(|(other, _)| other != one)) {
        all.push((*document, incident.clone()));
    }
    all
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
    use crate::model::{Asked, Held, Hold, Looks, VmId};

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
        let word = let_go_by(By::Machine, &there("fe1 7 8"), DocumentId(3), &last).unwrap();
        assert_eq!((word.interrupted, word.stopped, word.lock), (Some(Epoch(9)), None, None));
        for by in [By::Machine, By::Person] {
            assert_eq!(let_go_by(by, &there("fe2 1 2"), DocumentId(3), &last), None);
            assert_eq!(let_go_by(by, &there("fe1 7 8"), DocumentId(4), &last), None);
        }
    }

    #[test]
    fn a_person_is_told_from_a_machine_by_the_signal_and_the_place() {
        for (signal, by_hand, else_) in [
            (Signal::Terminate, By::Machine, By::Machine),
            (Signal::Interrupt, By::Person, By::Person),
            (Signal::HangUp, By::Person, By::Machine),
        ] {
            assert_eq!((by(signal, Begun::ByPerson), by(signal, Begun::ByMachine)), (by_hand, else_));
        }
    }

    #[test]
    fn what_a_person_stops_is_over() {
        let vm = |id, order: Option<&str>, end| IncidentVm {
            ready: None,
            id: VmId(id),
            name: String::new(),
            order: order.map(str::to_owned),
            to: None,
            end,
            why: String::new(),
        };
        let (why, advice) = (String::new(), String::new());
        let last = Incident {
            name: "node7".to_owned(),
            host: HostId(7),
            progress: Progress::Held,
            held: Some(Held { why, advice, since: Epoch(1) }),
            until: Some(Epoch(100)),
            waiting: Some(Looks { since: Epoch(1), outcome: String::new() }),
            lock: Some(Hold { time: 1, request: 2 }),
            disabled: Some(Epoch(3)),
            flags: Asked::try_from(vec!["-d".to_owned(), "-f".to_owned()]).ok(),
            vms: vec![
                vm(1, Some("resched"), None),
                vm(2, Some("resched"), Some(End::Recovered)),
                vm(3, Some("migrate"), None),
                vm(4, None, Some(End::Held)),
            ],
            ..Incident::default()
        };
        let memory =
            Memory { now: Epoch(9), incidents: vec![(DocumentId(3), last.clone())], ..Memory::default() };
        let word = let_go_by(By::Person, &memory, DocumentId(3), &last).unwrap();
        assert_eq!((word.progress, word.stopped, word.lock), (Progress::Closed, Some(Epoch(9)), None));
        assert_eq!((word.held, word.until, word.waiting, word.interrupted), (None, None, None, None));
        assert_eq!(taken_back(&last), [Order::Unresched { vm: VmId(1) }]);
        assert_eq!(
            told(DocumentId(3), &last),
            "node7 (host 7): its incident, document 3, has ended, and nothing continues it by itself: \"off\" was not \
             sent; it is DISABLED; VMs: 1 done, 2 begun, 1 not\n  do this: `host_error --host node7 -d -f` goes on\n"
        );
    }
}
