//! A recovery from the hook's input to VMs read back elsewhere.

use super::bench::{Bench, DEAD_NODE0, HOST_ERROR, err, out, write};
use super::stopped::until;
use onerescue::model::{HostId, VmId, VmState};
use onerescue::sim::Power;
use std::process::Command;

fn recovered(bench: &Bench) {
    let cloud = bench.cloud.lock().unwrap();
    for vm in [VmId(0), VmId(1)] {
        assert_eq!(cloud.vm_state(vm), Some(VmState::RUNNING));
        assert_ne!(cloud.vm_host(vm), Some(HostId(0)));
        assert_eq!(cloud.domain_hosts(vm).len(), 1);
    }
    assert_eq!(cloud.breaches(), []);
}

#[test]
fn stdin_as_the_hook_manager_hands_it() {
    let bench = Bench::new(DEAD_NODE0);
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    recovered(&bench);
    // The locked VM is held, so it is not a full success.
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let report = out(&output);
    assert!(report.len() <= 4096);
    assert!(report.contains("3 VMs: 2 recovered, 1 held"), "{report}");
    assert!(report.contains("machine said off 3 times in a row"), "{report}");
    assert!(report.contains("vm 2 locked: held: locked (USE)"), "{report}");
}

#[test]
fn arguments_as_old_hooks_get_them() {
    let bench = Bench::new(DEAD_NODE0);
    let template = bench.template();
    let output = bench.run(HOST_ERROR, &[&template, "-m", "-p", "0"], "");
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    recovered(&bench);
}

#[test]
fn by_hand_with_a_name_or_an_id() {
    for host in ["node0", "0"] {
        let bench = Bench::new(DEAD_NODE0);
        let output = bench.run(HOST_ERROR, &["--host", host, "-m", "-p", "0"], "");
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        recovered(&bench);
    }
}

#[test]
fn a_host_that_hangs_with_power_is_switched_off_first() {
    let bench = Bench::new(&DEAD_NODE0.replace("power_loss", "hang"));
    assert_eq!(bench.power(), Power::On);
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert_eq!(bench.power(), Power::Off);
    recovered(&bench);
}

#[test]
fn a_dry_run_says_it_all_and_changes_nothing() {
    let bench = Bench::new(&DEAD_NODE0.replace("power_loss", "hang"));
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m --dry-run", bench.template()));
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(out(&output).contains("planned: migrate to"), "{}", out(&output));
    // The locked VM would be held.
    assert!(out(&output).contains("the real run would end with"), "{}", out(&output));
    let cloud = bench.cloud.lock().unwrap();
    assert_eq!(cloud.vm_state(VmId(0)), Some(VmState::UNKNOWN));
    assert_eq!(cloud.vm_host(VmId(0)), Some(HostId(0)));
    assert_eq!(cloud.power(HostId(0)), Power::On);
}

#[test]
fn a_fence_that_fails_leaves_every_vm_alone() {
    let bench = Bench::with_settings(
        &DEAD_NODE0.replace("power_loss", "network_cut"),
        "attempts = 2\npatience = \"50ms\"\n",
    );
    write(&bench.fence_program(), "#!/bin/sh\necho 'no route to host' >&2; exit 0\n", 0o755);
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(out(&output).contains("no VM was touched"), "{}", out(&output));
    assert!(err(&output).contains("do this: "), "{}", err(&output));
    assert_eq!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
}

#[test]
fn without_a_device_it_says_which_lines_to_add() {
    let bench = Bench::new(DEAD_NODE0);
    let settings = bench.folder.path().join("onerescue.toml");
    let folder = bench.folder.path().display();
    write(&settings, &format!("log = \"{folder}/host_error.log\"\nrun_dir = \"{folder}\"\n"), 0o600);
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("[[host]]"), "{}", err(&output));
}

#[test]
fn the_log_has_the_stock_format_and_no_secret() {
    let bench = Bench::new(DEAD_NODE0);
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    let log = bench.log();
    let line = log.lines().next().unwrap();
    let shape = |line: &str| {
        let (stamp, rest) = line.strip_prefix('[').unwrap().split_once("][HOST 0][").unwrap();
        assert_eq!(stamp.len(), "2026-11-20 08:44:08 +0000".len(), "{line}");
        assert!(rest.starts_with("I] ") || rest.starts_with("D] "), "{line}");
    };
    log.lines().for_each(shape);
    assert!(line.contains("observe: node0 (host 0) is ERROR"), "{line}");
    assert!(log.contains("vm 0 web-1: migrate to"), "every decision is in the log: {log}");
    for text in [log, out(&output), err(&output)] {
        assert!(!text.contains("oneadmin:password"));
    }
}

#[test]
fn a_log_that_cannot_be_written_is_a_warning() {
    let bench = Bench::new(DEAD_NODE0);
    std::fs::create_dir(bench.folder.path().join("host_error.log")).unwrap();
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert!(err(&output).contains("cannot write the log"), "{}", err(&output));
    recovered(&bench);
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let bench = Bench::new(DEAD_NODE0);
    let template = bench.template();
    bench.run(HOST_ERROR, &[], &format!("{template} -m -p 0"));
    recovered(&bench);
    let hosts = |bench: &Bench| [0, 1].map(|vm| bench.cloud.lock().unwrap().vm_host(VmId(vm)));
    let before = hosts(&bench);
    let output = bench.run(HOST_ERROR, &[], &format!("{template} -m -p 0"));
    assert!(out(&output).contains("2 left alone"), "{}", out(&output));
    assert_eq!(hosts(&bench), before);
    recovered(&bench);
}

#[test]
fn while_another_run_holds_the_host_it_leaves_at_once() {
    let bench = Bench::new(DEAD_NODE0);
    let mut first = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "50"], "");
    until(&bench, &mut first, |log| log.contains("wait: "));
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(0));
    let text = out(&output);
    let said = format!("another run is working on this host: process {} (host_error)", first.id());
    assert!(
        text.contains(&said) || text.contains("another run is working on this host: a process"),
        "{text}"
    );
    assert_eq!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_thousand_vms_still_fit_into_the_report() {
    let many = DEAD_NODE0.replace("count = 2", "count = 400, memory_mib = 64, cpu = 0.1");
    let bench = Bench::new(&many);
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    let report = out(&output);
    assert!(report.len() <= 4096, "{}", report.len());
    assert!(report.contains("401 VMs: 400 recovered, 1 held"), "{report}");
    assert!(report.contains("more, see the log"), "{report}");
    // What the hook manager stores of stderr does not grow with the VMs.
    assert!(err(&output).len() < 16_384, "{}", err(&output).len());
}

/// A fence program may outlive a hook that was killed; no second one is started beside it.
#[test]
fn a_killed_run_s_fence_program_is_waited_for() {
    let bench = Bench::new(&DEAD_NODE0.replace("power_loss", "hang"));
    let fifo = bench.folder.path().join("started");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = status ] && exec echo on\necho $$ >{}\nexec sleep 1000\n",
        fifo.display()
    );
    write(&bench.fence_program(), &script, 0o755);
    let mut first = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "0"], "");
    // Opening the pipe waits for the program that writes into it.
    let fence = std::fs::read_to_string(&fifo).unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let good = format!("#!/bin/sh\nexec {} \"$1\"\n", bench.power_switch());
    write(&bench.fence_program(), &good, 0o755);
    let mut second = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "0"], "");
    until(&bench, &mut second, |log| {
        log.contains("the fence program of a run that is gone, is still at work")
    });
    assert_eq!(bench.power(), Power::On);
    assert!(Command::new("kill").arg(fence.trim()).status().unwrap().success());
    let second = second.wait_with_output().unwrap();
    assert_eq!(bench.power(), Power::Off, "{}", err(&second));
}

/// A wrong password in the settings is found by day.
#[test]
fn a_dry_run_asks_the_devices_and_says_which_gives_no_answer() {
    let bench = Bench::new(&DEAD_NODE0.replace("before = [\"dies node0 power_loss\"]", ""));
    write(&bench.fence_program(), "#!/bin/sh\necho 'login failed' >&2; exit 1\n", 0o755);
    let output = bench.run(HOST_ERROR, &["--host", "node0", "-m", "--dry-run"], "");
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("machine gives no answer for node0"), "{}", err(&output));
    assert_eq!(bench.power(), Power::On);
}
