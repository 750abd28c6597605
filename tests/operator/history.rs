//! `onerescue history`, `show` and `abort`: what was and is, from any front-end, and a person's word that ends it.

use super::bench::{Bench, WELL, err, incident, out};
use onerescue::model::{Asked, End, Epoch, Held, HostId, Incident, IncidentVm, Line, Progress, Stages, VmId};
use onerescue::wire::record::Record;
use onerescue::wire::xmlrpc::{Reply, Value};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

fn closed() -> Incident {
    let vm = |id, end, why: &str| IncidentVm {
        ready: None,
        id: VmId(id),
        name: format!("web-{id}"),
        order: Some("migrate".to_owned()),
        to: Some(HostId(2)),
        end: Some(end),
        why: why.to_owned(),
    };
    let line = |at: i64, phase: &str, text: &str| Line {
        at: Epoch(1_795_165_661 + at),
        phase: phase.to_owned(),
        text: text.to_owned(),
    };
    Incident {
        updated: Epoch(1_795_165_661 + 345),
        outcome: Some("not every VM could be recovered".to_owned()),
        proof: Some("bmc said off 3 times in a row".to_owned()),
        flags: Asked::try_from(vec!["-m".to_owned()]).ok(),
        takeovers: 1,
        log: vec![line(0, "observe", "node1 is ERROR"), line(125, "fence", "by bmc")],
        vms: vec![vm(4, End::Recovered, "RUNNING on node2 (host 2)"), vm(5, End::Held, "no room\u{1b}[31m")],
        ..incident(1, Progress::Closed)
    }
}

fn held() -> Incident {
    let (why, advice) = ("the zone is disarmed".to_owned(), "arm it".to_owned());
    Incident {
        opened: Epoch(1_795_170_000),
        held: Some(Held { why, advice, since: Epoch(1_795_170_060) }),
        owner: "fe2 12 1795170000".to_owned(),
        ..incident(2, Progress::Held)
    }
}

fn bench() -> Bench {
    let bench = Bench::new(WELL);
    for incident in [closed(), held()] {
        bench.remember(&Record::Incident(Box::new(incident)));
    }
    bench
}

/// The documents of the incidents, in the order in which they were made.
fn documents(bench: &Bench) -> Vec<String> {
    bench.memory().incidents.iter().map(|(document, _)| document.0.to_string()).collect()
}

#[test]
fn every_incident_is_listed_newest_first() {
    let bench = bench();
    let output = bench.run(&["history"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("2026-11-20 10:20 UTC") && lines[0].contains("node2 (host 2): HELD"),
        "{text}"
    );
    assert_eq!(lines[1], "      held: the zone is disarmed", "{text}");
    assert!(
        lines[2].contains(
            "node1 (host 1): not every VM could be recovered, 5 min 45 s; VMs: 1 recovered, 1 held"
        ),
        "{text}"
    );
    let json: Json =
        serde_json::from_str(&out(&bench.run(&["history", "--json", "--host", "node1"]))).unwrap();
    let [one] = json["incidents"].as_array().unwrap().as_slice() else { panic!("{json}") };
    assert_eq!((&one["progress"], &one["vms"]["held"]), (&"closed".into(), &1.into()), "{json}");
    assert_eq!(bench.run(&["history", "--host", "node9"]).status.code(), Some(2));
    let none = Bench::new(WELL);
    assert_eq!(out(&none.run(&["history"])), "no incident is remembered\n");
}

#[test]
fn one_incident_is_shown_with_its_times_evidence_and_vms() {
    let bench = bench();
    let text = out(&bench.run(&["show", &documents(&bench)[0]]));
    for part in [
        "node1 (host 1), cluster 0\n",
        "opened    2026-11-20 09:07 UTC\n",
        "takeovers 1\n",
        "proof     bmc said off 3 times in a row\n",
        "+00:00 observe  node1 is ERROR\n+02:05 fence    by bmc\n",
        "vm 4 web-4: recovered, migrate to host 2: RUNNING on node2 (host 2)\n",
        "vm 5 web-5: held, migrate to host 2: no room [31m\n",
        "closed after 5 min 45 s: not every VM could be recovered; VMs: 1 recovered, 1 held\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let by_name = out(&bench.run(&["show", "node2"]));
    assert!(by_name.contains("HELD      since 2026-11-20 10:21 UTC: the zone is disarmed"), "{by_name}");
    assert!(by_name.contains("do this   arm it"), "{by_name}");
    let json: Json = serde_json::from_str(&out(&bench.run(&["show", "node1", "--json"]))).unwrap();
    assert_eq!(json["incident"]["vms"][0]["id"], 4, "{json}");
    let none = bench.run(&["show", "4711"]);
    assert_eq!(none.status.code(), Some(2), "{}", out(&none));
}

#[test]
fn the_stages_are_told_with_their_seconds_and_an_old_record_has_those_that_are_known() {
    let bench = Bench::new(WELL);
    let at = |seconds: i64| Some(Epoch(1_795_165_661 + seconds));
    let stages = Stages {
        began: at(0),
        waited: at(300),
        off: None,
        proven: at(306),
        first: at(308),
        half: at(309),
        last: at(310),
    };
    let done = |id: usize, end| IncidentVm { end: Some(end), ..closed().vms[id].clone() };
    let vms = vec![done(0, End::Recovered), done(1, End::Recovered)];
    let error = Some("Fri Nov 20 09:07:39 2026 : Error monitoring Host node1 (1): ".to_owned());
    let heard = Some(1_795_165_661 - 188);
    let whole = Incident { stages, heard, error, vms, ..closed() };
    bench.remember(&Record::Incident(Box::new(whole)));
    let run = |arguments: &[&str]| out(&bench.start().env("TZ", "UTC").args(arguments).output().unwrap());
    let text = run(&["show", "node1"]);
    let told = "stages    heard last, ERROR +186 s, run began +188 s (+2), wait over +488 s (+300), proven off +494 s (+6), \
                first VM +496 s (+2), half +497 s (+1), last VM +498 s (+1)\n";
    assert!(text.contains(told), "{text}");
    let json: Json = serde_json::from_str(&run(&["show", "node1", "--json"])).unwrap();
    assert_eq!(
        (&json["stages"][1]["stage"], &json["stages"][1]["took_s"]),
        (&"ERROR".into(), &186.into()),
        "{json}"
    );
    let listed = run(&["history"]);
    assert!(
        listed.contains("5 min 45 s, last VM 8 min 18 s after it was heard; VMs: 2 recovered"),
        "{listed}"
    );
    let json: Json = serde_json::from_str(&run(&["history", "--json"])).unwrap();
    assert_eq!(json["incidents"][0]["plug_to_last_vm_s"], 498, "{json}");
    let old = self::bench();
    let text = out(&old.run(&["show", "node1"]));
    assert!(!text.contains("stages"), "{text}");
    let json: Json = serde_json::from_str(&out(&old.run(&["history", "--json"]))).unwrap();
    assert!(json["incidents"][1]["plug_to_last_vm_s"].is_null(), "{json}");
}

#[test]
fn vms_that_run_elsewhere_by_now_are_told_before_the_run_has_written_that() {
    let vms = "vms = [{ name = \"web\", host = \"node2\" }, { name = \"database\", host = \"node1\" }]\n";
    let bench = Bench::new(&format!("{WELL}{vms}"));
    let sent = |id| IncidentVm {
        ready: None,
        id: VmId(id),
        name: format!("vm-{id}"),
        order: Some("migrate".to_owned()),
        to: Some(HostId(2)),
        end: None,
        why: String::new(),
    };
    let moving = Incident { vms: vec![sent(0), sent(1)], ..incident(1, Progress::Off) };
    bench.remember(&Record::Incident(Box::new(moving)));
    let shown = out(&bench.run(&["show", "node1"]));
    assert!(
        shown.contains("vm 0 vm-0: on its way, migrate to host 2: RUNNING on host 2 by now\n"),
        "{shown}"
    );
    assert!(shown.contains("vm 1 vm-1: on its way, migrate to host 2\n"), "{shown}");
    let listed = out(&bench.run(&["history"]));
    assert!(listed.contains("VMs: 2 on their way (1 of them run elsewhere by now)"), "{listed}");
    let mut child = bench.start().args(["show", "node1", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("now      1 of 2 VMs on their way run elsewhere\n") {
        assert_ne!(told.read_line(&mut text).unwrap(), 0, "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn following_ends_when_the_incident_does_and_tells_each_line_once() {
    let bench = bench();
    let mut child = bench.start().args(["show", "node2", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("HELD") {
        assert_ne!(told.read_line(&mut text).unwrap(), 0, "{text}");
    }
    let line =
        |text: &str| Line { at: Epoch(1_795_170_090), phase: "hold".to_owned(), text: text.to_owned() };
    let log = vec![line("nothing holds it any more"), line("recovered")];
    let closed = Incident { progress: Progress::Closed, held: None, log, ..held() };
    bench.replace(&documents(&bench)[1], &Record::Incident(Box::new(closed)));
    for line in told.lines() {
        text.push_str(&(line.unwrap() + "\n"));
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(text.matches("+01:30 hold     nothing holds it any more\n").count(), 1, "{text}");
    assert!(text.contains("\nclosed after "), "{text}");
}

#[test]
fn an_open_incident_is_ended_once_by_name_or_id_with_a_reason() {
    let bench = bench();
    let output = bench.run(&["abort", "node2", "--reason", "we look ourselves"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("ends by the word of alice (as "), "{}", out(&output));
    assert!(out(&output).contains("its run, fe2 12 1795170000, sees that"), "{}", out(&output));
    let words = bench.memory().aborts;
    assert_eq!((words.len(), words[0].host, words[0].reason.as_str()), (1, HostId(2), "we look ourselves"));
    assert_eq!(words[0].incident.0.to_string(), documents(&bench)[1]);
    assert!(bench.log().contains("abort: node2 (host 2)"), "{}", bench.log());
    assert!(out(&bench.run(&["history"])).contains("ended by: alice (as "));

    let again = bench.run(&["abort", "2", "--reason", "once more"]);
    assert_eq!(again.status.code(), Some(7));
    assert!(err(&again).contains("was ended already by alice"), "{}", err(&again));
    let closed = bench.run(&["abort", "node1", "--reason", "too late"]);
    assert_eq!(closed.status.code(), Some(7), "{}", err(&closed));
    for (host, reason, code) in [("node0", "x", 7), ("node9", "x", 2), ("node2", " ", 2)] {
        assert_eq!(bench.run(&["abort", host, "--reason", reason]).status.code(), Some(code), "{host}");
    }
    assert_eq!(bench.memory().aborts.len(), 1);
}

/// A document of ours, as a newer version or an accident left it.
fn unreadable(bench: &Bench, body: &str) -> String {
    let id = bench.cloud.lock().unwrap().add_record(&Record::Control { disarmed: Vec::new() });
    let template = format!("<TEMPLATE><BODY><![CDATA[{body}]]></BODY></TEMPLATE>");
    let reply = bench
        .oned("one.document.update", vec![Value::Int(i64::from(id.0)), Value::Text(template), Value::Int(0)]);
    assert!(matches!(reply, Reply::Value(_)), "{reply:?}");
    id.0.to_string()
}

#[test]
fn what_cannot_be_read_is_said_by_every_command_and_never_guessed_at() {
    let newer =
        ("{\"format\":3,\"record\":\"incident\",\"host\":0}", "its format is 3, and this version knows 2");
    let damaged = ("{\"format\":2,\"record\":\"incid", "its BODY is not a record of ours");
    for (body, why) in [newer, damaged] {
        let bench = bench();
        let document = unreadable(&bench, body);
        let history = bench.run(&["history"]);
        assert!(
            out(&history).contains(&format!("document {document} cannot be read: {why}")),
            "{}",
            out(&history)
        );
        for named in ["node0", &document] {
            let shown = bench.run(&["show", named]);
            assert_eq!(shown.status.code(), Some(5), "{}", err(&shown));
            assert!(
                err(&shown).contains(why) && err(&shown).contains("update onerescue here"),
                "{}",
                err(&shown)
            );
        }
        // It may be the incident of any host that has no open one.
        for host in ["node0", "node1"] {
            let abort = bench.run(&["abort", host, "--reason", "we look ourselves"]);
            assert_eq!(abort.status.code(), Some(7), "{}", err(&abort));
            assert!(
                err(&abort).contains(why) && err(&abort).contains("update onerescue here"),
                "{}",
                err(&abort)
            );
        }
        let abort = bench.run(&["abort", "node2", "--reason", "we look ourselves"]);
        assert_eq!(abort.status.code(), Some(0), "{}", err(&abort));
    }
}

#[test]
fn what_had_no_room_in_the_record_is_said() {
    let bench = Bench::new(WELL);
    bench.remember(&Record::Incident(Box::new(Incident { vms_left_out: 1200, ..closed() })));
    let text = out(&bench.run(&["show", "node1"]));
    assert!(
        text.contains("and 1200 more, which the record has no room for: the run's log has them\n"),
        "{text}"
    );
    assert!(text.contains("VMs: 1 recovered, 1 held, 1200 not in the record\n"), "{text}");
    assert!(out(&bench.run(&["history"])).contains("1200 not in the record"));
}

#[test]
fn a_host_that_is_let_alone_for_its_crash_dump_is_shown() {
    let bench = Bench::new(WELL);
    let saves = Incident { dump: Some(Epoch(1_795_165_200)), ..incident(0, Progress::Open) };
    bench.remember(&Record::Incident(Box::new(saves.clone())));
    let text = out(&bench.run(&["show", "node0"]));
    assert!(
        text.contains("it saves its crash dump, since 2026-11-20 09:00 UTC, and is not fenced meanwhile"),
        "{text}"
    );
    // What it says later is not about that.
    bench.every_document("one.document.delete", &[]);
    bench.remember(&Record::Incident(Box::new(Incident { progress: Progress::Fencing, ..saves })));
    assert!(!out(&bench.run(&["show", "node0"])).contains("crash dump"));
}
