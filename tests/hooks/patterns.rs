//! A run with a `[[host]]` for many hosts: its host is fenced by what that comes to for it, unless another host comes to the same.

use super::bench::{Bench, DEAD_NODE0, FENCE_HOST, err, out, write};
use onerescue::sim::Power;

/// A machine that runs, which `fence_host` was called for, with these lines of the settings.
fn fenced(hosts: &str) -> (Bench, i32, String) {
    let bench = Bench::new(&DEAD_NODE0.replace("power_loss", "hang"));
    let (program, folder) = (bench.fence_program(), bench.folder.path().display().to_string());
    write(&bench.folder.path().join("fence_x"), "#!/bin/sh\ncat >/dev/null; echo 'Status: ON'\n", 0o755);
    bench.settings(&format!(
        "agents_dir = [\"{folder}\"]\n[device.machine]\ndriver = \"command\"\noff = [\"{0}\", \"off\"]\n\
         status = [\"{0}\", \"status\"]\n[device.bmc]\ndriver = \"agent\"\nagent = \"fence_x\"\n{hosts}",
        program.display()
    ));
    let output = bench.run(FENCE_HOST, &[], &bench.template());
    let said = format!("{}{}", out(&output), err(&output));
    (bench, output.status.code().unwrap(), said)
}

#[test]
fn a_host_is_fenced_by_what_a_pattern_comes_to() {
    for matching in ["names = \"node?\"", "clusters = [\"default\"]"] {
        let (bench, code, said) = fenced(&format!("[[host]]\n{matching}\ndevices = [\"machine\"]\n"));
        assert_eq!((code, bench.power()), (0, Power::Off), "{said}");
    }
    let (bench, code, said) = fenced("[[host]]\nnames = \"kvm*\"\ndevices = [\"machine\"]\n");
    assert_eq!((code, bench.power()), (6, Power::On), "{said}");
    assert!(said.contains("no fence device is declared for host 0, node0"), "{said}");
}

#[test]
fn nothing_is_sent_where_another_host_comes_to_the_same_plug() {
    let params = "[host.params.bmc]\nip = \"10.8.0.1\"\n";
    let (bench, code, said) = fenced(&format!("[[host]]\nnames = \"*\"\ndevices = [\"bmc\"]\n{params}"));
    assert_eq!((code, bench.power()), (6, Power::On), "{said}");
    let why = "device \"bmc\" would power off the same machine for host 1: give each its own ip, plug, system or uuid";
    assert!(said.contains(why), "{said}");
}
