//! `onerescue drill --bench`: from the moment at which a host loses its power until its VMs run elsewhere, as a table.
//!
//! The procedure is the real one, with its default settings; the cloud is simulated, with OpenNebula's own times as they were
//! measured on a live front-end with its default intervals.

use crate::error::Result;
use crate::finish;
use crate::model::{HostId, VmState};
use crate::run;
use crate::sim::{Change, Scenario};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// monitord takes a host for silent after `MONITORING_INTERVAL_HOST`, and looks every `MANAGER_TIMER`; the table has the
/// longest.
const SILENT: Duration = Duration::from_secs(180 + 15);

/// With a watcher oned is made to look after `[watch] silence`.
const FORCED: Duration = Duration::from_secs(10);

/// Until ssh to the dead host fails: no route, and a black hole, where the first ssh of a probe has TCP's own time.
const SSH: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(127)];

/// One call of oned after the other: 1,000 VMs took 32 s on a live front-end.
const CALL: Duration = Duration::from_millis(25);

/// How many VMs the host has.
const VMS: [u32; 4] = [1, 40, 200, 1000];

/// Hosts that take them.
const TARGETS: u32 = 8;

const HEAD: &str = "\
Seconds since the host has lost its power; its device takes 1 s for an answer, the hook has `-m -p 5`.

| VMs | oned is made to look | ssh fails after | ERROR | proven off | first VM | half | last VM | the hook ends | calls |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

/// Measure, and print the table.
///
/// # Errors
/// [`crate::error::Error::Scenario`] if the cloud cannot be made.
pub(super) fn bench() -> Result<u8> {
    finish::say(HEAD);
    let mut code = 0;
    for ssh in SSH {
        for (look, seen) in [("no", SILENT), ("after 10 s", FORCED)] {
            for vms in VMS {
                let told = measure(vms, seen.saturating_add(ssh))?;
                code = code.max(u8::from(told.is_none()));
                let row = told.unwrap_or_else(|| "not all VMs ran |".to_owned());
                finish::say(&format!("| {vms} | {look} | {} s | {row}\n", ssh.as_secs()));
            }
        }
    }
    Ok(code)
}

/// The right half of a row; none where not every VM ran elsewhere in the end.
fn measure(vms: u32, error: Duration) -> Result<Option<String>> {
    let mut scenario = Scenario::parse(&cloud(vms, error))?;
    scenario.world.transport().set_latency(CALL);
    scenario.world.begin_again();
    let began = scenario.world.began();
    let report = run(&mut scenario.world, scenario.subject.clone(), scenario.policy.clone());
    let cloud = scenario.world.transport().cloud();
    // The first moment of each VM.
    let mut runs = BTreeMap::new();
    for happening in cloud.happenings() {
        if let Change::Vm(vm, VmState::RUNNING, Some(host)) = happening.change
            && host != HostId(0)
        {
            runs.entry(vm).or_insert(happening.at);
        }
    }
    drop(cloud);
    let mut runs: Vec<_> = runs.into_values().collect();
    runs.sort();
    let Some(proof) = report.proof.filter(|_| runs.len() == vms as usize) else { return Ok(None) };
    let mut row = String::new();
    let half = runs.len().div_ceil(2).saturating_sub(1);
    let ends = began.saturating_add(report.took.0);
    let moments = [Some(began), Some(began.saturating_add(proof.at().0)), runs.first().copied()];
    let later = [runs.get(half).copied(), runs.last().copied(), Some(ends)];
    for moment in moments.into_iter().chain(later).flatten() {
        let _ = write!(row, "{:.1} | ", moment.as_secs_f64());
    }
    let log = scenario.world.transport().calls();
    let _ = write!(row, "{} |", log.iter().filter(|call| call.at >= began).count());
    Ok(Some(row))
}

fn cloud(vms: u32, error: Duration) -> String {
    let error = error.as_secs();
    let mut text = format!(
        "title = \"bench\"\ncall = \"-m -p 5\"\nhost = \"node0\"\nbefore = [\"dies node0 power_loss\"]\nstart = \"{error}s\"\n\
         devices = [{{ name = \"bmc\", takes = \"1s\" }}]\ntimings = {{ detection = \"{error}s\" }}\n"
    );
    for host in 0..=TARGETS {
        let _ = writeln!(text, "[[hosts]]\nname = \"node{host}\"\ncpu = 4000\nmemory_gib = 16384");
    }
    let _ = writeln!(text, "[[vms]]\nname = \"vm\"\nhost = \"node0\"\ncount = {vms}");
    text
}
