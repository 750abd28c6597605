//! `onerescue plan` knows whom a name in `HA_AFTER` means as the recovery does: wherever it is, on no host too.

use super::bench::{Bench, err, out};

const CLOUD: &str = r#"
title = "names"
call = "-m"
host = "node0"
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }]
vms = [
  { name = "app", host = "node0", owner = 5, attributes = { HA_AFTER = "db, cache" } },
  { name = "job", host = "node1", owner = 6, owner_group = "guests", attributes = { HA_AFTER = "db" } },
  { name = "db", host = "node2", owner = 5, state = "POWEROFF" },
  { name = "others", called = "db", host = "node1", owner = 7, state = "POWEROFF" },
  { name = "cache", host = "node2", owner = 5, state = "STOPPED" },
]
"#;

#[test]
fn a_name_means_the_same_vms_before_as_in_a_recovery() {
    let bench = Bench::new(CLOUD);
    let text = out(&bench.run(&["plan", "node0"]));
    assert!(text.contains("once vm 2, vm 4 run") && !text.contains("vm 3"), "{text}");
    let output = bench.run(&["plan", "--explain", "app"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    for line in ["  it waits until vm 2 runs\n", "  it waits until vm 4 runs\n"] {
        assert!(text.contains(line), "{text}");
    }
    let text = out(&bench.run(&["plan", "--explain", "job"]));
    assert!(text.contains("which is no VM of its owner or its group, by id or by name"), "{text}");
}

/// The names of the cloud come in pages: the first and the last VM are found.
#[test]
fn a_name_is_found_among_thousands() {
    let crowd = r#"
title = "names"
call = "-m"
host = "node0"
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }]
vms = [
  { name = "db", host = "node2", state = "STOPPED" },
  { name = "crowd", host = "node1", count = 4100, memory_mib = 1 },
  { name = "app", host = "node0", attributes = { HA_AFTER = "db, cache" } },
  { name = "cache", host = "node2", state = "STOPPED" },
]
"#;
    let text = out(&Bench::new(crowd).run(&["plan", "node0"]));
    assert!(text.contains("once vm 0, vm 4102 run"), "{text}");
}
