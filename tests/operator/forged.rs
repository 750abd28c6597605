//! Documents that somebody without rights has made: they are named, and the recovery goes on as if they were not there.

use super::bench::{Bench, WELL, err, incident, out};
use super::reconcile::bench;
use onerescue::model::{Asked, Epoch, Event, Held, HostId, Incident, Noted, Notices, Progress};
use onerescue::policy::notify::mark;
use onerescue::sim::{Forgery, Power};
use onerescue::wire::record::{NOTICES, Record};

/// Three hosts, of which node0 is dead, with a VM; no hook has heard of it.
const DEAD: &str = r#"
title = "a host dies unheard"
call = "-m"
host = "node0"
before = ["dies node0 network_cut"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }, { name = "node4" }, { name = "node5" }]
vms = [{ name = "web", host = "node0" }]
"#;

fn forge(bench: &Bench, forgery: &Forgery) {
    bench.cloud.lock().unwrap().forged(forgery);
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn power(bench: &Bench, host: u32) -> Power {
    bench.cloud.lock().unwrap().power(HostId(host))
}

fn recovers(bench: &Bench) {
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("node0 (host 0), migrate: recovered"), "{}", out(&output));
    assert_eq!(power(bench, 0), Power::Off);
}

/// Each alone: none keeps the timer from recovering the host as the registered hook would, and none makes it do more.
#[test]
fn no_forged_document_commands_the_timer() {
    let host = HostId(0);
    let stopped = |flags| Forgery::Stopped(host, words(flags));
    let all = [
        stopped("-m -u"),
        stopped("-d -u -f"),
        stopped("--help"),
        Forgery::AtWork(host),
        Forgery::Looks(host),
        Forgery::Fenced(HostId(1)),
        Forgery::Aborted(host),
        Forgery::Disarmed,
        Forgery::Garbage,
    ];
    for forgery in all {
        let bench = bench(DEAD, "");
        forge(&bench, &forgery);
        recovers(&bench);
        let log = bench.log();
        assert!(log.contains("of type 7113 belongs to user 5: not read"), "{forgery:?}: {log}");
    }
}

#[test]
fn check_and_history_name_what_does_not_count() {
    let bench = Bench::new(WELL);
    forge(&bench, &Forgery::Garbage);
    forge(&bench, &Forgery::Disarmed);
    let check = bench.run(&["check"]);
    let named = out(&check).lines().filter(|line| line.contains("belongs to user 5: not read")).count();
    assert_eq!(named, 2, "{}", out(&check));
    assert!(!out(&check).contains("disarmed"), "{}", out(&check));
    let history = out(&bench.run(&["history"]));
    assert!(history.contains("document 5 of type 7113 belongs to user 5: not read"), "{history}");
    let json: serde_json::Value = serde_json::from_str(&out(&bench.run(&["history", "--json"]))).unwrap();
    assert_eq!(json["foreign"].as_array().unwrap().len(), 2, "{json}");
    assert_eq!((&json["foreign"][0]["user"], &json["unreadable"]), (&5.into(), &serde_json::json!([])));
}

/// An administrator lets everybody change a record: that is taken back, and said.
#[test]
fn check_says_what_others_could_change() {
    let bench = Bench::new(WELL);
    bench.remember(&Record::Incident(Box::new(incident(1, Progress::Closed))));
    bench.cloud.lock().unwrap().widen_documents();
    let check = out(&bench.run(&["check"]));
    assert!(check.contains("others could change it until now"), "{check}");
    let again = out(&bench.run(&["check"]));
    assert!(!again.contains("others could change it"), "{again}");
}

/// Whatever an ordinary user makes of our two types: nobody is told of it, and nobody is not told because of it.
#[test]
fn no_forged_document_is_told_or_keeps_anything_from_being_told() {
    let bench = Bench::new(WELL);
    let take = bench.path("take");
    super::bench::write(&take, "#!/bin/sh\ncat >>\"$0.got\"\necho >>\"$0.got\"\n", 0o755);
    let receiver = format!("[[notify]]\nname = \"ops\"\ncommand = [\"{}\"]\n", take.display());
    bench.settings("", &format!("{}{receiver}", super::bench::hosts()));
    let told = || std::fs::read_to_string(bench.path("take.got")).unwrap_or_default();
    assert_eq!(bench.run(&["notify"]).status.code(), Some(0));
    let why = "its controller says on".to_owned();
    let held = Held { why, advice: "look at it".to_owned(), since: Epoch(super::status::now()) };
    let held = Incident { held: Some(held), ..incident(1, Progress::Held) };
    let document = bench.cloud.lock().unwrap().add_record(&Record::Incident(Box::new(held.clone())));
    // All of it was told already, says a forged note; and here are incidents, words and a disarming.
    let said = vec!["opened".to_owned(), mark(&held), format!("needs you {}", mark(&held))];
    let noted = Noted { incident: document, said, attempt: None, unsure: Vec::new() };
    let events = [Event::Opened, Event::Held, Event::NeedsYou, Event::Ended];
    let events = events.into_iter().chain([Event::CannotBeLost, Event::CanBeLost]).collect();
    let notices =
        Notices { receiver: "ops".to_owned(), events, incidents: vec![noted], ..Notices::default() };
    let body = |record: &Record| {
        let text = record.write().unwrap();
        text.split_once("<![CDATA[").unwrap().1.split_once("]]>").unwrap().0.to_owned()
    };
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.forge_of_type(NOTICES, 5, "users", &body(&Record::Notices(notices)));
        cloud.forge_of_type(NOTICES, 5, "users", "hello");
        cloud.forge_of_type(
            NOTICES,
            5,
            "users",
            &body(&Record::Incident(Box::new(incident(3, Progress::Held)))),
        );
    }
    let host = HostId(0);
    for forgery in [
        Forgery::AtWork(host),
        Forgery::Looks(HostId(2)),
        Forgery::Aborted(HostId(1)),
        Forgery::ConfirmedOff(HostId(1)),
        Forgery::Proceeded(HostId(1)),
        Forgery::Disarmed,
        Forgery::Garbage,
    ] {
        forge(&bench, &forgery);
    }
    let notify = bench.run(&["notify"]);
    assert!(out(&notify).contains("ops: told: node1 is held"), "{}{}", out(&notify), err(&notify));
    let message: serde_json::Value = serde_json::from_str(told().trim()).unwrap();
    assert_eq!(message["changes"].as_array().unwrap().len(), 1, "{message}");

    let status: serde_json::Value = serde_json::from_str(&out(&bench.run(&["status", "--json"]))).unwrap();
    let hosts = status["hosts"].as_array().unwrap();
    assert_eq!((hosts.len(), &hosts[0]["name"]), (1, &"node1".into()), "{status}");
    for nothing in ["words", "down", "disarmed", "unread"] {
        assert_eq!(status[nothing], serde_json::json!([]), "{nothing}: {status}");
    }
    let metrics = out(&bench.run(&["metrics"]));
    for line in [
        "onerescue_incidents{state=\"held\"} 1",
        "onerescue_incidents{state=\"open\"} 0",
        "onerescue_incidents{state=\"closed\"} 0",
        "onerescue_records_unreadable 0",
        "onerescue_incident_vms{fate=\"held\"} 0",
        "onerescue_fencing_armed{one_cluster_id=\"0\"} 1",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line}\n{metrics}");
    }
    for forged in ["node0", "node2", "node3"] {
        assert_eq!(bench.run(&["report", forged]).status.code(), Some(2), "{forged}");
    }
    let site = bench.path("site");
    assert_eq!(bench.run(&["report", "--site", site.to_str().unwrap()]).status.code(), Some(0));
    assert_eq!(std::fs::read_dir(&site).unwrap().count(), 2, "the index and one page");
    let pages = ["index.html".to_owned(), format!("incident-{}.html", document.0)];
    for page in pages.map(|name| std::fs::read_to_string(site.join(name)).unwrap()) {
        assert!(!page.contains("forged") && !page.contains("disarmed"), "{page}");
    }
}

/// Our own record of a run that a person began with options that nobody registered.
fn by_hand(flags: &str) -> Record {
    let mut open = incident(0, Progress::Open);
    open.flags = Asked::try_from(words(flags)).ok();
    open.outcome = Some("stopped".to_owned());
    Record::Incident(Box::new(open))
}

#[test]
fn what_a_person_gave_to_his_own_run_is_not_gone_on_with() {
    for flags in ["-m -u", "-d", "-r -f", "-d -u -f"] {
        let bench = bench(DEAD, "");
        bench.remember(&by_hand(flags));
        recovers(&bench);
    }
}

#[test]
fn where_nobody_has_registered_anything_only_a_person_goes_on_with_what_destroys() {
    for flags in ["-d", "-r -f", "-d -f -u"] {
        let bench = bench(DEAD, "");
        bench.without_hooks();
        bench.remember(&by_hand(flags));
        let output = bench.run(&["reconcile"]);
        assert_eq!(output.status.code(), Some(7), "{flags}: {}{}", out(&output), err(&output));
        let command = format!("`host_error --host node0 {flags}`");
        assert!(out(&output).contains(&command), "{}", out(&output));
        assert_eq!(power(&bench, 0), Power::On);
    }
    let bench = bench(DEAD, "");
    bench.without_hooks();
    bench.remember(&by_hand("-m -u"));
    recovers(&bench);
}
