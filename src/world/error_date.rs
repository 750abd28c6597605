//! Since when a host is in ERROR. OpenNebula keeps no time of the state; `TEMPLATE/ERROR` begins with one.

use crate::model::Epoch;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The date of an error. Shape: `Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1): `, as C's `ctime` prints
/// the local time of the front-end that led then; `zone` is this front-end's. `None` if it begins with no date.
/// Source: `src/host/Host.cc`.
#[must_use]
pub fn error_date(text: &str, zone: &TimeZone) -> Option<Epoch> {
    let (date, _) = text.split_once(" : ")?;
    let date = DateTime::strptime("%a %b %e %H:%M:%S %Y", date.trim()).ok()?;
    Some(Epoch(date.to_zoned(zone.clone()).ok()?.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_read_in_the_front_end_s_zone_and_nothing_is_guessed() {
        let text = "Fri Nov 20 08:44:08 2026 : Error monitoring Host node1 (1): ";
        assert_eq!(error_date(text, &TimeZone::UTC), Some(Epoch(1_795_164_248)));
        let two_hours_east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(error_date(text, &two_hours_east), Some(Epoch(1_795_157_048)));
        let one_digit = "Tue Nov  3 08:44:08 2026 : Error monitoring Host node1 (1): x : y";
        assert!(error_date(one_digit, &TimeZone::UTC).is_some());
        for bad in ["", "Error monitoring", " : ", "Fri Nov 31 08:44:08 2026 : x", "Nov 20 2026 : x"] {
            assert_eq!(error_date(bad, &TimeZone::UTC), None, "{bad}");
        }
    }
}
