//! This front-end, seen by itself: is it connected, how long has oned been running here?
//!
//! What a gateway's silence or a young oned means is for the policy.

use super::lead::Lead;
use super::machine;
use super::parallel::at_once;
use super::runner::{Call, Outcome, run};
use crate::config::ObserverSettings;
use crate::model::{Host, Observer, Raft, RaftState};
use rustix::time::{ClockId, clock_gettime};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

/// The end of asking one gateway: time for a name server that is slow, beside the two seconds that the default
/// `ping` waits.
const LONGEST_PING: Duration = Duration::from_secs(10);

/// Look once. `hosts` are those of which it matters whether they are this machine. All gateways are asked at the same time. A term that is seen for the first time is noted.
#[must_use]
pub fn look(
    raft: Result<Option<Raft>, String>,
    lead: &mut Lead,
    hosts: &[&Host],
    settings: &ObserverSettings,
) -> Observer {
    let leader_for = lead.seen(raft.as_ref().ok().and_then(Option::as_ref));
    let raft = raft.map(|raft| raft.map_or(RaftState::Solo, |raft| raft.state));
    let gateways = at_once(&settings.gateways, |address| (address.clone(), answers(address, &settings.ping)));
    let machine = machine::look(hosts.iter().copied());
    Observer { raft, gateways, oned_runs_for: oned_runs_for(Path::new("/proc")), leader_for, machine }
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

/// How long the youngest process named `oned` of our own user has been running; `None` if there is none, as on
/// a machine from which a front-end is reached over the network.
fn oned_runs_for(proc: &Path) -> Option<Duration> {
    let me = rustix::process::geteuid().as_raw();
    let ours = |folder: &Path| folder.metadata().is_ok_and(|seen| seen.uid() == me);
    let read = |folder: &Path, file| std::fs::read(folder.join(file)).ok();
    let folders = std::fs::read_dir(proc).ok()?.flatten().map(|entry| entry.path());
    let started = folders.filter(|folder| ours(folder)).filter_map(|folder| {
        // Most processes end here, with one small read.
        let named = read(&folder, "comm")? == b"oned\n";
        if named { began(&String::from_utf8_lossy(&read(&folder, "stat")?)) } else { None }
    });
    let started = after_boot(started.max()?, rustix::param::clock_ticks_per_second())?;
    Some(since_boot().saturating_sub(started))
}

/// The time since the boot, by the clock that the kernel counts a process' ticks by, and that nobody sets; /proc/uptime
/// is the container's own in some containers.
pub(crate) fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// When a process began, in ticks since the boot: field 22 of `/proc/PID/stat`. `None` for a dead one that nobody
/// has reaped, and for a text that is something else. The name, field 2, may hold blanks and parentheses.
/// Source: `proc_pid_stat(5)`.
pub(super) fn began(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    match fields.next()? {
        "Z" | "X" => None,
        // The state was field 3, and 18 more stand before the one that is wanted.
        _ => fields.nth(18)?.parse().ok(),
    }
}

pub(super) fn after_boot(ticks: u64, per_second: u64) -> Option<Duration> {
    let part = ticks.checked_rem(per_second)?.checked_mul(1_000_000_000)?.checked_div(per_second)?;
    Some(Duration::from_secs(ticks.checked_div(per_second)?).saturating_add(Duration::from_nanos(part)))
}

/// A number that differs from run to run. Each hasher of the standard library has keys of its own, from the
/// system's random numbers.
pub(super) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// This machine's name.
pub(super) fn front_end() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
