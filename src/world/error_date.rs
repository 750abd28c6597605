//! Since when a host is in ERROR. OpenNebula keeps no time of the state; `TEMPLATE/ERROR` begins with one.

use crate::model::Epoch;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use std::path::Path;

/// The date of an error, as each moment that it may be. Shape: `Fri Nov 20 08:44:08 2026 : Error monitoring Host node1
/// (1): `, as C's `ctime` prints the local time of the front-end that led then; `zone` is this front-end's. An hour that
/// is repeated in autumn makes two of it; one that is left out in spring, or no date, none. Source: `src/host/Host.cc`.
#[must_use]
pub fn error_dates(text: &str, zone: &TimeZone) -> Vec<Epoch> {
    let Some((date, _)) = text.split_once(" : ") else { return Vec::new() };
    let Ok(date) = DateTime::strptime("%a %b %e %H:%M:%S %Y", date.trim()) else { return Vec::new() };
    let offsets = match zone.to_ambiguous_timestamp(date).offset() {
        AmbiguousOffset::Unambiguous { offset } => vec![offset],
        AmbiguousOffset::Fold { before, after } => vec![before, after],
        // `ctime` prints no such time: it was written in another zone.
        AmbiguousOffset::Gap { .. } => Vec::new(),
    };
    let moments = offsets.into_iter().filter_map(|offset| offset.to_timestamp(date).ok());
    moments.map(|moment| Epoch(moment.as_second())).collect()
}

/// The zone of this process, as the C library finds it: `TZ` (a name, a file, or rules as POSIX has them), else
/// `/etc/localtime`, else UTC. `None` if there is one that cannot be read: nothing is guessed then. `/etc/timezone` is
/// not read, because `ctime` does not read it. Source: `tzset(3)`.
#[must_use]
pub fn local_zone() -> Option<TimeZone> {
    match TimeZone::try_system() {
        Ok(zone) if !zone.is_unknown() => Some(zone),
        Ok(_) | Err(_) if is_set() || Path::new("/etc/localtime").exists() => None,
        Ok(_) | Err(_) => Some(TimeZone::UTC),
    }
}

#[expect(clippy::disallowed_methods, reason = "whether there is a TZ; its value is jiff's to read")]
fn is_set() -> bool {
    std::env::var_os("TZ").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_read_in_the_front_end_s_zone_and_nothing_is_guessed() {
        let text = "Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1): ";
        assert_eq!(error_dates(text, &TimeZone::UTC), [Epoch(1_795_164_248)]);
        let two_hours_east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(error_dates(text, &two_hours_east), [Epoch(1_795_157_048)]);
        let one_digit = "Tue Nov  3 08:44:08 2026 : Error monitoring Host node1 (1): x : y";
        assert_eq!(error_dates(one_digit, &TimeZone::UTC).len(), 1);
        for bad in ["", "Error monitoring", " : ", "Fri Nov 31 08:44:08 2026 : x", "Nov 20 2026 : x"] {
            assert_eq!(error_dates(bad, &TimeZone::UTC), [], "{bad}");
        }
    }

    #[test]
    fn zones_are_known_by_name_and_by_rule_and_an_hour_may_be_there_twice_or_not_at_all() {
        let text = |date| format!("{date} : Error monitoring Host node1 (1): ");
        let autumn = text("Sun Nov  1 01:30:00 2026");
        let spring = text("Sun Mar  8 02:30:00 2026");
        let plain = text("Fri Nov 20 03:44:08 2026");
        let rule = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        for zone in [TimeZone::get("America/New_York").unwrap(), TimeZone::get("EST5EDT").unwrap(), rule] {
            assert_eq!(error_dates(&plain, &zone), [Epoch(1_795_164_248)]);
            assert_eq!(error_dates(&autumn, &zone), [Epoch(1_793_511_000), Epoch(1_793_514_600)]);
            assert_eq!(error_dates(&spring, &zone), []);
        }
        let kolkata = TimeZone::get("Asia/Kolkata").unwrap();
        assert_eq!(error_dates(&text("Fri Nov 20 14:14:08 2026"), &kolkata), [Epoch(1_795_164_248)]);
    }
}
