//! Tests of whose word is taken.

use super::*;
use crate::model::{ClusterId, Epoch, HostId};
use std::time::Duration;

const NOW: Epoch = Epoch(1_000_000);

fn host(state: HostState, error: Option<&str>) -> Host {
    Host { error: error.map(str::to_owned), ..Host::new(HostId(7), "node7", state) }
}

fn incident(host: u32, progress: Progress) -> Incident {
    Incident {
        host: HostId(host),
        name: format!("node{host}"),
        cluster: ClusterId(0),
        owner: "fe1 1 1".to_owned(),
        opened: Epoch(1),
        updated: Epoch(2),
        progress,
        events: Vec::new(),
        error: None,
        fenced: None,
        on: None,
        held: None,
        began: None,
        proof: None,
        confirmation: None,
        outcome: None,
        ..Incident::default()
    }
}

fn memory(incidents: &[(u32, u32, Progress)]) -> Memory {
    let incidents = incidents.iter().map(|(document, host, progress)| {
        let opened = Epoch(i64::from(*document));
        (DocumentId(*document), Incident { opened, ..incident(*host, *progress) })
    });
    Memory { now: NOW, incidents: incidents.collect(), ..Memory::default() }
}

fn taken(
    host: &Host,
    memory: &Memory,
    power: &[PowerState],
    opinions: &[Opinion],
) -> Result<Confirmed, String> {
    let power: Vec<_> = power.iter().map(|power| (DeviceName("bmc".to_owned()), power.clone())).collect();
    let said = |opinion: &Opinion| Testimony {
        witness: "node3".to_owned(),
        opinion: *opinion,
        said: "0".to_owned(),
    };
    let testimonies: Vec<_> = opinions.iter().map(said).collect();
    let look = Look { host, machine: &Machine::default(), memory, power: &power, testimonies: &testimonies };
    confirm(look, "alice", "its rack has no power").map_err(|failure| failure.what)
}

#[test]
fn row_28_a_word_is_bound_to_the_open_incident_and_expires() {
    let (dead, silent) = (host(HostState::Error, None), PowerState::Unknown("no route".to_owned()));
    for progress in [Progress::Open, Progress::Held, Progress::Fencing] {
        let memory = memory(&[(3, 7, Progress::Closed), (5, 7, progress), (9, 8, Progress::Open)]);
        let confirmed =
            taken(&dead, &memory, std::slice::from_ref(&silent), &[Opinion::Dead, Opinion::None]).unwrap();
        let word = confirmed.word;
        assert_eq!((word.host, word.incident), (HostId(7), DocumentId(5)));
        assert_eq!((word.by.as_str(), word.reason.as_str()), ("alice", "its rack has no power"));
        assert_eq!((word.at, word.expires), (NOW, NOW.plus(Duration::from_secs(600))));
        assert_eq!(confirmed.replaced, None);
    }
}

#[test]
fn nobody_is_off_on_whose_machine_the_word_is_typed() {
    let (dead, memory) = (host(HostState::Error, None), memory(&[(5, 7, Progress::Held)]));
    for (name, taken) in [("node7.example.org", false), ("fe1", true)] {
        let machine = Machine { names: vec![name.to_owned()], ..Machine::default() };
        let look = Look { host: &dead, machine: &machine, memory: &memory, power: &[], testimonies: &[] };
        let word = confirm(look, "alice", "its rack has no power");
        assert_eq!(word.is_ok(), taken, "{name}: {word:?}");
    }
}

#[test]
fn row_29_without_an_open_incident_it_is_refused() {
    let dead = host(HostState::Error, None);
    for (incidents, why) in [
        (&[][..], "no open incident"),
        (&[(1, 8, Progress::Open)], "no open incident"),
        (&[(1, 7, Progress::Open), (2, 7, Progress::Closed)], "no open incident"),
        (&[(1, 7, Progress::Off)], "proven off already"),
    ] {
        let error = taken(&dead, &memory(incidents), &[], &[]).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn row_30_any_sign_of_life_refuses_it() {
    let memory = memory(&[(1, 7, Progress::Held)]);
    let dead = host(HostState::Error, None);
    let probe = "Fri Nov 20 08:44:08 2026 : Error monitoring Host node7 (7): No space left";
    let unknown = PowerState::Unknown("no route".to_owned());
    for state in (0..=9).map(HostState::from_number) {
        let good = matches!(state, HostState::Error | HostState::Disabled);
        assert_eq!(taken(&host(state, None), &memory, &[], &[]).is_ok(), good, "{state}");
        assert!(taken(&host(state, Some(probe)), &memory, &[], &[]).is_err(), "{state}");
    }
    let on = taken(&dead, &memory, &[unknown.clone(), PowerState::On], &[]).unwrap_err();
    assert!(on.contains("bmc says that node7 (host 7) is on"), "{on}");
    let alive =
        taken(&dead, &memory, std::slice::from_ref(&unknown), &[Opinion::Dead, Opinion::Alive]).unwrap_err();
    assert!(alive.contains("a witness says"), "{alive}");
    assert!(taken(&dead, &memory, &[unknown, PowerState::Off], &[Opinion::Dead, Opinion::None]).is_ok());
}

#[test]
fn a_second_word_replaces_one_that_still_counts() {
    let dead = host(HostState::Error, None);
    let mut memory = memory(&[(1, 7, Progress::Held)]);
    let first = taken(&dead, &memory, &[], &[]).unwrap().word;
    for (used, expires, replaced) in
        [(false, first.expires, true), (false, NOW, false), (true, first.expires, false)]
    {
        let word = Confirmation { expires, ..first.clone() };
        memory.confirmations = vec![word.clone()];
        memory.incidents[0].1.confirmation = used.then(|| word.clone());
        let second = taken(&dead, &memory, &[], &[]).unwrap();
        assert_eq!(second.replaced, replaced.then_some(word));
        assert_eq!(second.word, first);
    }
}
