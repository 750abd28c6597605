//! `onerescue check` about the hook: it must run, to its end, and once.

use super::bench::{Bench, WELL, out};
use serde_json::Value as Json;

/// The state and the texts of the findings about hooks.
fn hook(bench: &Bench) -> (i32, String) {
    let output = bench.run(&["check", "--json"]);
    let json: Json = serde_json::from_str(&out(&output)).unwrap();
    let found = json["findings"].as_array().unwrap().iter().filter(|finding| finding["item"] == "hook");
    let told: Vec<_> = found.map(|finding| format!("{} {}", finding["state"], finding["text"])).collect();
    (output.status.code().unwrap(), told.join("\n"))
}

#[test]
fn a_hook_that_would_not_run_to_its_end_is_broken() {
    let cases = [
        ("ARGUMENTS=\"-m -p 5\"", "ARGUMENTS has no word $TEMPLATE"),
        ("ARGUMENTS=\"$TEMPLATE\"", "one of -m, -r and -d must be given"),
        (
            "ARGUMENTS=\"$TEMPLATE -m -r\"",
            "its options cannot be used: the argument '--migrate' cannot be used with",
        ),
        ("ARGUMENTS=\"$TEMPLATE -m --frobnicate\"", "--frobnicate"),
        ("ARGUMENTS=\"$TEMPLATE -m --help\"", "its options cannot be used"),
        ("ARGUMENTS=\"$TEMPLATE -m --dry-run\"", "with --dry-run it changes nothing"),
        ("ARGUMENTS_STDIN=\"true\"", "ARGUMENTS_STDIN is \\\"true\\\""),
        ("REMOTE=\"YES\"", "it would run on the host that is dead"),
        // 5 cycles of 60 s, 300 s, 3600 s and 600 s.
        ("TIMEOUT=\"4799\"", "a run may take 4800 s with these settings"),
        ("TIMEOUT=\"soon\"", "TIMEOUT is \\\"soon\\\""),
    ];
    for (line, expected) in cases {
        let bench = Bench::new(WELL);
        bench.without_hooks();
        bench.hook("ours", "/usr/lib/onerescue/host_error", line);
        let (code, told) = hook(&bench);
        assert!(code == 8 && told.contains(expected), "{line}: {code} {told}");
    }
}

#[test]
fn a_good_hook_may_be_written_in_several_ways() {
    for line in
        ["TIMEOUT=\"4800\"", "ARGUMENTS_STDIN=\"YES\"", "ARGUMENTS=\"$TEMPLATE --recreate --pause 1\""]
    {
        let bench = Bench::well();
        bench.without_hooks();
        bench.hook("ours", "/usr/local/bin/host_error", line);
        assert_eq!(hook(&bench).0, 0, "{line}: {}", hook(&bench).1);
    }
}

#[test]
fn a_program_beneath_remotes_goes_to_every_hypervisor() {
    let beneath = [
        "ft/host_error",
        "/var/lib/one/remotes/hooks/ft/host_error",
        "/usr/bin/env /srv/one/var/remotes/host_error",
    ];
    for command in beneath {
        let bench = Bench::new(WELL);
        bench.without_hooks();
        bench.hook("ours", command, "");
        let (code, told) = hook(&bench);
        assert!(
            code == 1 && told.contains("`onehost sync` copies it to every hypervisor"),
            "{command}: {told}"
        );
    }
    let bench = Bench::new(WELL);
    bench.hook("down", "ft/vm_down", "STATE=\"INIT\"");
    bench.hook("another", "ft/host_error.rb", "STATE=\"INIT\"");
    let (code, told) = hook(&bench);
    assert_eq!((code, told.matches("copies it").count()), (1, 1), "{told}");
}

#[test]
fn no_hook_two_of_them_and_the_stock_one_are_told_apart() {
    let bench = Bench::new(WELL);
    bench.hook("stock", "ft/host_error.rb", "");
    let (code, told) = hook(&bench);
    assert!(code == 1 && told.contains("the stock hook runs for a host in ERROR too"), "{told}");
    bench.hook("again", "/usr/lib/onerescue/host_error", "");
    let (code, told) = hook(&bench);
    assert!(code == 8 && told.contains("2 hooks start host_error for a host in ERROR, and race"), "{told}");
    bench.without_hooks();
    bench.hook("elsewhere", "/usr/lib/onerescue/host_error", "STATE=\"INIT\"");
    let (code, told) = hook(&bench);
    assert!(code == 8 && told.contains("no hook starts host_error"), "{told}");
    assert!(told.contains("not for HOST and ERROR"), "{told}");
    bench.without_hooks();
    bench.hook("careless", "/usr/lib/onerescue/host_error", "ARGUMENTS=\"$TEMPLATE -m -u\"");
    let (code, told) = hook(&bench);
    assert!(code == 1 && told.contains("nothing keeps a VM from running twice"), "{told}");
    bench.without_hooks();
    bench.hook("ours", "/usr/lib/onerescue/host_error", "");
    bench.hook("autostart-host", "autostart/host", "STATE=\"MONITORED\"");
    let (code, told) = hook(&bench);
    assert!(code == 1 && told.contains("OpenNebula's own autostart hook"), "{told}");
}
