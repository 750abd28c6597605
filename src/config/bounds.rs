//! The bounds of a setting.

use std::ops::RangeInclusive;
use std::time::Duration;

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const TENTH: Duration = Duration::from_millis(100);
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// A value if it is in its bounds.
pub(super) fn within<T: PartialOrd + std::fmt::Debug>(
    key: &str,
    value: T,
    bounds: RangeInclusive<T>,
) -> Result<T, String> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    Err(format!("{key} is {value:?}; it must be between {:?} and {:?}", bounds.start(), bounds.end()))
}
