//! Tests of the bounds of moments.

use super::*;
use crate::model::{Held, Looks};
use crate::policy::{Mode, Rules};

const NOW: Epoch = Epoch(1_795_165_200);
const DAY: Duration = Duration::from_secs(86_400);

fn policy() -> Policy {
    Policy::under(Mode::Migrate, Rules::default())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_the_settings_allow_is_waited_for_and_nothing_beyond() {
    let rests = |progress, updated, until| {
        let until = Some(until);
        rests(NOW, &Incident { updated, progress, until, ..Incident::default() }, Bounds::default())
    };
    let at = |after| NOW.plus(seconds(after));
    assert_eq!(rests(Progress::Held, NOW, at(300)), Ok(seconds(300)));
    assert_eq!(rests(Progress::Held, NOW, at(600)), Ok(seconds(600)));
    assert_eq!(rests(Progress::Held, NOW, at(86_400)), Err(DAY));
    assert_eq!(rests(Progress::Closed, NOW, at(86_400)), Err(DAY));
    // Whoever has asked for 1000 cycles gets them.
    assert_eq!(rests(Progress::Open, NOW, at(60_000)), Ok(seconds(60_000)));
    assert_eq!(rests(Progress::Open, NOW, at(86_400)), Err(DAY));
    // The whole record was written by that clock.
    assert_eq!(rests(Progress::Open, at(3600), at(3720)), Err(seconds(3720)));
    assert_eq!(rests(Progress::Open, at(300), at(420)), Ok(seconds(420)));
    assert_eq!(rests(Progress::Open, at(3600), Epoch(0)), Ok(Duration::ZERO));
}

#[test]
fn a_moment_that_lies_ahead_counts_from_when_it_was_seen_and_one_of_these_days_as_it_is() {
    assert_eq!(counts(NOW, NOW.plus(seconds(300)), seconds(70)), NOW.plus(seconds(300)));
    assert_eq!(counts(NOW, NOW.plus(seconds(301)), seconds(70)), NOW.before(seconds(70)));
    assert_eq!(counts(NOW, Epoch(7), seconds(70)), Epoch(7));
}

#[test]
fn what_is_taken_up_is_mended_once() {
    let ahead = NOW.plus(DAY);
    let mut incident = Incident {
        opened: ahead,
        updated: ahead,
        events: vec![Epoch(7), ahead, ahead],
        fenced: Some(ahead),
        on: Some(ahead),
        held: Some(Held { why: String::new(), advice: String::new(), since: ahead }),
        waiting: Some(Looks { since: ahead, outcome: String::new() }),
        until: Some(ahead.plus(seconds(600))),
        ..Incident::default()
    };
    let said = mend(&mut incident, NOW, seconds(60), &policy()).unwrap();
    assert!(said.contains("87000 s ahead"), "{said}");
    // Its host gets its time once more, and no event is lost.
    assert_eq!(incident.until, Some(NOW.plus(seconds(120))));
    assert_eq!(incident.events, [Epoch(7), NOW.before(seconds(61)), NOW.before(seconds(60))]);
    let then = Some(NOW.before(seconds(60)));
    assert_eq!((incident.fenced, incident.on), (then, then));
    assert_eq!(incident.held.as_ref().map(|held| held.since), then);
    assert_eq!(incident.waiting.as_ref().map(|looks| looks.since), then);
    incident.updated = NOW;
    assert_eq!(mend(&mut incident, NOW, seconds(60), &policy()), None);
}

#[test]
fn a_clock_that_was_behind_shortens_no_time_and_makes_no_window_forget() {
    let heard = NOW.before(seconds(30));
    let behind = NOW.before(DAY);
    let mut incident = Incident {
        opened: behind,
        updated: behind,
        fenced: Some(behind.plus(seconds(5))),
        until: Some(behind.plus(seconds(120))),
        heard: Some(heard.0),
        ..Incident::default()
    };
    assert_eq!(fenced(&incident), Some(heard));
    assert_eq!(mend(&mut incident, NOW, Duration::ZERO, &policy()), None);
    assert_eq!(incident.until, Some(heard.plus(seconds(120))));
    incident.heard = Some(behind.0);
    assert_eq!(fenced(&incident), incident.fenced);
}
