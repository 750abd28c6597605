//! The clocks of this machine, and when its processes began.

use crate::model::Epoch;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// The wall clock, for what is remembered by other front-ends; nothing in this run is timed by it.
#[expect(clippy::disallowed_methods, reason = "the one wall clock of a live run")]
pub(crate) fn wall_clock() -> Epoch {
    Epoch(jiff::Timestamp::now().as_second())
}

#[expect(clippy::disallowed_methods, reason = "the deadline of a program is real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
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
