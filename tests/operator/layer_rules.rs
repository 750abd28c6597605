//! `onerescue layer list` and `check` for rules between the roles of a VM group.

use super::bench::{Bench, out};
use onerescue::wire::xmlrpc::Value;
use serde_json::Value as Json;

/// The fronts keep away from the back; the crew is together, but for one who is not.
const CLOUD: &str = r#"
title = "rules between roles"
call = "-m"
host = "node0"
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }]
[[vm_groups]]
name = "shop"
roles = [{ name = "front" }, { name = "back" }, { name = "crew", policy = "AFFINED" }]
anti_affined = ["front,back"]
[[vms]]
name = "front"
host = "node0"
count = 2
role = "shop/front"
[[vms]]
name = "back"
host = "node1"
role = "shop/back"
[[vms]]
name = "crew"
host = "node2"
count = 2
role = "shop/crew"
[[vms]]
name = "stray"
host = "node1"
role = "shop/crew"
"#;

#[test]
fn rules_between_roles_are_listed_and_checked() {
    let bench = Bench::new(CLOUD);
    let text = out(&bench.run(&["layer", "list"]));
    for line in ["shop/front and back apart (vm group 0):", "shop/crew together (vm group 0):", " role back"]
    {
        assert!(text.contains(line), "{text}");
    }
    let json: Json = serde_json::from_str(&out(&bench.run(&["layer", "list", "--json"]))).unwrap();
    let rule = &json["rules"][1];
    assert_eq!((&rule["kind"], &rule["vm_group"]), (&"apart".into(), &0.into()), "{json}");
    assert_eq!(rule["roles"][0]["members"].as_array().unwrap().len(), 2);

    let output = bench.run(&["layer", "check"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for line in [
        "VIOLATION  shop/crew together (vm group 0): stray (vm 5) on node1 (host 1); crew-1 (vm 3), crew-2 (vm 4) on node2",
        "0 layers and 2 rules between roles: 1 violations, 0 warnings",
    ] {
        assert!(text.contains(line), "{text}");
    }
    // Without node2 a lost node0 would leave its fronts only the back's host, and the other way round.
    bench.oned("one.host.status", vec![Value::Int(2), Value::Int(1)]);
    let output = bench.run(&["layer", "check", "shop", "--json"]);
    let json: Json = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((&json["layers"], &json["rules"], &json["exit_code"]), (&0.into(), &2.into(), &1.into()));
    let texts: Vec<&str> =
        json["faults"].as_array().unwrap().iter().map(|fault| fault["text"].as_str().unwrap()).collect();
    assert_eq!(texts.iter().filter(|text| text.contains("could not be kept apart")).count(), 2, "{texts:?}");

    let json: Json = serde_json::from_str(&out(&bench.run(&["check", "--json"]))).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let told = findings.iter().find(|finding| finding["item"] == "layer").unwrap();
    assert!(told["text"].as_str().unwrap().contains("layers and rules are broken 1 times"), "{told}");
}
