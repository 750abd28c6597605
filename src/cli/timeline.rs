//! What a drill tells beside the trail: what happened to machines and hosts, and where each VM runs in the end.

use crate::model::text::one_line;
use crate::model::{HostId, Moment};
use crate::policy::{Entry, Fate, VmReport};
use crate::sim::{Change, Cloud, Power, Scenario, SimWorld};
use std::fmt::Write as _;
use std::time::Duration;

/// The trail, with what happened to machines and hosts in between.
pub(super) fn timeline(world: &SimWorld, trail: &[Entry], text: &mut String) {
    let began = world.began();
    let cloud = world.transport().cloud();
    let mut happened = cloud.happenings().iter().filter_map(|happening| {
        let line = match &happening.change {
            Change::Host(host, state) => format!("{host} is {state} now"),
            Change::Power(host, power) => format!("{host}: the power goes {power:?}").to_lowercase(),
            Change::Leader(server) => format!("front-end {server} leads now"),
            Change::Vm(..) => return None,
        };
        Some((happening.at, line))
    });
    let mut next = happened.next();
    for entry in trail {
        while let Some((at, line)) = next.as_ref().filter(|(at, _)| *at <= began.saturating_add(entry.at.0)) {
            let _ = writeln!(text, "{} ..       {line}", since(*at, began));
            next = happened.next();
        }
        let _ = writeln!(text, "{}", one_line(&entry.to_string()));
    }
}

/// `+00:05.0`, or `-03:20.0` for what happened before the hook was started.
fn since(at: Duration, began: Duration) -> String {
    match at.checked_sub(began) {
        Some(after) => Moment(after).to_string(),
        None => Moment(began.saturating_sub(at)).to_string().replace('+', "-"),
    }
}

pub(super) fn calls(world: &SimWorld, began: Duration) -> usize {
    world.transport().calls().iter().filter(|call| call.at >= began).count()
}

/// Where each VM really runs in the end, as the machines have it; and of each that runs nowhere any more, why no rule is
/// broken by that.
pub(super) fn whereabouts(scenario: &Scenario, vms: &[VmReport], text: &mut String) {
    let cloud = scenario.world.transport().cloud();
    let width = vms.iter().map(|vm| vm.name.chars().count()).max().unwrap_or(0);
    let mut lost = String::new();
    for vm in vms {
        let state = cloud.vm_state(vm.id).map_or_else(|| "gone".to_owned(), |state| state.to_string());
        let hosts = cloud.domain_hosts(vm.id);
        let runs = match hosts.as_slice() {
            [] => "runs nowhere".to_owned(),
            [HostId(host)] => format!("runs on host {host}"),
            _ => format!("RUNS TWICE: {hosts:?}"),
        };
        let mark = match &vm.fate {
            Fate::Recovered(was) | Fate::NotReady(was) if hosts.is_empty() && was.contains("RUNNING") => {
                let _ = writeln!(lost, "{}", since_then(&cloud, vm));
                "LOST"
            }
            Fate::Recovered(_) => "ok  ",
            Fate::NotReady(_) => "wait",
            Fate::Planned(_) => "plan",
            Fate::Left(_) => "left",
            Fate::Held(_) => "HELD",
            Fate::Failed(_) => "FAIL",
        };
        let _ = writeln!(text, "{mark} {:<width$}  {state}, {runs}", one_line(&vm.name));
    }
    text.push_str(&lost);
}

/// What has become of a VM that was read back RUNNING and runs nowhere.
fn since_then(cloud: &Cloud, vm: &VmReport) -> String {
    let name = format!("{} {}", vm.id, one_line(&vm.name));
    match cloud.vm_host(vm.id) {
        Some(host) if cloud.power(host) == Power::Off => format!(
            "{name} was read back RUNNING, and {host} has lost its power since: the incident of {host} recovers it"
        ),
        Some(_) | None => format!("{name} was read back RUNNING, and has ended since"),
    }
}
