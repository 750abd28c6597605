//! `onerescue layer`, against an oned that has joinable VM groups and one that has not.

use super::bench::{Bench, err, out};
use onerescue::wire::xmlrpc::{Reply, Value};
use serde_json::Value as Json;
use std::process::Output;

/// Four hosts; web-0 and web-1 are on two of them, twin-1 and twin-2 together on node2, parked on node3.
const CLOUD: &str = r#"
title = "layers"
call = "-m"
host = "node0"
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }]
[[vms]]
name = "web-0"
host = "node0"
[[vms]]
name = "web-1"
host = "node1"
[[vms]]
name = "twin"
host = "node2"
count = 2
[[vms]]
name = "parked"
host = "node3"
state = "POWEROFF"
last_action = 20
[[vms]]
name = "beside"
host = "node3"
"#;

fn bench(version: &str) -> Bench {
    Bench::new(&format!("version = \"{version}\"\n{CLOUD}"))
}

/// Both kinds of oned.
const VERSIONS: [&str; 2] = ["6.10", "7.5"];

fn layer(bench: &Bench, arguments: &[&str]) -> Output {
    bench.run(&[&["layer"], arguments].concat())
}

#[track_caller]
fn good(bench: &Bench, arguments: &[&str]) -> String {
    let output = layer(bench, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", out(&output), err(&output));
    out(&output)
}

/// The exit code, and the last lines on stderr.
#[track_caller]
fn bad(bench: &Bench, arguments: &[&str], code: i32, rule: &str, way: &str) {
    let output = layer(bench, arguments);
    let text = err(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{text}", out(&output));
    assert!(text.contains(rule) && text.contains(&format!("do this: {way}")), "{arguments:?}: {text}");
    assert_eq!(out(&output), "", "{arguments:?}");
}

/// Layer, kind, and the ids of its members.
fn layers(bench: &Bench) -> Vec<(String, String, Vec<u64>)> {
    let json: Json = serde_json::from_str(&good(bench, &["list", "--json"])).unwrap();
    assert_eq!(json["format"], 1);
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let one = |layer: &Json| {
        let members =
            layer["members"].as_array().unwrap().iter().map(|member| member["id"].as_u64().unwrap());
        (text(&layer["name"]), text(&layer["kind"]), members.collect())
    };
    json["layers"].as_array().unwrap().iter().map(one).collect()
}

fn kind(version: &str) -> &'static str {
    if version == "7.5" { "vm_group" } else { "ha_layer" }
}

#[test]
fn a_layer_is_made_filled_emptied_renamed_and_deleted() {
    for version in VERSIONS {
        let bench = bench(version);
        assert!(good(&bench, &["list"]).contains("there is no layer"));
        let told = good(&bench, &["create", "web", "web-0"]);
        assert!(told.contains("is made") && told.contains("web-0 (vm 0) is in web"), "{told}");
        let told = good(&bench, &["add", "web", "1", "twin-1"]);
        assert!(
            told.contains("web-1 (vm 1) is in web") && told.contains("twin-1 (vm 2) is in web"),
            "{told}"
        );
        let of = |name: &str, ids: &[u64]| (name.to_owned(), kind(version).to_owned(), ids.to_vec());
        assert_eq!(layers(&bench), [of("web", &[0, 1, 2])]);
        // Saying it again changes nothing.
        assert!(good(&bench, &["add", "web", "web-1"]).contains("web-1 (vm 1) is in web"), "{version}");
        assert_eq!(layers(&bench), [of("web", &[0, 1, 2])]);

        let told = good(&bench, &["remove", "web", "1", "web-0", "beside"]);
        assert!(
            told.contains("web-0 (vm 0) is taken out") && told.contains("beside (vm 5) is not in"),
            "{told}"
        );
        assert_eq!(layers(&bench), [of("web", &[2])]);
        bad(&bench, &["rename", "web", "front"], 7, "is deployed", "power its members off first");
        good(&bench, &["remove", "web", "twin-1"]);
        good(&bench, &["create", "idle", "parked"]);
        good(&bench, &["rename", "idle", "front end"]);
        assert!(layers(&bench).contains(&of("front end", &[4])), "{:?}", layers(&bench));
        assert!(good(&bench, &["delete", "front end"]).contains("parked (vm 4) is in no layer any more"));
        let left = if version == "7.5" { vec![of("web", &[])] } else { vec![] };
        assert_eq!(layers(&bench), left, "a layer of an attribute ends with its last member");
        assert!(bench.log().contains("by alice"), "{}", bench.log());
    }
}

#[test]
fn each_rule_is_said_with_the_way_round_it() {
    for version in VERSIONS {
        let bench = bench(version);
        good(&bench, &["create", "web", "web-0", "twin-1"]);
        good(&bench, &["create", "db", "beside"]);
        let there = layers(&bench);
        bad(&bench, &["add", "web", "twin-2"], 7, "must not share a host", "migrate one of the two");
        bad(&bench, &["add", "db", "parked"], 7, "it would start there again", "migrate it to another host");
        bad(&bench, &["add", "db", "web-0"], 7, "no direct move", "first `onerescue layer remove web 0`");
        bad(&bench, &["create", "new", "web-0"], 7, "no direct move", "first `onerescue layer remove web 0`");
        bad(&bench, &["create", "new", "web-1", "parked", "twin-2", "twin-1"], 7, "no direct move", "first");
        bad(&bench, &["delete", "web"], 7, "has 2 members", "first `onerescue layer remove web 2`");
        bad(&bench, &["rename", "web", "db"], 7, "the name is taken by db", "choose another name");
        bad(&bench, &["create", "db", "web-1"], 7, "the name is taken by db", "choose another name");
        bad(&bench, &["create", "a'b", "web-1"], 2, "OpenNebula refuses in names", "choose a name");
        bad(&bench, &["create", "42", "web-1"], 2, "is a number", "choose a name");
        bad(
            &bench,
            &["add", "nothing", "web-1"],
            2,
            "there is no layer \"nothing\"",
            "`onerescue layer list`",
        );
        bad(&bench, &["add", "web", "nobody"], 2, "there is no VM \"nobody\"", "`onevm list`");
        bad(&bench, &["remove", "web", "nobody"], 2, "there is no VM \"nobody\"", "`onevm list`");
        assert_eq!(layers(&bench), there, "nothing was written");
    }
    let old = bench("6.10");
    bad(&old, &["create", "web"], 7, "exists in its members only", "name at least one VM");
    assert_eq!(layer(&old, &["add", "web"]).status.code(), Some(2));
    good(&bench("7.5"), &["create", "web"]);
}

#[test]
fn two_vms_of_one_name_are_listed_and_neither_is_taken() {
    let bench = bench("7.5");
    bench.oned("one.vm.rename", vec![Value::Int(3), Value::Text("web-0".to_owned())]);
    bad(
        &bench,
        &["create", "web", "web-0"],
        2,
        "2 VMs are named \"web-0\": their ids are 0, 3",
        "give the id",
    );
    assert_eq!(layers(&bench), []);
    good(&bench, &["create", "web", "0"]);
}

/// A VM group that an older oned cannot change, with web-0 and twin-1 in it.
fn with_group(version: &str) -> Bench {
    let bench = bench(version);
    let template = "NAME=\"db\"\nROLE=[NAME=\"m\",POLICY=\"ANTI_AFFINED\"]";
    let made = bench.oned("one.vmgroup.allocate", vec![Value::Text(template.to_owned())]);
    assert!(matches!(made, Reply::Value(_)), "{made:?}");
    let vm = "NAME=\"fixed\"\nCPU=1\nMEMORY=128\nVMGROUP=[VMGROUP_ID=0,ROLE=\"m\"]";
    bench.oned("one.vm.allocate", vec![Value::Text(vm.to_owned()), Value::Bool(true)]);
    bench
}

#[test]
fn both_kinds_stand_side_by_side_and_each_is_changed_in_its_own_way() {
    let new = with_group("7.5");
    let mark = vec![Value::Int(0), Value::Text("HA_LAYER=\"web\"".to_owned()), Value::Int(1)];
    new.oned("one.vm.update", mark);
    good(&new, &["add", "web", "web-1"]);
    good(&new, &["add", "db", "beside"]);
    let of = |name: &str, kind: &str, ids: &[u64]| (name.to_owned(), kind.to_owned(), ids.to_vec());
    assert_eq!(layers(&new), [of("db", "vm_group", &[5, 6]), of("web", "ha_layer", &[0, 1])]);
    let text = good(&new, &["list"]);
    for line in ["db (vm group 0): 2 members", "web (HA_LAYER): 2 members"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("beside (vm 5)") && text.contains("RUNNING      node3 (host 3)"), "{text}");
    bad(&new, &["add", "web", "fixed"], 7, "no direct move", "first `onerescue layer remove db 6`");

    let old = with_group("6.10");
    bad(&old, &["add", "db", "web-0"], 7, "a VM group's members are fixed", "make a layer of another name");
    bad(&old, &["remove", "db", "fixed"], 7, "a VM group's members are fixed", "upgrade");
    bad(&old, &["delete", "db"], 7, "a VM group's members are fixed", "upgrade");
    assert_eq!(layers(&old), [of("db", "vm_group", &[6])]);
}

#[test]
fn other_attributes_of_a_vm_stay() {
    let bench = bench("6.10");
    let mark = vec![Value::Int(0), Value::Text("HA_PRIORITY=\"HIGH\"".to_owned()), Value::Int(1)];
    bench.oned("one.vm.update", mark);
    good(&bench, &["create", "web", "web-0"]);
    good(&bench, &["remove", "web", "web-0"]);
    let reply = format!("{:?}", bench.oned("one.vm.info", vec![Value::Int(0)]));
    assert!(reply.contains("<HA_PRIORITY><![CDATA[HIGH]]>") && !reply.contains("CDATA[web]"), "{reply}");
}

#[test]
fn check_tells_violations_of_today_and_what_a_lost_host_would_do() {
    for version in VERSIONS {
        let bench = bench(version);
        assert!(good(&bench, &["check"]).contains("0 layers: 0 violations, 0 warnings"));
        good(&bench, &["create", "web", "web-0", "web-1", "twin-1"]);
        assert!(good(&bench, &["check"]).contains("1 layer: 0 violations, 0 warnings"));
        good(&bench, &["create", "db", "beside"]);

        let disable = vec![Value::Int(3), Value::Int(1)];
        bench.oned("one.host.status", disable);
        let output = layer(&bench, &["check"]);
        assert_eq!(output.status.code(), Some(1), "{}", out(&output));
        let text = out(&output);
        assert!(text.contains("if node0 (host 0) failed, web-0 (vm 0) could not be kept apart"), "{text}");
        assert!(text.contains("do this: add 1 more host to default (cluster 0)"), "{text}");
        assert!(text.contains("2 layers: 0 violations, 3 warnings"), "{text}");
        assert!(good(&bench, &["check", "db"]).contains("1 layer: 0 violations, 0 warnings"));
        assert_eq!(layer(&bench, &["check", "nothing"]).status.code(), Some(2));

        // Somebody migrates by hand, which no oned refuses.
        let (live, enforce) = (Value::Bool(false), Value::Bool(false));
        let migrate = vec![Value::Int(1), Value::Int(0), live, enforce, Value::Int(-1), Value::Int(0)];
        assert!(matches!(bench.oned("one.vm.migrate", migrate), Reply::Value(_)));
        bench.cloud.lock().unwrap().advance(std::time::Duration::from_secs(60));
        let output = layer(&bench, &["check", "web", "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let json: Json = serde_json::from_str(&out(&output)).unwrap();
        let fault = &json["faults"][0];
        assert_eq!((&fault["severity"], &fault["vms"]), (&"violation".into(), &serde_json::json!([0, 1])));
        assert_eq!(
            (&fault["host"], &fault["cluster"], &json["exit_code"]),
            (&0.into(), &0.into(), &1.into())
        );
    }
}

#[test]
fn an_object_that_is_locked_is_said_and_nothing_stays_behind() {
    for version in VERSIONS {
        let bench = bench(version);
        let lock = vec![Value::Int(1), Value::Int(1), Value::Bool(false)];
        bench.oned("one.vm.lock", lock);
        let output = layer(&bench, &["create", "web", "web-0", "web-1"]);
        assert_eq!(output.status.code(), Some(5), "{}", err(&output));
        assert!(err(&output).contains("VM is locked"), "{}", err(&output));
        assert_eq!(layers(&bench), [], "{version}: what was written before is taken back");
    }
}

#[test]
fn onerescue_check_tells_each_cluster_s_layers() {
    let bench = bench("7.5");
    let findings = || {
        let json: Json = serde_json::from_str(&out(&bench.run(&["check", "--json"]))).unwrap();
        let all = json["findings"].as_array().unwrap().clone();
        let of_layers = all.into_iter().filter(|finding| finding["item"] == "layer");
        of_layers
            .map(|finding| format!("{} {}: {}", finding["state"], finding["object"], finding["text"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(findings(), Vec::<String>::new(), "without layers there is nothing to tell");
    good(&bench, &["create", "web", "web-0", "web-1", "twin-1"]);
    let ok = "\"ok\" \"default (cluster 0)\": \"1 layer is kept apart, and would be after the loss of any one host\"";
    assert_eq!(findings(), [ok]);
    bench.oned("one.host.status", vec![Value::Int(3), Value::Int(1)]);
    let told = findings();
    assert!(told.len() == 1 && told[0].starts_with("\"warning\" \"default (cluster 0)\""), "{told:?}");
    assert!(
        told[0].contains("are broken 0 times, or would be in 3 cases; the first: web (vm group 0): if"),
        "{told:?}"
    );
    assert!(!out(&bench.run(&["check", "--host", "node0", "--json"])).contains("\"layer\""));
}
