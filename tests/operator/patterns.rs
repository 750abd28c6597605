//! `[[host]]` for many hosts: what `check` says that each comes to, and what it refuses.

use super::bench::{Bench, err, out, write};
use onerescue::model::HostId;
use serde_json::Value as Json;

/// The findings about hosts' entries, worst first: `state object: text`.
fn entries(bench: &Bench, code: i32) -> Vec<String> {
    let output = bench.run(&["check", "--json"]);
    assert_eq!(output.status.code(), Some(code), "{}{}", out(&output), err(&output));
    let json: Json = serde_json::from_str(&out(&output)).unwrap();
    let entries = json["findings"].as_array().unwrap().iter().filter(|finding| finding["item"] == "entry");
    let word = |finding: &Json, key: &str| finding[key].as_str().unwrap().to_owned();
    let line = |one| format!("{} {}: {}", word(one, "state"), word(one, "object"), word(one, "text"));
    entries.map(line).collect()
}

/// A device `bmc` with a secret, whose agent says on.
fn agent(bench: &Bench, ip: &str) -> String {
    write(&bench.path("fence_x"), "#!/bin/sh\ncat >/dev/null; echo 'Status: ON'\n", 0o755);
    for host in 0..4 {
        write(&bench.path(&format!("bmc-node{host}")), "Pw-of-the-bmc\n", 0o600);
    }
    let folder = bench.folder.path().display();
    format!(
        "[fence]\nagents_dir = [\"{folder}\"]\n[device.bmc]\ndriver = \"agent\"\nagent = \"fence_x\"\n\
         params = {{ ip = \"{ip}\" }}\nsecrets = {{ password = \"{folder}/bmc-{{host}}\" }}\n"
    )
}

const ALL: &str = "[[host]]\nnames = \"node*\"\ndevices = [\"bmc\"]\nsame_power_accepted = true\n";

#[test]
fn check_says_what_each_host_comes_to_and_writes_down_what_was_seen_of_each() {
    let bench = Bench::well();
    bench.settings(&agent(&bench, "10.8.0.{n+100}"), ALL);
    let told = entries(&bench, 0);
    assert_eq!(told.len(), 4, "{told:?}");
    for (host, line) in told.iter().enumerate() {
        let begin = format!("ok node{host} (host {host}): [[host]] names = \"node*\" (line ");
        let end = format!(") comes to bmc: fence_x ip=10.8.0.10{host}");
        assert!(line.starts_with(&begin) && line.ends_with(&end), "{line}");
    }
    assert!(!told.concat().contains("Pw-of-the-bmc"));
    let seen = bench.memory().seen_on;
    let seen: Vec<_> = seen.iter().map(|seen| (seen.host, seen.target.as_str())).collect();
    let expected = [
        (HostId(0), "fence_x ip=10.8.0.100"),
        (HostId(1), "fence_x ip=10.8.0.101"),
        (HostId(2), "fence_x ip=10.8.0.102"),
        (HostId(3), "fence_x ip=10.8.0.103"),
    ];
    assert_eq!(seen, expected);
    // What was seen of node0 is worth nothing for node1, which comes to the same controller now.
    bench.settings(&agent(&bench, "10.8.0.{n+99}"), ALL);
    write(&bench.path("fence_x"), "#!/bin/sh\ncat >/dev/null; exit 1\n", 0o755);
    let table = out(&bench.run(&["check", "--host", "node1"]));
    assert!(table.contains("it was never seen ON"), "{table}");
}

#[test]
fn an_entry_wins_a_cluster_is_a_pattern_and_what_is_in_doubt_is_refused() {
    let bench = Bench::well();
    let device = agent(&bench, "10.8.0.{n}");
    let east = ALL.replace("names = \"node*\"", "clusters = [\"east\"]");
    let one = "[[host]]\nid = 0\nname = \"node0\"\ndevices = [\"machine\"]\nsame_power_accepted = true\n";
    bench.settings(&device, &format!("{east}{one}"));
    let told = entries(&bench, 8);
    assert!(told[0].starts_with("broken node1 (host 1): no fence device is declared for it"), "{told:?}");
    assert_eq!(told[1], "ok node0 (host 0): id and name are those of the settings");
    assert!(told[2].ends_with("comes to bmc: fence_x ip=10.8.0.2"), "{told:?}");
    // Two tables for one host.
    bench.settings(&device, &format!("{east}{ALL}"));
    let told = entries(&bench, 8);
    let both =
        |line: &String| line.contains("[[host]] clusters = [\"east\"] (line ") && line.ends_with(" match it");
    assert!(told[..2].iter().all(both), "{told:?}");
    assert!(
        told[..2].concat().contains("broken node2 (host 2): no fence device is used for host 2, node2, by ")
    );
    assert!(told[2].contains("ok node0 (host 0): [[host]] names = \"node*\""), "{told:?}");
    // Every host behind one plug.
    bench.settings(&agent(&bench, "10.8.0.1"), ALL);
    let told = entries(&bench, 8);
    let same = |line: &String| line.contains("device \"bmc\" would power off the same machine for host ");
    assert!(told.len() == 4 && told.iter().all(same), "{told:?}");
    let table = out(&bench.run(&["check"]));
    assert!(table.contains("which wins over a pattern"), "{table}");
}

/// Peers are reached, and hosts are looked for, where the pattern says.
#[test]
fn witnesses_look_where_a_pattern_says() {
    let bench = Bench::well();
    let ssh = bench.path("ssh");
    write(&ssh, "#!/bin/sh\necho \"$1\" >>\"$0.peers\"; echo \"$2\" >>\"$0.probes\"\n", 0o755);
    let witness = format!(
        "[witness]\npeers = 1\nssh = [\"{}\"]\nprobe = [\"/bin/true\", \"{{address}}\"]\n",
        ssh.display()
    );
    let hosts = ALL.replace("devices", "address = \"10.7.0.{n+1}\"\ndevices");
    bench.settings(&format!("{witness}{}", agent(&bench, "10.8.0.{n+100}")), &hosts);
    bench.run(&["check"]);
    // `check` asks one host of each cluster about another one; `ssh -G` is something else.
    let lines = |name: &str| {
        let text = std::fs::read_to_string(bench.path(name)).unwrap_or_default();
        let mut lines: Vec<_> =
            text.lines().filter(|line| line.contains("10.7.")).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    // Another one in each run; the number that chooses is the same for both clusters.
    let (first, second) = (["10.7.0.1", "10.7.0.3"], ["10.7.0.2", "10.7.0.4"]);
    let asked = lines("ssh.peers");
    let about = if asked == second { first } else { second };
    assert!(asked == first || asked == second, "{asked:?}");
    assert_eq!(lines("ssh.probes"), about.map(|address| format!("/bin/true {address}")));
}
