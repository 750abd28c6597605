//! `onerescue confirm-off`: a person's word, rows 28 to 30 of the fault matrix.

use super::bench::{Bench, ONERESCUE, WELL, err, incident, out};
use onerescue::model::{Confirmation, Epoch, HostId, Progress};
use onerescue::sim::Death;
use onerescue::wire::record::Record;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// node0 is dead with its controller, and a run holds its incident.
fn dead(death: Death) -> Bench {
    let bench = Bench::new(WELL);
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.host_dies(HostId(0), death);
        cloud.advance(Duration::from_secs(300));
    }
    bench.answers("fence", "echo 'no route to the controller' >&2; exit 1");
    bench.remember(&Record::Incident(Box::new(incident(0, Progress::Held))));
    bench
}

const WORD: [&str; 5] = ["confirm-off", "node0", "--reason", "I pulled its plug", "--yes"];

fn word(bench: &Bench) -> Option<Confirmation> {
    bench.memory().confirmations.pop()
}

fn refused(output: &Output, why: &str) {
    assert_eq!(output.status.code(), Some(7), "{}{}", out(output), err(output));
    assert!(err(output).contains(why) && err(output).contains("do this: "), "{}", err(output));
}

#[test]
fn row_28_a_word_is_written_with_who_why_and_until_when() {
    let bench = dead(Death::PowerLoss);
    let output = bench.run(&WORD);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let word = word(&bench).unwrap();
    assert!(word.by.starts_with("alice (as "), "{word:?}");
    assert_eq!(word.reason, "I pulled its plug");
    assert_eq!(word.expires.since(word.at), Duration::from_secs(600));
    assert!(out(&output).contains("takes it up at its next look (fe1 4711 1795165661)"), "{}", out(&output));
    assert!(
        bench.log().contains("[HOST 0][I] confirm-off: node0 (host 0) is off by the word of alice"),
        "{}",
        bench.log()
    );
    assert_eq!(bench.memory().incidents.len(), 1, "the incident is its run's");

    let again = bench.run(&WORD);
    assert!(
        again.status.success() && out(&again).contains("this replaces the word of alice"),
        "{}",
        out(&again)
    );
}

#[test]
fn row_29_without_an_open_incident_or_the_right_words_it_is_refused() {
    let bench = dead(Death::PowerLoss);
    let no_terminal = bench.run(&WORD[..4]);
    assert_eq!(no_terminal.status.code(), Some(2));
    assert!(err(&no_terminal).contains("or add --yes"), "{}", err(&no_terminal));
    for arguments in [
        &["confirm-off", "nobody", "--reason", "x", "--yes"][..],
        &["confirm-off", "node0", "--reason", "a\nb", "--yes"],
        &["confirm-off", "node0", "--yes"],
    ] {
        assert_eq!(bench.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(word(&bench), None);
    bench.remember(&Record::Incident(Box::new(incident(0, Progress::Closed))));
    let closed = bench.run(&WORD);
    refused(&closed, "has no open incident");
    assert!(err(&closed).contains("run `host_error --host node0 -m` first"), "{}", err(&closed));
}

#[test]
fn row_30_any_sign_of_life_refuses_it() {
    let bench = dead(Death::Hang);
    bench.answers("fence", "echo on");
    refused(&bench.run(&WORD), "machine says that node0 (host 0) is on");

    bench.answers("fence", "exit 1");
    bench.cloud.lock().unwrap().host_returns(HostId(0));
    bench.cloud.lock().unwrap().advance(Duration::from_secs(300));
    refused(&bench.run(&WORD), "is MONITORED, not in ERROR");

    bench.cloud.lock().unwrap().monitoring_fails(HostId(0), "No space left on device");
    refused(&bench.run(&WORD), "so it was alive to say so: ");
    assert_eq!(word(&bench), None);
}

#[test]
fn a_word_that_has_expired_makes_room() {
    let bench = dead(Death::PowerLoss);
    let (incident, _) = bench.memory().incidents.pop().unwrap();
    let (host, by, reason) = (HostId(0), "bob".to_owned(), "old".to_owned());
    let old = Confirmation { host, incident, by, reason, at: Epoch(7), expires: Epoch(8) };
    bench.remember(&Record::Confirmation(old));
    let output = bench.run(&WORD);
    assert!(output.status.success(), "{}", err(&output));
    assert!(!out(&output).contains("replaces"), "{}", out(&output));
    assert_eq!(word(&bench).map(|word| word.reason), Some("I pulled its plug".to_owned()));
    assert_eq!(bench.memory().confirmations.len(), 1);
}

/// On a terminal of its own, with this typed.
fn on_a_terminal(bench: &Bench, typed: &str) -> Option<Output> {
    let script = Path::new("/usr/bin/script");
    if !script.exists() {
        let why = format!("NOT CHECKED: confirm-off on a terminal: there is no {}\n", script.display());
        // Past the test harness, which keeps what a passing test prints to itself.
        std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes()).unwrap();
        return None;
    }
    let command = format!("{ONERESCUE} confirm-off 0 --reason 'I pulled its plug'");
    let mut child = bench.start();
    let environment: Vec<_> =
        child.get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
    child = Command::new(script);
    child.env_clear().envs(environment).env("SHELL", "/bin/sh").current_dir("/");
    child
        .args(["-qec", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), typed.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}

#[test]
fn on_a_terminal_the_host_s_name_is_typed() {
    let bench = dead(Death::PowerLoss);
    for wrong in ["node1\n", "0\n", "\n"] {
        let Some(output) = on_a_terminal(&bench, wrong) else { return };
        assert_eq!(output.status.code(), Some(2), "{}", out(&output));
        assert!(out(&output).contains("Type its name"), "{}", out(&output));
        assert!(
            out(&output).contains("machine: unknown (exit code 1: no route to the controller)"),
            "{}",
            out(&output)
        );
        assert!(
            out(&output).contains("that is not the name of node0 (host 0); nothing was written"),
            "{}",
            out(&output)
        );
    }
    assert_eq!(word(&bench), None);
    let output = on_a_terminal(&bench, "node0\n").unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(word(&bench).is_some());
}
