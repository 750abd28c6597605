//! `onerescue check`: how long a recovery takes, from OpenNebula's own files and what ssh says, and which line to change.

use super::bench::{Bench, WELL, err, hosts, out, write};
use serde_json::Value as Json;
use std::process::Output;

/// As OpenNebula ships it, but that a host is looked at after a minute.
const MONITORD: &str = r#"
# MANAGER_TIMER: Timer in seconds
#MANAGER_TIMER = 15
MONITORING_INTERVAL_HOST = 60
PROBES_PERIOD = [
    BEACON_HOST    = 20,
    SYSTEM_HOST    = 600
]
IM_MAD = [
    NAME          = "kvm",
    EXECUTABLE    = "one_im_ssh",
    ARGUMENTS     = "-r 3 -t 15 -w 90 kvm"
]
"#;

/// A self-contained installation, and an ssh that reads its own settings.
fn bench(monitord: &str, ssh: &str) -> Bench {
    let bench = Bench::new(WELL);
    std::fs::create_dir(bench.path("etc")).unwrap();
    write(&bench.path("etc/monitord.conf"), monitord, 0o644);
    write(&bench.path("ssh_config"), ssh, 0o600);
    bench.answers("ssh", &format!("exec /usr/bin/ssh -F {} \"$@\"", bench.path("ssh_config").display()));
    bench.settings(&format!("[witness]\npeers = 0\nssh = [\"{}\"]", bench.path("ssh").display()), &hosts());
    bench
}

fn check(bench: &Bench, arguments: &[&str]) -> Output {
    bench.start().env("ONE_LOCATION", bench.folder.path()).arg("check").args(arguments).output().unwrap()
}

/// A table in one line: words are wrapped anywhere.
fn in_one(table: &str) -> String {
    table.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(bench: &Bench) -> Json {
    let output = check(bench, &["--json"]);
    let json: Json = serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{}", err(&output)));
    json["recovery_time"].clone()
}

#[test]
fn every_cluster_is_the_same_and_the_hook_s_wait_is_the_line_to_change() {
    let bench = bench(MONITORD, "Host *\n  ConnectTimeout 5\n");
    let table = out(&check(&bench, &[]));
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    let text = in_one(&table);
    assert!(text.contains("recovery of every cluster: the first VM runs "), "{text}");
    let stages =
        "silence 40 to 75 s (MONITORING_INTERVAL_HOST 60, MANAGER_TIMER 15 (default), BEACON_HOST 20, of";
    assert!(text.contains(stages), "{text}");
    assert!(
        text.contains("takes most off: -p 1 in the hook's ARGUMENTS: 240 s less where it hangs "),
        "{text}"
    );
    let all = json(&bench);
    let [one] = all.as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!((&one["clusters"], &one["all"]), (&vec![0, 100].into(), &true.into()), "{one}");
    let stages = one["stages"].as_array().unwrap();
    let names: Vec<_> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(names, ["silence", "probe", "wait", "proof", "first VM"]);
    let figures = |at: usize, death: &str| {
        (stages[at][death]["least_s"].as_u64(), stages[at][death]["most_s"].as_u64())
    };
    assert_eq!((figures(1, "power_lost"), figures(1, "hang")), ((Some(3), Some(5)), (Some(5), Some(5))));
    assert_eq!(
        (figures(2, "hang"), &stages[1]["from"]),
        ((Some(300), Some(300)), &"ConnectTimeout 5, as `ssh -G` says".into())
    );
    assert_eq!(
        (&one["most_off"]["power_lost_s"], &one["most_off"]["hang_s"]),
        (&0.into(), &240.into()),
        "{one}"
    );
    let wait = stages[2]["from"].as_str().unwrap();
    assert!(
        wait.ends_with("; 3 times \"off\" ends it"),
        "its devices can say so, and nobody else is asked: {wait}"
    );
}

#[test]
fn a_host_that_ssh_waits_for_without_end_makes_its_cluster_another_one() {
    let bench = bench(MONITORD, "Host * !node3\n  ConnectTimeout 5\n");
    let all = json(&bench);
    let [default, east] = all.as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!((&default["clusters"], &east["clusters"]), (&vec![0].into(), &vec![100].into()));
    assert!(default["hang"]["most_s"].is_u64() && east["hang"]["most_s"].is_null(), "{all}");
    assert!(east["power_lost"]["most_s"].as_u64() > default["power_lost"]["most_s"].as_u64(), "{all}");
    assert_eq!(east["most_off"]["change"], "ConnectTimeout 5 in ~oneadmin/.ssh/config");
    let text = in_one(&out(&check(&bench, &["--cluster", "east"])));
    assert!(text.contains("recovery of cluster east: the first VM runs "), "{text}");
    assert!(text.contains("never after one hangs"), "{text}");
    assert!(text.contains("a host that hangs is recovered at all"), "{text}");
    assert_eq!(json(&bench).as_array().unwrap().len(), 2);
    assert!(!out(&check(&bench, &["--host", "node0"])).contains("recovery of"), "one host is no cluster");
}

#[test]
fn what_cannot_be_read_is_opennebula_s_default_and_is_said() {
    let broken = bench("MONITORING_INTERVAL_HOST 60\n", "Host *\n  Bogus\n");
    let all = json(&broken);
    let stages = all[0]["stages"].as_array().unwrap();
    let from = |at: usize| stages[at]["from"].as_str().unwrap();
    let silence = (stages[0]["hang"]["least_s"].as_u64(), stages[0]["hang"]["most_s"].as_u64());
    assert_eq!(silence, (Some(150), Some(195)), "{all}");
    assert!(from(0).ends_with("cannot be used: there is no NAME = VALUE in line 1"), "{all}");
    assert!(from(1).starts_with("ConnectTimeout is not known, and taken as none: `ssh -G`: "), "{all}");
    std::fs::remove_file(broken.path("etc/monitord.conf")).unwrap();
    let output = check(&broken, &[]);
    assert!(in_one(&out(&output)).contains("OpenNebula's defaults, for"), "{}", out(&output));
    assert!(in_one(&out(&output)).contains("recovery of every cluster"), "{}", out(&output));
    assert_eq!(output.status.code(), Some(0), "it is no fault of the installation");
}
