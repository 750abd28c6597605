//! The fence program that sends "off", in the lock file of its host: the next run waits for it if this one dies.
//!
//! Shape: one line behind what else is noted there; the program's process, the begin of that in clock ticks since the boot,
//! and the moment at which it is over at the latest: `off 4711 123456 1795165661`.

use super::identity::{Process, process};
use super::lockfile;
use crate::model::Epoch;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::time::Duration;

/// More is read of no note.
const LONGEST: u64 = 256;

/// A program that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pid: u32,
    began: u64,
    until: Epoch,
}

impl Program {
    /// The program of this number, which was just started and is over at that moment.
    pub(super) fn of(pid: u32, until: Epoch) -> Option<Self> {
        match process(pid) {
            Process::Began(began) => Some(Self { pid, began, until }),
            Process::None | Process::Hidden => None,
        }
    }

    /// A program that is about to be started: nobody knows its number, so it counts as at work for all of its time.
    pub(super) fn about_to_begin(until: Epoch) -> Self {
        Self { pid: 0, began: 0, until }
    }

    fn read(pid: &str, began: &str, until: &str) -> Option<Self> {
        let (pid, began) = (pid.parse().ok()?, began.parse().ok()?);
        Some(Self { pid, began, until: Epoch(until.parse().ok()?) })
    }

    /// Is it at work? Its number, and what is left of its time. Past that it is ended as its run would have done it.
    pub(super) fn at_work(self, now: Epoch) -> Option<(u32, Duration)> {
        let left = self.until.since(now);
        if self.pid == 0 {
            return (!left.is_zero()).then_some((0, left));
        }
        match process(self.pid) {
            Process::Began(began) if began == self.began => {}
            // Another user's: nobody knows, for as long as it may take.
            Process::Hidden if !left.is_zero() => {}
            Process::Began(_) | Process::None | Process::Hidden => return None,
        }
        if left.is_zero()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        Some((self.pid, left))
    }
}

const WORD: &str = "off";

/// The program that is noted in this text.
pub(super) fn noted(text: &str) -> Option<Program> {
    let words: Vec<_> = text.lines().find(|line| line.starts_with(WORD))?.split(' ').collect();
    let [WORD, pid, began, until] = words.as_slice() else { return None };
    Program::read(pid, began, until)
}

/// Note this program, or that none is at work; what else stands there stays.
pub(super) fn note(mut file: &File, program: Option<Program>) {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.take(LONGEST).read_to_string(&mut text));
    let others = text.lines().filter(|line| !line.starts_with(WORD));
    let mut kept: Vec<String> = others.map(str::to_owned).collect();
    kept.extend(program.map(|Program { pid, began, until }| format!("{WORD} {pid} {began} {}", until.0)));
    lockfile::write(file, &kept.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_noted_beside_what_stands_there() {
        let file = tempfile::tempfile().unwrap();
        let read = |mut file: &File| {
            let mut text = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut text).unwrap();
            text
        };
        let program = Program { pid: 4711, began: 123_456, until: Epoch(1_795_165_661) };
        lockfile::write(&file, "17 1795165661 person");
        note(&file, Some(program));
        assert_eq!(read(&file), "17 1795165661 person\noff 4711 123456 1795165661");
        assert_eq!(noted(&read(&file)), Some(program));
        note(&file, None);
        assert_eq!(read(&file), "17 1795165661 person");
        for text in ["12", "off 1 2\nsince 5", "off x 2 3", ""] {
            assert_eq!(noted(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_process_that_was_noted_is_at_work() {
        let me = std::process::id();
        let program = Program::of(me, Epoch(100)).unwrap();
        assert_eq!(program.at_work(Epoch(90)), Some((me, Duration::from_secs(10))));
        let other = Program { began: program.began + 1, ..program };
        assert_eq!(other.at_work(Epoch(90)), None);
        // Killed between the word and the start of the program.
        let unknown = Program::about_to_begin(Epoch(100));
        assert_eq!(unknown.at_work(Epoch(90)), Some((0, Duration::from_secs(10))));
        assert_eq!(unknown.at_work(Epoch(100)), None);
    }
}
