//! Witnesses with the real components: `ssh` and `sshd` between hosts that are loopback addresses, `ping`, a Consul
//! cluster, and `fence_ipmilan` against `ipmi_sim` from a peer. A test is named after its row of the matrix.
//!
//! Needs Debian's `openssh-server`, `fence-agents`, `ipmitool` and `openipmi`; fails without them. Without `ping` or
//! Consul it says what it did not check.

mod banner;
mod consul;
mod domain;
mod fence;
mod look;
mod nodes;
pub(crate) mod peers;

use crate::fence_real::processes::{eventually, kill};
use onerescue::model::{HostId, Opinion, Testimony};
use onerescue::world::witness::Witness;
use peers::{Peers, peer, suspect};
use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// A probe that sees the host as long as a file of its address is there.
fn seen(peers: &Peers) -> String {
    format!("probe = [\"/usr/bin/test\", \"-e\", \"{}/{{address}}\"]", peers.folder())
}

/// Say what could not be had. The test harness shows only what is written past it.
fn not_checked(what: &str) {
    let _ = writeln!(std::io::stderr(), "NOT CHECKED: {what}");
}

fn opinions(testimonies: &[Testimony]) -> Vec<Opinion> {
    testimonies.iter().map(|testimony| testimony.opinion).collect()
}

#[test]
fn rows_31_32_every_peer_says_what_it_sees() {
    let peers = Peers::start(3);
    let witness = peers.witness(&seen(&peers), "");
    let asked = [peer(1), peer(2), peer(3)];
    fs::write(peers.path("kvm9"), "").unwrap();
    let said: Vec<_> = witness.ask(&suspect("kvm9"), &asked).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "peer1 (host 1) says alive (exit code 0)",
            "peer2 (host 2) says alive (exit code 0)",
            "peer3 (host 3) says alive (exit code 0)",
        ]
    );
    fs::remove_file(peers.path("kvm9")).unwrap();
    assert_eq!(opinions(&witness.ask(&suspect("kvm9"), &asked)), [Opinion::Dead; 3]);
    assert_eq!(witness.ask(&suspect("kvm9"), &[]), []);
}

#[test]
fn an_address_in_the_settings_is_used_for_the_peer_and_for_the_host() {
    let peers = Peers::start(1);
    let hosts = "[device.own]\ndriver = \"command\"\noff = [\"/bin/false\"]\n\
                 [[host]]\nid = 7\nname = \"kvm7\"\ndevices = [\"own\"]\naddress = \"peer1\"\n\
                 [[host]]\nid = 9\nname = \"kvm9\"\ndevices = [\"own\"]\naddress = \"10.7.0.9\"\n";
    let witness = peers.witness(&seen(&peers), hosts);
    fs::write(peers.path("10.7.0.9"), "").unwrap();
    let kvm7 = onerescue::model::Peer { id: HostId(7), name: "kvm7".to_owned() };
    assert_eq!(opinions(&witness.ask(&suspect("kvm9"), std::slice::from_ref(&kvm7))), [Opinion::Alive]);
    // Another host that has got the id is looked for under its own name, and so is another peer.
    assert_eq!(opinions(&witness.ask(&suspect("kvm90"), &[kvm7])), [Opinion::Dead]);
    let renamed = onerescue::model::Peer { id: HostId(7), name: "127.0.20.250".to_owned() };
    assert_eq!(opinions(&witness.ask(&suspect("kvm9"), &[renamed])), [Opinion::None]);
}

#[test]
fn row_33_a_peer_that_cannot_be_asked_has_no_opinion() {
    let mut peers = Peers::start(3);
    let witness = peers.witness(&seen(&peers), "");
    peers.stop(2);
    let said = witness.ask(&suspect("kvm9"), &[peer(1), peer(2), peer(3)]);
    assert_eq!(opinions(&said), [Opinion::Dead, Opinion::None, Opinion::Dead]);
    assert!(said[1].said.starts_with("exit code 255: ssh: connect to host 127.0."), "{}", said[1].said);

    // A login that is refused, and a program that is not there, say nothing about the host either.
    fs::write(peers.path("authorized_keys"), "").unwrap();
    let said = witness.ask(&suspect("kvm9"), &[peer(1)]);
    assert_eq!(opinions(&said), [Opinion::None]);
    assert!(said[0].said.contains("Permission denied"), "{}", said[0].said);
    peers.authorize("");
    let missing = peers.witness("probe = [\"/nonexistent/probe\", \"{address}\"]", "");
    let said = missing.ask(&suspect("kvm9"), &[peer(1)]);
    assert_eq!(opinions(&said), [Opinion::None]);
    assert!(said[0].said.starts_with("exit code 127: "), "{}", said[0].said);
}

#[test]
fn row_33_a_peer_with_another_key_than_known_is_not_believed() {
    let peers = Peers::start(1);
    fs::write(peers.path("kvm9"), "").unwrap();
    let witness = peers.witness(&seen(&peers), "");
    assert_eq!(opinions(&witness.ask(&suspect("kvm9"), &[peer(1)])), [Opinion::Alive]);
    peers.know_another_key();
    let said = witness.ask(&suspect("kvm9"), &[peer(1)]);
    assert_eq!(opinions(&said), [Opinion::None]);
    assert!(said[0].said.starts_with("exit code 255: "), "{}", said[0].said);
}

#[test]
fn row_43_a_host_is_no_witness_of_itself() {
    let peers = Peers::start(2);
    let witness = peers.witness(&peers.traces(), "");
    let mut itself = peer(1);
    itself.id = suspect("kvm9").id;
    let said = witness.ask(&suspect("kvm9"), &[itself, peer(2)]);
    assert_eq!(opinions(&said), [Opinion::None, Opinion::Alive]);
    assert_eq!(said[0].said, "not asked: it is the host in question");
    assert_eq!(peers.commands(), 1);
}

#[test]
fn row_33_slow_peers_are_cut_at_the_same_timeout_and_the_others_heard() {
    let peers = Peers::start(3);
    // It tells who it is, and then waits longer than anybody.
    let slow = peers.install("slow", "#!/bin/sh\necho $$ >>\"$0.pids\"\nexec sleep 600\n");
    let witness = peers.witness(&format!("probe = [\"{}\"]\ntimeout = \"6s\"", slow.display()), "");
    peers.force(1, "/bin/true");
    let begin = Instant::now();
    let said = witness.ask(&suspect("kvm9"), &[peer(1), peer(2), peer(3)]);
    let took = begin.elapsed();
    assert_eq!(opinions(&said), [Opinion::Alive, Opinion::None, Opinion::None]);
    assert_eq!(said[1].said, "no answer in time");
    // One after the other they would take twelve.
    assert!(took >= Duration::from_secs(6) && took < Duration::from_secs(12), "{took:?}");
    // What was started over there does not end with the connection, as the documentation says.
    let pids = fs::read_to_string(peers.path("slow.pids")).unwrap();
    assert_eq!(pids.lines().count(), 2, "{pids}");
    for pid in pids.lines() {
        assert!(kill("KILL", pid), "{pid} has ended with the connection");
    }
}

#[test]
fn a_name_that_a_shell_would_understand_is_not_asked_about_and_not_asked() {
    let peers = Peers::start(1);
    let witness = peers.witness(&peers.traces(), "");
    let pwned = peers.path("pwned").display().to_string();
    let names = [
        format!("kvm9; touch {pwned}"),
        format!("$(touch {pwned})"),
        format!("-oProxyCommand=touch {pwned}"),
        format!("kvm9\ntouch {pwned}"),
        format!("`touch {pwned}`"),
        format!("kvm9|touch {pwned}"),
        String::new(),
    ];
    for name in &names {
        let said = witness.ask(&suspect(name), &[peer(1)]);
        assert_eq!(opinions(&said), [Opinion::None], "{name:?}");
        assert!(said[0].said.starts_with("not asked: the address of host 9: "), "{}", said[0].said);
        let stranger = onerescue::model::Peer { id: HostId(2), name: name.clone() };
        let said = witness.ask(&suspect("kvm9"), &[stranger]);
        assert_eq!(opinions(&said), [Opinion::None], "{name:?}");
        assert!(said[0].said.starts_with("not asked: the address of host 2: "), "{}", said[0].said);
        assert!(!said[0].witness.contains('\n'));
    }
    assert_eq!(peers.commands(), 0);
    assert!(!peers.path("pwned").exists());
    let said = witness.ask(&suspect("kvm9"), &[peer(1)]);
    assert_eq!(opinions(&said), [Opinion::Alive], "{said:?}");
    assert_eq!(peers.commands(), 1);
}

#[test]
fn the_words_of_the_probe_arrive_as_they_stand_in_the_settings() {
    let peers = Peers::start(1);
    let word = "a  b'c$HOME;`x`*~{address}";
    let arrives = |expected: &str| {
        let probe = format!("probe = [\"/usr/bin/test\", \"{word}\", \"=\", \"{expected}\"]");
        opinions(&peers.witness(&probe, "").ask(&suspect("kvm9"), &[peer(1)]))
    };
    assert_eq!(arrives("a  b'c$HOME;`x`*~kvm9"), [Opinion::Alive]);
    assert_eq!(arrives("a b'c$HOME;`x`*~kvm9"), [Opinion::Dead]);
}

#[test]
fn row_44_a_peer_that_talks_without_end_is_bounded() {
    let peers = Peers::start(1);
    let loud = peers
        .install("loud", "#!/bin/sh\nhead -c 10000000 /dev/zero\nhead -c 1000000 /dev/urandom >&2\nexit 1\n");
    let witness: Witness = peers.witness(&format!("probe = [\"{}\"]", loud.display()), "");
    let said = witness.ask(&suspect("kvm9"), &[peer(1)]);
    assert_eq!(opinions(&said), [Opinion::Dead]);
    assert!(
        said[0].said.chars().count() <= 200 && !said[0].said.contains(char::is_control),
        "{}",
        said[0].said
    );
}

#[test]
fn nothing_of_the_lab_stays_behind() {
    let peers = Peers::start(1);
    let daemons = peers.daemons();
    assert_eq!(daemons.len(), 1);
    drop(peers);
    assert!(eventually(|| daemons.iter().all(|pid| !kill("0", &pid.to_string()))));
}
