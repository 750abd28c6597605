//! `onerescue setup hooks`: what is registered is shown, and nothing of anybody else's is changed.

use super::bench::{Bench, PASSWORD, WELL, err, out, write};
use onerescue::sim::{Clock, Server};
use onerescue::wire::xmlrpc::{Reply, Value};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

/// A self-contained installation with its programs, and no hook in the zone.
fn bench() -> Bench {
    bench_of(WELL)
}

fn bench_of(scenario: &str) -> Bench {
    let bench = Bench::new(scenario);
    bench.without_hooks();
    std::fs::create_dir_all(bench.path("lib/onerescue")).unwrap();
    for name in ["host_error", "host_back", "vm_down"] {
        write(&bench.path(&format!("lib/onerescue/{name}")), "#!/bin/sh\n", 0o755);
    }
    bench
}

fn setup(bench: &Bench, arguments: &[&str]) -> Output {
    let mut command = bench.start();
    command.env("ONE_LOCATION", bench.folder.path()).args(["setup", "hooks"]).args(arguments);
    let output = command.output().unwrap();
    bench.keeps_secrets(&output);
    output
}

#[track_caller]
fn done(bench: &Bench, arguments: &[&str]) -> String {
    let output = setup(bench, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", out(&output), err(&output));
    out(&output)
}

/// It is refused, says why and what to do, and the zone has the hooks that it had.
#[track_caller]
fn refused(bench: &Bench, arguments: &[&str], why: &str, advice: &str) {
    let before = hooks(bench);
    let output = setup(bench, arguments);
    let text = err(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}{text}", out(&output));
    assert!(text.contains(why) && text.contains(&format!("do this: {advice}")), "{arguments:?}: {text}");
    assert_eq!(hooks(bench), before, "{arguments:?}");
}

/// The hook pool's document.
fn hooks(bench: &Bench) -> String {
    let all = [-2, -1, -1].map(Value::Int).to_vec();
    let Reply::Value(Value::Array(reply)) = bench.oned("one.hookpool.info", all) else { panic!("no list") };
    reply[1].as_text().unwrap().to_owned()
}

fn stock(bench: &Bench) {
    bench.hook("host_error", "ft/host_error.rb", "ARGUMENTS=\"$TEMPLATE -m\"\nTIMEOUT=\"30\"");
    bench.hook("autostart-host", "autostart/host", "STATE=\"MONITORED\"");
    bench.hook("pager", "/usr/local/bin/page", "");
}

#[test]
fn the_hooks_are_registered_once_and_check_is_content() {
    let bench = bench();
    let told = done(&bench, &["--yes"]);
    for line in [
        "no hook is registered\n",
        "lib/onerescue/host_error $TEMPLATE -m -p 5 --hand-over\n",
        "lib/onerescue/host_back $TEMPLATE --hand-over\n",
        "  create vm_down_poweroff: ",
        "  create vm_down_unknown: ",
        "systemctl enable --now onerescue-reconcile.timer",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(bench.log().contains("setup hooks: create host_error: "), "{}", bench.log());
    assert!(bench.log().contains(", by alice (as "), "{}", bench.log());
    let registered = hooks(&bench);
    assert!(registered.contains("<LCM_STATE><![CDATA[UNKNOWN]]></LCM_STATE>"), "{registered}");
    let check = out(&bench.run(&["check", "--json"]));
    assert!(check.contains("it runs when a host enters ERROR"), "{check}");
    for arguments in [&["--yes"][..], &[]] {
        let again = done(&bench, arguments);
        assert!(again.ends_with("nothing is to do\n") && again.contains("as it is to be"), "{again}");
    }
    assert_eq!(hooks(&bench), registered);
}

#[test]
fn opennebulas_own_are_replaced_and_the_operators_own_stays() {
    let bench = bench();
    stock(&bench);
    let told = done(&bench, &["--yes", "--options", "-r -p 3"]);
    for line in [
        "ft/host_error.rb $TEMPLATE -m; OpenNebula's own\n",
        "/usr/local/bin/page $TEMPLATE -m -p 5; not ours, stays\n",
        "  replace host_error (hook ",
        "lib/onerescue/host_error $TEMPLATE -r -p 3\n",
        "  delete autostart-host (hook ",
        "lib/onerescue/host_back $TEMPLATE\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let now = hooks(&bench);
    assert!(now.contains("/usr/local/bin/page") && !now.contains("ft/host_error.rb"), "{now}");
    assert!(!now.contains("autostart") && !now.contains("TIMEOUT"), "{now}");
    // Other options are a change, and only that one.
    let told = done(&bench, &["--yes"]);
    let changes = told.lines().filter(|line| line.starts_with("  replace") || line.starts_with("  create"));
    assert_eq!(changes.count(), 2, "{told}");
}

#[test]
fn a_rehearsal_shows_what_would_be_done_and_changes_nothing() {
    let bench = bench();
    stock(&bench);
    let before = hooks(&bench);
    let told = done(&bench, &["--dry-run"]);
    assert!(told.contains("  delete autostart-host") && told.ends_with("nothing was changed\n"), "{told}");
    assert_eq!(hooks(&bench), before);
    done(&bench, &["--yes"]);
    let told = done(&bench, &["--dry-run"]);
    assert!(told.ends_with("nothing is to do\n"), "{told}");
}

/// A tool runs it on every front-end of a zone.
#[test]
fn only_the_leader_registers_where_that_is_asked_for() {
    let bench = bench_of(&WELL.replace("host = \"node0\"", "host = \"node0\"\nfront_ends = 3"));
    let clock = Clock::Jumping(Duration::from_millis(100));
    let others: Vec<_> =
        (1..3).map(|at| Server::start(Arc::clone(&bench.cloud), at, 0, clock).unwrap()).collect();
    assert_eq!(bench.cloud.lock().unwrap().leader(), Some(0));
    let before = hooks(&bench);
    let at = |endpoint: &str| {
        let mut command = bench.start();
        command.env("ONE_LOCATION", bench.folder.path()).env("ONE_XMLRPC", endpoint);
        command.args(["setup", "hooks", "--leader-only", "--yes"]).output().unwrap()
    };
    for other in &others {
        let output = at(&other.endpoint());
        let told = out(&output);
        assert_eq!(output.status.code(), Some(0), "{told}{}", err(&output));
        assert!(told.starts_with("this front-end does not lead its zone: run it on the leader, "), "{told}");
        assert!(told.ends_with("\nnothing is to do\n"), "{told}");
        assert_eq!(hooks(&bench), before);
    }
    let nobody = at("http://127.0.0.1:1/RPC2");
    assert_eq!(nobody.status.code(), Some(5), "{}", out(&nobody));
    assert_eq!(hooks(&bench), before);
    let told = done(&bench, &["--leader-only", "--yes"]);
    assert!(told.contains("  create host_error: ") && told.contains("\ndone; "), "{told}");
    assert!(done(&bench, &["--leader-only", "--yes"]).ends_with("nothing is to do\n"));
}

/// A hook of the operator's own has a name that one of ours needs.
#[test]
fn a_foreign_hook_is_never_written_over() {
    let bench = bench();
    bench.hook("host_error", "/usr/local/bin/page", "");
    let why = "the name host_error is taken by hook";
    refused(&bench, &["--yes"], why, "give it another name, `onehook rename");
    let left = done(&bench, &["--yes", "--without", "host_error"]);
    assert!(left.contains("not ours, stays") && hooks(&bench).contains("/usr/local/bin/page"), "{left}");
}

#[test]
fn ours_are_removed_and_no_other() {
    let bench = bench();
    stock(&bench);
    let before = hooks(&bench);
    bench.hook("ours", "/opt/onerescue/host_error", "");
    let told = done(&bench, &["--remove", "--yes"]);
    assert!(told.contains("  delete ours (hook ") && !told.contains("delete host_error"), "{told}");
    assert_eq!(hooks(&bench), before);
    assert!(done(&bench, &["--remove"]).ends_with("nothing is to do\n"));
}

#[test]
fn who_may_not_and_what_would_not_run_are_refused_before_anything_is_sent() {
    let bench = bench();
    let bad = "cannot be registered";
    refused(&bench, &["--yes", "--options", "-m -r"], bad, "run the same command with --help");
    refused(&bench, &["--yes", "--options", "-m --dry-run"], "it would change nothing", "run");
    refused(&bench, &["--yes", "--options", "-m --host node0"], "is for a run by hand", "run");
    refused(&bench, &[], "there is no terminal to type yes on", "run the same command on a terminal, or");
    std::fs::remove_file(bench.path("lib/onerescue/host_back")).unwrap();
    refused(&bench, &["--yes"], "hook host_back would start nothing", "install onerescue on every");
    bench.cloud.lock().unwrap().set_session(&format!("bob:{PASSWORD}"));
    write(&bench.path("one_auth"), &format!("bob:{PASSWORD}\n"), 0o600);
    let output = setup(&bench, &["--yes"]);
    let text = err(&output);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""), "{text}");
    assert!(text.contains("user bob (1) may not change the zone's hooks"), "{text}");
    assert!(text.contains("do this: run it as oneadmin"), "{text}");
}

/// Somebody types this on a terminal.
fn typed(bench: &Bench, line: &str) -> (bool, String) {
    let location = bench.folder.path().display().to_string();
    let output = bench.at_a_terminal("setup hooks", &[("ONE_LOCATION", &location)], line);
    (output.status.success(), out(&output))
}

#[test]
fn nothing_is_done_before_a_person_has_typed_yes() {
    let bench = bench();
    stock(&bench);
    let before = hooks(&bench);
    for line in ["no\n", "\n", "y\n"] {
        let (done, told) = typed(&bench, line);
        assert!(!done && told.contains("that is not yes; nothing was changed"), "{told}");
        assert_eq!(hooks(&bench), before, "{line}");
    }
    let (done, told) = typed(&bench, "yes\n");
    assert!(done && told.contains("to do:") && told.contains("Type yes to do it:"), "{told}");
    assert!(!hooks(&bench).contains("ft/host_error.rb"));
}

/// A hook that somebody has locked: oned refuses, and what was done before stays and is not done again.
#[test]
fn a_write_that_oned_refuses_is_named_with_its_object() {
    let bench = bench();
    stock(&bench);
    let id = |text: &str| -> i64 {
        text.split("<ID>").nth(1).unwrap().split('<').next().unwrap().parse().unwrap()
    };
    let pool = hooks(&bench);
    let stock = id(pool.split("<HOOK>").find(|hook| hook.contains("autostart/host")).unwrap());
    bench.oned("one.hook.lock", vec![Value::Int(stock), Value::Int(1), Value::Bool(false)]);
    let output = setup(&bench, &["--yes"]);
    let text = err(&output);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(
        text.contains("oned refused \"delete autostart-host (hook ") && text.contains("locked"),
        "{text}"
    );
    bench.oned("one.hook.unlock", vec![Value::Int(stock)]);
    let told = done(&bench, &["--yes"]);
    assert!(told.contains("as it is to be") && told.contains("  delete autostart-host"), "{told}");
}
