//! S12, liveness: after the last fault, when all is quiet, every incident ends and every VM that can run runs, or has a
//! reason that a person can act on.
//!
//! Safety is judged after each run. This is judged once, when the services of the program have had their time: what they
//! have said of VMs, what they have written down, and what is true of the machines.

use crate::model::{Held, HostId, HostState, Incident, Progress, VmId, VmState};
use crate::policy::Fate;
use crate::sim::cloud::Cloud;
use crate::sim::transport::Outcome;
use crate::sim::world::SimWorld;
use crate::wire::record::Record;
use std::collections::{BTreeMap, BTreeSet};

/// The VMs that should run, and what was said of them.
#[derive(Clone, Debug, Default)]
pub struct Quiet {
    /// VMs that ran before the first fault, or fell with their host; nobody has wanted them off.
    pub wanted: BTreeSet<VmId>,
    /// What the last run has said of each VM.
    pub said: BTreeMap<VmId, Fate>,
    /// VMs that a run which began now would send somewhere, if it had the proof; and where.
    pub could: BTreeMap<VmId, String>,
}

/// Every rule of liveness that is broken, in words; empty is good.
#[must_use]
pub fn audit_quiet(world: &SimWorld, quiet: &Quiet) -> Vec<String> {
    let mut broken = Vec::new();
    let cloud = &*world.transport().cloud();
    let records = incidents(cloud);
    let ours = disabled_by_us(world);
    let hosts: BTreeSet<_> = records.iter().map(|incident| incident.host).collect();
    broken.extend(hosts.into_iter().filter_map(|host| unfinished(cloud, host)));
    for vm in &quiet.wanted {
        if let Err(why) = runs_or_is_named(cloud, quiet, &ours, *vm) {
            broken.push(format!("S12: {vm} is down: {why}"));
        }
    }
    for host in ours.iter().filter(|host| cloud.host_state(**host) == Some(HostState::Disabled)) {
        let written = records.iter().any(|incident| incident.host == *host && incident.disabled.is_some());
        let marked = cloud.host_xml(*host).is_some_and(|xml| xml.contains("<HA_QUARANTINE>"));
        if !written && !marked {
            broken.push(format!("S12: {host} was disabled by a run, and no record says so"));
        }
    }
    let locked = cloud.state.documents.values().filter(|document| document.lock.is_some());
    broken.extend(locked.map(|document| format!("S12: document {} is still locked", document.id)));
    broken
}

fn incidents(cloud: &Cloud) -> Vec<Incident> {
    let incident = |(_, record)| if let Record::Incident(incident) = record { Some(*incident) } else { None };
    cloud.our_records().into_iter().filter_map(incident).collect()
}

/// The incident that counts has ended, or says what keeps it and what a person can do.
fn unfinished(cloud: &Cloud, host: HostId) -> Option<String> {
    let (_, incident) = cloud.open_incident(host).filter(|(_, incident)| !is_held(incident))?;
    let Incident { progress, held, outcome, .. } = incident;
    Some(format!("S12: the incident of {host} is {progress:?}, held {held:?}, outcome {outcome:?}"))
}

fn is_held(incident: &Incident) -> bool {
    let told = |held: &Held| !held.why.is_empty() && !held.advice.is_empty();
    incident.progress == Progress::Held && incident.held.as_ref().is_some_and(told)
}

/// Hosts whose last change of state by this program's client was "disable".
fn disabled_by_us(world: &SimWorld) -> BTreeSet<HostId> {
    let mut disabled = BTreeSet::new();
    for call in world.transport().calls() {
        let done = matches!(call.outcome, Outcome::Done | Outcome::Unknown);
        if call.method != "one.host.status" || !done {
            continue;
        }
        let mut numbers = call.params.split(", ").map(str::parse::<u32>);
        let (Some(Ok(host)), Some(Ok(status))) = (numbers.next(), numbers.next()) else { continue };
        if status == 1 {
            disabled.insert(HostId(host));
        } else {
            disabled.remove(&HostId(host));
        }
    }
    disabled
}

fn runs_or_is_named(cloud: &Cloud, quiet: &Quiet, ours: &BTreeSet<HostId>, vm: VmId) -> Result<(), String> {
    let (state, on) = (cloud.vm_state(vm), cloud.vm_host(vm));
    if matches!(state, None | Some(VmState::Done)) || runs(cloud, vm) {
        return Ok(());
    }
    if let Some(host) = on {
        let host_state = cloud.host_state(host);
        let set_aside = matches!(host_state, Some(HostState::Disabled | HostState::Offline));
        if set_aside && !ours.contains(&host) {
            // A person works on that host.
            return Ok(());
        }
        if cloud.open_incident(host).is_some_and(|(_, incident)| is_held(&incident)) {
            return Ok(());
        }
    }
    let is = format!("{state:?} on {on:?}, domains on {:?}", cloud.domain_hosts(vm));
    // oned refuses to move one whose history has a row of a dead leader, until a person has mended the database.
    if let Some(to) = quiet.could.get(&vm).filter(|_| !cloud.has_torn_row(vm)) {
        return Err(format!("{is}; {:?}, and it could run: {to}", quiet.said.get(&vm)));
    }
    match quiet.said.get(&vm) {
        Some(Fate::Held(why) | Fate::Failed(why)) if !why.is_empty() => Ok(()),
        said => Err(format!("{is}; said of it: {said:?}")),
    }
}

/// oned has it RUNNING, and it runs there, on a host that oned hears.
fn runs(cloud: &Cloud, vm: VmId) -> bool {
    let Some(host) = cloud.vm_host(vm) else { return false };
    let heard = !matches!(cloud.host_state(host), Some(HostState::Error) | None);
    heard && cloud.vm_state(vm) == Some(VmState::RUNNING) && cloud.domain_hosts(vm).contains(&host)
}
