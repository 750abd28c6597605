//! One decision and one reason for every VM of the dead host: a pure function of a fresh look at the cloud.
//!
//! It does not know what happened to earlier orders; the caller says which VMs are decided already and which
//! hosts have refused which VM.

mod eligibility;
mod placement;

use super::order::{MigrationType, Order};
use super::recover::Survey;
use super::settings::{Mode, Policy, Purpose};
use super::states;
use crate::model::{Host, HostId, Scope, Vm, VmId, VmState};
pub(in crate::policy) use eligibility::{locked, not_cut_off};
use placement::Rooms;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What to plan.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The dead host.
    pub host: HostId,
    /// What the operator chose.
    pub policy: &'a Policy,
    /// What the host is cut off from.
    pub scope: &'a Scope,
    /// Why the proof does not authorise what destroys data, if it does not.
    pub reservation: Option<&'a str>,
    /// VMs that are not to be planned.
    pub closed: BTreeSet<VmId>,
    /// VMs that were seen in MIGRATE before: their domain may run on the other host of that migration.
    pub live: BTreeSet<VmId>,
    /// Where closed VMs were sent; oned may charge them there only later.
    pub moving: BTreeMap<VmId, HostId>,
    /// Hosts that have refused a VM.
    pub refused: BTreeMap<VmId, Vec<HostId>>,
}

/// What to do with one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send this; the text says it for people.
    Act(Order, String),
    /// oned has to change its state first; the reason.
    Await(String),
    /// It should be recovered and cannot be; the reason.
    Hold(String),
    /// Nobody asked for it; the reason.
    Leave(String),
}

impl Verdict {
    /// What is done, or the reason.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Act(_, text) | Self::Await(text) | Self::Hold(text) | Self::Leave(text) => text,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Act(_, text) => f.write_str(text),
            Self::Await(reason) => write!(f, "wait: {reason}"),
            Self::Hold(reason) => write!(f, "hold: {reason}"),
            Self::Leave(reason) => write!(f, "leave: {reason}"),
        }
    }
}

/// The decision about one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The VM.
    pub vm: VmId,
    /// Its name.
    pub name: String,
    /// Its state when the decision was made.
    pub state: VmState,
    /// The host that oned charged it to then.
    pub host: Option<HostId>,
    /// VMs that must run before this one is acted on; they are all decided in the same plan or closed.
    pub after: Vec<VmId>,
    /// The decision.
    pub verdict: Verdict,
}

/// Decide about every VM of the survey that is not closed.
///
/// Large VMs are placed first, because they fit in fewer places; equal ones go by id.
#[must_use]
pub fn plan(survey: &Survey, request: &Request<'_>) -> Vec<Decision> {
    let dead = survey.hosts.iter().find(|host| host.id == request.host);
    let charged: BTreeSet<_> = dead.iter().flat_map(|host| &host.vms).copied().collect();
    let mut rooms = Rooms::new(survey, dead);
    for vm in survey.vms.iter().filter(|vm| request.closed.contains(&vm.id)) {
        if let Some(to) = request.moving.get(&vm.id) {
            rooms.keep_free(vm, *to, survey);
        }
    }
    let mut vms: Vec<_> = survey.vms.iter().filter(|vm| !request.closed.contains(&vm.id)).collect();
    vms.sort_by_key(|vm| (std::cmp::Reverse((vm.memory_kib, vm.cpu)), vm.id));
    let mut decisions: Vec<_> = vms
        .into_iter()
        .map(|vm| Decision {
            vm: vm.id,
            name: vm.name.clone(),
            state: vm.state,
            host: vm.host,
            after: Vec::new(),
            verdict: eligibility::leaving(vm, request.host, &charged)
                .unwrap_or_else(|| decide(vm, survey, request, &mut rooms)),
        })
        .collect();
    let nameless = |vm: VmId, reason: String| {
        let (name, verdict) = (String::from("?"), Verdict::Hold(reason));
        Decision { vm, name, state: VmState::Unknown(-1), host: None, after: Vec::new(), verdict }
    };
    for (vm, why) in survey.unreadable.iter().filter(|(vm, _)| !request.closed.contains(vm)) {
        decisions.push(nameless(*vm, format!("its document cannot be read: {why}")));
    }
    let decided: BTreeSet<_> = decisions.iter().map(|decision| decision.vm).collect();
    for vm in dead.iter().flat_map(|host| &host.vms) {
        if !decided.contains(vm) && !request.closed.contains(vm) {
            let reason = "oned charges it to the dead host and gives no document for it";
            decisions.push(nameless(*vm, reason.to_owned()));
        }
    }
    decisions
}

fn decide(vm: &Vm, survey: &Survey, request: &Request<'_>, rooms: &mut Rooms) -> Verdict {
    let policy = request.policy;
    if let Some(verdict) = eligibility::elsewhere(vm, request.host) {
        return verdict;
    }
    if request.live.contains(&vm.id) {
        return Verdict::Hold(eligibility::MAY_RUN_ELSEWHERE.to_owned());
    }
    match states::verdict(vm.state, policy.mode, policy.force) {
        states::Verdict::Act => {}
        // A rehearsal asks what would be done if the host were dead: then it would be UNKNOWN by now.
        states::Verdict::Await(_) if policy.purpose == Purpose::Rehearse && vm.state == VmState::RUNNING => {}
        states::Verdict::Await(reason) => return Verdict::Await(format!("{}: {reason}", vm.state)),
        states::Verdict::Hold(reason) => return Verdict::Hold(format!("{}: {reason}", vm.state)),
        states::Verdict::Leave(reason) => return Verdict::Leave(format!("{}: {reason}", vm.state)),
    }
    if let Some(reason) = eligibility::locked(vm) {
        return Verdict::Hold(reason);
    }
    if let Some(reason) = eligibility::not_cut_off(vm, request.scope) {
        return Verdict::Hold(reason);
    }
    if let (Some(why), Mode::Recreate | Mode::Delete) = (request.reservation, policy.mode) {
        return Verdict::Hold(format!(
            "the proof does not authorise what destroys data: {why}; run `onerescue check` while hosts are healthy"
        ));
    }
    match policy.mode {
        Mode::Migrate => migrate(vm, survey, request, rooms),
        Mode::Recreate => {
            let text = "delete and create again (-r); the scheduler chooses the host".to_owned();
            Verdict::Act(Order::Recreate { vm: vm.id }, text)
        }
        Mode::Delete => Verdict::Act(Order::Delete { vm: vm.id }, "delete (-d)".to_owned()),
    }
}

fn migrate(vm: &Vm, survey: &Survey, request: &Request<'_>, rooms: &mut Rooms) -> Verdict {
    let datastore = match eligibility::system_datastore(vm, &survey.datastores) {
        Ok(datastore) => datastore,
        Err(reason) => return Verdict::Hold(reason),
    };
    let refused = request.refused.get(&vm.id).map_or(&[][..], Vec::as_slice);
    let kind = if vm.pci.is_empty() { MigrationType::Save } else { MigrationType::Poweroff };
    match rooms.place(vm, datastore, refused) {
        Ok(to) => {
            let text = format!("migrate to {}, {} free after it", host_name(&survey.hosts, to.host), to.left);
            Verdict::Act(Order::Migrate { vm: vm.id, to: to.host, kind }, text)
        }
        Err(reason) => Verdict::Hold(reason),
    }
}

fn host_name(hosts: &[Host], id: HostId) -> String {
    hosts.iter().find(|host| host.id == id).map_or_else(|| id.to_string(), ToString::to_string)
}
