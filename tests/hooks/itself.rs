//! Is it us? The machine that runs the hook, and since when its zone has its leader.

use super::bench::{Bench, DEAD_NODE0, FENCE_HOST, HOST_ERROR, err, out};
use onerescue::model::{HostId, VmId};
use onerescue::sim::{Clock, Power, Server};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// node0 hangs as far as oned can see, and its template has this attribute.
fn node0(attribute: &str, value: &str) -> Bench {
    let own = format!("{{ name = \"node0\", attributes = {{ {attribute} = \"{value}\" }} }}");
    Bench::new(&DEAD_NODE0.replace("power_loss", "front_end_cut").replacen("{ name = \"node0\" }", &own, 1))
}

#[test]
fn the_machine_that_runs_the_hook_is_never_fenced_and_loses_no_vm() {
    let signs = [("HOSTNAME", read("/proc/sys/kernel/hostname")), ("MACHINE_ID", read("/etc/machine-id"))];
    for (attribute, value) in signs {
        if value.is_empty() || value.starts_with("localhost") {
            continue;
        }
        let bench = node0(attribute, &value);
        for (program, arguments) in
            [(HOST_ERROR, &["-m", "-p", "0"][..]), (HOST_ERROR, &["-m", "-u", "-p", "0"]), (FENCE_HOST, &[])]
        {
            let output = bench.run(program, arguments, &bench.template());
            assert_eq!(output.status.code(), Some(7), "{attribute} {arguments:?}: {}", err(&output));
            let said = out(&output) + &err(&output);
            assert!(said.contains("node0 (host 0) is this machine itself"), "{said}");
            assert_eq!(bench.power(), Power::On);
            assert_eq!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
        }
    }
}

#[test]
fn a_host_that_is_another_machine_is_fenced() {
    let bench = node0("HOSTNAME", "another-machine");
    let output = bench.run(FENCE_HOST, &[], &bench.template());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(bench.power(), Power::Off);
}

/// Nobody has looked before: the election may have been a second ago. The next process finds the note of the first one.
#[test]
fn the_leader_of_a_zone_is_as_old_as_the_first_look_of_any_program() {
    let zone = DEAD_NODE0
        .replace("power_loss", "front_end_cut")
        .replace("host = \"node0\"\nbefore", "host = \"node0\"\nfront_ends = 3\nbefore");
    let bench = Bench::with_settings(&zone, "[brake]\nstartup_grace = \"10s\"");
    let more = |at| Server::start(Arc::clone(&bench.cloud), at, 0, Clock::Jumping(Duration::ZERO)).unwrap();
    let others = [more(1), more(2)];
    let ports = [
        bench.address(),
        format!("127.0.0.1:{}", others[0].port()),
        format!("127.0.0.1:{}", others[1].port()),
    ];
    for (at, port) in ports.iter().enumerate() {
        bench.cloud.lock().unwrap().set_endpoint(at, &format!("http://{port}/RPC2"));
    }
    let note = bench.folder.path().join("leader");
    let fence = || bench.run(FENCE_HOST, &[], &bench.template());
    let held = fence();
    assert_eq!(held.status.code(), Some(7), "{}{}", out(&held), err(&held));
    assert!(
        (out(&held) + &err(&held)).contains("the leader of this zone is known here for less than 10 s"),
        "{}",
        err(&held)
    );
    assert_eq!(bench.power(), Power::On);
    let kept = fs::read_to_string(&note).unwrap();
    let [boot, server, term, since] = kept.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{kept}")
    };
    assert_eq!((server, term), ("0", "1"));
    assert!(since.parse::<u64>().is_ok());

    // The same term, seen when this machine was started.
    fs::write(&note, format!("{boot} {server} {term} 0\n")).unwrap();
    let fenced = fence();
    assert_eq!(fenced.status.code(), Some(0), "{}{}", out(&fenced), err(&fenced));
    assert_eq!(bench.power(), Power::Off);
}
