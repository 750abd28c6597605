//! `onerescue watch` against the served cloud and real sshds on loopback addresses.

use super::bench::{Bench, ONERESCUE, err, out, write};
use crate::fence_real::processes::{eventually, kill};
use onerescue::model::{HostId, HostState};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Five hosts in one cluster.
const FIVE: &str = r#"
title = "all is well"
call = "-m"
host = "node0"
hosts = [{ name = "node0" }, { name = "node1" }, { name = "node2" }, { name = "node3" }, { name = "node4" }]
"#;

/// An sshd on this address, with a key in the bench's folder.
fn sshd(bench: &Bench, address: &str, port: u16) -> Child {
    let folder = bench.folder.path().display();
    if !bench.path("host_key").exists() {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(bench.path("host_key"));
        assert!(keygen.stdin(Stdio::null()).status().unwrap().success());
    }
    if !std::path::Path::new("/run/sshd").exists() {
        let _ = std::fs::create_dir("/run/sshd");
    }
    let config =
        format!("ListenAddress {address}\nPort {port}\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n");
    let file = bench.path(&format!("sshd-{address}"));
    write(&file, &config, 0o600);
    let daemon = Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sshd (Debian: openssh-server) is needed");
    assert!(eventually(|| TcpStream::connect((address, port)).is_ok()), "{address}");
    daemon
}

/// A socket that listens, and takes nothing any more: what is sent to it is dropped.
fn drops_packets(address: Ipv4Addr, port: u16) -> (TcpListener, Vec<std::net::TcpStream>) {
    let listener = TcpListener::bind((address, port)).unwrap();
    rustix::net::listen(listener.as_fd(), 0).unwrap();
    let target = SocketAddrV4::new(address, port).into();
    let mut full = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&target, Duration::from_millis(300)) {
        full.push(stream);
    }
    (listener, full)
}

/// What oned was asked to do with hosts.
fn calls(bench: &Bench) -> Vec<String> {
    let cloud = bench.cloud.lock().unwrap();
    let carried = cloud.carried_out().iter().map(|carried| carried.call.clone());
    carried.filter(|call| call.starts_with("one.host.status")).collect()
}

#[test]
fn a_host_without_a_banner_is_looked_at_once_and_one_that_refuses_is_not() {
    let bench = Bench::new(FIVE);
    let port = TcpListener::bind("127.0.51.9:0").unwrap().local_addr().unwrap().port();
    let address = |id| format!("127.0.51.{}", id + 1);
    let mut daemons: Vec<Child> = [0, 1, 3, 4].map(|id| sshd(&bench, &address(id), port)).into();
    // One that takes connections and says nothing, one that is gone, one whose packets are dropped; two are well.
    assert!(kill("STOP", &daemons[0].id().to_string()));
    daemons[1].kill().unwrap();
    daemons[1].wait().unwrap();
    let _full = drops_packets(Ipv4Addr::new(127, 0, 51, 3), port);
    let entry = |id: u32| {
        format!(
            "[[host]]\nid = {id}\nname = \"node{id}\"\naddress = \"{}\"\ndevices = [\"machine\"]\nsame_power_accepted = true\n",
            address(id)
        )
    };
    let hosts: String = (0..5).map(entry).collect();
    // Whom the peers are asked about gives them no answer.
    bench.answers("ssh", "exit 1");
    let more = format!(
        "[watch]\nport = {port}\nevery = \"1s\"\nsilence = \"3s\"\n[brake]\nfailing_percent = 100\n\
         [witness]\npeers = 1\nssh = [\"{}\"]\n",
        bench.path("ssh").display()
    );
    bench.settings(&more, &hosts);
    let output = bench.run(&["watch", "--for", "14"]);
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    let mut asked = calls(&bench);
    asked.sort();
    let log = bench.log();
    let expected =
        ["one.host.status 0 0", "one.host.status 0 2", "one.host.status 2 0", "one.host.status 2 2"];
    assert_eq!(asked, expected, "{log}");
    assert!(log.contains("node1 (host 1) refuses connections to port"), "{log}");
    assert_eq!(log.matches("refuses connections to port").count(), 1, "{log}");
    let cloud = bench.cloud.lock().unwrap();
    for host in [1, 3, 4] {
        assert_eq!(cloud.host_state(HostId(host)), Some(HostState::Monitored), "{host}");
    }
    drop(cloud);
    let forced = bench.memory().forced;
    assert_eq!(forced.len(), 2);
    assert!(forced.iter().all(|(_, forced)| forced.over.is_some() && forced.times == 1), "{forced:?}");
    assert!(kill("CONT", &daemons[0].id().to_string()));
    for daemon in &mut daemons {
        let _ = daemon.kill();
        let _ = daemon.wait();
    }
}

#[test]
fn there_is_one_watcher_and_check_names_it() {
    let bench = Bench::new(FIVE);
    let mut first = Command::new(ONERESCUE);
    let mut first = first
        .env_clear()
        .envs(bench.start().get_envs().filter_map(|(key, value)| Some((key, value?))))
        .args(["watch", "--for", "60"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(eventually(|| bench.path("onerescue-watch.lock").exists()));
    let second = bench.run(&["watch", "--for", "1"]);
    assert!(!second.status.success());
    assert!(err(&second).contains("another `onerescue watch` is at work"), "{}", err(&second));
    let said = out(&bench.run(&["check"]));
    assert!(said.contains("`onerescue watch` is at work"), "{said}");
    assert!(kill("TERM", &first.id().to_string()));
    assert_eq!(first.wait().unwrap().code(), Some(9));
    let said = out(&bench.run(&["check"]));
    assert!(said.contains("`onerescue watch` does not run here"), "{said}");
}

#[test]
fn reconcile_enables_what_a_watcher_has_left_offline_and_not_what_a_person_has() {
    use onerescue::model::{Epoch, Forced};
    use onerescue::wire::record::Record;
    use onerescue::wire::xmlrpc::Value;
    let bench = Bench::new(FIVE);
    let now = bench.cloud.lock().unwrap().epoch();
    let forced = Forced {
        host: HostId(2),
        name: "node2".to_owned(),
        by: "fe9 4711 1795165661".to_owned(),
        at: Epoch(now - 600),
        state: HostState::Monitored,
        heard: None,
        why: "no ssh banner for 10 s; machine says off".to_owned(),
        times: 1,
        unsure: false,
        over: None,
    };
    bench.remember(&Record::Forced(forced));
    for host in [2, 3] {
        bench.oned("one.host.status", vec![Value::Int(host), Value::Int(2)]);
    }
    let output = bench.run(&["reconcile"]);
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    let state = |host| bench.cloud.lock().unwrap().host_state(HostId(host));
    assert_ne!(state(2), Some(HostState::Offline), "{}", bench.log());
    assert_eq!(state(3), Some(HostState::Offline));
    assert!(bench.memory().forced[0].1.over.is_some());
}
