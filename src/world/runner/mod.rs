//! The one place that starts a program.
//!
//! A program gets arguments and its standard input, never a shell, our environment or our working directory.
//! It has a deadline, and at its end, good or bad, its whole process group is killed: a fence agent that dies
//! would otherwise leave `ipmitool` behind. What it says is kept up to 64 KiB and never believed here.
//! A process that leaves its group (`setsid`) is not followed; it inherits nothing of ours but its pipes.

mod apart;
mod output;
mod reason;
mod telling;

pub(super) use apart::{start_apart, wait_for_those_apart};
#[cfg(test)]
pub(super) use reason::LONGEST_REASON;
pub(super) use reason::{one_line, reason};
pub(super) use telling::telling;

use super::clock::now;
use super::stop;
use output::Kept;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{self, PipeReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// How long a program may clean up after SIGTERM, and how long we look for its end after SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Reads after the end of a program: more than a pipe can hold (1 MiB), but not endless if somebody who
/// left the process group still writes.
const LAST_READS: usize = 1024;

/// What to start, and for how long at most.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// Absolute path.
    pub(super) program: &'a Path,
    /// Everybody on this machine can read these: no secrets.
    pub(super) arguments: &'a [String],
    /// What it reads. Secrets belong here.
    pub(super) stdin: &'a [u8],
    /// After this it gets SIGTERM, two seconds later SIGKILL.
    pub(super) deadline: Duration,
    /// The authorities that python's `requests` believes, in place of the system's.
    pub(super) ca_file: Option<&'a Path>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// By us: its deadline passed.
    TimedOut,
    /// It did not even begin.
    NotStarted(String),
}

/// A program's end and what it said, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// How it ended.
    pub(super) outcome: Outcome,
    /// Its standard output, whole lines, at most 64 KiB.
    pub(super) stdout: String,
    /// Its standard error, the same way.
    pub(super) stderr: String,
    /// It said more than was kept.
    pub(super) cut: bool,
}

/// Run a program to its end, which comes at most four seconds after its deadline.
pub(super) fn run(call: &Call<'_>) -> Ran {
    run_with(call, &[])
}

/// The same with more in its environment.
pub(super) fn run_with(call: &Call<'_>, environment: &[(&str, String)]) -> Ran {
    if stop::is_stopped() {
        return not_started("this process is to stop".to_owned());
    }
    // Before it is there: who is killed in between leaves a word too.
    telling::tell(Some((0, call.deadline.saturating_add(2 * GRACE))));
    match start(call, environment) {
        Ok((child, end)) => {
            telling::tell(Some((child.id(), call.deadline.saturating_add(2 * GRACE))));
            let ran = Running::new(child, end, call.stdin).finish(call.deadline);
            telling::tell(None);
            ran
        }
        Err(error) => {
            telling::tell(None);
            not_started(error.to_string())
        }
    }
}

fn not_started(why: String) -> Ran {
    let (stdout, stderr) = (String::new(), String::new());
    Ran { outcome: Outcome::NotStarted(why), stdout, stderr, cut: false }
}

/// Start the program, and a thread that watches for its end: the pipe closes when the program is dead, and
/// can be waited for together with the program's own pipes. (A pidfd would do the same, but not on Linux 4.18.)
/// The dead program is not reaped there, so its process group's number cannot be reused before it is killed.
fn start(call: &Call<'_>, environment: &[(&str, String)]) -> io::Result<(Child, PipeReader)> {
    #[expect(clippy::disallowed_methods, reason = "the one place that starts a program")]
    let mut command = Command::new(call.program);
    let mut child = command
        .args(call.arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .envs(call.ca_file.map(|path| ("REQUESTS_CA_BUNDLE", path)))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = Pid::from_child(&child).as_raw_nonzero().get();
    stop::program_began(pid);
    match watch(&child) {
        Ok(end) => Ok((child, end)),
        Err(error) => {
            end_group(&child, Signal::KILL);
            stop::program_ended(pid);
            let _ = child.wait();
            Err(error)
        }
    }
}

fn watch(child: &Child) -> io::Result<PipeReader> {
    let pid = Pid::from_child(child);
    let (end, open) = io::pipe()?;
    thread::Builder::new().spawn(move || {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), ended) {}
        drop(open);
    })?;
    Ok(end)
}

fn end_group(child: &Child, signal: Signal) {
    let _ = kill_process_group(Pid::from_child(child), signal);
}

/// A program that runs, and its pipes.
struct Running<'a> {
    child: Child,
    end: PipeReader,
    stdin: Option<ChildStdin>,
    unwritten: &'a [u8],
    stdout: Kept<ChildStdout>,
    stderr: Kept<ChildStderr>,
}

impl<'a> Running<'a> {
    fn new(mut child: Child, end: PipeReader, input: &'a [u8]) -> Self {
        let stdin = child.stdin.take().filter(nonblocking);
        let stdout = Kept::new(child.stdout.take().filter(nonblocking));
        let stderr = Kept::new(child.stderr.take().filter(nonblocking));
        Self { child, end, stdin, unwritten: input, stdout, stderr }
    }

    fn finish(mut self, deadline: Duration) -> Ran {
        let in_time = self.ended_within(deadline);
        let mut ended = in_time;
        if !in_time {
            end_group(&self.child, Signal::TERM);
            ended = self.ended_within(GRACE);
        }
        end_group(&self.child, Signal::KILL);
        // A program inside the kernel (a hung mount) survives SIGKILL for a while; it is not waited for.
        let ended = ended || self.ended_within(GRACE);
        if ended {
            // Before it is reaped: then its number may be used again.
            stop::program_ended(Pid::from_child(&self.child).as_raw_nonzero().get());
        }
        let status = if ended { self.child.wait().ok() } else { None };
        self.stdout.serve(LAST_READS);
        self.stderr.serve(LAST_READS);
        Ran {
            outcome: if in_time { outcome(status) } else { Outcome::TimedOut },
            cut: self.stdout.cut || self.stderr.cut,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }

    /// Serve the pipes until the program ends; no if it did not end in this time.
    fn ended_within(&mut self, time: Duration) -> bool {
        let until = now() + time;
        loop {
            let left = until.saturating_duration_since(now());
            if self.wait_for_event(left) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
            self.write();
            self.stdout.serve(1);
            self.stderr.serve(1);
        }
    }

    /// Wait until the program ended (yes), a pipe is ready or the time is over (no).
    fn wait_for_event(&self, left: Duration) -> bool {
        let mut events = vec![PollFd::new(&self.end, PollFlags::IN)];
        if let Some(pipe) = &self.stdin {
            events.push(PollFd::new(pipe, PollFlags::OUT));
        }
        if let Some(pipe) = &self.stdout.pipe {
            events.push(PollFd::new(pipe, PollFlags::IN));
        }
        if let Some(pipe) = &self.stderr.pipe {
            events.push(PollFd::new(pipe, PollFlags::IN));
        }
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut events, Some(&left)) {
            Ok(_) => events.first().is_some_and(|end| !end.revents().is_empty()),
            Err(_) => false,
        }
    }

    /// Write what the program takes; close its input when it has everything or wants no more.
    fn write(&mut self) {
        let Some(pipe) = &mut self.stdin else {
            return;
        };
        let open = match pipe.write(self.unwritten) {
            Ok(written) => {
                self.unwritten = self.unwritten.get(written..).unwrap_or_default();
                !self.unwritten.is_empty()
            }
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        if !open {
            self.stdin = None;
        }
    }
}

fn nonblocking(pipe: &impl std::os::fd::AsFd) -> bool {
    rustix::io::ioctl_fionbio(pipe, true).is_ok()
}

fn outcome(status: Option<ExitStatus>) -> Outcome {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => Outcome::Exited(code),
        Some((None, Some(signal))) => Outcome::Signalled(signal),
        Some((None, None)) | None => Outcome::NotStarted("its exit status is unknown".to_owned()),
    }
}

#[cfg(test)]
mod tests;
