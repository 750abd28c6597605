//! `onerescue check`: a good cloud is good, and each broken thing has its finding.

use super::bench::{Bench, PASSWORD, WELL, disarmed, err, hosts, incident, out, write};
use onerescue::model::{HostId, Progress};
use onerescue::sim::Death;
use onerescue::wire::record::{Record, TYPE};
use onerescue::wire::xmlrpc::Value;
use serde_json::Value as Json;

/// The exit code and the findings of one item that are not ok: `state object: text`. The code is always that of the
/// worst finding.
fn findings(bench: &Bench, arguments: &[&str], item: &str) -> (i32, Vec<String>) {
    let output = bench.run(&[&["check", "--json"], arguments].concat());
    let json: Json = serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{}", err(&output)));
    let all = json["findings"].as_array().unwrap();
    let any = |state| all.iter().any(|finding| finding["state"] == state);
    let code = match (any("broken"), any("warning")) {
        (true, _) => 8,
        (false, true) => 1,
        (false, false) => 0,
    };
    assert_eq!((output.status.code(), &json["exit_code"]), (Some(code), &Json::from(code)), "{json}");
    let word = |finding: &Json, key: &str| finding[key].as_str().unwrap().to_owned();
    let found = all.iter().filter(|finding| finding["item"] == item && finding["state"] != "ok");
    let told = found.map(|finding| {
        assert!(finding["advice"].is_string(), "{finding}");
        format!("{} {}: {}", word(finding, "state"), word(finding, "object"), word(finding, "text"))
    });
    (code, told.collect())
}

/// This item has such a finding.
fn found(bench: &Bench, item: &str, expected: &str) {
    let (_, told) = findings(bench, &[], item);
    assert!(told.iter().any(|line| line.contains(expected)), "{expected}: {told:?}");
}

#[test]
fn a_good_cloud_is_good() {
    let bench = Bench::well();
    let output = bench.run(&["check"]);
    let table = out(&output);
    assert_eq!(output.status.code(), Some(0), "{table}{}", err(&output));
    assert!(table.contains("0 broken, 0 warnings"), "{table}");
    assert!(
        table.contains("cluster default (0): Active, 2 of 2 hosts are MONITORED, 2 can be fenced"),
        "{table}"
    );
    assert!(table.contains("cluster east (100): Active"), "{table}");
    assert!(table.contains("alice (as "), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
}

#[test]
fn json_has_the_same_with_names_that_stay() {
    let bench = Bench::well();
    let output = bench.run(&["check", "--json"]);
    let json: Json = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&json["format"], &json["state"], &json["exit_code"]), (&1.into(), &"ok".into(), &0.into()));
    assert!(json["checked_at"].as_i64().unwrap() > 1_700_000_000, "{json}");
    let findings = json["findings"].as_array().unwrap();
    let devices: Vec<_> = findings.iter().filter(|finding| finding["item"] == "device").collect();
    assert_eq!(devices.len(), 4, "{json}");
    assert_eq!(devices[0]["object"], "node0 (host 0): machine");
    assert_eq!(devices[0]["text"], "it says on");
    assert!(devices[0]["advice"].is_null());
    assert_eq!(json["clusters"][0]["status"], "Active");
}

#[test]
fn settings_that_cannot_be_used_are_a_finding() {
    let bench = Bench::well();
    bench.settings("[fence]\nsample = 3", "");
    found(&bench, "settings", "unknown field `sample`");
    bench.settings(&format!("[device.x]\ndriver = \"agent\"\npasswd = \"{PASSWORD}\""), "");
    found(&bench, "settings", "it is not shown because it may hold a secret");
    write(&bench.path("onerescue.toml"), "", 0o666);
    found(&bench, "settings", "its mode is 0666");
    let (code, told) = findings(&bench, &["--config", "/nonexistent/onerescue.toml"], "settings");
    assert_eq!((code, told.len()), (8, 1), "{told:?}");
}

/// A tool that writes the file asks so before it puts it in its place.
#[test]
fn the_settings_alone_are_read_and_nobody_is_asked() {
    let bench = Bench::well();
    let good = std::fs::read_to_string(bench.path("onerescue.toml")).unwrap();
    let file = bench.path("new.toml");
    let ask = |text: &str| {
        write(&file, text, 0o644);
        let mut command = bench.start();
        command
            .args(["check", "--settings", "--config"])
            .arg(&file)
            .env("ONE_XMLRPC", "http://127.0.0.1:1/RPC2");
        let output = command.output().unwrap();
        (output.status.code(), out(&output) + &err(&output))
    };
    let (code, told) = ask(&good);
    assert!(code == Some(0) && told.ends_with("new.toml can be used; [device]: 1, [[host]]: 4\n"), "{told}");
    for (text, why) in [
        (good.replace("driver", "drivre"), "unknown field `drivre`"),
        (good.replace("devices = [\"machine\"]", "devices = [\"bmc\"]"), "bmc"),
    ] {
        let (code, told) = ask(&text);
        assert!(code == Some(4) && told.contains(why) && told.contains("do this: "), "{code:?} {told}");
    }
}

#[test]
fn files_that_cannot_be_used_are_found_and_none_is_made() {
    let bench = Bench::well();
    write(&bench.path("plain"), "", 0o600);
    let text = std::fs::read_to_string(bench.path("onerescue.toml")).unwrap();
    let plain = bench.path("plain").display().to_string();
    let folder = bench.folder.path().display().to_string();
    let broken = text
        .replace(&format!("log = \"{folder}/"), &format!("log = \"{folder}/plain/"))
        .replace(&format!("run_dir = \"{folder}\""), &format!("run_dir = \"{plain}\""));
    write(&bench.path("onerescue.toml"), &broken, 0o600);
    let (code, told) = findings(&bench, &[], "file");
    assert_eq!((code, told.len()), (8, 2), "{told:?}");
    assert!(told.iter().all(|line| line.contains("not a directory")), "{told:?}");
    // A lock file is made really, and gone afterwards.
    write(&bench.path("onerescue.toml"), &text, 0o600);
    let checked = bench.run(&["check"]);
    assert!(out(&checked).contains("a lock file was made and locked there"), "{}", out(&checked));
    let left = std::fs::read_dir(bench.folder.path()).unwrap().flatten().map(|entry| entry.file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().contains("onerescue-check-")));
    write(&bench.path("onerescue.toml"), &text, 0o600);
    write(&bench.path("one_auth"), &format!("oneadmin:{PASSWORD}"), 0o644);
    found(&bench, "file", "group or others may use it: its mode is 0644");
    assert!(!bench.path("host_error.log").exists(), "a log that root made could not be used by oneadmin");
}

#[test]
fn oned_away_a_wrong_password_and_another_user_are_told_apart() {
    let bench = Bench::well();
    bench.settings("[oned]\nendpoint = \"http://127.0.0.1:9/RPC2\"\nreads = 1", &hosts());
    found(&bench, "oned", "oned did not answer one.system.version");
    bench.settings("", &hosts());
    write(&bench.path("one_auth"), "oneadmin:wrong", 0o600);
    found(&bench, "oned", "couldn't be authenticated");
    write(&bench.path("one_auth"), "alice:x", 0o600);
    bench.cloud.lock().unwrap().set_session("alice:x");
    found(&bench, "credentials", "user alice is not in the group oneadmin");
}

#[test]
fn a_host_needs_its_own_entry_unless_its_cluster_is_not_protected() {
    let bench = Bench::well();
    bench.settings("", &hosts().replace("name = \"node3\"", "name = \"kvm3\""));
    found(&bench, "entry", "broken node3 (host 3): its entry is called \"kvm3\"");
    bench.settings("", hosts().rsplit_once("[[host]]").unwrap().0);
    found(&bench, "entry", "broken node3 (host 3): no fence device is declared for it");
    bench.cloud.lock().unwrap().set_cluster_attribute(onerescue::model::ClusterId(100), "HA", "no");
    let output = bench.run(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(
        out(&output).contains("cluster east (100): Disabled, its template says HA = NO"),
        "{}",
        out(&output)
    );
    let gone = hosts().replace("id = 3\nname = \"node3\"", "id = 33\nname = \"node33\"");
    bench.settings("", &gone);
    found(&bench, "entry", "warning node33 (host 33): its entry is for a host that OpenNebula does not have");
}

#[test]
fn a_device_must_say_on_for_a_healthy_host() {
    let bench = Bench::well();
    bench.answers("fence", "echo off");
    found(&bench, "device", "broken node0 (host 0): machine: it says off for a host that is MONITORED");
    found(&bench, "level", "broken node0 (host 0): none of its 1 levels could prove it off now");
    assert!(bench.memory().seen_on.is_empty(), "what says off is written down as seen ON");
    bench.answers("fence", "echo 'login failed' >&2; exit 1");
    found(&bench, "device", "it gives no answer: exit code 1: login failed");
    bench.answers("fence", "sleep 60");
    let slow = "timeout = \"1s\"\n";
    bench.settings("", &format!("{slow}{}", hosts()));
    found(&bench, "device", "no answer in time");
    std::fs::remove_file(bench.path("fence")).unwrap();
    found(&bench, "level", "fence device \"machine\" of host 0 cannot be used");
}

#[test]
fn a_secret_file_of_an_agent_is_looked_at_and_never_shown() {
    let bench = Bench::well();
    let agent = "#!/bin/sh\nread a; cat >/dev/null; echo \"cannot log in with $a\" >&2; exit 1\n";
    write(&bench.path("fence_x"), agent, 0o755);
    let folder = bench.folder.path().display().to_string();
    let device = format!(
        "[fence]\nagents_dir = [\"{folder}\"]\n[device.x]\ndriver = \"agent\"\nagent = \"fence_x\"\n\
         secrets = {{ password = \"{folder}/secret-{{host}}\" }}\n"
    );
    let entries = hosts().replacen("devices = [\"machine\"]", "levels = [[\"x\"], [\"machine\"]]", 1);
    bench.settings(&device, &entries);
    found(&bench, "level", "secret-node0 cannot be used");
    write(&bench.path("secret-node0"), PASSWORD, 0o640);
    found(&bench, "level", "its mode is 0640");
    write(&bench.path("secret-node0"), PASSWORD, 0o600);
    found(
        &bench,
        "device",
        "broken node0 (host 0): x: it gives no answer: exit code 1: cannot log in with password=(redacted)",
    );
    let (_, level) = findings(&bench, &[], "level");
    assert_eq!(level, Vec::<String>::new(), "the second level can prove it off");
}

#[test]
fn a_host_that_is_not_healthy_is_shown_and_proves_nothing() {
    let bench = Bench::well();
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.host_dies(HostId(0), Death::PowerLoss);
        cloud.advance(std::time::Duration::from_secs(300));
    }
    found(&bench, "seen_on", "warning node0 (host 0): machine: it was never seen ON");
    let output = bench.run(&["check"]);
    let table = out(&output);
    assert!(table.contains("it says off; the host is ERROR, so that is not"), "{table}");
    assert!(table.contains("cluster default (0): Waiting, 1 of 2 hosts are MONITORED"), "{table}");
    assert_eq!(bench.memory().seen_on.len(), 3);
    bench.settings("[fence]\nseen_on = \"waived\"", &hosts());
    assert_eq!(findings(&bench, &[], "seen_on").1, Vec::<String>::new());
}

#[test]
fn what_is_disarmed_open_or_unreadable_is_told() {
    let bench = Bench::well();
    bench.remember(&disarmed(Some(100)));
    found(
        &bench,
        "disarmed",
        "warning east (cluster 100): nothing is fenced: disarmed since 1970-01-01 00:00 UTC by bob: switches",
    );
    let output = bench.run(&["check"]);
    assert!(out(&output).contains("cluster east (100): Disabled, disarmed since"), "{}", out(&output));
    assert!(out(&output).contains("cluster default (0): Active"), "{}", out(&output));
    bench.remember(&Record::Incident(Box::new(incident(1, Progress::Closed))));
    assert_eq!(findings(&bench, &[], "incident").1, Vec::<String>::new());
    bench.remember(&Record::Incident(Box::new(incident(1, Progress::Fencing))));
    found(&bench, "incident", "warning node1 (host 1): its failure of 2026-11-20 09:07 UTC has not ended");
    let newer = Value::Text("BODY=\"{}\"".to_owned());
    bench.oned("one.document.allocate", vec![newer, Value::Int(TYPE)]);
    found(&bench, "record", "it cannot be read, so what it forbids is not known");
}

#[test]
fn two_hosts_behind_one_outlet_are_found_across_devices() {
    let bench = Bench::well();
    let agent = "#!/bin/sh\ncat >/dev/null; echo 'Status: ON'\n";
    write(&bench.path("fence_x"), agent, 0o755);
    let folder = bench.folder.path().display().to_string();
    let one = |name: &str, more: &str| {
        format!(
            "[device.{name}]\ndriver = \"agent\"\nagent = \"fence_x\"\nparams = {{ ip = \"10.0.0.1\"{more} }}\n"
        )
    };
    let devices =
        format!("[fence]\nagents_dir = [\"{folder}\"]\n{}{}", one("a", ""), one("b", ", lanplus = \"1\""));
    let entries = hosts().replacen("\"machine\"", "\"a\"", 1).replacen("\"machine\"", "\"b\"", 1);
    bench.settings(&devices, &entries);
    found(
        &bench,
        "target",
        "broken ip=10.0.0.1: 2 hosts are behind one target: node0 (host 0): a, node1 (host 1): b",
    );
    let other = devices.replace("ip = \"10.0.0.1\", lanplus", "ip = \"10.0.0.2\", lanplus");
    bench.settings(&other, &entries);
    assert_eq!(findings(&bench, &[], "target"), (0, Vec::new()));
}

#[test]
fn a_host_whose_devices_all_share_its_power_is_a_warning() {
    let bench = Bench::well();
    let entries = hosts().replacen("same_power_accepted = true", "", 1);
    bench.settings("", &entries);
    found(&bench, "power", "warning node0 (host 0): all its devices share its power");
    bench.settings("", &format!("power = \"external\"\n{entries}"));
    assert_eq!(findings(&bench, &[], "power"), (0, Vec::new()));
}

#[test]
fn one_cluster_or_one_host_can_be_checked_alone() {
    let bench = Bench::well();
    bench.settings("", hosts().rsplit_once("[[host]]").unwrap().0);
    for (arguments, code) in [
        (["--cluster", "default"], 0),
        (["--cluster", "100"], 8),
        (["--host", "node1"], 0),
        (["--host", "3"], 8),
        (["--host", "nobody"], 2),
        (["--cluster", "nowhere"], 2),
    ] {
        let output = bench.run(&[&["check"][..], &arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {}{}", out(&output), err(&output));
    }
    let east = out(&bench.run(&["check", "--cluster", "east"]));
    assert!(!east.contains("node0") && !east.contains("cluster default"), "{east}");
}

#[test]
fn witnesses_and_gateways_that_cannot_help_are_found() {
    let bench = Bench::well();
    bench.settings("[witness]\npeers = 2\nprobe = [\"/bin/true\"]", &hosts());
    found(&bench, "witness", "of the 2 witnesses that the settings want could be asked");
    bench.settings("[witness]\npeers = 1\nssh = [\"/bin/sh\", \"-c\", \"exit 255\"]", &hosts());
    found(&bench, "witness", "it could not tell (exit code 255, and it said nothing)");
    bench.settings("", &hosts());
    assert_eq!(findings(&bench, &[], "witness").1, Vec::<String>::new());
    bench.settings("[witness]\npeers = 0", &hosts());
    found(&bench, "witness", "warning [witness] peers: no other host is asked whether a host is alive");
    bench.settings("[observer]\ngateways = [\"127.0.0.1\"]\nping = [\"/bin/false\"]", &hosts());
    found(&bench, "gateway", "127.0.0.1: ");
}

#[test]
fn a_peer_whose_libvirt_is_down_is_asked_what_it_runs_by_check_and_by_plan() {
    let bench = Bench::well_as(&format!("{WELL}vms = [{{ name = \"web\", host = \"node0\" }}]\n"));
    // vm 0 is on node0; whoever is asked whether it runs there says yes.
    bench.answers("ssh", "case \"$*\" in *uest=one*) echo 42 qemu -name guest=one-0,x ;; esac");
    bench.settings(&format!("[witness]\npeers = 2\nssh = [{:?}]", bench.path("ssh")), &hosts());
    let says =
        "it says that it runs what oned has elsewhere (asked over ssh), and that is not recovered: vm 0";
    found(&bench, "zombie", says);
    let plan = out(&bench.run(&["plan", "node0"]));
    assert!(plan.contains("says that it runs it, and oned has it elsewhere (asked over ssh)"), "{plan}");
    bench.settings(&format!("[witness]\npeers = 0\nssh = [{:?}]", bench.path("ssh")), &hosts());
    let plan = out(&bench.run(&["plan", "node0"]));
    assert!(!plan.contains("asked over ssh"), "{plan}");
}

#[test]
fn who_listens_for_a_crash_dump_is_looked_for() {
    let bench = Bench::well();
    let nowhere = format!("[fence]\nagents_dir = [{:?}]", bench.folder.path());
    bench.settings(&format!("[wait]\ndump = \"10m\"\n{nowhere}"), &hosts());
    found(
        &bench,
        "file",
        "[wait] dump: nobody can listen, so no crash dump is waited for: there is no program fence_kdump",
    );
    bench.settings(&nowhere, &hosts());
    assert_eq!(findings(&bench, &[], "file").1, Vec::<String>::new());
}
