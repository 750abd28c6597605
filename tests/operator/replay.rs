//! `onerescue replay`: what a real run has recorded, decided again; with the cloud away, and without a trace.

use super::bench::{Bench, PASSWORD, err, incident, out, write};
use super::reconcile::bench as reconciling;
use onerescue::model::{Epoch, Held, HostId, Progress};
use onerescue::sim::Power;
use onerescue::wire::record::Record;
use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const DEAD: &str = r#"
title = "node0 dies"
call = "-m"
host = "node0"
before = ["dies node0 hang"]
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }]
vms = [{ name = "web", host = "node0", attributes = { DB_PASSWORD = "owner-5ecret", HA_PRIORITY = "HIGH" } }]
"#;
const QUICK: &str = "[wait]\ncycles = 0\nlook = \"100ms\"\n[hold]\nlook = \"100ms\"\ndeadline = \"0s\"\n";
const CALL: [&str; 4] = ["--host", "node0", "-m", "-f"];
const BMC: &str = "bmc-5ecret";

/// What other variables than the settings' would do: nothing listens there.
const NOBODY: &str = "http://127.0.0.1:1/RPC2";

/// The first level is an agent that shouts its password and fails, the second the machine.
fn bench(fence: &str) -> Bench {
    let bench = Bench::new(DEAD);
    write(&bench.path("password"), BMC, 0o600);
    bench.answers("fence_loud", "cat >&2\nexit 1");
    let folder = bench.folder.path().display();
    let more = format!(
        "{QUICK}[fence]\nseen_on = \"waived\"\ninterval = \"100ms\"\nagents_dir = [\"{folder}\"]\n{fence}\n\
         [device.loud]\ndriver = \"agent\"\nagent = \"fence_loud\"\npower = \"external\"\nsecrets = {{ password = \"{folder}/password\" }}\n"
    );
    let host = |id| {
        let levels = "levels = [[\"loud\"], [\"machine\"]]\nsame_power_accepted = true";
        format!(
            "[[host]]\nid = {id}\nname = \"node{id}\"\n{levels}\n[host.params.loud]\nip = \"10.0.0.{id}\"\n"
        )
    };
    bench.settings(&more, &(0..4).map(host).collect::<String>());
    bench
}

fn host_error(bench: &Bench) -> Output {
    hook(bench, env!("CARGO_BIN_EXE_host_error"), &CALL)
}

fn hook(bench: &Bench, program: &str, arguments: &[&str]) -> Output {
    let other = bench.start();
    let mut command = Command::new(program);
    for (name, value) in other.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.args(arguments).current_dir("/").stdin(Stdio::null()).output().unwrap()
}

fn journals(bench: &Bench) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.path("host_error.journal")).unwrap();
    let mut all: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// Replay without a cloud, and see that the log has not grown.
fn replay(bench: &Bench, arguments: &[&str]) -> Output {
    let before = bench.log();
    let mut command = bench.start();
    let output = command.env("ONE_XMLRPC", NOBODY).arg("replay").args(arguments).output().unwrap();
    bench.keeps_secrets(&output);
    assert_eq!(bench.log(), before);
    output
}

fn says(output: &Output, code: i32, parts: &[&str]) {
    let text = out(output);
    assert_eq!(output.status.code(), Some(code), "{text}{}", err(output));
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

/// The only journal, by its incident: the document, the file and the text.
fn journal(bench: &Bench) -> (String, PathBuf, String) {
    let [file] = journals(bench).try_into().unwrap();
    let document = bench.memory().incidents[0].0.0.to_string();
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("host-0.document-{document}.")), "{name}");
    let text = fs::read_to_string(&file).unwrap();
    (document, file, text)
}

#[test]
fn a_recovery_is_recorded_without_secrets_and_decided_again() {
    let bench = bench("");
    let output = host_error(&bench);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let (document, file, text) = journal(&bench);
    assert!(text.contains("HA_PRIORITY") && text.contains("10.0.0.0"), "{text}");
    for secret in [PASSWORD, BMC, "owner-5ecret", "DB_PASSWORD"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }

    let same = ["node0 (host 0)", "  the same: all ", "and 1 VMs end as they did", "then and now: recovered"];
    says(&replay(&bench, &[&document]), 0, &same);
    says(&replay(&bench, &["node0"]), 0, &same);
    says(&replay(&bench, &[file.to_str().unwrap()]), 0, &same);
    for unknown in ["node1", "4711"] {
        let none = replay(&bench, &[unknown]);
        assert_eq!(none.status.code(), Some(2));
        assert!(err(&none).contains("no run of the incident"), "{}", err(&none));
    }
}

#[test]
fn a_fence_alone_is_recorded_and_decided_again() {
    let bench = bench("");
    let output = hook(&bench, env!("CARGO_BIN_EXE_fence_host"), &["--host", "node0"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let (document, _, text) = journal(&bench);
    for secret in [PASSWORD, BMC, "owner-5ecret"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
    let same =
        ["node0 (host 0)", "  the same: all ", "and 0 VMs end as they did", "then and now: proven off"];
    says(&replay(&bench, &[&document]), 0, &same);

    // What held it is recorded too.
    let held = self::bench("");
    assert!(held.run(&["disarm", "--reason", "switches"]).status.success());
    let output = hook(&held, env!("CARGO_BIN_EXE_fence_host"), &["--host", "node0"]);
    assert_eq!(output.status.code(), Some(7), "{}{}", out(&output), err(&output));
    says(&replay(&held, &["node0"]), 0, &["  the same: all ", "then and now: held", "disarmed"]);
}

#[test]
fn other_settings_show_where_it_would_be_decided_otherwise() {
    let first = bench("");
    assert_eq!(host_error(&first).status.code(), Some(0));
    let [file] = journals(&first).try_into().unwrap();
    let today = bench("samples = 5");
    let output = replay(&today, &[file.to_str().unwrap()]);
    says(
        &output,
        1,
        &["fence.samples was 3 and is 5\n", "different: ", "now:  wait 100ms\n", "it ends here: "],
    );
    says(&replay(&today, &[file.to_str().unwrap(), "--settings", "then"]), 0, &["  the same: all "]);
    let json: Json =
        serde_json::from_str(&out(&replay(&today, &[file.to_str().unwrap(), "--json"]))).unwrap();
    let run = &json["runs"][0];
    assert_eq!(
        (&json["same"], &run["same"], &run["then"]),
        (&false.into(), &false.into(), &"recovered".into())
    );
    assert_eq!(run["settings"][0]["name"], "fence.samples", "{json}");
    assert_eq!(run["differences"][0]["now"], "wait 100ms", "{json}");
    assert_eq!(run["now"], Json::Null, "{json}");
}

#[test]
fn a_killed_run_is_replayed_up_to_there_and_so_is_the_one_that_goes_on() {
    let bench = bench("");
    let fence = bench.path("fence");
    let plain = fs::read_to_string(&fence).unwrap();
    write(&fence, "#!/bin/sh\nkill -9 $PPID\n", 0o755);
    assert_eq!(host_error(&bench).status.code(), None, "it was not killed");
    write(&fence, &plain, 0o755);
    assert_eq!(host_error(&bench).status.code(), Some(0));
    let [first, _] = journals(&bench).try_into().unwrap();
    let ends = "  the record ends here: that run was killed, or its journal was full; next comes: read the power back from machine\n";
    says(&replay(&bench, &["node0"]), 0, &[ends, "then and now: recovered"]);

    // Killed while it wrote.
    let text = fs::read_to_string(&first).unwrap();
    write(&first, &text[..text.len() - 7], 0o600);
    says(&replay(&bench, &[first.to_str().unwrap()]), 0, &["the record ends here in half a line: "]);
    for (text, why) in [
        (
            text.replacen("\"format\":2", "\"format\":3", 1),
            "its format is 3, and this version knows those up to 2",
        ),
        (text.replacen("\"asked\"", "\"asks\"", 1), "is damaged: "),
        ("hello".to_owned(), "it has no whole line"),
    ] {
        write(&first, &text, 0o600);
        let output = replay(&bench, &[first.to_str().unwrap()]);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(4), ""));
        assert!(err(&output).contains("cannot replay ") && err(&output).contains(why), "{}", err(&output));
    }
}

#[test]
fn reconcile_records_its_runs_and_says_whose_journals_are_elsewhere() {
    let bench = reconciling(DEAD, "");
    let mut held = incident(0, Progress::Held);
    held.owner = "fe2 12 1795165661".to_owned();
    held.error = onerescue_error(&bench);
    held.held =
        Some(Held { why: "disarmed".to_owned(), advice: "arm".to_owned(), since: Epoch(1_795_165_661) });
    bench.remember(&Record::Incident(Box::new(held)));
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert_eq!(bench.cloud.lock().unwrap().power(HostId(0)), Power::Off);
    let parts = ["  the same: all ", "\nrun fe2 12 1795165661 worked on it too; its journal is on fe2\n"];
    says(&replay(&bench, &["node0"]), 0, &parts);
}

/// `TEMPLATE/ERROR` of node0, so that the incident is the one of this failure.
fn onerescue_error(bench: &Bench) -> Option<String> {
    let text = bench.cloud.lock().unwrap().host_xml(HostId(0)).unwrap();
    let host: onerescue::model::Host =
        onerescue::wire::documents::read(&text, onerescue::wire::xml::Limits::HOOK).unwrap();
    host.error
}

#[test]
fn a_journal_that_cannot_be_written_is_said_once_and_stops_nothing() {
    let bench = bench("");
    let folder = bench.path("host_error.journal");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let output = host_error(&bench);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let said = "this run is not recorded for `onerescue replay`: ";
    assert_eq!(err(&output).matches(said).count(), 1, "{}", err(&output));
    assert!(err(&output).contains("group or others may write it: its mode is 0777"), "{}", err(&output));
    assert!(journals(&bench).is_empty());
}
