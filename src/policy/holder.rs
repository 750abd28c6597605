//! What it means that somebody holds a lock file of this front-end.

use super::arming::utc;
use super::port::{Failure, Trouble};
use super::record::lease::{is_doubtful, life, may_live};
use super::timings::LEASE;
use crate::model::text::span;
use crate::model::{DocumentId, Epoch, Holder, HostId, Incident, Life, Locked, Memory, Progress};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The programs whose runs take locks. A file may be installed under a longer name, as `host_error.rb`.
const OURS: [&str; 5] = ["onerescue", "host_error", "fence_host", "host_back", "vm_down"];

/// No run for a VM or for a host that is back takes longer.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A run that may have just begun.
    Run,
    /// A run that has had time to write its record. So may somebody be who cannot be seen.
    OldRun,
    /// Processes that are no runs: they have inherited it, or play with our files.
    Strangers,
}

/// Who holds this lock?
pub(super) fn holds(locked: &Locked) -> Holds {
    let seen = !locked.holders.is_empty();
    match locked.since {
        _ if seen && !locked.holders.iter().any(is_run) => Holds::Strangers,
        Some(since) if since >= LEASE => Holds::OldRun,
        Some(_) | None => Holds::Run,
    }
}

fn is_run(holder: &Holder) -> bool {
    let rest = OURS.iter().filter_map(|ours| holder.program.strip_prefix(ours));
    let named = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    // One whose name is not shown may be a run.
    holder.program.is_empty() || rest.into_iter().any(named)
}

/// Nobody has written this record for a lease, or there is none: is that so? Where its moments cannot be right, only what
/// was seen here counts.
pub(super) fn is_silent(memory: &Memory, record: Option<&(DocumentId, Incident)>) -> bool {
    let open =
        record.filter(|(_, incident)| incident.progress != Progress::Closed || incident.lock.is_some());
    open.is_none_or(|(document, incident)| has_written_nothing(memory, *document, incident))
}

fn has_written_nothing(memory: &Memory, document: DocumentId, incident: &Incident) -> bool {
    let doubtful = is_doubtful(memory, incident);
    let seen = if doubtful { memory.unchanged(document) } else { memory.now.since(incident.updated) };
    seen >= LEASE
}

/// The hosts that a run of this front-end works on. A lock that strangers hold does not count, nor does one whose run has
/// written nothing for a lease: a run for such a host takes it over, or says who holds it.
#[must_use]
pub fn busy(locked: &BTreeMap<HostId, Locked>, memory: &Memory) -> BTreeSet<HostId> {
    let at_work = |host: HostId, locked: &Locked| match holds(locked) {
        Holds::Run => true,
        Holds::OldRun => {
            !is_silent(memory, super::record::lease::standing(memory, host)) || is_emptied(memory, host)
        }
        Holds::Strangers => false,
    };
    locked.iter().filter(|(host, locked)| at_work(**host, locked)).map(|(host, _)| *host).collect()
}

/// Has somebody written lately that this host is emptied? Its run does that every `BEAT`.
fn is_emptied(memory: &Memory, host: HostId) -> bool {
    let standing = super::record::evacuation::standing(memory, host);
    standing.is_some_and(|(_, evacuation)| memory.now.since(evacuation.updated) < LEASE)
}

/// The same by what a person reads: a run holds the lock of `what`, and nobody sees it do anything.
pub(super) fn stuck(locked: &Locked, what: &str, again: &str) -> Failure {
    let who = who(locked);
    let since = locked.since.map_or_else(String::new, |since| format!(" for {} s", since.as_secs()));
    let what = format!(
        "{who} holds the lock of {what} on this front-end{since}, and has written nothing for so long"
    );
    let end = locked.holders.first().map_or_else(
        || "find it with `lslocks`, and end it".to_owned(),
        |holder| {
            format!("look what it waits for, `cat /proc/{0}/wchan`, and end it with `kill {0}`", holder.pid)
        },
    );
    Failure { trouble: Trouble::Refused, what, advice: format!("{end}; then run `{again}`") }
}

/// The owner of this record is a process of this machine that lives, and it has written nothing for a lease: such a run
/// is not taken over, and not waited for either.
pub(super) fn lives_and_is_silent(memory: &Memory, document: DocumentId, incident: &Incident) -> bool {
    may_live(memory, document, incident)
        && life(memory, incident) == Life::Lives
        && has_written_nothing(memory, document, incident)
}

/// The same by what a person reads.
pub(super) fn silent(memory: &Memory, incident: &Incident, again: &str) -> Failure {
    let owner = &incident.owner;
    let pid = incident.run.as_ref().map(|run| run.pid.to_string());
    let pid = pid.or_else(|| owner.split(' ').nth(1).map(str::to_owned)).unwrap_or_default();
    let ago = memory.now.since(incident.updated).as_secs();
    Failure {
        trouble: Trouble::Refused,
        what: format!(
            "its run, process {pid} of this machine, lives and has written nothing for {ago} s: {owner}"
        ),
        advice: format!(
            "look what it waits for, `cat /proc/{pid}/wchan`, and end it with `kill {pid}`; then run `{again}`"
        ),
    }
}

/// `: process 4711 (host_error)`, where it can be seen.
pub(super) fn by(locked: &Locked) -> String {
    if locked.holders.is_empty() && locked.since.is_none() {
        String::new()
    } else {
        format!(": {}", who_since(locked))
    }
}

/// Is the run that holds it about the failure of the host, or may it be? One that cannot be seen may be.
pub(super) fn is_for_a_failure(locked: &Locked) -> bool {
    !is_held_by(locked, "host_back") && !is_held_by(locked, "onerescue")
}

/// Is every holder that is a run one of this program?
pub(super) fn is_held_by(locked: &Locked, program: &str) -> bool {
    let mut runs = locked.holders.iter().filter(|holder| is_run(holder)).peekable();
    runs.peek().is_some() && runs.all(|holder| holder.program.starts_with(program))
}

/// `process 4711 (host_error)`.
pub(super) fn who(locked: &Locked) -> String {
    let name = |holder: &Holder| format!("process {} ({})", holder.pid, holder.program);
    let names: Vec<_> = locked.holders.iter().map(name).collect();
    if names.is_empty() { "a process that cannot be seen".to_owned() } else { names.join(" and ") }
}

/// `process 4711 (host_error), for 12 s`: who works on a host, as far as it can be seen.
pub(super) fn who_since(locked: &Locked) -> String {
    let since = locked.since.map_or_else(String::new, |since| format!(", for {}", span(since)));
    who(locked) + &since
}

/// `process 4711 on fe2, since 2026-11-20 09:04 UTC`: the owner of a record, for people.
pub(super) fn owner(owner: &str) -> String {
    let mut words = owner.rsplitn(3, ' ');
    let (began, pid, name) = (words.next(), words.next(), words.next());
    let number = |word: Option<&str>| word.and_then(|word| word.parse::<i64>().ok());
    match (name, number(pid), number(began)) {
        (Some(name), Some(pid), Some(began)) => {
            format!("process {pid} on {name}, since {}", utc(Epoch(began)))
        }
        (_, _, _) => owner.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Epoch;

    fn locked(programs: &[&str], since: u64) -> Locked {
        let holder = |(pid, program): (u32, &&str)| Holder { pid, program: (*program).to_owned() };
        let holders = (1..).zip(programs).map(holder).collect();
        Locked { holders, since: Some(Duration::from_secs(since)) }
    }

    #[test]
    fn a_program_of_ours_is_known_by_its_name_and_nobody_else_is_a_run() {
        for ours in ["host_error", "host_error.rb", "vm_down-0.2", "onerescue", ""] {
            assert_eq!(holds(&locked(&[ours], 5)), Holds::Run, "{ours}");
            assert_eq!(holds(&locked(&["sleep", ours], 5)), Holds::Run, "{ours}");
            assert_eq!(holds(&locked(&[ours], 400)), Holds::OldRun, "{ours}");
        }
        for other in ["sleep", "host_errors", "python3.12", "onerescued"] {
            assert_eq!(holds(&locked(&[other], 400)), Holds::Strangers, "{other}");
        }
        assert_eq!(holds(&locked(&[], 5)), Holds::Run);
        assert_eq!(holds(&locked(&[], 400)), Holds::OldRun);
    }

    #[test]
    fn a_host_is_worked_on_as_long_as_its_run_writes() {
        let now = Epoch(10_000);
        let memory = |ago: i64, progress| {
            let updated = Epoch(now.0 - ago);
            let incident = Incident { host: HostId(7), updated, progress, ..Incident::default() };
            Memory { now, incidents: vec![(DocumentId(1), incident)], ..Memory::default() }
        };
        let is_busy = |programs: &[&str], since, memory: &Memory| {
            !busy(&BTreeMap::from([(HostId(7), locked(programs, since))]), memory).is_empty()
        };
        let fresh = memory(10, Progress::Fencing);
        assert!(is_busy(&["host_error"], 5000, &fresh));
        assert!(!is_busy(&["sleep"], 5000, &fresh));
        let silent = memory(400, Progress::Fencing);
        assert!(!is_busy(&["host_error"], 5000, &silent));
        assert!(is_busy(&["host_error"], 399, &silent), "it may have just begun");
        assert!(!is_busy(&["host_error"], 5000, &memory(10, Progress::Closed)));
    }
}
