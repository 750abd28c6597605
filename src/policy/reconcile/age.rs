//! How long a host has been in ERROR that nobody works on.
//!
//! oned writes that down as a date without its zone, and the front-end that led then may have had another one, or
//! another clock. What oned has as a moment bounds it: a host cannot be in ERROR since before it was heard last. A date
//! that cannot be, or is none, makes the age unknown. Then it is counted from when reconcile itself first saw the error:
//! that is never too long, and comes to its end.

use crate::model::Epoch;
use crate::policy::moments::{CLOCKS, is_ahead};
use std::time::Duration;

/// What is known of a host in ERROR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failing {
    /// The moments that the date of its error may be; none if it cannot be read.
    pub dates: Vec<Epoch>,
    /// When oned had heard it last, by oned's clock.
    pub heard: Option<Epoch>,
    /// For how long reconcile has seen this error.
    pub seen: Duration,
}

/// How long it has been in ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Since the date of its error.
    Dated(Duration),
    /// The date says nothing; for so long at least.
    Seen(Duration),
}

impl Age {
    pub(super) fn of(failing: &Failing, now: Epoch) -> Self {
        // Of two moments the younger one counts that is not still to come.
        let date = failing.dates.iter().filter(|date| !is_ahead(now, **date)).max();
        let heard = failing.heard.filter(|heard| !is_ahead(now, *heard));
        let bound = heard.map_or(failing.seen, |heard| failing.seen.min(now.since(heard)));
        match (date, heard) {
            (Some(date), Some(heard)) if heard.since(*date) <= CLOCKS => {
                Self::Dated(now.since(*date).min(now.since(heard)))
            }
            _ => Self::Seen(bound),
        }
    }

    pub(super) fn at_least(self) -> Duration {
        match self {
            Self::Dated(age) | Self::Seen(age) => age,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_165_661;

    fn age(dates: &[i64], heard: Option<i64>, seen: u64) -> Age {
        let dates = dates.iter().map(|ago| Epoch(NOW - ago)).collect();
        let heard = heard.map(|ago| Epoch(NOW - ago));
        Age::of(&Failing { dates, heard, seen: Duration::from_secs(seen) }, Epoch(NOW))
    }

    fn dated(age: u64) -> Age {
        Age::Dated(Duration::from_secs(age))
    }

    fn seen(age: u64) -> Age {
        Age::Seen(Duration::from_secs(age))
    }

    #[test]
    fn a_date_counts_where_oned_has_heard_the_host_before_it() {
        assert_eq!(age(&[500], Some(560), 0), dated(500));
        // Clocks differ, and a host is heard at any moment.
        assert_eq!(age(&[-200], Some(10), 0), dated(0));
        assert_eq!(age(&[500], Some(300), 0), dated(300));
        // The hour that is repeated.
        assert_eq!((age(&[3605, 5], Some(60), 0), age(&[5, -3595], Some(60), 0)), (dated(5), dated(5)));
    }

    #[test]
    fn a_date_of_another_zone_says_nothing_whichever_side_it_is_on() {
        for away in [5 * 3600, 1800, 19_800, 14 * 3600] {
            assert_eq!(age(&[5 + away], Some(60), 0), seen(0), "{away}");
            assert_eq!(age(&[5 + away], Some(600), 130), seen(130), "{away}");
            assert_eq!(age(&[5 - away], Some(60), 30), seen(30), "{away}");
        }
        assert_eq!((age(&[], Some(60), 125), age(&[500], None, 7)), (seen(60), seen(7)));
        // A clock that is wrong here, or there: neither moment counts.
        assert_eq!(age(&[-86_400], Some(-86_400), 125), seen(125));
    }
}
