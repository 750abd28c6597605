//! The processes of this machine, as everybody can see them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Send a process, or with a minus sign a process group, a signal: `TERM`, `STOP`.
pub(crate) fn kill(signal: &str, target: &str) -> bool {
    let kill = Command::new("/bin/kill").args(["-s", signal, "--", target]).stderr(Stdio::null()).status();
    kill.is_ok_and(|status| status.success())
}

/// Whether a process group has a process that is not a corpse.
pub(crate) fn group_runs(group: u32) -> bool {
    runs(2, group)
}

/// Whether a session has one: a program that was started with `setsid`, or whoever descends from it, even if
/// it has changed its process group or lost its parent.
pub(crate) fn session_runs(session: u32) -> bool {
    runs(3, session)
}

/// `field` counts from the state, the first one after the name in `/proc/PID/stat`.
fn runs(field: usize, number: u32) -> bool {
    let number = number.to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|process| {
        let fields = stat(&process.path());
        fields.get(field) == Some(&number) && fields[0] != "Z" && fields[0] != "X"
    })
}

fn stat(process: &Path) -> Vec<String> {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').map(str::to_owned).collect());
    fields.unwrap_or_default()
}

/// Whether this comes true within ten seconds.
pub(crate) fn eventually(condition: impl FnMut() -> bool) -> bool {
    within(Duration::from_secs(10), condition)
}

/// Whether this comes true in this time.
pub(crate) fn within(time: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while !condition() {
        if begin.elapsed() > time {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// What everybody may read of a process.
pub(crate) struct Process {
    pub(crate) command: String,
    pub(crate) environment: String,
}

/// Every process of this machine.
pub(crate) fn processes() -> Vec<Process> {
    let text = |file| String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).replace('\0', " ");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .map(|entry| Process {
            command: text(entry.path().join("cmdline")),
            environment: text(entry.path().join("environ")),
        })
        .collect()
}
