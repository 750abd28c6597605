//! A VM that waits until a port of another one takes a connection: with a real listener, and a real program that connects.

use super::bench::{Bench, HOST_ERROR, err, out};
use onerescue::model::{HostId, VmId, VmState};
use std::net::TcpListener;

/// A database whose interface has the address at which the test listens, and what waits for it.
fn bench(port: u16, more: &str) -> Bench {
    let scenario = format!(
        r#"
title = "a database and its application"
call = "-m"
host = "node0"
before = ["dies node0 power_loss"]
networks = [{{ name = "lan", clusters = ["default"] }}]
hosts = [{{ name = "node0" }}, {{ name = "node1" }}, {{ name = "node2" }}]
vms = [
  {{ name = "db", host = "node0", template = "NIC=[NETWORK_ID=\"0\", IP=\"127.0.0.1\"]", attributes = {{ HA_READY = "TCP:{port}" }} }},
  {{ name = "app", host = "node0", attributes = {{ HA_AFTER = "db" }} }},
]
"#
    );
    Bench::with_settings(&scenario, more)
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn both_run(bench: &Bench) {
    let cloud = bench.cloud.lock().unwrap();
    for vm in [VmId(0), VmId(1)] {
        assert_eq!(cloud.vm_state(vm), Some(VmState::RUNNING));
        assert_ne!(cloud.vm_host(vm), Some(HostId(0)));
    }
    assert_eq!(cloud.breaches(), []);
}

#[test]
fn an_application_is_started_when_the_port_of_its_database_takes_a_connection() {
    let (listener, port) = listener();
    let bench = bench(port, "[ready]\nnetworks = [\"127.0.0.0/8\"]\n");
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    both_run(&bench);
    assert!(listener.accept().is_ok(), "it was connected to");
    let report = out(&output);
    assert!(report.contains(&format!("(TCP:{port})")) && report.contains("2 VMs: 2 recovered"), "{report}");
    let log = bench.log();
    assert!(log.contains("what it waited for runs and is ready"), "{log}");
}

#[test]
fn the_front_end_does_not_connect_to_itself_because_an_interface_has_its_address() {
    let (listener, port) = listener();
    let bench = bench(port, "[settle]\nafter_wait = \"300ms\"\n[ready]\nnot_ready = \"fail\"\n");
    let output = bench.run(HOST_ERROR, &[], &format!("{} -m -p 0", bench.template()));
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    both_run(&bench);
    assert!(listener.accept().is_err(), "nothing was connected to");
    let report = out(&output);
    assert!(report.contains("vm 0 db: recovered, not ready: RUNNING on"), "{report}");
    assert!(report.contains("127.0.0.1 is not to be connected to"), "{report}");
}
