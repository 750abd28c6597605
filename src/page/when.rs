//! Moments as a page shows them: in UTC with seconds, and counted from when the host was heard last.

use crate::model::text::span;
use crate::model::{Epoch, Moment};
use crate::policy::arming::utc;
use std::time::Duration;

/// A moment in milliseconds since 1970, by the clock of the front-end that wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub i64);

impl At {
    /// A moment of a record.
    #[must_use]
    pub fn of(epoch: Epoch) -> Self {
        Self(epoch.0.saturating_mul(1000))
    }

    /// A moment of a run that began then.
    #[must_use]
    pub fn in_run(began: Epoch, moment: Moment) -> Self {
        let after = i64::try_from(moment.0.as_millis()).unwrap_or(i64::MAX);
        Self(Self::of(began).0.saturating_add(after))
    }

    /// Milliseconds from `earlier`; negative where clocks differ.
    #[must_use]
    pub fn since(self, earlier: At) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    pub(super) fn epoch(self) -> Epoch {
        Epoch(self.0.div_euclid(1000))
    }
}

/// `8 min 18 s`; what is negative took no time that anybody could measure.
pub(super) fn took(milliseconds: i64) -> String {
    span(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

/// The date and the time of day: `2026-11-20`, `09:07:41`.
fn parts(at: Epoch) -> (String, String) {
    let minute = utc(at);
    let mut words = minute.split_whitespace();
    let (date, time) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    (date.to_owned(), format!("{time}:{:02}", at.0.rem_euclid(60)))
}

/// `09:07:41 UTC on 2026-11-20`
pub(super) fn in_words(at: Epoch) -> String {
    let (date, time) = parts(at);
    format!("{time} UTC on {date}")
}

/// One moment in the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// `2026-11-20T09:07:41Z`, for programs.
    pub iso: String,
    /// `09:07:41`, with the date where that is another one than the incident's, and tenths where they are known.
    pub clock: String,
    /// `+08:18` since the host was heard last, or since the first moment that is known.
    pub after: String,
}

/// What moments of an incident are counted from.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) zero: At,
    day: String,
}

impl Clock {
    pub(super) fn from(zero: At) -> Self {
        Self { zero, day: parts(zero.epoch()).0 }
    }

    pub(super) fn epoch(&self, at: Epoch) -> Stamp {
        self.stamp(At::of(at), "")
    }

    /// A moment of a journal, with tenths of a second.
    pub(super) fn tenths(&self, at: At) -> Stamp {
        self.stamp(at, &format!(".{}", at.0.rem_euclid(1000) / 100))
    }

    fn stamp(&self, at: At, tenths: &str) -> Stamp {
        let (date, time) = parts(at.epoch());
        let clock =
            if date == self.day { format!("{time}{tenths}") } else { format!("{date} {time}{tenths}") };
        let after = format!("{}{tenths}", self.after(at));
        Stamp { iso: format!("{date}T{time}Z"), clock, after }
    }

    /// `+08:18`, `−00:03`, `+2:05:00`
    pub(super) fn after(&self, at: At) -> String {
        let seconds = at.since(self.zero).div_euclid(1000);
        let (sign, seconds) = (if seconds < 0 { '−' } else { '+' }, seconds.unsigned_abs());
        match seconds / 3600 {
            0 => format!("{sign}{:02}:{:02}", seconds / 60, seconds % 60),
            hours => format!("{sign}{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_with_their_seconds_and_another_day_with_its_date() {
        let clock = Clock::from(At::of(Epoch(1_795_165_661)));
        let at = |after: i64| clock.tenths(At(1_795_165_661_000 + after));
        assert_eq!(
            at(65_340),
            Stamp {
                iso: "2026-11-20T09:08:46Z".to_owned(),
                clock: "09:08:46.3".to_owned(),
                after: "+01:05.3".to_owned()
            }
        );
        assert_eq!((at(-3000).after.as_str(), at(7_500_000).after.as_str()), ("−00:03.0", "+2:05:00.0"));
        assert_eq!(clock.epoch(Epoch(1_795_165_661 + 86_400)).clock, "2026-11-21 09:07:41");
        assert_eq!(in_words(Epoch(1_795_165_661)), "09:07:41 UTC on 2026-11-20");
        assert_eq!((took(498_000).as_str(), took(-1).as_str()), ("8 min 18 s", "0 s"));
    }
}
