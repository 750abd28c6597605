//! SIGTERM: the hook lets go of its incident within a second, or when oned can write it, and the next run goes on at once. What has no incident ends
//! in the same way.

use super::bench::{Bench, DEAD_NODE0, FENCE_HOST, HOST_BACK, HOST_ERROR, VM_DOWN, err, out, write};
use onerescue::model::{HostId, VmId};
use onerescue::sim::Power;
use onerescue::wire::xmlrpc::{Call, Value};
use std::path::Path;
use std::process::{Child, Command, Output};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

fn hangs() -> String {
    DEAD_NODE0
        .replace("power_loss", "hang")
        .replace(", { name = \"locked\", host = \"node0\", lock = 1 }", "")
}

/// Longer than anything here takes, on any machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Look at the log until this is so.
pub(super) fn until(bench: &Bench, child: &mut Child, seen: impl Fn(&str) -> bool) {
    let began = Instant::now();
    while !seen(&bench.log()) {
        assert!(child.try_wait().unwrap().is_none(), "it ended: {}", bench.log());
        if began.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("it did not come to that: {}", bench.log());
        }
        std::thread::yield_now();
    }
}

/// What this gives, unless it takes too long.
pub(super) fn within<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, done) = channel();
    std::thread::spawn(move || sender.send(work()));
    done.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// A fence program that says that it was started, and then hangs.
fn hanging_program(bench: &Bench) -> std::path::PathBuf {
    let fifo = bench.folder.path().join("started");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let script = format!("#!/bin/sh\ntrap '' TERM\necho $$ >{}\nsleep 1000\n", fifo.display());
    write(&bench.fence_program(), &script, 0o755);
    fifo
}

/// Opening the pipe waits for the program that writes into it.
fn is_started(fifo: &Path) {
    let fifo = fifo.to_owned();
    within("the fence program", move || std::fs::read_to_string(fifo).unwrap());
}

fn stopped(child: Child) -> Output {
    let began = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let output = within("the end", move || child.wait_with_output().unwrap());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(9), "{}", err(&output));
    assert!(err(&output).contains("stopped by a signal\n  do this: "), "{}", err(&output));
    output
}

/// The record says so, nobody has it locked, and the next run ends what was begun.
fn goes_on(bench: &Bench) {
    assert!(bench.log().contains("says that it was interrupted"), "{}", bench.log());
    let begun = bench.log().len();
    let output = bench.run(HOST_ERROR, &["--host", "node0", "-m", "-p", "0"], "");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let log = bench.log().split_off(begun);
    assert!(log.contains("remembers this incident"), "{log}");
    assert!(!log.contains("is gone; taking it over"), "an interrupted run has let go: {log}");
    assert_eq!(bench.power(), Power::Off);
    let cloud = bench.cloud.lock().unwrap();
    assert_ne!(cloud.vm_host(VmId(0)), Some(HostId(0)));
    assert_eq!(cloud.breaches(), []);
}

#[test]
fn while_it_waits_for_the_host() {
    let bench = Bench::new(&hangs());
    let mut child = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "50"], "");
    until(&bench, &mut child, |log| log.contains("wait: "));
    stopped(child);
    assert_eq!(bench.power(), Power::On);
    goes_on(&bench);
}

#[test]
fn while_it_is_held() {
    let bench = Bench::with_settings(&hangs(), "attempts = 1\npatience = \"50ms\"\n");
    let settings = bench.folder.path().join("onerescue.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    write(&settings, &text.replace("deadline = \"0s\"", "deadline = \"1h\""), 0o600);
    let good = std::fs::read_to_string(bench.fence_program()).unwrap();
    write(&bench.fence_program(), "#!/bin/sh\nexit 1\n", 0o755);
    let mut child = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "0"], "");
    until(&bench, &mut child, |log| log.contains("looking again in"));
    stopped(child);
    write(&bench.fence_program(), &good, 0o755);
    goes_on(&bench);
}

#[test]
fn while_a_fence_program_runs() {
    let bench = Bench::new(&hangs());
    let good = std::fs::read_to_string(bench.fence_program()).unwrap();
    let fifo = hanging_program(&bench);
    let reconcile = env!("CARGO_BIN_EXE_onerescue");
    let runs: [(&str, &[&str]); 3] = [
        (FENCE_HOST, &["--host", "node0"]),
        (HOST_ERROR, &["--host", "node0", "-m", "-p", "0"]),
        (reconcile, &["reconcile"]),
    ];
    for (program, arguments) in runs {
        let child = bench.start(program, arguments, "");
        is_started(&fifo);
        stopped(child);
    }
    assert_eq!(bench.log().matches("says that it was interrupted").count(), 3, "{}", bench.log());
    write(&bench.fence_program(), &good, 0o755);
    goes_on(&bench);
}

/// oned answers nobody for a while, as in an election. A second signal changes nothing.
#[test]
fn while_oned_gives_no_answer() {
    let bench = Bench::new(&hangs());
    let mut child = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "50"], "");
    until(&bench, &mut child, |log| log.contains("wait: "));
    let cloud = bench.cloud.lock().unwrap();
    let term = |child: &Child| Command::new("kill").arg(child.id().to_string()).status().unwrap().success();
    assert!(term(&child));
    until(&bench, &mut child, |log| log.contains("stopped by signal 15"));
    assert!(term(&child));
    let note = std::fs::read_to_string(bench.folder.path().join("onerescue-host-0.lock")).unwrap();
    assert_eq!(note.split(' ').count(), 2, "which record, and when it was stopped: {note}");
    until(&bench, &mut child, |log| log.contains("trying again"));
    drop(cloud);
    let output = within("the end", move || child.wait_with_output().unwrap());
    assert_eq!(output.status.code(), Some(9), "{}", err(&output));
    goes_on(&bench);
}

/// The leader is lost with oned here, where the hook runs: the others are known by then, and one of them leads.
#[test]
fn while_oned_of_its_front_end_is_gone() {
    let bench = Bench::new(&hangs());
    let others = bench.of_three();
    let mut child = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "50"], "");
    until(&bench, &mut child, |log| log.contains("wait: "));
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.server_dies(0);
        cloud.advance(Duration::from_secs(30));
        assert_eq!(cloud.leader(), Some(1));
    }
    stopped(child);
    assert!(bench.log().contains("says that it was interrupted"), "{}", bench.log());
    drop(others);
}

/// Killed, and its front-end does not lead any more: what is dead there for sure is let go by its timer. One that lives
/// is not.
#[test]
fn a_follower_lets_go_of_its_own_dead_runs() {
    const ONERESCUE: &str = env!("CARGO_BIN_EXE_onerescue");
    let bench = Bench::new(&hangs());
    let others = bench.of_three();
    let mut child = bench.start(HOST_ERROR, &["--host", "node0", "-m", "-p", "50"], "");
    until(&bench, &mut child, |log| log.contains("wait: "));
    bench.cloud.lock().unwrap().leads(1);
    let lives = bench.run(ONERESCUE, &["reconcile"], "");
    assert_eq!(out(&lives), "nothing to do here: this front-end is a follower; the leader reconciles\n");
    child.kill().unwrap();
    child.wait().unwrap();
    let dry = bench.run(ONERESCUE, &["reconcile", "--dry-run"], "");
    assert!(!out(&dry).contains("interrupted"), "{}", out(&dry));
    let output = bench.run(ONERESCUE, &["reconcile"], "");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("says that it was interrupted"), "{}", out(&output));
    let records = bench.cloud.lock().unwrap().open_incident(HostId(0)).unwrap();
    assert_eq!((records.1.interrupted.is_some(), records.1.lock), (true, None));
    assert_eq!(
        std::fs::read_to_string(bench.folder.path().join("onerescue-host-0.lock")).unwrap_or_default(),
        ""
    );
    let again = bench.run(ONERESCUE, &["reconcile"], "");
    assert!(!out(&again).contains("interrupted"), "{}", out(&again));
    drop(others);
}

#[test]
fn what_has_no_incident_leaves_in_the_same_way() {
    let back = Bench::jumping(super::back::BACK, Duration::from_secs(3));
    back.settings("[host_back]\nstable = \"1h\"\n");
    let mut child = back.start(HOST_BACK, &["--host", "node0"], "");
    until(&back, &mut child, |log| log.contains("wait: 3600 s before anything is started"));
    assert!(err(&stopped(child)).contains("do this: `host_back --host node0`"));
    let down = Bench::jumping(super::down::DOWN, Duration::from_secs(1));
    down.settings("[vm_down]\nwait_interval = \"1h\"\ncrowd_time = \"1h\"\n");
    let mut child = down.start(VM_DOWN, &["--vm", "0"], "");
    until(&down, &mut child, |log| log.contains("wait: 3600 s: it may come back"));
    assert!(err(&stopped(child)).contains("do this: `vm_down --vm 0`"));
}

/// The word that it leaves is for this front-end's reconcile: once, for an hour, and not against anybody's wish.
#[test]
fn a_stopped_run_for_a_vm_is_gone_on_with() {
    const ONERESCUE: &str = env!("CARGO_BIN_EXE_onerescue");
    let bench = Bench::jumping(super::down::DOWN, Duration::from_secs(1));
    let long = "[vm_down]\nwait_interval = \"1h\"\ncrowd_time = \"1h\"\n";
    let short = "[vm_down]\nwait_interval = \"100ms\"\n";
    let note = |vm: u32| bench.folder.path().join(format!("onerescue-vm-{vm}.lock"));
    let interrupt = || {
        bench.settings(long);
        let mut child = bench.start(VM_DOWN, &["--vm", "0"], "");
        let waits = bench.log().matches("it may come back").count();
        until(&bench, &mut child, |log| log.matches("it may come back").count() > waits);
        stopped(child);
        bench.settings(short);
        assert!(std::fs::read_to_string(note(0)).unwrap().starts_with("since "));
    };
    interrupt();
    let plan = bench.run(ONERESCUE, &["reconcile", "--dry-run"], "");
    assert!(out(&plan).contains("vm 0: its run of vm_down was ended before it was done"), "{}", out(&plan));
    let output = bench.run(ONERESCUE, &["reconcile"], "");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("vm_down web (vm 0): recovered\n"), "{}", out(&output));
    assert_eq!(bench.cloud.lock().unwrap().domain_hosts(VmId(0)), [HostId(0)]);
    assert_eq!(std::fs::read_to_string(note(0)).unwrap_or_default(), "");
    assert!(out(&bench.run(ONERESCUE, &["reconcile"], "")).starts_with("nothing to do"));

    // A person powers it off meanwhile.
    {
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.vm_crashes(VmId(0));
        cloud.advance(Duration::from_secs(60));
    }
    interrupt();
    for action in ["resume", "poweroff-hard"] {
        let words = ["oneadmin:password", action].map(|word| Value::Text(word.to_owned()));
        let call =
            Call { method: "one.vm.action".to_owned(), params: [&words[..], &[Value::Int(0)]].concat() };
        let mut cloud = bench.cloud.lock().unwrap();
        cloud.call(0, &call);
        cloud.advance(Duration::from_secs(60));
    }
    let output = bench.run(ONERESCUE, &["reconcile"], "");
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("nothing to do"), "{}", out(&output));
    assert_eq!(bench.cloud.lock().unwrap().domain_hosts(VmId(0)), []);

    // And a word of yesterday counts no more.
    std::fs::write(note(0), "since 1795000000").unwrap();
    assert!(out(&bench.run(ONERESCUE, &["reconcile"], "")).starts_with("nothing to do"));
}

#[test]
fn an_operators_command_leaves_in_the_same_way_and_ends_what_it_has_started() {
    let bench = Bench::new(&DEAD_NODE0.replace("before = [\"dies node0 power_loss\"]\n", ""));
    let fifo = hanging_program(&bench);
    let child = bench.start(env!("CARGO_BIN_EXE_onerescue"), &["check"], "");
    is_started(&fifo);
    assert!(err(&stopped(child)).contains("do this: run the same command again"));
}
