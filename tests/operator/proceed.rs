//! `onerescue proceed`: a person's word that the brakes do not hold one incident.

use super::bench::{Bench, WELL, err, incident, out};
use onerescue::model::{Confirmation, Disarmed, Epoch, HostId, Progress};
use onerescue::sim::Death;
use onerescue::wire::record::Record;
use std::time::Duration;

const WORD: [&str; 5] = ["proceed", "node0", "--reason", "the rack has no power", "--yes"];

/// node0 is dead, and a run holds its incident.
fn dead(progress: Progress) -> Bench {
    let bench = Bench::new(WELL);
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.host_dies(HostId(0), Death::PowerLoss);
        cloud.advance(Duration::from_secs(300));
    }
    bench.remember(&Record::Incident(Box::new(incident(0, progress))));
    bench
}

fn word(bench: &Bench) -> Option<Confirmation> {
    bench.memory().proceeds.pop()
}

#[test]
fn a_word_is_written_with_who_why_and_until_when() {
    let bench = dead(Progress::Held);
    let output = bench.run(&WORD);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let said = word(&bench).unwrap();
    assert!(said.by.starts_with("alice (as ") && said.reason == "the rack has no power", "{said:?}");
    assert_eq!(said.expires.since(said.at), Duration::from_secs(600));
    assert!(out(&output).contains("hears it within 10 s (fe1 4711 1795165661)"), "{}", out(&output));
    assert!(bench.log().contains("proceed: the brakes are off node0 (host 0)"), "{}", bench.log());
    let again = bench.run(&WORD);
    assert!(out(&again).contains("this replaces the word of alice"), "{}", out(&again));
}

#[test]
fn without_an_open_incident_a_terminal_or_arms_it_is_refused() {
    let bench = dead(Progress::Held);
    let no_terminal = bench.run(&WORD[..4]);
    assert_eq!(no_terminal.status.code(), Some(2));
    assert!(err(&no_terminal).contains("or add --yes"), "{}", err(&no_terminal));
    let (reason, by) = ("switches".to_owned(), "bob".to_owned());
    let disarmed = vec![Disarmed { cluster: None, reason, by, at: Epoch(7) }];
    bench.remember(&Record::Control { disarmed });
    let disarmed = bench.run(&WORD);
    assert_eq!(disarmed.status.code(), Some(7), "{}", err(&disarmed));
    assert!(err(&disarmed).contains("does not end that"), "{}", err(&disarmed));
    assert_eq!(word(&bench), None);
    let off = dead(Progress::Off).run(&WORD);
    assert!(off.status.code() == Some(7) && err(&off).contains("proven off already"), "{}", err(&off));
}
