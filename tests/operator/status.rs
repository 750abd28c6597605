//! `onerescue status`: one screen for the night, and never an empty green one.

use super::bench::{Bench, WELL, disarmed, err, hosts, incident, out, write};
use onerescue::model::{Abort, Confirmation, End, Epoch, Held, HostId, Incident, IncidentVm, Progress, VmId};
use onerescue::wire::record::Record;
use onerescue::wire::xmlrpc::{Reply, Value};
use serde_json::Value as Json;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// Three VMs on node2, which dies.
const DEAD: &str = r#"
vms = [{ name = "web", host = "node2" }, { name = "db", host = "node2" }, { name = "mail", host = "node2" }]
before = ["dies node2 power_loss"]
"#;

pub(super) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// What was seen ON does not matter, and the timer of reconcile has come.
pub(super) fn bench(scenario: &str) -> Bench {
    let bench = Bench::new(scenario);
    bench.settings("[fence]\nseen_on = \"waived\"\n", &hosts());
    ticked(&bench, 12);
    bench
}

/// The moment of reconcile's last look, as one so long ago has left it.
fn ticked(bench: &Bench, ago: i64) {
    write(&bench.path("onerescue-tick"), &(now() - ago).to_string(), 0o600);
}

pub(super) fn screen(bench: &Bench) -> (i32, String) {
    let output = bench.run(&["status"]);
    (output.status.code().unwrap(), out(&output))
}

pub(super) fn json(bench: &Bench) -> Json {
    let output = bench.run(&["status", "--json"]);
    serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{}", err(&output)))
}

pub(super) fn vm(id: u32, end: Option<End>, why: &str) -> IncidentVm {
    IncidentVm {
        id: VmId(id),
        name: format!("web-{id}"),
        order: None,
        to: None,
        end,
        why: why.to_owned(),
        ready: None,
    }
}

/// Of a host whose device does not answer; its run has ended.
pub(super) fn held(host: u32) -> Incident {
    let why = format!("node{host} is not proven to be off: machine: no answer within 20 s");
    let advice =
        format!("look at node{host}; if it is off: `onerescue confirm-off node{host} --reason \"…\"`");
    Incident {
        held: Some(Held { why, advice, since: Epoch(now() - 125) }),
        opened: Epoch(now() - 300),
        updated: Epoch(now() - 5),
        until: Some(Epoch(now() + 25)),
        outcome: Some("held".to_owned()),
        ..incident(host, Progress::Held)
    }
}

pub(super) fn dead() -> Bench {
    let bench = bench(&format!("{WELL}{DEAD}"));
    bench.remember(&Record::Incident(Box::new(held(2))));
    bench
}

/// The screen without its line breaks.
fn words(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sections of the screen, as words: `HELD`, `fencing`.
fn sections(screen: &str) -> Vec<&str> {
    let heads = screen.lines().filter(|line| line.chars().next().is_some_and(|c| c != ' '));
    heads.map(|line| line.get(..11).unwrap_or(line).trim()).collect()
}

#[test]
fn where_nothing_is_open_the_screen_is_short_and_the_code_is_0() {
    let bench = bench(WELL);
    let (code, screen) = screen(&bench);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.starts_with("ALL CLEAR  nothing is open "), "{screen}");
    assert_eq!(sections(&screen), ["ALL CLEAR", "fencing", "Active", "Active", "reconcile"], "{screen}");
    assert!(screen.contains("\nreconcile  looked 1"), "{screen}");
    assert!(
        screen.contains("east (cluster 100)   2 of 2 hosts are MONITORED, 2 can be fenced, as last seen")
    );
    let json = json(&bench);
    assert_eq!(
        (&json["format"], &json["verdict"], &json["exit_code"]),
        (&1.into(), &"clear".into(), &0.into())
    );
    assert_eq!(json["clusters"][0]["status"], "Active", "{json}");
}

#[test]
fn what_is_held_says_in_the_first_two_lines_what_to_do() {
    let bench = dead();
    let (code, screen) = screen(&bench);
    assert_eq!(code, 1, "{screen}");
    let mut lines = screen.lines();
    assert!(lines.next().unwrap().starts_with("NEEDS YOU  node2 needs you "), "{screen}");
    let advice = "do this    look at node2; if it is off: `onerescue confirm-off node2 --reason \"…\"`";
    assert_eq!(lines.next(), Some(advice), "{screen}");
    for part in [
        "\nHELD       node2 (host 2), ERROR: 3 VMs wait; for 2 min ",
        "\n           node2 is not proven to be off: machine: no answer within 20 s\n",
        "; more: `onerescue show ",
        "\nWaiting    east (cluster 100)   1 of 2 hosts are MONITORED, 2 can be fenced, as last seen: with",
    ] {
        assert!(screen.contains(part), "{part:?} is not in\n{screen}");
    }
    assert!(screen.lines().all(|line| line.chars().count() <= 100), "{screen}");
    let host = &json(&bench)["hosts"][0];
    assert_eq!(
        (&host["stage"], &host["urgency"], &host["vms_left"]),
        (&"held".into(), &"now".into(), &3.into())
    );
    assert!((20..=25).contains(&(host["next_look"].as_i64().unwrap() - now())), "{host}");
}

#[test]
fn words_of_people_are_told_until_a_run_has_taken_them_up() {
    let bench = dead();
    let incident = bench.memory().incidents[0].0;
    let word = Confirmation {
        host: HostId(2),
        incident,
        by: "alice".to_owned(),
        reason: "plugs pulled".to_owned(),
        at: Epoch(now() - 60),
        expires: Epoch(now() + 540),
    };
    bench.remember(&Record::Confirmation(word.clone()));
    let (_, screen) = screen(&bench);
    assert!(words(&screen).contains("said alice: that node2 is off (plugs pulled), 1 min "), "{screen}");
    assert!(words(&screen).contains(" ago; no run has taken it up yet; it counts for "), "{screen}");
    bench.remember(&Record::Proceed(word.clone()));
    let (_, screen) = self::screen(&bench);
    let proceed = "said alice: to fence node2 although others fail (plugs pulled), 1 min ";
    assert!(words(&screen).contains(proceed), "{screen}");
    let (by, reason) = ("bob".to_owned(), "we look ourselves".to_owned());
    bench.remember(&Record::Abort(Abort { host: HostId(2), incident, by, reason, at: Epoch(now()) }));
    let told = json(&bench);
    let words: Vec<_> = told["words"].as_array().unwrap().iter().map(|word| word["word"].clone()).collect();
    assert_eq!(words, ["confirm_off", "proceed", "abort"], "{told}");
    // A run has taken them up, and one word is too old.
    let taken = Incident { confirmation: Some(word.clone()), proceeded: Some(word), ..held(2) };
    bench.replace(&incident.0.to_string(), &Record::Incident(Box::new(taken)));
    assert_eq!(json(&bench)["words"].as_array().unwrap().len(), 1, "{}", json(&bench));
}

#[test]
fn that_fencing_is_armed_again_is_told_until_the_incident_is_taken_up() {
    let bench = super::reconcile::bench(&format!("{WELL}before = [\"dies node0 power_loss\"]\n"), "");
    bench.run(&["disarm", "--reason", "switches"]);
    bench.run(&["reconcile"]);
    let held = json(&bench);
    let pending = |told: &Json| {
        told["words"].as_array().unwrap().iter().map(|one| one["word"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((&held["hosts"][0]["stage"], pending(&held)), (&"held".into(), vec![]), "{held}");
    assert_eq!(bench.run(&["arm", "--reason", "done"]).status.code(), Some(0));
    let (code, screen) = screen(&bench);
    assert_eq!(code, 1, "{screen}");
    let said = "said fencing is armed again for node0; its incident is taken up at the next look";
    assert!(words(&screen).contains(said), "{screen}");
    assert_eq!(pending(&json(&bench)), ["arm"]);
    bench.run(&["reconcile"]);
    assert_eq!(pending(&json(&bench)), [] as [&str; 0]);
}

#[test]
fn a_disarmed_cluster_is_said_with_the_command_that_arms_it() {
    let bench = bench(WELL);
    bench.remember(&disarmed(Some(100)));
    let (code, screen) = screen(&bench);
    assert_eq!(code, 1, "{screen}");
    assert!(screen.starts_with("CAN WAIT   fencing is disarmed"), "{screen}");
    assert!(screen.contains("when that is over: `onerescue arm --cluster 100 --reason \"…\"`\n"), "{screen}");
    assert!(screen.contains("\nDisabled   east (cluster 100)   disarmed since 1970-01-01"), "{screen}");
}

#[test]
fn a_cluster_without_devices_is_disabled_and_keeps_nobody_awake() {
    let bench = bench(WELL);
    let two = hosts().split("[[host]]").take(3).collect::<Vec<_>>().join("[[host]]");
    bench.settings("[fence]\nseen_on = \"waived\"\n", &two);
    let (code, screen) = screen(&bench);
    let none = "\nDisabled   east (cluster 100)   none of its 2 hosts has a fence device in the settings\n";
    assert!(code == 0 && screen.contains(none), "{screen}");
}

#[test]
fn what_cannot_be_read_is_never_an_empty_green_screen() {
    let bench = dead();
    let mut command = bench.start();
    let dead_oned = command.env("ONE_XMLRPC", "http://127.0.0.1:9/RPC2");
    let output = dead_oned.arg("status").output().unwrap();
    let screen = out(&output);
    assert_eq!(output.status.code(), Some(5), "{screen}");
    assert!(screen.starts_with("NOT KNOWN  what is open cannot be read"), "{screen}");
    assert!(
        screen.contains("\ndo this    check that oned runs") && screen.contains("Connection refused"),
        "{screen}"
    );
    assert!(!screen.contains("armed everywhere") && !screen.contains("ALL CLEAR"), "{screen}");
    let told = command.arg("--json").output().unwrap();
    let told: Json = serde_json::from_str(&out(&told)).unwrap();
    assert_eq!((&told["verdict"], &told["known"]), (&"unknown".into(), &false.into()), "{told}");

    // A document of ours that a newer version has written may be the incident of any host.
    let id = bench.cloud.lock().unwrap().add_record(&Record::Control { disarmed: Vec::new() });
    let body =
        "<TEMPLATE><BODY><![CDATA[{\"format\":3,\"record\":\"incident\",\"host\":0}]]></BODY></TEMPLATE>";
    let params = [Value::Int(i64::from(id.0)), Value::Text(body.to_owned()), Value::Int(0)].to_vec();
    assert!(matches!(bench.oned("one.document.update", params), Reply::Value(_)));
    let (code, screen) = self::screen(&bench);
    assert!(
        code == 5 && screen.starts_with("NOT KNOWN  not everything can be read; node2 needs you"),
        "{screen}"
    );
    assert!(words(&screen).contains("its format is 3, and this version knows 2"), "{screen}");
    assert!(!screen.contains("armed everywhere"), "it may be what disarms: {screen}");
    assert!(screen.contains("\nHELD       node2"), "what is known is told all the same: {screen}");
}

#[test]
fn reconcile_is_seen_to_look_and_a_rehearsal_is_no_look() {
    let bench = bench(WELL);
    std::fs::remove_file(bench.path("onerescue-tick")).unwrap();
    let never = screen(&bench);
    assert!(never.0 == 1 && never.1.contains("it has never looked on this front-end"), "{}", never.1);
    assert!(
        never.1.contains("\ndo this    `systemctl enable --now onerescue-reconcile.timer`\n"),
        "{}",
        never.1
    );
    assert!(bench.run(&["reconcile", "--dry-run"]).status.success());
    assert_eq!(screen(&bench).0, 1, "a rehearsal");
    assert!(bench.run(&["reconcile"]).status.success());
    assert_eq!(screen(&bench).0, 0);
    ticked(&bench, 301);
    let late = screen(&bench);
    assert!(late.0 == 1 && late.1.contains("; its last look was 5 min "), "{}", late.1);
    // Who only tells keeps what the timer has noted.
    assert!(bench.run(&["reconcile", "--dry-run"]).status.success());
    assert_eq!(screen(&bench).0, 1);
}

/// An incident of node2 that has ended, with so many VMs that are held for one reason, and one for another.
pub(super) fn ended(count: u32, more: Incident) -> Incident {
    let held =
        |id| vm(id, Some(End::Held), if id == 1 { "it is locked (MANAGE)" } else { "no host has room" });
    let vms = (0..count).map(held).collect();
    let outcome = Some("not every VM could be recovered".to_owned());
    Incident { vms, outcome, progress: Progress::Closed, held: None, until: None, ..more }
}

/// What a program says to oned at this address, which is in front of the bench's.
fn counted(bench: &Bench, arguments: &[&str]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = bench.endpoint().replace("http://", "").replace("/RPC2", "");
    let here = format!("http://{}/RPC2", listener.local_addr().unwrap());
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    // It ends with the process of the tests: a thread that waits for a connection takes nothing.
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut oned) = (client.unwrap(), TcpStream::connect(&there).unwrap());
            let (mut back, mut answers) = (client.try_clone().unwrap(), oned.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let heard = Arc::clone(&heard);
            std::thread::spawn(move || {
                let mut part = [0; 4096];
                while let Ok(read @ 1..) = client.read(&mut part) {
                    heard.lock().unwrap().extend_from_slice(&part[..read]);
                    oned.write_all(&part[..read]).unwrap();
                }
            });
        }
    });
    let output = bench.start().env("ONE_XMLRPC", here).args(arguments).output().unwrap();
    assert!(err(&output).is_empty(), "{}", err(&output));
    let said = String::from_utf8_lossy(&said.lock().unwrap()).into_owned();
    said.split("<methodName>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[test]
fn a_picture_costs_oned_the_same_calls_however_much_is_open() {
    let few = counted(&dead(), &["status"]);
    let expected = [
        "one.zone.raftstatus",
        "one.documentpool.info",
        "one.clusterpool.info",
        "one.hostpool.info",
        "one.vmpool.infoextended",
    ];
    assert!(expected.iter().all(|call| few.iter().any(|made| made == call)), "{few:?}");
    assert!(few.len() <= 8, "{few:?}");
    // Each of four hosts has an incident with VMs that are held, and all of them are dead.
    let vms = "vms = [{ name = \"web\", host = \"node0\", count = 300, cpu = 0.01, memory_mib = 1 }]\n";
    let hosts = ["node0", "node1", "node2", "node3"].map(|host| format!("\"dies {host} power_loss\""));
    let many = bench(&format!("{WELL}{vms}before = [{}]\n", hosts.join(", ")));
    for host in 0..4 {
        many.remember(&Record::Incident(Box::new(ended(300, held(host)))));
    }
    let many = counted(&many, &["status"]);
    assert!(many.len() <= few.len() + 1, "one for the VMs of incidents: {many:?}");
}
