//! A run that finds other settings than the zone's other runs, or none, does nothing and says so.

use super::bench::{Bench, DEAD_NODE0, HOST_ERROR, err, out};
use super::stopped::until;
use onerescue::model::{HostId, Surroundings};
use onerescue::wire::record::Record;
use std::fs;
use std::process::{Command, Output};

const ONERESCUE: &str = env!("CARGO_BIN_EXE_onerescue");

/// As the shipped unit starts it: without the hook's environment, but for where this installation is.
fn run(bench: &Bench, program: &str, arguments: &[&str], location: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
    command.env("ONE_XMLRPC", format!("http://{}/RPC2", bench.address()));
    command.env("ONE_AUTH", bench.folder.path().join("one_auth"));
    command.env("ONE_LOCATION", bench.folder.path().join(location));
    command.output().unwrap()
}

/// An installation with the bench's settings, and an empty one.
fn two_places(bench: &Bench) {
    for place in ["one", "two"] {
        fs::create_dir_all(bench.folder.path().join(place).join("etc")).unwrap();
        fs::create_dir_all(bench.folder.path().join(place).join("var")).unwrap();
    }
    let folder = bench.folder.path();
    fs::copy(folder.join("onerescue.toml"), folder.join("one/etc/onerescue.toml")).unwrap();
}

#[test]
fn without_the_settings_that_the_last_run_had_nothing_is_done() {
    let bench = Bench::new(&DEAD_NODE0.replace("power_loss", "hang"));
    two_places(&bench);
    let mut child = Command::new(HOST_ERROR);
    let folder = bench.folder.path();
    child
        .args(["--host", "node0", "-m", "-p", "50"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/");
    child
        .env("ONE_XMLRPC", format!("http://{}/RPC2", bench.address()))
        .env("ONE_AUTH", folder.join("one_auth"));
    let mut child = child.env("ONE_LOCATION", folder.join("one")).spawn().unwrap();
    until(&bench, &mut child, |log| log.contains("wait: "));
    // It lives. Neither by hand nor from the unit it is taken over where there are no settings.
    for (program, arguments) in
        [(ONERESCUE, &["reconcile"][..]), (HOST_ERROR, &["--host", "node0", "-m", "-p", "0"])]
    {
        let output = run(&bench, program, arguments, "two");
        assert_eq!(output.status.code(), Some(4), "{}{}", out(&output), err(&output));
        let file = folder.join("one/etc/onerescue.toml").display().to_string();
        let said = format!("{}{}", out(&output), err(&output));
        assert!(said.contains("there is no settings file here, and the last run, "), "{said}");
        assert!(said.contains(&format!("`--config {file}`")), "{said}");
    }
    // Other settings on this machine are no better, and a person may name them.
    fs::copy(folder.join("onerescue.toml"), folder.join("two/etc/onerescue.toml")).unwrap();
    let output = run(&bench, ONERESCUE, &["reconcile"], "two");
    assert_eq!(output.status.code(), Some(4), "{}{}", out(&output), err(&output));
    assert!(err(&output).contains("nothing is done by other settings"), "{}", err(&output));
    let same = run(&bench, ONERESCUE, &["reconcile", "--dry-run"], "one");
    assert_eq!(same.status.code(), Some(0), "{}{}", out(&same), err(&same));
    assert!(out(&same).contains("a run on this front-end works on it"), "{}", out(&same));
    let named = folder.join("two/etc/onerescue.toml").display().to_string();
    let named = run(&bench, ONERESCUE, &["reconcile", "--dry-run", "--config", &named], "two");
    assert_eq!(named.status.code(), Some(0), "{}{}", out(&named), err(&named));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(bench.cloud.lock().unwrap().breaches(), []);
}

/// Named settings with lock files elsewhere: no lock says whether the run lives, and its process does.
#[test]
fn a_run_whose_locks_are_elsewhere_is_not_taken_for_dead() {
    let bench = Bench::new(&DEAD_NODE0.replace("power_loss", "hang"));
    let mut child = bench.start(HOST_ERROR, &["-m", "-p", "50"], &bench.template());
    until(&bench, &mut child, |log| log.contains("wait: "));
    let (_, incident) = bench.cloud.lock().unwrap().open_incident(HostId(0)).unwrap();
    let ran = incident.ran.clone().unwrap();
    let here = bench.folder.path().display().to_string();
    assert_eq!(
        ran,
        Surroundings { settings: Some(format!("{here}/onerescue.toml")), run_dir: here, named: false }
    );
    assert!(Record::Incident(Box::new(incident)).write().unwrap().contains("run_dir"));
    let elsewhere = bench.folder.path().join("locks");
    let settings = bench.folder.path().join("onerescue.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let moved = text.replace(
        &format!("run_dir = \"{}\"", bench.folder.path().display()),
        &format!("run_dir = \"{}\"", elsewhere.display()),
    );
    assert_ne!(text, moved);
    super::bench::write(&settings, &moved, 0o600);
    let output = bench.run(ONERESCUE, &["reconcile"], "");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("it is a process of this machine that lives"), "{}", out(&output));
    child.kill().unwrap();
    child.wait().unwrap();
}
