//! `onerescue reconcile`: lost events, runs that are gone, hosts that came back, and a front-end that does not lead.

use super::bench::{Bench, err, incident, out, write};
use onerescue::model::{Asked, Epoch, Held, HostId, HostState, Progress};
use onerescue::sim::Power;
use onerescue::wire::record::Record;
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

/// Six hosts, of which node0 and node1 are dead, with a VM each; no hook has heard of it.
const TWO_DEAD: &str = r#"
title = "two hosts die unheard"
call = "-m"
host = "node0"
before = ["dies node0 power_loss", "dies node1 power_loss"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }, { name = "node4" }, { name = "node5" }]
vms = [{ name = "web", host = "node0" }, { name = "db", host = "node1" }]
"#;

/// Times are short because they are real, and no device was seen ON before.
const QUICK: &str = "[wait]\ncycles = 0\ncycle = \"100ms\"\nlook = \"100ms\"\n[hold]\nlook = \"100ms\"\ndeadline = \"0s\"\n\
                     [fence]\nseen_on = \"waived\"\ninterval = \"100ms\"\n[reconcile]\nage = \"1s\"\n";

pub(super) fn bench(scenario: &str, more: &str) -> Bench {
    let bench = Bench::new(scenario);
    let entry = |id| {
        format!(
            "[[host]]\nid = {id}\nname = \"node{id}\"\ndevices = [\"machine\"]\nsame_power_accepted = true\n"
        )
    };
    bench.settings(&format!("{QUICK}{more}"), &(0..6).map(entry).collect::<String>());
    bench
}

fn json(bench: &Bench, arguments: &[&str]) -> (i32, Json) {
    let output = bench.run(&[&["reconcile", "--json"], arguments].concat());
    let json = serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{}", err(&output)));
    (output.status.code().unwrap(), json)
}

fn runs_on(bench: &Bench, vm: u32) -> Vec<HostId> {
    bench.cloud.lock().unwrap().domain_hosts(onerescue::model::VmId(vm))
}

fn power(bench: &Bench, host: u32) -> Power {
    bench.cloud.lock().unwrap().power(HostId(host))
}

#[test]
fn hosts_whose_events_were_lost_are_recovered_at_the_same_time_and_once() {
    let bench = bench(TWO_DEAD, "");
    let (code, told) = json(&bench, &["--dry-run"]);
    assert_eq!((code, told["hosts"].as_array().unwrap().len()), (0, 2), "{told}");
    for host in told["hosts"].as_array().unwrap() {
        assert_eq!(host["todo"], "begin", "{told}");
        assert!(host["why"].as_str().unwrap().contains("its event was lost"), "{told}");
    }
    assert_eq!(bench.memory().incidents, []);

    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    for line in ["node0 (host 0), migrate: recovered", "node1 (host 1), migrate: recovered"] {
        assert!(out(&output).contains(line), "{}", out(&output));
    }
    // Lines of two runs mix; each says whose it is.
    assert!(err(&output).contains("INFO  host 0: fence: ") && err(&output).contains("INFO  host 1: fence: "));
    assert!(bench.log().contains("[HOST 0][I] fence: ") && bench.log().contains("[HOST 1][I] fence: "));
    for vm in [0, 1] {
        assert!(matches!(runs_on(&bench, vm).as_slice(), [HostId(2..)]), "{:?}", runs_on(&bench, vm));
    }
    let incidents = bench.memory().incidents;
    assert_eq!(incidents.len(), 2);
    assert!(incidents.iter().all(|(_, one)| one.progress == Progress::Closed && one.events.len() == 1));

    let (code, told) = json(&bench, &[]);
    assert_eq!(code, 0);
    for host in told["hosts"].as_array().unwrap() {
        assert_eq!((&host["todo"], &host["exit_code"]), (&"leave".into(), &Json::Null), "{told}");
        assert_eq!(host["why"], "its incident is closed: recovered");
    }
}

#[test]
fn an_incident_whose_run_is_gone_goes_on_and_another_front_end_s_is_left() {
    let bench = bench(TWO_DEAD, "");
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let error = |host| bench.cloud.lock().unwrap().host_xml(HostId(host)).unwrap();
    assert!(error(0).contains("Error monitoring Host node0"));
    let mut dead = incident(0, Progress::Open);
    dead.owner = format!("{} 4711 1", rustix_name());
    let mut elsewhere = incident(1, Progress::Open);
    (elsewhere.updated.0, elsewhere.owner) = (now, "elsewhere 4711 1".to_owned());
    for one in [dead, elsewhere] {
        bench.remember(&Record::Incident(Box::new(one)));
    }
    let (code, told) = json(&bench, &[]);
    assert_eq!(code, 0, "{told}");
    let [first, second] = told["hosts"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&first["todo"], &first["outcome"]), (&"go_on".into(), &"recovered".into()), "{told}");
    assert_eq!(second["todo"], "leave");
    assert!(second["why"].as_str().unwrap().starts_with("elsewhere 4711 1 works on it"), "{told}");
    assert_eq!(power(&bench, 0), Power::Off);
    assert_eq!(bench.memory().incidents[1].1.progress, Progress::Open);
}

/// This machine's name, as an owner's first word.
fn rustix_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    name.trim().to_owned()
}

#[test]
fn what_is_held_is_looked_at_again_until_nothing_holds_it() {
    let bench = bench(TWO_DEAD, "");
    assert!(bench.run(&["disarm", "--reason", "switches"]).status.success());
    let (code, told) = json(&bench, &[]);
    assert_eq!(code, 7, "{told}");
    for host in told["hosts"].as_array().unwrap() {
        assert!(host["outcome"].as_str().unwrap().contains("disarmed"), "{told}");
        assert!(host["advice"].as_str().unwrap().contains("onerescue arm"), "{told}");
    }
    let (_, told) = json(&bench, &["--dry-run"]);
    assert_eq!(told["hosts"][0]["todo"], "look_again", "{told}");
    assert!(bench.run(&["arm", "--reason", "done"]).status.success());
    let (code, told) = json(&bench, &[]);
    assert_eq!((code, &told["hosts"][0]["outcome"]), (0, &"recovered".into()), "{told}");
    assert_eq!(bench.memory().incidents.len(), 2);
}

/// A pass of the unit stays while an incident waits: disarming ends meanwhile, and is heard within 10 s.
#[test]
fn a_pass_that_stays_hears_the_word_of_a_person() {
    let bench = bench(TWO_DEAD, "");
    assert!(bench.run(&["disarm", "--reason", "switches"]).status.success());
    assert_eq!(json(&bench, &[]).0, 7);
    let mut pass = bench.start();
    let pass = pass.args(["reconcile", "--stay", "25"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut pass = pass.spawn().unwrap();
    let mut lines = BufReader::new(pass.stdout.take().unwrap()).lines();
    for host in ["node0", "node1"] {
        assert!(lines.any(|line| line.unwrap().contains("do this: ")), "{host} is held");
    }
    assert!(bench.run(&["arm", "--reason", "done"]).status.success());
    assert_eq!(lines.filter(|line| line.as_ref().unwrap().ends_with("migrate: recovered")).count(), 2);
    assert_eq!(pass.wait().unwrap().code(), Some(0));
    assert!(bench.memory().incidents.iter().all(|(_, one)| one.progress == Progress::Closed));
}

#[test]
fn an_incident_of_a_host_that_came_back_or_was_deleted_is_closed() {
    let bench = bench(TWO_DEAD, "");
    let mut back = incident(3, Progress::Held);
    let (why, advice) = ("storm".to_owned(), String::new());
    back.held = Some(Held { why, advice, since: back.opened });
    let gone = incident(77, Progress::Fencing);
    for one in [back, gone] {
        bench.remember(&Record::Incident(Box::new(one)));
    }
    let (code, told) = json(&bench, &[]);
    assert_eq!(code, 0, "{told}");
    let hosts = told["hosts"].as_array().unwrap();
    let of = |id: i64| hosts.iter().find(|host| host["id"] == id).unwrap();
    assert_eq!((&of(3)["todo"], &of(77)["todo"]), (&"close".into(), &"close".into()));
    assert_eq!(of(3)["outcome"], "nothing to do: it is MONITORED, not in ERROR");
    assert_eq!(of(77)["outcome"], "nothing to do: the host does not exist any more");
    assert!(bench.memory().incidents.iter().all(|(_, one)| one.progress == Progress::Closed));
    assert_eq!(power(&bench, 3), Power::On);
}

#[test]
fn without_a_hook_the_settings_say_what_to_do_or_nothing_is_done() {
    let bench = bench(TWO_DEAD, "");
    bench.without_hooks();
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(out(&output).contains("no hook starts host_error"), "{}", out(&output));
    assert_eq!(power(&bench, 2), Power::On);
    assert_eq!(bench.memory().incidents, []);
    let with = self::bench(TWO_DEAD, "options = \"-m -p 0\"\n");
    with.without_hooks();
    assert_eq!(json(&with, &[]).0, 0);
}

#[test]
fn a_follower_does_nothing_and_says_so() {
    let bench = bench(TWO_DEAD, "");
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.set_front_ends(3);
        cloud.server_dies(0);
        cloud.advance(std::time::Duration::from_secs(60));
        cloud.server_returns(0);
    }
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(out(&output), "nothing to do here: this front-end is a follower; the leader reconciles\n");
    let (code, told) = json(&bench, &[]);
    assert_eq!((code, &told["leads"], &told["hosts"]), (0, &false.into(), &Json::Array(Vec::new())));
    // A run of vm_down that was stopped here when it led.
    let began = format!("since {}", jiff::Timestamp::now().as_second());
    write(&bench.folder.path().join("onerescue-vm-4.lock"), &began, 0o644);
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = "nothing to do here: this front-end is a follower; the leader reconciles\n\
                vm 4: its run of vm_down was ended before it was done\n  do this: `vm_down --vm ID` on the leader\n";
    assert_eq!(out(&output), text);
}

#[test]
fn the_leader_s_hook_calls_vip_sh_as_before_and_starts_a_reconcile() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(&path("raft_leader.sh"), include_str!("../../templates/raft_leader.sh"), 0o755);
    write(&path("vip.sh"), &format!("#!/bin/sh\necho \"$@\" >{}\nexit 3\n", path("vip").display()), 0o755);
    // Who reads it waits for who writes it.
    let made = std::process::Command::new("mkfifo").arg(path("told")).status().unwrap();
    assert!(made.success());
    write(&path("onerescue"), &format!("#!/bin/sh\necho \"$@\" >{}\n", path("told").display()), 0o755);
    let run = std::process::Command::new(path("raft_leader.sh"))
        .args(["leader", "eth0", "10.0.0.2/24"])
        .env("ONERESCUE", path("onerescue"))
        .status()
        .unwrap();
    assert_eq!(run.code(), Some(3));
    assert_eq!(std::fs::read_to_string(path("vip")).unwrap(), "leader eth0 10.0.0.2/24\n");
    assert_eq!(std::fs::read_to_string(path("told")).unwrap(), "reconcile\n");
}

#[test]
fn a_script_of_failover_sh_starts_a_reconcile_where_the_leader_is_and_never_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(&path("50-onerescue"), include_str!("../../templates/50-onerescue"), 0o755);
    let made = std::process::Command::new("mkfifo").arg(path("told")).status().unwrap();
    assert!(made.success());
    let told = path("told").display().to_string();
    write(&path("onerescue"), &format!("#!/bin/sh\necho \"$@\" >{told}\nexit 7\n"), 0o755);
    write(&path("none"), &format!("#!/bin/sh\necho it was started >{told}\n"), 0o755);
    let run = |role: &str, program: &str| {
        let mut command = std::process::Command::new(path("50-onerescue"));
        command.args([role, "eth0", "10.0.0.2/24"]).env("ONERESCUE", path(program)).status().unwrap().code()
    };
    assert_eq!(run("follower", "none"), Some(0));
    assert_eq!(run("leader", "onerescue"), Some(0));
    assert_eq!(std::fs::read_to_string(told).unwrap(), "reconcile\n");
}

/// Write into a host's template, as a run of `host_back` does, and take it out of service.
fn quarantined(bench: &Bench, host: u32, reason: &str, until: i64) {
    use onerescue::wire::xmlrpc::{Reply, Value};
    let template = format!("HA_QUARANTINE=\"{reason}\"\nHA_QUARANTINE_UNTIL=\"{until}\"");
    let id = || Value::Int(host.into());
    let written = bench.oned("one.host.update", vec![id(), Value::Text(template), Value::Int(1)]);
    let mut failed = incident(host, Progress::Closed);
    failed.events = vec![Epoch(jiff::Timestamp::now().as_second() - 3600)];
    bench.remember(&Record::Incident(Box::new(failed)));
    let disabled = bench.oned("one.host.status", vec![id(), Value::Int(1)]);
    assert!(matches!((&written, &disabled), (Reply::Value(_), Reply::Value(_))), "{written:?} {disabled:?}");
}

#[test]
fn a_quarantine_for_flapping_is_lifted_when_it_is_over_and_no_other() {
    let bench = bench(super::bench::WELL, "[host_back]\nstable = \"1s\"\n");
    quarantined(&bench, 0, "it flaps", 1_795_165_000);
    quarantined(&bench, 1, "it runs what oned has elsewhere", 0);
    quarantined(&bench, 2, "it flaps", jiff::Timestamp::now().as_second() + 1800);
    // No setting keeps a host for a day: a clock was wrong.
    quarantined(&bench, 3, "it flaps", jiff::Timestamp::now().as_second() + 86_400);
    let (code, told) = json(&bench, &[]);
    assert_eq!(code, 0, "{told}");
    let [lifted, twice, early, beyond] = told["hosts"].as_array().unwrap().as_slice() else {
        panic!("{told}")
    };
    assert_eq!(lifted["todo"], "lift", "{told}");
    assert_eq!((beyond["todo"].as_str(), beyond["name"].as_str()), (Some("lift"), Some("node3")), "{told}");
    assert!(lifted["outcome"].as_str().unwrap().starts_with("handed over: "), "{told}");
    assert!(twice["why"].as_str().unwrap().starts_with("it is quarantined until a person enables it"));
    assert!(early["why"].as_str().unwrap().starts_with("it is quarantined for another "), "{told}");
    assert!(beyond["why"].as_str().unwrap().contains("a clock was wrong"), "{told}");
    let cloud = bench.cloud.lock().unwrap();
    let states = [0, 1, 2].map(|host| cloud.host_state(HostId(host)).unwrap());
    assert_eq!(states, [HostState::Monitored, HostState::Disabled, HostState::Disabled]);
    assert!(cloud.host_xml(HostId(0)).unwrap().contains("<HA_QUARANTINE><![CDATA[NO]]>"));
}

/// A host that a person has disabled writes into its own template that it was quarantined, and that this is over.
#[test]
fn a_host_does_not_enable_itself() {
    let bench = bench(super::bench::WELL, "[host_back]\nstable = \"1s\"\n");
    quarantined(&bench, 0, "it flaps", 1_795_165_000);
    for (document, _) in bench.memory().incidents {
        let id = onerescue::wire::xmlrpc::Value::Int(document.0.into());
        bench.oned("one.document.delete", vec![id]);
    }
    let (code, told) = json(&bench, &[]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(told["hosts"][0]["todo"], "leave", "{told}");
    assert!(told["hosts"][0]["why"].as_str().unwrap().contains("a person enables it"), "{told}");
    assert_eq!(bench.cloud.lock().unwrap().host_state(HostId(0)), Some(HostState::Disabled));
}

#[test]
fn a_record_that_cannot_be_read_is_no_lost_event_and_ends_with_the_code_of_what_is_held() {
    let bench = bench(TWO_DEAD, "");
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.recorded(HostId(0), Progress::Fencing, std::time::Duration::from_secs(1200));
        cloud.damage_record(Some(HostId(0)));
    }
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(7), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("delete document"), "{}", out(&output));
    assert!(
        out(&output).contains("leave: in ERROR, and its incident may not be known here"),
        "{}",
        out(&output)
    );
    assert_eq!((power(&bench, 0), bench.memory().incidents.len()), (Power::Off, 0));
    let (code, told) = json(&bench, &["--dry-run"]);
    assert_eq!((code, told["hosts"][0]["todo"].as_str()), (7, Some("leave")), "{told}");
    assert!(told["unreadable"].as_str().unwrap().contains("its BODY is not a record of ours"), "{told}");

    bench.cloud.lock().unwrap().mend_records();
    let (code, told) = json(&bench, &[]);
    assert_eq!((code, &told["hosts"][0]["outcome"]), (0, &"recovered".into()), "{told}");
}

/// oned has dated the errors in UTC, nine days ago at most by the clock of this machine, and by no more than a moment after
/// it has heard the hosts.
#[test]
fn an_error_s_date_is_read_in_the_zone_of_the_process_and_one_that_cannot_be_makes_the_age_unknown() {
    let bench = bench(TWO_DEAD, "");
    let decided = |zone: &str| {
        let output =
            bench.start().env("TZ", zone).args(["reconcile", "--json", "--dry-run"]).output().unwrap();
        let told: Json = serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{}", err(&output)));
        let host = &told["hosts"][0];
        (host["todo"].as_str().unwrap().to_owned(), host["why"].as_str().unwrap().to_owned())
    };
    for zone in ["", "UTC0", "Etc/UTC", ":Etc/UTC", "/usr/share/zoneinfo/Etc/UTC", "Europe/London"] {
        let (todo, why) = decided(zone);
        assert_eq!(todo, "begin", "{zone}: {why}");
        assert!(why.starts_with("in ERROR for "), "{zone}: {why}");
    }
    // Then the host would have failed hours before oned has heard it; or there is no such zone.
    for zone in ["Asia/Tokyo", ":Asia/Kolkata", "JST-9", "CET-1CEST,M3.5.0,M10.5.0/3", "Nowhere/City"] {
        let _ = std::fs::remove_file(bench.folder.path().join("onerescue-seen.json"));
        let (todo, why) = decided(zone);
        assert_eq!(todo, "leave", "{zone}: {why}");
        assert!(why.starts_with("in ERROR since an unknown time"), "{zone}: {why}");
    }
    // Seen since the machine began, it is worked on.
    let file = bench.folder.path().join("onerescue-seen.json");
    let mut seen: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    for host in ["0", "1"] {
        seen["hosts"][host]["since"] = 0.into();
    }
    write(&file, &seen.to_string(), 0o600);
    let (todo, why) = decided("Asia/Tokyo");
    assert_eq!(todo, "begin", "{why}");
    assert!(why.starts_with("in ERROR since an unknown time, and seen so for "), "{why}");
}

/// The run goes on with the first of two open records, so it goes by the options in that one. By the other one it would go
/// by what is registered.
#[test]
fn of_two_open_records_the_options_are_those_of_the_one_that_counts() {
    let bench = bench(TWO_DEAD, "options = \"-r\"\n");
    for (opened, option) in [(0, "-m"), (1, "-d")] {
        let mut open = incident(0, Progress::Open);
        open.opened.0 += opened;
        open.owner = format!("{} 4711 {opened}", rustix_name());
        open.flags = Asked::try_from(vec![option.to_owned()]).ok();
        bench.remember(&Record::Incident(Box::new(open)));
    }
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("node0 (host 0), migrate: recovered"), "{}", out(&output));
    let of_node0 = bench.memory().incidents.into_iter().filter(|(_, one)| one.host == HostId(0));
    assert_eq!(of_node0.map(|(_, one)| one.progress).collect::<Vec<_>>(), [Progress::Closed]);
}
