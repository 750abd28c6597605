//! `onerescue metrics`, the file for `node_exporter`, and what is made for it: alert rules, a dashboard.

use super::bench::{Bench, err, out, write};
use onerescue::sim::Scenario;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Both of two hosts are known, and node0 is dead; nothing may be fenced.
const DEAD: &str = r#"
title = "a host dies"
call = "-m"
host = "node0"
before = ["dies node0 power_loss"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }]
vms = [{ name = "<img src=x>", host = "node0" }]
"#;

/// Times are short because they are real.
const QUICK: &str = "[wait]\ncycles = 0\ncycle = \"100ms\"\nlook = \"100ms\"\n[hold]\nlook = \"100ms\"\ndeadline = \"0s\"\n\
                     [fence]\nseen_on = \"waived\"\ninterval = \"100ms\"\n[reconcile]\nage = \"1s\"\n";

/// A cloud in which node0 is dead, with metrics in `folder/onerescue.prom`.
pub(super) fn dead() -> Bench {
    Scenario::parse(DEAD).unwrap();
    let bench = Bench::new(DEAD);
    std::fs::create_dir(bench.path("textfile")).unwrap();
    let file = bench.path("textfile/onerescue.prom");
    let metrics = format!("{QUICK}[metrics]\nfile = \"{}\"\n", file.display());
    bench.settings(&metrics, &super::bench::hosts());
    bench
}

fn file(bench: &Bench) -> String {
    std::fs::read_to_string(bench.path("textfile/onerescue.prom")).unwrap()
}

fn printed(bench: &Bench) -> String {
    let output = bench.run(&["metrics"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    out(&output)
}

/// The program, or a line that says what is not checked without it.
pub(super) fn installed(program: &str, what: &str) -> bool {
    let found =
        ["/usr/bin", "/usr/sbin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
    if !found {
        // Not by a macro: the test harness would keep what a test says that passes.
        let why = format!("NOT CHECKED: {program} is missing (tests/run installs it): {what}\n");
        let _ = std::io::stderr().write_all(why.as_bytes());
    }
    found
}

fn promtool(arguments: &[&str], input: &str) -> Output {
    let mut promtool = Command::new("promtool");
    promtool.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    let promtool = promtool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn what_reconcile_writes_at_each_tick_is_what_the_command_prints() {
    let bench = dead();
    assert!(bench.run(&["disarm", "--reason", "switches"]).status.success());
    assert_eq!(bench.run(&["reconcile"]).status.code(), Some(7));
    let text = file(&bench);
    for line in [
        "onerescue_leads 1",
        "onerescue_incidents{state=\"held\"} 1",
        "onerescue_incidents_held{reason=\"disarmed\"} 1",
        "onerescue_fencing_armed{one_cluster_id=\"0\"} 0",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    assert!(!text.contains("img"), "{text}");
    // The plan for the loss of each host is behind the pass: the file has it from the next tick on.
    let without_losses = |text: &str| {
        let kept = text.lines().filter(|line| !line.contains("_loss"));
        kept.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_losses(&printed(&bench)), without_losses(&text));
    assert!(bench.run(&["arm", "--reason", "done"]).status.success());
    assert_eq!(bench.run(&["reconcile"]).status.code(), Some(0));
    let text = file(&bench);
    for line in [
        "onerescue_incidents{state=\"held\"} 0",
        "onerescue_incidents{state=\"closed\"} 1",
        "onerescue_incident_vms{fate=\"recovered\"} 1",
        "onerescue_vms_down{one_host_id=\"0\"} 0",
        "onerescue_fencing_armed{one_cluster_id=\"0\"} 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    let left = std::fs::read_dir(bench.path("textfile")).unwrap().count();
    assert_eq!(left, 1, "nothing is left beside it");
}

#[test]
fn devices_are_told_of_as_check_has_heard_them() {
    let bench = Bench::well();
    bench.answers("dumb", "exit 1");
    let two = super::bench::hosts().replacen("[\"machine\"]", "[\"machine\", \"dumb\"]", 1);
    bench.settings(&bench.device("dumb", "dumb"), &two);
    assert!(!printed(&bench).contains("onerescue_device_answers{"), "nobody has asked");
    bench.run(&["check"]);
    let text = printed(&bench);
    let value = |name: &str, labels: &str| -> i64 {
        let begin = format!("{name}{{{labels}}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&begin));
        line.unwrap_or_else(|| panic!("{begin}\n{text}")).parse().unwrap()
    };
    let of = |device: &str| format!("one_host_id=\"0\",device=\"{device}\"");
    assert_eq!(value("onerescue_device_answers", &of("machine")), 1);
    assert_eq!(value("onerescue_device_answers", &of("dumb")), 0);
    assert!(value("onerescue_device_seen_on_timestamp_seconds", &of("machine")) > 0);
    assert_eq!(value("onerescue_device_seen_on_timestamp_seconds", &of("dumb")), 0);
    assert!(value("onerescue_device_asked_timestamp_seconds", "one_host_id=\"0\"") > 0);
    // A check of one host leaves what was heard of the others.
    bench.run(&["check", "--host", "node1"]);
    assert_eq!(printed(&bench).matches("onerescue_device_asked_timestamp_seconds{").count(), 4);
}

#[test]
fn a_file_that_node_exporter_would_not_read_is_refused() {
    let bench = Bench::new(DEAD);
    bench.settings("[metrics]\nfile = \"/tmp/onerescue.txt\"\n", &super::bench::hosts());
    let output = bench.run(&["metrics"]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(
        err(&output).contains("metrics.file is /tmp/onerescue.txt; it must end in .prom"),
        "{}",
        err(&output)
    );
}

/// What such a front-end reads may be old. That its reconcile runs is seen all the same.
#[test]
fn a_front_end_that_follows_tells_of_itself_only() {
    let bench = dead();
    assert!(bench.run(&["reconcile"]).status.success());
    assert!(file(&bench).contains("onerescue_incidents{"));
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.set_front_ends(3);
        cloud.server_dies(0);
        cloud.advance(std::time::Duration::from_secs(60));
        cloud.server_returns(0);
    }
    assert!(bench.run(&["reconcile"]).status.success());
    for text in [file(&bench), printed(&bench)] {
        assert!(text.contains("\nonerescue_leads 0\n"), "{text}");
        assert!(text.contains("\nonerescue_reconcile_last_success_timestamp_seconds 1"), "{text}");
        assert!(!text.contains("one_host_id") && !text.contains("onerescue_incidents"), "{text}");
    }
}

/// A folder that is not there keeps nobody from working.
#[test]
fn a_file_that_cannot_be_written_is_said_and_nothing_waits_for_it() {
    let bench = dead();
    std::fs::remove_dir(bench.path("textfile")).unwrap();
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("onerescue.prom cannot be written"), "{}", err(&output));
}

#[test]
fn prometheus_own_tool_finds_no_fault_in_the_text() {
    if !installed("promtool", "the metrics as Prometheus reads them") {
        return;
    }
    let bench = dead();
    assert!(bench.run(&["reconcile"]).status.success());
    bench.run(&["check"]);
    let output = promtool(&["check", "metrics"], &printed(&bench));
    assert_eq!((output.status.code(), out(&output), err(&output)), (Some(0), String::new(), String::new()));
}

#[test]
fn each_alert_fires_when_it_should_and_not_otherwise() {
    if !installed("promtool", "the alert rules in templates/prometheus") {
        return;
    }
    let output = promtool(&["test", "rules", "tests/prometheus/rules.yml"], "");
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    let tests = include_str!("../prometheus/rules.yml");
    let rules = include_str!("../../templates/prometheus/onerescue-rules.yml");
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    for alert in alerts {
        let name = format!("  name: {alert} ");
        for kind in ["fires", "does not"] {
            assert!(tests.lines().any(|line| line == format!("{name}{kind}")), "{name}{kind}");
        }
    }
}

/// The names of our metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_part(c)).filter(|word| word.starts_with("onerescue_"));
    words.map(str::to_owned).collect()
}

#[test]
fn rules_and_dashboard_ask_for_metrics_that_there_are() {
    let printed = names(&printed(&dead()));
    let rules = include_str!("../../templates/prometheus/onerescue-rules.yml");
    let asked = names(&rules.lines().filter(|line| line.trim().starts_with("expr:")).collect::<String>());
    assert!(asked.len() > 10 && asked.is_subset(&printed), "{asked:?}\n{printed:?}");
    let dashboard: Json =
        serde_json::from_str(include_str!("../../templates/prometheus/onerescue-dashboard.json")).unwrap();
    assert_eq!(dashboard["schemaVersion"], 37);
    assert_eq!(dashboard["__inputs"][0]["name"], "DS_PROMETHEUS");
    assert_eq!(dashboard["templating"]["list"][0]["name"], "DS_PROMETHEUS");
    let mut shown = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert_eq!(panel["datasource"]["uid"], "${DS_PROMETHEUS}", "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            let asked = names(target["expr"].as_str().unwrap());
            assert!(!asked.is_empty() && asked.is_subset(&printed), "{target}");
            shown.extend(asked);
        }
    }
    // What is left is for alerts, or has its sum on the page.
    let unseen: Vec<_> = printed.difference(&shown).filter(|name| !asked.contains(*name)).collect();
    let known =
        ["onerescue_incident_opened_timestamp_seconds", "onerescue_loss_recovered_vms", "onerescue_vm_down"];
    assert_eq!(unseen, known);
}

#[test]
fn the_drop_in_gives_node_exporter_the_folder_of_the_settings() {
    let unit = include_str!("../../templates/prometheus/node-exporter.conf");
    let folder = "/var/lib/onerescue";
    let starts: Vec<_> = unit.lines().filter(|line| line.starts_with("ExecStart=")).collect();
    let [reset, start] = starts.as_slice() else { panic!("{starts:?}") };
    assert_eq!(*reset, "ExecStart=");
    assert!(start.ends_with(&format!("--collector.textfile.directory={folder}")), "{start}");
    assert!(unit.contains(&format!("-o oneadmin -g oneadmin -m 755 {folder}\n")), "{unit}");
    assert!(unit.contains(&format!("file = \"{folder}/onerescue.prom\"")), "{unit}");
    if installed("systemd-analyze", "the drop-in for node_exporter as systemd reads it") {
        let folder = tempfile::tempdir().unwrap();
        let service = folder.path().join("opennebula-node-exporter.service");
        std::fs::create_dir(folder.path().join("opennebula-node-exporter.service.d")).unwrap();
        write(&service, "[Service]\nExecStart=/bin/true\n", 0o644);
        let there = unit.replace("/usr/bin/node_exporter", "/bin/true");
        write(&folder.path().join("opennebula-node-exporter.service.d/onerescue.conf"), &there, 0o644);
        let verify =
            Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&service).output().unwrap();
        assert_eq!((verify.status.code(), err(&verify)), (Some(0), String::new()));
    }
}
