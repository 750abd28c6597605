//! Numbers and times, and their bounds.

use super::Raw;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as friendly;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::time::Duration;

pub(crate) const NONE: Duration = Duration::ZERO;
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
pub(crate) const TENTH: Duration = Duration::from_millis(100);
pub(crate) const SECOND: Duration = seconds(1);

pub(crate) const fn seconds(many: u64) -> Duration {
    Duration::from_secs(many)
}

pub(crate) const fn minutes(many: u64) -> Duration {
    seconds(60 * many)
}

pub(crate) const fn hours(many: u64) -> Duration {
    minutes(60 * many)
}

pub(crate) const fn days(many: u64) -> Duration {
    hours(24 * many)
}

/// A value if it is in its bounds.
pub(crate) fn within<T: Copy + PartialOrd + Debug>(
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

/// A whole number.
pub(crate) fn number<T: DeserializeOwned + Copy + PartialOrd + Debug>(
    least: T,
    most: T,
) -> impl Fn(&str, Raw) -> Result<T, String> {
    move |key, raw| within(key, super::plain(key, raw)?, least, most)
}

/// A time, as `1m30s`.
pub(crate) fn time(least: Duration, most: Duration) -> impl Fn(&str, Raw) -> Result<Duration, String> {
    move |key, raw| {
        let time = friendly::deserialize(raw).map_err(|error: toml::de::Error| error.message().to_owned())?;
        within(key, time, least, most)
    }
}
