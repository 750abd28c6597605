//! What stays in its place on a terminal: a real pseudo terminal, and nothing of it where there is none.

use super::bench::{Bench, ONERESCUE, WELL, incident, out};
use super::reconcile;
use onerescue::model::{End, Epoch, HostId, Incident, IncidentVm, Line, Progress, VmId};
use onerescue::wire::record::Record;
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::time::Duration;

const HOST_ERROR: &str = env!("CARGO_BIN_EXE_host_error");

/// One of six hosts is dead, with two VMs.
const ONE_DEAD: &str = r#"
title = "a host dies"
call = "-m"
host = "node0"
before = ["dies node0 power_loss"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }, { name = "node4" }, { name = "node5" }]
vms = [{ name = "web", host = "node0" }, { name = "db", host = "node0" }]
"#;

/// The program at a terminal, as long as somebody sits there.
fn sits_at(bench: &Bench, command: &str) -> Child {
    sits_at_a("xterm", bench, command)
}

fn sits_at_a(term: &str, bench: &Bench, command: &str) -> Child {
    let mut terminal = bench.start_program("script");
    terminal.args(["-qec", command, "/dev/null"]).env("TERM", term);
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What it has shown when this stands there so often.
fn shown(child: &mut Child, what: &str, times: usize) -> String {
    let (mut text, mut part) = (String::new(), [0; 4096]);
    let out = child.stdout.as_mut().unwrap();
    while text.matches(what).count() < times {
        let read = out.read(&mut part).unwrap();
        assert_ne!(read, 0, "it has ended before {what:?}: {text}");
        text.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    text
}

fn ctrl_c(mut child: Child) {
    child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    child.wait().unwrap();
}

fn vm(id: u32, end: Option<End>, why: &str) -> IncidentVm {
    let (order, to) = (Some("migrate".to_owned()), Some(HostId(2 + id % 2)));
    IncidentVm { id: VmId(id), name: format!("web-{id}"), order, to, end, why: why.to_owned(), ready: None }
}

#[test]
fn a_recovery_by_hand_shows_how_far_it_is_and_its_log_lines_are_whole() {
    let bench = reconcile::bench(ONE_DEAD, "");
    let run = format!("{HOST_ERROR} --host node0 -m -p 0");
    let mut child = sits_at(&bench, &run);
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{text}");
    for part in ["fencing node0, 1 of 3 off", "of 2 VMs run"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    // A line of the log begins where a line begins, and nothing stands behind it.
    let lines: Vec<&str> = text.split('\n').filter(|line| line.contains("INFO")).collect();
    assert!(lines.len() > 5, "{text}");
    for line in lines {
        let (before, rest) = line.split_once("INFO").unwrap();
        let plain = before.rsplit(['\r', 'K', 'J']).next().unwrap();
        assert!(
            plain
                .trim_start_matches(|c: char| c.is_ascii_punctuation()
                    || c.is_ascii_digit()
                    || c == 'm'
                    || c == '\x1b')
                .is_empty(),
            "{line:?}"
        );
        assert!(!rest.contains("VMs run (") && !rest.contains("fencing node0, "), "{line:?}");
    }
}

#[test]
fn where_there_is_no_terminal_a_recovery_by_hand_says_what_it_did_before() {
    let bench = reconcile::bench(ONE_DEAD, "");
    let output = bench.start_program(HOST_ERROR).args(["--host", "node0", "-m", "-p", "0"]).output().unwrap();
    let said = super::bench::err(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("VMs run") && !said.contains('\r') && !said.contains('\x1b'), "{said:?}");
    assert!(said.lines().all(|line| line.starts_with("INFO  ") || line.starts_with("WARN  ")), "{said}");
}

#[test]
fn a_picture_is_drawn_in_its_place_until_ctrl_c_and_says_how_old_it_is() {
    let bench = Bench::new(WELL);
    let mut child = sits_at(&bench, &format!("{ONERESCUE} status --watch"));
    let text = shown(&mut child, "this picture is ", 3);
    assert!(text.contains("\x1b[2J\x1b[H") && text.matches("\x1b[2J").count() == 1, "{text:?}");
    assert!(text.contains("NEEDS YOU") && text.contains(" s old; Ctrl-C ends this"), "{text:?}");
    ctrl_c(child);
}

#[test]
fn on_a_pipe_a_picture_is_told_again_when_something_has_changed() {
    let bench = Bench::new(WELL);
    let mut watch = bench.start();
    let mut watch = watch.args(["status", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let first = shown(&mut watch, "reconcile  ", 1);
    assert!(first.starts_with("NEEDS YOU") && !first.contains('\x1b'), "{first:?}");
    bench.remember(&super::bench::disarmed(None));
    let second = shown(&mut watch, "DISARMED", 1);
    assert!(!second.contains("this picture is"), "{second:?}");
    watch.kill().unwrap();
    watch.wait().unwrap();
}

/// Nothing of it is more than text: no colour, nothing that is drawn in its place, no line that is written over.
#[test]
fn a_terminal_that_knows_no_control_sequence_is_given_none() {
    let dumb = |bench: &Bench, command: &str| sits_at_a("dumb", bench, command);
    let bench = reconcile::bench(ONE_DEAD, "");
    let mut text = String::new();
    let mut run = dumb(&bench, &format!("{HOST_ERROR} --host node0 -m -p 0"));
    run.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(0), "{text}");
    assert!(text.contains("node0") && !text.contains("of 2 VMs run ("), "{text:?}");
    for command in ["history", "show node0", "status", "check"] {
        let output = bench.at_a_terminal(command, &[("TERM", "dumb")], "");
        assert!(!output.stdout.is_empty());
        text.push_str(&out(&output));
    }
    let bench = Bench::new(WELL);
    bench.remember(&Record::Incident(Box::new(open("by bmc"))));
    let mut watch = dumb(&bench, &format!("{ONERESCUE} status --watch"));
    text.push_str(&shown(&mut watch, "reconcile  ", 1));
    bench.remember(&super::bench::disarmed(None));
    text.push_str(&shown(&mut watch, "DISARMED", 1));
    ctrl_c(watch);
    let document = bench.memory().incidents[0].0.0.to_string();
    let mut follow = dumb(&bench, &format!("{ONERESCUE} show node1 --follow"));
    text.push_str(&shown(&mut follow, "by bmc", 1));
    let closed = Incident { progress: Progress::Closed, ..open("all is done") };
    bench.replace(&document, &Record::Incident(Box::new(closed)));
    follow.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(follow.wait().unwrap().success() && text.contains("all is done"), "{text}");
    assert!(!text.contains('\x1b') && !text.replace("\r\n", "").contains('\r'), "{text:?}");
}

/// oned is away, and comes back: who looks is told of both, and goes on.
#[test]
fn a_view_over_a_dead_oned_says_so_and_goes_on() {
    let bench = Bench::new(WELL);
    bench.remember(&Record::Incident(Box::new(open("by bmc"))));
    let document = bench.memory().incidents[0].0.0.to_string();
    let start = |arguments: &[&str]| {
        bench.start().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut watch = start(&["status", "--watch"]);
    let mut follow = start(&["show", "node1", "--follow"]);
    let mut drawn = [
        sits_at(&bench, &format!("{ONERESCUE} status --watch")),
        sits_at(&bench, &format!("{ONERESCUE} show node1 --follow")),
    ];
    shown(&mut watch, "reconcile  ", 1);
    shown(&mut follow, "by bmc", 1);
    for view in &mut drawn {
        shown(view, "this picture is ", 1);
    }
    bench.cloud.lock().unwrap().away_for(Duration::from_secs(1_000_000));
    let dead = shown(&mut watch, "the rest", 1);
    assert!(dead.contains("what is open cannot be read"), "{dead}");
    let dead = shown(&mut follow, "; it is asked again\n", 1);
    assert!(!dead.contains("do this"), "{dead}");
    shown(&mut drawn[0], "NOT KNOWN", 1);
    shown(&mut drawn[1], " old; ", 2);
    bench.cloud.lock().unwrap().away_for(Duration::ZERO);
    shown(&mut watch, "NEEDS YOU", 1);
    shown(&mut follow, "it answers again\n", 1);
    shown(&mut drawn[0], "NEEDS YOU", 1);
    let closed = Incident { progress: Progress::Closed, ..open("all is done") };
    bench.replace(&document, &Record::Incident(Box::new(closed)));
    shown(&mut follow, "all is done", 1);
    shown(&mut drawn[1], "all is done", 1);
    watch.kill().unwrap();
    watch.wait().unwrap();
    follow.wait().unwrap();
    let [view, mut last] = drawn;
    ctrl_c(view);
    last.wait().unwrap();
}

/// An open incident with a line of the log.
fn open(text: &str) -> Incident {
    let line = Line { at: Epoch(1_795_165_691), phase: "fence".to_owned(), text: text.to_owned() };
    let vms = vec![vm(0, Some(End::Recovered), ""), vm(1, None, "")];
    Incident { log: vec![line], vms, ..incident(1, Progress::Off) }
}

#[test]
fn an_incident_that_is_followed_at_a_terminal_stays_in_its_place_and_ends_whole() {
    let bench = Bench::new(WELL);
    bench.remember(&Record::Incident(Box::new(open("by bmc"))));
    let document = bench.memory().incidents[0].0.0.to_string();
    let mut child = sits_at(&bench, &format!("{ONERESCUE} show node1 --follow"));
    let text = shown(&mut child, "this picture is ", 2);
    assert!(
        text.contains("+00:30 fence    by bmc") && text.contains("VMs: 1 recovered, 1 on their way"),
        "{text:?}"
    );
    let closed = Incident { progress: Progress::Closed, ..open("all is done") };
    bench.replace(&document, &Record::Incident(Box::new(closed)));
    let mut end = String::new();
    child.stdout.take().unwrap().read_to_string(&mut end).unwrap();
    assert!(child.wait().unwrap().success(), "{end}");
    let whole = end.rsplit("\x1b[2J").next().unwrap();
    assert!(
        whole.contains("all is done") && whole.contains("vm 0 web-0: ") && !whole.contains("picture"),
        "{end:?}"
    );
}

#[test]
fn a_thousand_vms_are_shown_by_their_outcomes_and_those_that_need_a_person_singly() {
    let vms = (0..1000).map(|id| match id {
        7 => vm(id, Some(End::Held), "no host has room"),
        8 => vm(id, Some(End::Failed), "still PROLOG_MIGRATE after 600 s"),
        id => vm(id, Some(End::Recovered), "RUNNING"),
    });
    let bench = Bench::new(WELL);
    let closed = Incident { vms: vms.collect(), ..incident(1, Progress::Closed) };
    bench.remember(&Record::Incident(Box::new(closed)));
    let text = out(&bench.run(&["show", "node1"]));
    for part in [
        "\n499 recovered, migrate to host 2: vm 0 web-0, vm 2 web-2, ",
        "\nvm 7 web-7: held, migrate to host 3: no host has room\n",
        "\nvm 8 web-8: failed, migrate to host 2: still PROLOG_MIGRATE after 600 s\n",
        "\n`--vms` lists each of the 1000 VMs\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(text.lines().count() < 20, "{text}");
    let all = out(&bench.run(&["show", "node1", "--vms"]));
    assert!(all.lines().filter(|line| line.starts_with("vm ")).count() == 1000, "{all}");
}

#[test]
fn tables_are_aligned_by_what_a_terminal_shows_and_coloured_only_there() {
    let bench = Bench::new(WELL);
    let named = |host, name: &str, progress| Incident { name: name.to_owned(), ..incident(host, progress) };
    for incident in [named(1, "node1", Progress::Held), named(2, "ホスト2", Progress::Closed)] {
        bench.remember(&Record::Incident(Box::new(incident)));
    }
    let plain = out(&bench.run(&["history"]));
    assert!(
        plain.contains("  node1 (host 1):   HELD, ") && plain.contains("  ホスト2 (host 2): closed, "),
        "{plain}"
    );
    assert!(!plain.contains('\x1b'), "{plain:?}");
    let set = [("TERM", "xterm")];
    let coloured = out(&bench.at_a_terminal("history", &set, ""));
    assert!(coloured.contains("\x1b[1m\x1b[31mHELD\x1b[0m"), "{coloured:?}");
    let plain = out(&bench.at_a_terminal("history", &[("TERM", "xterm"), ("NO_COLOR", "1")], ""));
    assert!(plain.contains("node1 (host 1):   HELD") && !plain.contains('\x1b'), "{plain:?}");
}
