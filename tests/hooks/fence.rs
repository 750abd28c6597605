//! `fence_host`, as the stock hook starts it.

use super::bench::{Bench, DEAD_NODE0, FENCE_HOST, err, out};
use onerescue::model::{HostId, VmId};
use onerescue::sim::Power;

#[test]
fn zero_only_after_the_host_is_proven_off_and_no_vm_is_touched() {
    let bench = Bench::new(&DEAD_NODE0.replace("power_loss", "hang"));
    let output = bench.run(FENCE_HOST, &[], &format!("{}\n", bench.template()));
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("fence: proven off"), "{}", out(&output));
    assert_eq!(bench.power(), Power::Off);
    assert_eq!(bench.cloud.lock().unwrap().vm_host(VmId(0)), Some(HostId(0)));
}

#[test]
fn a_host_that_is_not_in_error_is_never_switched_off() {
    let bench = Bench::new(&DEAD_NODE0.replace("before = [\"dies node0 power_loss\"]", ""));
    let output = bench.run(FENCE_HOST, &[], &bench.template());
    assert_eq!(output.status.code(), Some(7), "{}", err(&output));
    assert!(out(&output).contains("MONITORED"), "{}", out(&output));
    assert_eq!(bench.power(), Power::On);
}
