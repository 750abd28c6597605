//! A host that cannot be lost any more: reconcile plans by day, says what is new once, and check names it.

use super::bench::{Bench, err, out, write};
use onerescue::sim::Scenario;
use onerescue::wire::xmlrpc::Value;
use serde_json::Value as Json;

/// node0 can be lost as long as node1 has room for its VM.
const TWO: &str = r#"
title = "two hosts"
call = "-m"
host = "node0"
hosts = [{ name = "node0", memory_gib = 64 }, { name = "node1", memory_gib = 64 }]
vms = [{ name = "erp", host = "node0", memory_mib = 49152 }]
"#;

fn bench(plan: &str) -> Bench {
    let mut bench = Bench::new(TWO);
    bench.witness = super::bench::HEARD;
    let hosts = super::bench::hosts().split_inclusive("[[host]]").take(3).collect::<String>();
    bench.settings(plan, hosts.trim_end_matches("[[host]]"));
    bench
}

/// A tick of the timer, after `[plan] watch`.
fn tick(bench: &Bench) -> String {
    let file = bench.path("onerescue-losses.json");
    if let Ok(text) = std::fs::read_to_string(&file) {
        let mut losses: Json = serde_json::from_str(&text).unwrap();
        losses["tried"] = 0.into();
        write(&file, &losses.to_string(), 0o600);
    }
    at_once(bench)
}

/// A tick that comes too soon to plan.
fn at_once(bench: &Bench) -> String {
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    err(&output)
}

/// What check says of losses: state and text of each.
fn losses(bench: &Bench) -> Vec<(String, String)> {
    let output = bench.run(&["check", "--json"]);
    let json: Json = serde_json::from_str(&out(&output)).unwrap();
    let found = json["findings"].as_array().unwrap().iter().filter(|one| one["item"] == "loss");
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    found
        .map(|one| (text(&one["state"]), format!("{}: {}", text(&one["object"]), text(&one["text"]))))
        .collect()
}

fn disable(bench: &Bench, status: i64) {
    bench.oned("one.host.status", vec![Value::Int(1), Value::Int(status)]);
}

#[test]
fn a_host_that_cannot_be_lost_any_more_is_said_once_and_check_warns_until_that_ends() {
    let bench = bench("");
    assert_eq!(losses(&bench), [], "nobody has planned yet");
    assert!(!tick(&bench).contains("the loss of"));
    let [(state, text)] = losses(&bench).try_into().unwrap();
    assert_eq!(state, "ok", "{text}");
    disable(&bench, 1);
    assert!(!at_once(&bench).contains("the loss of"), "ten minutes are not over");
    let said = tick(&bench);
    assert!(said.contains(" the loss of node0 (host 0) would hold vm 0 erp: "), "{said}");
    assert!(bench.log().contains("the loss of node0 (host 0) would hold vm 0 erp"), "{}", bench.log());
    assert!(!tick(&bench).contains("the loss of"), "it was said");
    let [(state, text)] = losses(&bench).try_into().unwrap();
    assert_eq!(state, "warning");
    assert!(
        text.starts_with("node0 (host 0): since ") && text.contains("its loss would hold vm 0 erp"),
        "{text}"
    );
    disable(&bench, 0);
    bench.cloud.lock().unwrap().advance(std::time::Duration::from_secs(300));
    let said = tick(&bench);
    assert!(said.contains("the loss of node0 (host 0) would hold no VM any more"), "{said}");
    assert_eq!(losses(&bench)[0].0, "ok");
}

/// What a receiver has got, and status.
#[test]
fn a_receiver_is_told_once_that_a_host_cannot_be_lost_and_once_that_it_can_again() {
    let take = |bench: &Bench| bench.path("take");
    let mut bench = bench("");
    let program = take(&bench);
    write(&program, "#!/bin/sh\ncat >>\"$0.got\"\necho >>\"$0.got\"\n", 0o755);
    let hosts = super::bench::hosts().split_inclusive("[[host]]").take(3).collect::<String>();
    let receiver = format!("[[notify]]\nname = \"ops\"\ncommand = [\"{}\"]\n", program.display());
    bench.settings("", &format!("{}{receiver}", hosts.trim_end_matches("[[host]]")));
    bench.witness = super::bench::HEARD;
    let got = |bench: &Bench| -> Vec<(String, String)> {
        let text = std::fs::read_to_string(bench.path("take.got")).unwrap_or_default();
        let messages = text.lines().filter(|line| !line.is_empty());
        let changes = messages.flat_map(|line| {
            let message: Json = serde_json::from_str(line).unwrap();
            message["changes"].as_array().unwrap().clone()
        });
        let text = |change: &Json, key: &str| change[key].as_str().unwrap().to_owned();
        changes.map(|change| (text(&change, "event"), text(&change, "subject"))).collect()
    };
    let at_risk = |bench: &Bench| -> (Json, String) {
        let json = serde_json::from_str(&out(&bench.run(&["status", "--json"]))).unwrap();
        (json, out(&bench.run(&["status"])))
    };
    tick(&bench);
    disable(&bench, 1);
    tick(&bench);
    tick(&bench);
    let told = got(&bench);
    let [(event, subject)] = told.as_slice() else { panic!("{told:?}\n{}", bench.log()) };
    assert_eq!(event, "cannot_be_lost");
    assert!(subject.starts_with("node0 cannot be lost: that would hold 1 VM: vm 0 erp: "), "{subject}");
    let (json, screen) = at_risk(&bench);
    let one = &json["cannot_be_lost"][0];
    assert_eq!((&one["name"], &one["held"]), (&"node0".into(), &1.into()), "{json}");
    assert!(screen.contains("\nby day     node0 (host 0) cannot be lost: since "), "{screen}");
    disable(&bench, 0);
    bench.cloud.lock().unwrap().advance(std::time::Duration::from_secs(300));
    tick(&bench);
    tick(&bench);
    let events: Vec<_> = got(&bench).into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, ["cannot_be_lost", "can_be_lost"], "{}", bench.log());
    let (json, screen) = at_risk(&bench);
    assert_eq!(json["cannot_be_lost"].as_array().unwrap().len(), 0);
    assert!(!screen.contains("cannot be lost"), "{screen}");
}

#[test]
fn where_nobody_wants_it_nothing_is_planned_and_a_dry_run_remembers_nothing() {
    let file = |bench: &Bench| bench.path("onerescue-losses.json").exists();
    let never = bench("[plan]\nwatch = \"0s\"\n");
    tick(&never);
    assert!(!file(&never));
    let bench = bench("");
    assert!(bench.run(&["reconcile", "--dry-run"]).status.success());
    assert!(!file(&bench));
    tick(&bench);
    assert!(file(&bench));
}

/// What a plan reads does not grow with the VMs, up to the most that one call gives.
#[test]
fn a_plan_costs_as_many_calls_for_a_thousand_vms_as_for_one() {
    let calls = |vms: u32| {
        let hosts = "hosts = [{ name = \"node0\" }, { name = \"node1\" }]";
        let vms = format!("vms = [{{ name = \"web\", host = \"node0\", count = {vms} }}]");
        let text = format!("title = \"many\"\ncall = \"-m\"\nhost = \"node0\"\n{hosts}\n{vms}\n");
        let scenario = Scenario::parse(&text).unwrap();
        let before = scenario.world.transport().calls().len();
        assert!(!scenario.world.zone().everything().unwrap().vms.is_empty());
        scenario.world.transport().calls().len() - before
    };
    let few = calls(1);
    assert_eq!((few, calls(1000)), (few, few));
    assert!(few <= 10, "{few}");
}
