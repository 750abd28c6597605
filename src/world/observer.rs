//! This front-end, seen by itself: is it connected, how long has oned been running here?
//!
//! What a gateway's silence or a young oned means is for the policy.

use super::clock::{after_boot, began, since_boot};
use super::lead::Lead;
use super::machine;
use super::parallel::at_once;
use super::runner::{Call, Outcome, run};
use crate::config::ObserverSettings;
use crate::model::{Host, Observer, Raft, RaftState, Term};
use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The end of asking one gateway: time for a name server that is slow, beside the two seconds that the default
/// `ping` waits.
const LONGEST_PING: Duration = Duration::from_secs(10);

/// Look once. `hosts` are those of which it matters whether they are this machine, `port` is that of our endpoint. All gateways
/// are asked at the same time. A term that is seen for the first time is noted.
#[must_use]
pub fn look(
    raft: Result<Option<Raft>, String>,
    lead: &mut Lead,
    hosts: &[&Host],
    settings: &ObserverSettings,
    port: Option<u16>,
) -> Observer {
    let leader_for = lead.seen(raft.as_ref().ok().and_then(Option::as_ref));
    let term = Term::of(&raft);
    let raft = raft.map(|raft| raft.map_or(RaftState::Solo, |raft| raft.state));
    let gateways = at_once(&settings.gateways, |address| (address.clone(), answers(address, &settings.ping)));
    let machine = machine::look(hosts.iter().copied());
    let oned_runs_for = oned_runs_for(Path::new("/proc"), port);
    Observer { raft, gateways, oned_runs_for, leader_for, term, machine }
}

fn answers(address: &str, ping: &[String]) -> bool {
    let words: Vec<_> = ping.iter().map(|word| word.replace("{address}", address)).collect();
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    let call =
        Call { program: Path::new(program), arguments, stdin: b"", deadline: LONGEST_PING, ca_file: None };
    let ran = run(&call);
    log::debug!("gateway {address}: {}", super::runner::reason(&ran));
    ran.outcome == Outcome::Exited(0)
}

/// How long the process named `oned` of our own user that listens on this port has been running, or the youngest of that name
/// where none does: a proxy may answer on the endpoint. `None` if there is none, as on a machine from which a front-end is
/// reached over the network.
fn oned_runs_for(proc: &Path, port: Option<u16>) -> Option<Duration> {
    let me = rustix::process::geteuid().as_raw();
    let ours = |folder: &Path| folder.metadata().is_ok_and(|seen| seen.uid() == me);
    let read = |folder: &Path, file| std::fs::read(folder.join(file)).ok();
    let folders = std::fs::read_dir(proc).ok()?.flatten().map(|entry| entry.path());
    let sockets = port.map_or_else(BTreeSet::new, |port| listening(proc, port));
    let started = folders.filter(|folder| ours(folder)).filter_map(|folder| {
        // Most processes end here, with one small read.
        let named = read(&folder, "comm")? == b"oned\n";
        let began = if named { began(&String::from_utf8_lossy(&read(&folder, "stat")?)) } else { None };
        Some((holds(&folder, &sockets), began?))
    });
    let (_, started) = started.max()?;
    let started = after_boot(started, rustix::param::clock_ticks_per_second())?;
    Some(since_boot().saturating_sub(started))
}

/// The sockets that listen on this port, as a process' folder of files names them: `socket:[4711]`.
/// Source: `proc_net(5)`: the second field is the address in hexadecimal digits, the fourth the state (0A listens), the tenth the
/// inode.
fn listening(proc: &Path, port: u16) -> BTreeSet<PathBuf> {
    let tables =
        ["net/tcp", "net/tcp6"].map(|file| std::fs::read_to_string(proc.join(file)).unwrap_or_default());
    let ending = format!(":{port:04X}");
    let socket = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (local, state) = (fields.nth(1)?, fields.nth(1)?);
        let inode = fields.nth(5)?;
        (local.ends_with(&ending) && state == "0A").then(|| PathBuf::from(format!("socket:[{inode}]")))
    };
    tables.iter().flat_map(|table| table.lines()).filter_map(socket).collect()
}

/// Has this process one of these sockets?
fn holds(process: &Path, sockets: &BTreeSet<PathBuf>) -> bool {
    let files = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    let mut links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    !sockets.is_empty() && links.any(|link| sockets.contains(&link))
}

/// A number that differs from run to run. Each hasher of the standard library has keys of its own, from the
/// system's random numbers.
pub(super) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests;
