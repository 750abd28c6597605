//! The bounds of a setting.

use std::time::Duration;

pub(super) const MILLISECOND: Duration = Duration::from_millis(1);
pub(super) const TENTH: Duration = Duration::from_millis(100);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = minutes(1);
pub(super) const HOUR: Duration = minutes(60);
pub(super) const DAY: Duration = days(1);

pub(super) const fn minutes(many: u64) -> Duration {
    Duration::from_secs(60 * many)
}

pub(super) const fn days(many: u64) -> Duration {
    minutes(24 * 60 * many)
}

/// A value if it is in its bounds.
pub(super) fn within<T: Copy + PartialOrd + std::fmt::Debug>(
    key: &str,
    value: T,
    least: T,
    most: T,
) -> Result<T, String> {
    if least <= value && value <= most {
        return Ok(value);
    }
    Err(format!("{key} is {value:?}; it must be between {least:?} and {most:?}"))
}
