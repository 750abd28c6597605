//! `onerescue plan`: what would be held is said with its reason, the worst host comes first, and nothing is written.

use super::bench::{Bench, err, out};
use onerescue::wire::xmlrpc::Value;
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::process::Output;

/// node0 has a VM on its own disk and one that fits beside nothing; node1 and node2 can be lost; node3 is alone.
const FOUR: &str = r#"
title = "four hosts"
call = "-m"
host = "node0"
clusters = ["east"]
datastores = [{ name = "local", tm_mad = "ssh", shared = "NO" }]
[[hosts]]
name = "node0"
[[hosts]]
name = "node1"
memory_gib = 64
[[hosts]]
name = "node2"
memory_gib = 64
[[hosts]]
name = "node3"
cluster = "east"
[[vms]]
name = "web"
host = "node0"
count = 3
[[vms]]
name = "scratch"
host = "node0"
datastore = "local"
[[vms]]
name = "huge"
host = "node0"
memory_mib = 131072
[[vms]]
name = "archive"
host = "node0"
state = "POWEROFF"
last_action = 20
[[vms]]
name = "big"
host = "node1"
memory_mib = 49152
[[vms]]
name = "other"
host = "node2"
memory_mib = 8192
[[vms]]
name = "lonely"
host = "node3"
"#;

fn json(output: &Output) -> Json {
    serde_json::from_str(&out(output)).unwrap_or_else(|_| panic!("{}{}", out(output), err(output)))
}

fn held(loss: &Json) -> Vec<&str> {
    let vms = loss["vms"].as_array().unwrap().iter().filter(|vm| vm["prospect"] == "held");
    vms.map(|vm| vm["name"].as_str().unwrap()).collect()
}

/// Everything that has happened in the cloud, and what is remembered there.
fn seen(bench: &Bench) -> String {
    let memory = bench.memory();
    let cloud = bench.cloud.lock().unwrap();
    format!("{:?} {:?} {:?}", cloud.happenings(), memory.incidents, memory.seen_on)
}

#[test]
fn each_vm_of_a_host_has_its_decision_and_its_reason_and_nothing_is_written() {
    let bench = Bench::new(FOUR);
    let before = seen(&bench);
    let output = bench.run(&["plan", "node0"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", err(&output));
    for line in [
        "node0 (host 0), if it died now, with -m, as the hook has it: 3 recovered by 3 calls, 2 held",
        " HELD vm 3 scratch: its disks are on datastore local (100), which is not shared",
        " HELD vm 4 huge: no host takes 1.00 CPU and 131072 MiB: 2 hosts full (node2 (host 2) has 63.00 CPU and 57344 MiB left), 1 host without its system datastore",
        "   1. vm 0 web-1: migrate to node2 (host 2)",
        " left vm 5 archive: POWEROFF: it was not running",
        "nothing was changed",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(seen(&bench), before);
}

#[test]
fn the_worst_host_comes_first_and_what_could_be_lost_last() {
    let bench = Bench::new(FOUR);
    let output = bench.run(&["plan", "--all", "--json"]);
    let json = json(&output);
    assert_eq!((output.status.code(), &json["exit_code"]), (Some(1), &1.into()));
    let losses = json["losses"].as_array().unwrap();
    let names: Vec<_> = losses.iter().map(|loss| loss["hosts"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["node0", "node3", "node1", "node2"], "{json}");
    assert_eq!(held(&losses[0]), ["huge", "scratch"]);
    assert_eq!(held(&losses[1]), ["lonely"]);
    assert!(losses[1]["free_percent"].is_null());
    assert_eq!((&losses[0]["calls"], &losses[0]["left"]), (&3.into(), &1.into()));
    let table = out(&bench.run(&["plan", "--all"]));
    assert!(table.contains("    1     0     0     0     0      -  node3 (host 3)\n"), "{table}");
    assert!(table.contains("vm 8 lonely: its cluster is Waiting then"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
}

/// Programs read it: a field may come, and none may change its name or go.
#[test]
fn the_shape_of_its_json_stays() {
    let small = r#"
title = "three hosts"
call = "-m"
host = "node0"
hosts = [{ name = "node0" }, { name = "node1", memory_gib = 4 }, { name = "node2", memory_gib = 1 }]
vms = [
  { name = "web", host = "node0", attributes = { HA_AFTER = "db" } },
  { name = "db", host = "node0", attributes = { HA_PRIORITY = "HIGH" } },
  { name = "huge", host = "node0", memory_mib = 8192 },
  { name = "off", host = "node0", state = "POWEROFF", last_action = 20 },
]
"#;
    let bench = Bench::new(small);
    let mut all = String::new();
    for arguments in [
        &["plan", "node0", "--json"][..],
        &["plan", "node0", "--failures", "2", "--json"],
        &["plan", "--explain", "web", "--json"],
    ] {
        let _ = writeln!(all, "$ onerescue {}\n{}", arguments.join(" "), out(&bench.run(arguments)));
    }
    insta::with_settings!({
        snapshot_path => ".",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("plan_json", all) });
}

#[test]
fn a_cluster_and_a_host_that_can_be_lost_end_with_0() {
    let bench = Bench::new(FOUR);
    for arguments in [["plan", "node1"], ["plan", "2"]] {
        let output = bench.run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    }
    let output = bench.run(&["plan", "--cluster", "east"]);
    assert_eq!(output.status.code(), Some(1), "{}", out(&output));
    assert!(out(&output).contains("the loss of 1 of 1 hosts"), "{}", out(&output));
}

#[test]
fn two_hosts_at_once_hold_what_neither_does_alone() {
    let bench = Bench::new(&FOUR.replace("memory_mib = 131072", "memory_mib = 32768"));
    let output = bench.run(&["plan", "node1", "node2", "--failures", "2", "--json"]);
    let json = json(&output);
    let pairs = &json["pairs"];
    assert_eq!((&pairs["all"], &pairs["looked_at"]), (&1.into(), &1.into()), "{json}");
    // Both fit on node0, one after the other.
    assert_eq!(held(&pairs["losses"][0]), Vec::<&str>::new());
    assert_eq!(pairs["losses"][0]["recovered"], 2);
    let output = bench.run(&["plan", "node0", "--failures", "2", "-d"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let text = out(&bench.run(&["plan", "node0", "--failures", "2"]));
    assert!(text.contains("all 2 pairs were looked at"), "{text}");
    assert!(text.contains("node0 (host 0) and node1 (host 1)\n        vm 6 big: no host takes"), "{text}");
}

#[test]
fn the_options_are_the_hooks_unless_they_are_given() {
    let bench = Bench::new(FOUR);
    bench.without_hooks();
    assert!(out(&bench.run(&["plan", "node1"])).contains("with -m: "));
    bench.hook("host_error", "/usr/lib/onerescue/host_error", "ARGUMENTS=\"$TEMPLATE -r -f\"");
    let text = out(&bench.run(&["plan", "node0"]));
    assert!(text.contains("with -r -f, as the hook has it: 6 recovered"), "{text}");
    let text = out(&bench.run(&["plan", "node0", "-m"]));
    assert!(text.contains("with -m: 3 recovered"), "{text}");
    let text = out(&bench.run(&["plan", "node3", "-r"]));
    assert!(text.contains("HELD vm 8 lonely: its cluster is Waiting then"), "{text}");
}

#[test]
fn what_is_not_protected_is_left_and_not_held() {
    let bench = Bench::new(FOUR);
    bench.oned("one.host.status", vec![Value::Int(0), Value::Int(1)]);
    let output = bench.run(&["plan", "node0"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(out(&output).contains("its host is DISABLED, which is a person's decision"), "{}", out(&output));
}

#[test]
fn what_does_not_exist_and_an_oned_that_is_not_there_have_their_codes() {
    let bench = Bench::new(FOUR);
    for arguments in
        [&["plan", "nix"][..], &["plan", "--cluster", "nix"], &["plan"], &["plan", "node0", "--all"]]
    {
        assert_eq!(bench.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let mut command = bench.start();
    let output =
        command.env("ONE_XMLRPC", "http://127.0.0.1:1/RPC2").args(["plan", "--all"]).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("do this:"), "{}", err(&output));
}

#[test]
fn one_vm_is_explained_with_what_every_host_says() {
    let bench = Bench::new(FOUR);
    let output = bench.run(&["plan", "--explain", "huge"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", err(&output));
    for line in [
        "huge (vm 4), RUNNING on node0 (host 0), if that died now, with -m, as the hook has it:\n",
        "  hold: no host takes 1.00 CPU and 131072 MiB: 2 hosts full (node2 (host 2) has 63.00 CPU and 57344 MiB left), 1 host without its system datastore; power a less important VM off there, or add a host\n",
        "  policy: Migrate, by the option\n  priority: MEDIUM\n  size: 1.00 CPU, 131072 MiB, 0 PCI devices\n",
        "  node1 (host 1), 63.00 CPU and 16384 MiB free: full\n",
        "  node3 (host 3), 63.00 CPU and 261120 MiB free: its cluster does not have the system datastore of the VM\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    let output = bench.run(&["plan", "--explain", "2", "--json"]);
    let json = json(&output);
    assert_eq!(
        (output.status.code(), &json["prospect"], &json["to"]),
        (Some(0), &"recovered".into(), &2.into())
    );
    assert_eq!(
        (&json["targets"][0]["takes_it"], &json["targets"][2]["takes_it"]),
        (&true.into(), &false.into())
    );
    // Two web VMs are on node2 by then.
    assert_eq!((&json["before"], &json["targets"][1]["cpu"]), (&3.into(), &6100.into()), "{json}");
    assert_eq!(bench.run(&["plan", "--explain", "nix"]).status.code(), Some(2));
}
