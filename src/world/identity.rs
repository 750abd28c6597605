//! Who this process is, and whether the processes that own records are still there.
//!
//! It says what the kernel shows. Whether a run may be taken over is the policy's business.

use super::clock::{after_boot, began, wall_clock};
use super::machine::front_end;
use crate::model::{Epoch, Life, Memory, Progress, RunId, SeenOwner};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

/// The begin of a run is written down this much after its process began, at least and at most by whole seconds.
const ROUNDING: Duration = Duration::from_secs(2);

/// Front-end, process and begin of a run, for people and for records of older versions: `fe1 4711 1795165661`.
pub(crate) fn identity() -> String {
    format!("{} {} {}", front_end(), std::process::id(), wall_clock().0)
}

/// The identity of this process; none where `/proc` does not show this process under its own number.
pub(crate) fn run_id() -> Option<RunId> {
    let pid = std::process::id();
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let ours = stat.split(' ').next().and_then(|number| number.parse().ok()) == Some(pid);
    let space = fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned();
    let boot = word("/proc/sys/kernel/random/boot_id")?;
    let machine = word("/etc/machine-id").unwrap_or_else(|| format!("name:{}", front_end()));
    ours.then_some(RunId { machine, boot, space, pid, began: began(&stat)? })
}

fn word(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|word| !word.is_empty())
}

/// The memory, with who reads it and what is known here of the owners of records that somebody may be at work on.
pub(crate) fn with_owners(mut memory: Memory) -> Memory {
    memory.run = run_id();
    let at_work = memory.incidents.iter().map(|(_, incident)| incident);
    let at_work = at_work.filter(|incident| incident.progress != Progress::Closed || incident.lock.is_some());
    let seen = at_work.filter_map(|incident| {
        let life = match &incident.run {
            Some(run) => life(run, memory.run.as_ref()),
            None => life_by_name(&incident.owner)?,
        };
        Some(SeenOwner { owner: incident.owner.clone(), run: incident.run.clone(), life })
    });
    memory.owners = seen.collect();
    memory
}

/// Is this process there? A process number means something only under one kernel, and in one namespace of it.
pub(super) fn life(run: &RunId, me: Option<&RunId>) -> Life {
    if me.is_none_or(|me| (&me.boot, &me.space) != (&run.boot, &run.space)) {
        return Life::Unseen;
    }
    match process(run.pid) {
        Process::Began(ticks) if ticks == run.began => Life::Lives,
        Process::Began(_) | Process::None => Life::Gone,
        Process::Hidden => Life::Unseen,
    }
}

/// The same by the words of an older version. None if they name another machine.
fn life_by_name(owner: &str) -> Option<Life> {
    let mut words = owner.split(' ');
    if words.next() != Some(front_end().as_str()) {
        return None;
    }
    let (Some(pid), Some(at)) = (words.next(), words.next()) else { return Some(Life::Gone) };
    let (Ok(pid), Ok(at)) = (pid.parse(), at.parse()) else { return Some(Life::Gone) };
    Some(match process(pid) {
        Process::Began(ticks) => match moment(ticks) {
            Some(began) if began <= Epoch(at).plus(ROUNDING) => Life::Lives,
            Some(_) => Life::Gone,
            None => Life::Unseen,
        },
        Process::None => Life::Gone,
        Process::Hidden => Life::Unseen,
    })
}

/// What `/proc` says of a number.
pub(super) enum Process {
    /// It began at this time, in clock ticks since the boot.
    Began(u64),
    /// Nobody has this number, or who had it is dead.
    None,
    /// Somebody has it whom this user may not look at.
    Hidden,
}

pub(super) fn process(pid: u32) -> Process {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(stat) => began(&String::from_utf8_lossy(&stat)).map_or(Process::None, Process::Began),
        // With hidepid the processes of other users are not shown.
        Err(error) if error.kind() == ErrorKind::NotFound => match number(pid).map(test_kill_process) {
            Some(Err(Errno::SRCH)) | None => Process::None,
            Some(Ok(()) | Err(_)) => Process::Hidden,
        },
        // It has ended while it was read.
        Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Process::None,
        Err(_) => Process::Hidden,
    }
}

fn number(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// When that was by the wall clock. Source: `btime` of `/proc/stat`, whole seconds.
fn moment(ticks: u64) -> Option<Epoch> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())?;
    Some(Epoch(boot).plus(after_boot(ticks, rustix::param::clock_ticks_per_second())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, Incident};

    #[test]
    fn this_process_lives_and_one_with_its_number_or_of_elsewhere_does_not() {
        let me = run_id().unwrap();
        let of = |run: &RunId| life(run, Some(&me));
        assert_eq!(of(&me), Life::Lives);
        assert_eq!(of(&RunId { began: me.began + 1, ..me.clone() }), Life::Gone);
        assert_eq!(of(&RunId { boot: "another".to_owned(), ..me.clone() }), Life::Unseen);
        assert_eq!(of(&RunId { space: "pid:[1]".to_owned(), ..me.clone() }), Life::Unseen);
        assert_eq!(life(&me, None), Life::Unseen);
        // A renamed machine, or another file in a container of the same kernel and namespace.
        assert_eq!(of(&RunId { machine: "another".to_owned(), ..me.clone() }), Life::Lives);
        assert_eq!(of(&RunId { pid: u32::MAX, ..me.clone() }), Life::Gone);
    }

    #[test]
    fn a_process_that_has_ended_is_gone() {
        #[expect(clippy::disallowed_methods, reason = "a process that ends")]
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(matches!(process(pid), Process::None));
    }

    #[test]
    fn the_owner_of_an_older_record_is_known_by_its_name_and_lives_if_its_process_does() {
        let (name, pid) = (front_end(), std::process::id());
        assert_eq!(life_by_name(&identity()), Some(Life::Lives));
        // The number is used again by a process that began later.
        assert_eq!(life_by_name(&format!("{name} {pid} 1000000000")), Some(Life::Gone));
        assert_eq!(life_by_name(&format!("{name} {} 1795165661", u32::MAX)), Some(Life::Gone));
        assert_eq!(life_by_name(&name), Some(Life::Gone));
        assert_eq!(life_by_name(&format!("{name}x {pid} 1795165661")), None);
    }

    #[test]
    fn owners_of_closed_records_are_not_looked_for() {
        let of = |progress| Incident { owner: identity(), run: run_id(), progress, ..Incident::default() };
        let incidents = vec![(DocumentId(1), of(Progress::Closed)), (DocumentId(2), of(Progress::Off))];
        let memory = with_owners(Memory { incidents, ..Memory::default() });
        assert_eq!(memory.run, run_id());
        let seen: Vec<_> = memory.owners.iter().map(|seen| seen.life).collect();
        assert_eq!(seen, [Life::Lives]);
    }
}
