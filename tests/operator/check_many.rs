//! `onerescue check` of many hosts: one kind of finding is one line, the worst first, what to do next last, and colour only on a
//! terminal.

use super::bench::{Bench, HEARD, hosts, out};
use serde_json::Value as Json;

/// `node0` to `node98`, of which only node0 and node1 have a fence device.
fn bench() -> Bench {
    let names: Vec<_> = (0..99).map(|id| format!("{{ name = \"node{id}\" }}")).collect();
    let scenario =
        format!("title = \"many hosts\"\ncall = \"-m\"\nhost = \"node0\"\nhosts = [{}]\n", names.join(", "));
    let mut bench = Bench::new(&scenario);
    bench.witness = HEARD;
    bench.settings("", &two());
    bench
}

/// The entries of node0 and node1.
fn two() -> String {
    hosts().split("[[host]]").take(3).collect::<Vec<_>>().join("[[host]]")
}

/// The table without its line breaks.
fn in_one(table: &str) -> String {
    table.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As a person sees it at a terminal.
fn at_a_terminal(bench: &Bench, set: Option<(&str, &str)>) -> String {
    let set: Vec<_> = set.into_iter().chain([("TERM", "xterm")]).collect();
    let said = out(&bench.at_a_terminal("check", &set, ""));
    assert!(said.contains("no fence device is declared for 2 hosts: node2, node3"), "{said}");
    said
}

#[test]
fn what_many_hosts_lack_is_one_line_and_the_last_line_says_what_to_do() {
    let bench = bench();
    let output = bench.run(&["check"]);
    let table = out(&output);
    assert_eq!(output.status.code(), Some(8), "{table}");
    let first = "BROKEN  entry       no fence device is declared for 97 hosts: node2 … node98";
    assert_eq!(table.lines().next(), Some(first), "{table}");
    assert!(table.contains("\nok      device      machine says on for 2 hosts: node0, node1\n"), "{table}");
    assert!(table.lines().count() < 40, "{table}");
    assert!(in_one(&table).contains(" 97 broken, 0 warnings, "), "every finding counts: {table}");
    let last = "do this next: `onerescue setup hosts` prints the entries to add";
    assert_eq!(table.lines().last(), Some(last), "{table}");
}

#[test]
fn verbose_and_json_have_each_host() {
    let bench = bench();
    let table = out(&bench.run(&["check", "--verbose"]));
    let singly = table.matches("no fence device is declared for it, so").count();
    assert_eq!(singly, 97, "{table}");
    assert!(table.contains("ok      device      node1 (host 1): machine: it says on\n"), "{table}");
    let json: Json = serde_json::from_str(&out(&bench.run(&["check", "--json"]))).unwrap();
    let entries = json["findings"].as_array().unwrap().iter().filter(|finding| finding["state"] == "broken");
    let entries: Vec<_> = entries.collect();
    assert_eq!(entries.len(), 97);
    assert_eq!(entries[0]["object"], "node10 (host 10)");
    let fields: Vec<_> = entries[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["advice", "item", "object", "state", "text"]);
}

#[test]
fn errors_are_before_warnings_and_those_before_what_is_well() {
    let bench = bench();
    bench.settings("[witness]\npeers = 0", &hosts());
    let table = out(&bench.run(&["check"]));
    let states: Vec<_> = table.lines().filter_map(|line| line.split(' ').next()).collect();
    let mut states: Vec<_> =
        states.into_iter().filter(|word| ["BROKEN", "warning", "ok"].contains(word)).collect();
    assert!(states.len() > 5, "{table}");
    states.dedup();
    assert_eq!(states, ["BROKEN", "warning", "ok"], "{table}");
}

#[test]
fn a_cloud_that_is_well_has_nothing_to_do_but_to_rehearse() {
    let table = out(&Bench::well().run(&["check"]));
    let last = "do this next: nothing is to be repaired; `host_error --host HOST -m --dry-run` rehearses";
    assert_eq!(table.lines().last(), Some(last), "{table}");
    assert!(table.contains(
        "\nok      entry       the settings have id and name of 4 hosts: node0, node1, node2, node3\n"
    ));
    assert!(table.lines().count() < 40, "{table}");
}

#[test]
fn a_pipe_and_no_color_give_no_escape_and_a_terminal_has_colour() {
    let bench = Bench::well();
    bench.settings("", &two());
    for arguments in [&["check"][..], &["check", "--verbose"], &["check", "--json"]] {
        let mut command = bench.start();
        command.env("TERM", "xterm").env("CLICOLOR_FORCE", "1").args(arguments);
        let piped = out(&command.output().unwrap());
        assert!(!piped.contains('\u{1b}'), "{arguments:?}: {piped}");
    }
    let coloured = at_a_terminal(&bench, None);
    assert!(coloured.contains("\u{1b}[31mBROKEN") && coloured.contains("\u{1b}[0m"), "{coloured:?}");
    let plain = at_a_terminal(&bench, Some(("NO_COLOR", "1")));
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
}
