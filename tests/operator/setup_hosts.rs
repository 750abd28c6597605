//! `onerescue setup hosts`: a list becomes entries of the settings file, shown first, and nothing else of it changes.

use super::bench::{Bench, WELL, err, out, write};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Output;

/// Two of four hosts have an entry; the file may be read by others.
fn bench() -> Bench {
    let bench = Bench::new(WELL);
    let entry =
        "[[host]]\nid = 0\nname = \"node0\" # rack 1\ndevices = [\"machine\"]\nsame_power_accepted = true\n";
    bench.settings("# the night shift's file\n", &format!("{entry}{}", entry.replace('0', "1")));
    let text = settings(&bench);
    write(&bench.path("onerescue.toml"), &text, 0o640);
    bench
}

fn settings(bench: &Bench) -> String {
    fs::read_to_string(bench.path("onerescue.toml")).unwrap()
}

fn list(bench: &Bench, text: &str) -> String {
    write(&bench.path("hosts.csv"), text, 0o600);
    bench.path("hosts.csv").display().to_string()
}

const GOOD: &str = "host,driver,address,user,secret_file\n\
    node2,ipmi,10.8.0.2,fence,/etc/one/secrets/bmc-node2\n\
    node3,ipmi,10.8.0.3,fence,/etc/one/secrets/bmc-node3\n";

#[track_caller]
fn refused(bench: &Bench, arguments: &[&str], why: &str, advice: &str) -> Output {
    let before = settings(bench);
    let output = bench.run(&[&["setup", "hosts"], arguments].concat());
    let text = err(&output);
    assert_eq!(output.status.code(), Some(2), "{}{text}", out(&output));
    assert!(text.contains(why) && text.contains(&format!("do this: {advice}")), "{text}");
    assert_eq!(settings(bench), before);
    output
}

#[test]
fn hosts_without_an_entry_are_printed_and_nothing_is_written() {
    let bench = bench();
    let before = settings(&bench);
    let output = bench.run(&["setup", "hosts"]);
    let told = out(&output);
    assert!(output.status.success(), "{}", err(&output));
    assert!(told.contains("id = 2\nname = \"node2\"\ndevices = [\"machine\"]\n"), "{told}");
    assert!(told.matches("[[host]]").count() == 2 && !told.contains("node1"), "{told}");
    assert_eq!(settings(&bench), before);
}

#[test]
fn a_list_is_shown_as_a_difference_and_written_once() {
    let bench = bench();
    let file = list(&bench, GOOD);
    let before = (settings(&bench), fs::metadata(bench.path("onerescue.toml")).unwrap());
    let output = bench.run(&["setup", "hosts", "--from", &file, "--yes"]);
    let told = out(&output);
    assert!(output.status.success(), "{}", err(&output));
    for line in ["+[device.ipmi]\n", "+name = \"node3\"\n", "+ip = \"10.8.0.3\"\n", "onerescue check\n"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.lines().any(|line| line.starts_with('-') && !line.starts_with("---")), "{told}");
    let after = (settings(&bench), fs::metadata(bench.path("onerescue.toml")).unwrap());
    assert!(before.0.lines().all(|line| after.0.lines().any(|other| other == line)), "{}", after.0);
    assert_eq!(
        (after.1.mode(), after.1.uid(), after.1.gid()),
        (before.1.mode(), before.1.uid(), before.1.gid())
    );
    assert!(
        bench.log().contains("setup hosts: ") && bench.log().contains(", by alice (as "),
        "{}",
        bench.log()
    );
    let again = bench.run(&["setup", "hosts", "--from", &file]);
    assert_eq!(
        (again.status.code(), out(&again).as_str()),
        (Some(0), "nothing is to do\n"),
        "{}",
        err(&again)
    );
    assert_eq!(settings(&bench), after.0);
    let all = bench.run(&["setup", "hosts"]);
    assert_eq!(out(&all), "every host has an entry; nothing is to do\n");
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let bench = bench();
    let file = list(&bench, GOOD);
    let advice = format!("correct {file}, then run this again");
    refused(&bench, &["--from", &file], "there is no terminal to type yes on", "run the same command on");
    list(&bench, &GOOD.replace("node3,", "node9,"));
    refused(&bench, &["--from", &file, "--yes"], "line 3: there is no host \"node9\"", &advice);
    list(&bench, &GOOD.replace(",ipmi", ",ilo"));
    refused(&bench, &["--from", &file, "--yes"], "line 2: driver \"ilo\" is not known", &advice);
    list(&bench, "host,driver,password\nnode2,ipmi,hunter2\n");
    let output = refused(&bench, &["--from", &file, "--yes"], "column `password` holds secrets", &advice);
    assert!(!(out(&output) + &err(&output) + &bench.log()).contains("hunter2"));
    list(&bench, &GOOD.replace("10.8.0.3", "10.8.0.2"));
    refused(&bench, &["--from", &file, "--yes"], "would power off the same machine for host 2", &advice);
}

#[test]
fn the_file_is_written_when_a_person_has_typed_yes() {
    let bench = bench();
    let file = list(&bench, GOOD);
    let before = settings(&bench);
    for (line, expected) in [("n\n", false), ("yes\n", true)] {
        let output = bench.at_a_terminal(&format!("setup hosts --from {file}"), &[], line);
        assert_eq!(output.status.success(), expected, "{}", out(&output));
        assert!(out(&output).contains("This is what changes in "), "{}", out(&output));
        assert_eq!(settings(&bench) != before, expected, "{line}");
    }
}
