//! The whole procedure: the real `host_error` and `fence_host`, a cloud on a loopback port, a real agent and a
//! real controller. VMs move if, and only if, the process group that stands for their host is dead.

use super::lab::Lab;
use super::processes::within;
use super::rig::{HANGS, HUNG_NODE0, ONE_TRY, Rig};
use super::secrets::recover_watched;
use crate::hooks::bench::{FENCE_HOST, HOST_ERROR};
use onerescue::sim::Power;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn row_01_a_host_that_hangs_is_switched_off_and_its_vms_move() {
    let rig = Rig::new(Lab::start(61)).real_agent("", "30s", 1);
    assert!(rig.lab.machine_runs());
    let ended = rig.recover();
    rig.recovered(&ended);
    assert_eq!(rig.lab.orders(), 1);
    assert!(ended.took < seconds(20), "{:?}", ended.took);
}

#[test]
fn row_01_fence_host_switches_off_and_leaves_the_vms_alone() {
    let rig = Rig::new(Lab::start(62)).real_agent("", "30s", 1);
    let ended = rig.end(Instant::now(), rig.start(&[FENCE_HOST], ""));
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(!rig.lab.machine_runs());
    assert_eq!(rig.bench.power(), Power::Off);
    rig.untouched();
}

#[test]
fn row_03_a_host_that_is_off_already_is_sent_nothing() {
    let lab = Lab::start(63);
    lab.kill_machine();
    let rig = Rig::with_scenario(lab, &HUNG_NODE0.replace("hang", "power_loss")).real_agent("", "30s", 1);
    rig.recovered(&rig.recover());
    assert_eq!(rig.lab.orders(), 0);
}

#[test]
fn row_05_a_wrong_password_is_tried_a_few_times_only() {
    let lab = Lab::start(65);
    lab.set_secret("not-the-password");
    let rig = Rig::new(lab).real_agent("attempts = 2\npatience = \"300ms\"\n", "10s", 1);
    let ended = rig.recover();
    rig.refused(&ended, "ipmi says unknown");
    assert!(!ended.said.contains("not-the-password"), "{}", ended.said);
    let asked = rig.bench.log().matches("ipmi says unknown").count();
    assert!(asked <= 6, "asked {asked} times");
    assert!(rig.lab.machine_runs());
    assert_eq!(rig.lab.orders(), 0);
}

/// Nobody hangs, whoever else does. The three run at the same time, because they mostly wait.
#[test]
fn rows_06_07_43_the_run_ends_in_time_and_leaves_nobody_behind() {
    let (dead, hung) = (Rig::new(Lab::start(66)), Rig::new(Lab::start(67)));
    let (dead, hung) = (dead.real_agent(ONE_TRY, "2s", 20), hung.real_agent(ONE_TRY, "2s", 20));
    let agent = Rig::new(Lab::without_controller()).stand_in(ONE_TRY, "1s");
    dead.lab.signal_controller("KILL");
    hung.lab.signal_controller("STOP");
    agent.lab.install("fence_test", HANGS);
    let in_time = |rig: &Rig, why: &str| {
        let ended = rig.recover();
        rig.refused(&ended, why);
        assert!(ended.took < seconds(20), "{:?}", ended.took);
    };
    thread::scope(|scope| {
        scope.spawn(|| in_time(&dead, "ipmi says unknown"));
        scope.spawn(|| in_time(&hung, "no answer in time"));
        scope.spawn(|| in_time(&agent, "no answer in time"));
    });
    assert!(dead.lab.machine_runs() && hung.lab.machine_runs());
}

#[test]
fn row_09_a_controller_that_says_ok_and_does_nothing_moves_no_vm() {
    let rig = Rig::new(Lab::start(69)).real_agent("attempts = 2\npatience = \"0s\"\n", "30s", 1);
    rig.lab.fault("ignored");
    let ended = rig.recover();
    rig.refused(&ended, "\"off\" was sent to ipmi 2 times");
    assert!(rig.lab.orders() >= 2);
    assert!(rig.lab.machine_runs());
}

#[test]
fn row_10_a_controller_that_refuses_moves_no_vm() {
    let rig = Rig::new(Lab::start(70)).real_agent(ONE_TRY, "30s", 1);
    rig.lab.fault("refused");
    rig.refused(&rig.recover(), "ipmi says on");
    assert_eq!(rig.lab.orders(), 1);
    assert!(rig.lab.machine_runs());
}

#[test]
fn row_11_a_status_that_cannot_be_read_moves_no_vm() {
    let rig = Rig::new(Lab::start(71)).real_agent(ONE_TRY, "10s", 1);
    rig.lab.fault("unreadable");
    rig.refused(&rig.recover(), "ipmi says unknown");
    assert!(rig.lab.machine_runs());
}

#[test]
fn row_14_a_flapping_status_moves_no_vm() {
    let rig = Rig::new(Lab::start(74)).real_agent("attempts = 1\npatience = \"2s\"\n", "30s", 1);
    rig.lab.fault("flapping");
    let ended = rig.recover();
    rig.refused(&ended, "ipmi says on");
    assert!(ended.said.contains("ipmi says off"), "{}", ended.said);
    assert!(rig.lab.machine_runs());
}

/// A power cut took the controller with it; when the power returns, the machine runs again too.
#[test]
fn row_27_a_controller_that_is_there_again_is_used_at_the_next_look() {
    let mut rig = Rig::new(Lab::start(77));
    let devices = rig.lab.devices("fence_ipmilan", "8s", 1);
    let hold = "look = \"500ms\"\nlongest = \"500ms\"\ndeadline = \"60s\"";
    rig.bench.settings_with_hold(hold, &format!("{ONE_TRY}{devices}"));
    rig.lab.signal_controller("KILL");
    let (begin, run) = (Instant::now(), rig.start(&[HOST_ERROR], " -m -p 0"));
    assert!(within(seconds(30), || rig.bench.log().contains("HELD: ")), "{}", rig.bench.log());
    rig.untouched();
    assert_eq!(rig.lab.orders(), 0);
    rig.lab.restart_controller();
    let ended = rig.end(begin, run);
    rig.recovered(&ended);
    assert_eq!(rig.lab.orders(), 1, "on, so it was sent off");
}

#[test]
fn row_40_an_agent_that_cannot_be_started_is_named() {
    let rig = Rig::new(Lab::without_controller()).stand_in(ONE_TRY, "5s");
    rig.refused(&rig.recover(), "there is no program fence_test");
    let agent = rig.lab.install("fence_test", "#!/bin/sh\necho Status: OFF\nexit 2\n");
    for mode in [0o644, 0o777] {
        fs::set_permissions(&agent, fs::Permissions::from_mode(mode)).unwrap();
        rig.refused(&rig.recover(), "fence_test cannot be started");
    }
}

#[test]
fn row_42_an_agent_that_says_nothing_moves_no_vm() {
    let rig = Rig::new(Lab::without_controller()).stand_in(ONE_TRY, "10s");
    for end in ["exit 0", "exit 2", "exit 139", "kill -SEGV $$", "exec /nonexistent"] {
        rig.lab.install("fence_test", &format!("#!/bin/sh\n{end}\n"));
        rig.refused(&rig.recover(), "ipmi says unknown");
    }
    rig.lab.install("fence_test", "#!/nonexistent/python\n");
    rig.refused(&rig.recover(), "not started: ");
}

#[test]
fn row_42_after_an_order_that_crashed_the_status_decides() {
    let rig = Rig::new(Lab::start(82)).stand_in("", "10s");
    let agent = r#"#!/bin/sh
        dir=$(dirname "$0")
        case $(cat) in
        *action=off) "$dir/chassis.sh" "$dir" set power 0; kill -SEGV $$ ;;
        *action=status) case $("$dir/chassis.sh" "$dir" get power) in
            power:0) echo "Status: OFF"; exit 2 ;;
            power:1) echo "Status: ON"; exit 0 ;;
            esac ;;
        esac
        exit 1
    "#;
    rig.lab.install("fence_test", agent);
    let ended = rig.recover();
    rig.recovered(&ended);
    assert!(ended.said.contains("which says: ended by signal 11"), "{}", ended.said);
}

/// The agent gives up after one second, the machine goes after two.
#[test]
fn rows_12_48_a_slow_off_is_proven_when_it_is_done_and_no_secret_is_told() {
    let rig = Rig::new(Lab::start(72)).real_agent("patience = \"20s\"\n", "30s", 1);
    rig.lab.fault("slow");
    let ended = recover_watched(&rig, &[&rig.lab.password], &["fence_ipmilan", "/ipmitool"]);
    rig.recovered(&ended);
    assert!(ended.said.contains("\"off\" was sent to ipmi, which says: "), "{}", ended.said);
    assert_eq!(rig.lab.orders(), 1);
}
