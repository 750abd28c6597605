//! Fencing from a peer: the real agent and `ipmi_sim` behind a real `sshd`, and stand-ins for agents that misbehave.

use super::peers::{Peers, peer};
use crate::fence_real::lab::{DOCUMENT, Lab, device, host, unknown};
use crate::fence_real::processes::{eventually, kill, processes};
use onerescue::model::{HostId, Peer, PowerState, Route};
use onerescue::world::fence::Fence;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The lab's device, asked from a peer. Its agent is in `directory` over there.
fn from_peer(lab: &Lab, peers: &Peers, agent: &str, directory: &Path, timeout: &str) -> Fence {
    let devices = lab.devices(agent, timeout, 4);
    let devices = devices.replace("driver = \"agent\"", "driver = \"agent\"\nfrom = \"peer\"");
    Fence::new(&peers.config("", &format!("[fence]\nagents_dir = [{directory:?}]\n{devices}")))
}

/// An agent of the test's own making, and the fence that asks it from a peer.
fn stand_in(lab: &Lab, peers: &Peers, text: &str, timeout: &str) -> Fence {
    let program = lab.install("fence_test", text);
    from_peer(lab, peers, "fence_test", program.parent().unwrap(), timeout)
}

fn off(fence: &Fence, via: Option<&Peer>) -> Result<(), String> {
    fence.off(&host(), DOCUMENT, &device(), via).map_err(|failed| failed.why().to_owned())
}

fn status(fence: &Fence, via: Option<&Peer>) -> PowerState {
    fence.status(&host(), DOCUMENT, &device(), via)
}

#[test]
fn row_43_a_peer_fences_where_another_cannot_be_reached() {
    let (lab, mut peers) = (Lab::start(201), Peers::start(2));
    let fence = from_peer(&lab, &peers, "fence_ipmilan", Path::new("/usr/sbin"), "30s");
    let level = &fence.plan(&host()).unwrap()[0].0;
    assert_eq!(level[0].route, Route::Peer);
    peers.stop(1);
    let why = off(&fence, Some(&peer(1))).unwrap_err();
    assert!(why.starts_with("from peer1 (host 1): exit code 255: ssh: connect to host "), "{why}");
    let why = unknown(status(&fence, Some(&peer(1))));
    assert!(why.starts_with("from peer1 (host 1): exit code 255: "), "{why}");
    assert_eq!((lab.orders(), lab.machine_runs()), (0, true));

    assert_eq!(status(&fence, Some(&peer(2))), PowerState::On);
    assert_eq!(off(&fence, Some(&peer(2))), Ok(()));
    assert_eq!(status(&fence, Some(&peer(2))), PowerState::Off);
    assert!(!lab.machine_runs());
    assert_eq!(off(&fence, Some(&peer(2))), Ok(()));
    assert_eq!(lab.orders(), 1);
}

#[test]
fn row_43_a_host_does_not_fence_itself_and_nobody_guesses_a_peer() {
    let (lab, peers) = (Lab::start(202), Peers::start(1));
    let fence = from_peer(&lab, &peers, "fence_ipmilan", Path::new("/usr/sbin"), "30s");
    let itself = Peer { id: host().id, ..peer(1) };
    assert_eq!(
        off(&fence, Some(&itself)).unwrap_err(),
        "from peer1 (host 0): a host is not asked to fence itself"
    );
    unknown(status(&fence, Some(&itself)));
    assert_eq!(off(&fence, None).unwrap_err(), "it is reached from a peer, and none was named");
    unknown(status(&fence, None));
    let stranger = Peer { id: HostId(5), name: "-oProxyCommand=x".to_owned() };
    let why = off(&fence, Some(&stranger)).unwrap_err();
    assert!(why.contains("the address of host 5: "), "{why}");
    assert_eq!((lab.orders(), lab.machine_runs()), (0, true));
}

#[test]
fn row_40_the_agent_is_the_peers_and_not_the_front_ends() {
    let (lab, peers) = (Lab::without_controller(), Peers::start(1));
    let fence = from_peer(&lab, &peers, "fence_test", Path::new("/nonexistent"), "30s");
    fence.plan(&host()).unwrap();
    // 127, and not 2, which python would say.
    let why = unknown(status(&fence, Some(&peer(1))));
    assert!(why.starts_with("from peer1 (host 1): exit code 127: "), "{why}");
    off(&fence, Some(&peer(1))).unwrap_err();
}

#[test]
fn a_plan_without_an_ssh_that_can_be_started_is_refused() {
    let (lab, peers) = (Lab::without_controller(), Peers::start(1));
    let devices = lab.devices("fence_test", "30s", 4);
    let devices = devices.replace("driver = \"agent\"", "driver = \"agent\"\nfrom = \"peer\"");
    let mut config = peers.config("", &devices);
    config.witness.ssh = vec!["/nonexistent/ssh".to_owned()];
    let fence = Fence::new(&config);
    let why = fence.plan(&host()).unwrap_err().to_string();
    assert!(why.contains("/nonexistent/ssh cannot be started"), "{why}");
    unknown(status(&fence, Some(&peer(1))));
}

#[test]
fn row_42_over_ssh_too_code_and_line_must_agree() {
    let (lab, peers) = (Lab::without_controller(), Peers::start(1));
    let says = |line: &str, code: u8| {
        let fence =
            stand_in(&lab, &peers, &format!("#!/bin/sh\ncat >/dev/null\n{line}\nexit {code}\n"), "30s");
        (status(&fence, Some(&peer(1))), off(&fence, Some(&peer(1))))
    };
    assert_eq!(says("echo Status: OFF", 2).0, PowerState::Off);
    assert_eq!(says("echo Status: ON", 0).0, PowerState::On);
    assert_eq!(says("echo Status: ON", 0).1, Ok(()));
    for (line, code) in [
        ("", 0),
        ("", 2),
        ("echo Status: OFF", 0),
        ("echo Status: OFF", 255),
        ("echo Status: OFF; kill -9 $$", 2),
    ] {
        let (state, told) = says(line, code);
        let why = unknown(state);
        assert!(why.starts_with("from peer1 (host 1): "), "{why}");
        assert_eq!(told.is_ok(), code == 0, "{line} {code}");
    }
}

#[test]
fn row_48_secrets_reach_the_peer_on_standard_input_only() {
    let (lab, peers) = (Lab::without_controller(), Peers::start(1));
    let password = &format!("s3cr3t-over-ssh-{}", std::process::id());
    lab.set_secret(password);
    // It has no argument, waits until it was looked at, a minute at most, and then tells everything it knows.
    let text = "#!/bin/sh\ninput=$(cat)\necho $# >\"$0.began\"\nn=0\n\
                while ! [ -e \"$0.looked\" ] && [ $n -lt 1200 ]; do n=$((n + 1)); sleep 0.05; done\n\
                echo \"$input\" | grep password >&2\necho \"$input\" | grep -c action=off >\"$0.action\"\nexit 1\n";
    let fence = stand_in(&lab, &peers, text, "60s");
    let told = thread::scope(|scope| {
        let told = scope.spawn(|| off(&fence, Some(&peer(1))));
        assert!(eventually(
            || fs::read_to_string(lab.path("fence_test.began")).is_ok_and(|text| text == "0\n")
        ));
        let all = processes();
        assert!(all.iter().any(|process| process.command.contains("ssh_config")), "ssh is not among them");
        for process in all {
            assert!(!process.command.contains(password), "{}", process.command);
            assert!(!process.environment.contains(password), "{}", process.command);
        }
        fs::write(lab.path("fence_test.looked"), "").unwrap();
        told.join().unwrap()
    });
    assert_eq!(told.unwrap_err(), "from peer1 (host 1): exit code 1: password=(redacted)");
    assert_eq!(fs::read_to_string(lab.path("fence_test.action")).unwrap(), "1\n");
    assert!(!format!("{fence:?}").contains(password));
}

#[test]
fn row_43_the_devices_timeout_is_the_end_of_a_peer_that_hangs() {
    let (lab, peers) = (Lab::without_controller(), Peers::start(1));
    let text = "#!/bin/sh\necho $$ >\"$0.pid\"\ntrap '' TERM HUP PIPE\nexec sleep 600\n";
    let fence = stand_in(&lab, &peers, text, "6s");
    let begin = Instant::now();
    let why = unknown(status(&fence, Some(&peer(1))));
    assert_eq!(why, "from peer1 (host 1): no answer in time");
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(6) && took < Duration::from_secs(11), "{took:?}");
    // It lives on over there, as the documentation says.
    let pid = fs::read_to_string(lab.path("fence_test.pid")).unwrap();
    assert!(kill("KILL", pid.trim()));
}

#[test]
fn a_device_of_the_front_end_can_be_asked_from_a_peer_too() {
    let (lab, peers) = (Lab::start(203), Peers::start(1));
    let devices = lab.devices("fence_ipmilan", "30s", 4);
    let fence = Fence::new(&peers.config("", &devices));
    assert_eq!(status(&fence, None), PowerState::On);
    assert_eq!(status(&fence, Some(&peer(1))), PowerState::On);
}
