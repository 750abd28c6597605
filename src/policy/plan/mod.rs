//! One decision and one reason for every VM of the dead host: a pure function of a fresh look at the cloud.
//!
//! It does not know what happened to earlier orders; the caller says which VMs are decided already and which
//! hosts have refused which VM.

mod after;
mod ask;
mod assign;
mod bonds;
mod by_scheduler;
mod devices;
mod eligibility;
mod explain;
mod expression;
mod moving;
mod names;
mod numa;
mod placement;
mod reasons;
mod requirement;
mod room;
mod sequence;
mod storage;
mod view;
mod wish;

use super::order::Order;
use super::port::Survey;
use super::ready::Gate;
use super::settings::Policy;
use crate::model::{HostId, Scope, Vm, VmId, VmState};
pub use bonds::kept_with;
pub(in crate::policy) use eligibility::{locked, not_cut_off};
pub use explain::{Explanation, Target, explain};
pub use names::{fairly, may_be_meant, names_elsewhere};
pub use sequence::Priority;
use sequence::Ranks;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use view::View;
pub(in crate::policy) use wish::excluded;
pub(crate) use wish::glob;

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
    /// VMs that wait for no other any more.
    pub waited: BTreeSet<VmId>,
    /// VMs that run, or may, and are not ready: they are waited for all the same.
    pub unready: BTreeSet<VmId>,
    /// Where VMs were planned before: each goes there where it still fits, because others were placed beside it.
    pub planned: BTreeMap<VmId, HostId>,
    /// Hosts where VMs of this incident do not start.
    pub standing: BTreeMap<HostId, Standing>,
    /// From when on VMs that oned's monitoring found powered off have fallen with the host, in epoch seconds.
    pub fell: Option<i64>,
}

impl<'a> Request<'a> {
    /// All VMs of this host, of which nothing is known yet.
    #[must_use]
    pub fn new(host: HostId, policy: &'a Policy, scope: &'a Scope) -> Self {
        Self {
            host,
            policy,
            scope,
            reservation: None,
            closed: BTreeSet::new(),
            live: BTreeSet::new(),
            moving: BTreeMap::new(),
            refused: BTreeMap::new(),
            waited: BTreeSet::new(),
            unready: BTreeSet::new(),
            planned: BTreeMap::new(),
            standing: BTreeMap::new(),
            fell: None,
        }
    }
}

/// How a host stands where VMs do not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes a VM only where no other host does.
    Last,
    /// It takes none of this owner, a user's id, or of nobody. Whose VMs do not start may have made them so: that takes no
    /// target from anybody else.
    Out(Option<u32>),
}

impl Standing {
    /// Does it take no VM of this owner?
    pub(super) fn is_out_for(self, user: u32) -> bool {
        match self {
            Self::Last => false,
            Self::Out(whose) => whose.is_none_or(|whose| whose == user),
        }
    }
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
    /// Its `HA_PRIORITY`, or that of a VM that waits for it.
    pub priority: Priority,
    /// VMs that must run before this one is acted on; they are all decided in the same plan or closed.
    pub after: Vec<VmId>,
    /// It has fallen with its host: it is off, and is started where it goes.
    pub starts: bool,
    /// The decision.
    pub verdict: Verdict,
}

/// Decide about every VM of the survey that is not closed, in the order in which they are to be started: by
/// `HA_PRIORITY`, then the larger first, because those fit in fewer places; equal ones go by id. One that another waits
/// for comes before it.
#[must_use]
pub fn plan(survey: &Survey, request: &Request<'_>) -> Vec<Decision> {
    let view = View::new(survey, request);
    let vms: Vec<&Vm> = survey.vms.iter().filter(|vm| !request.closed.contains(&vm.id)).collect();
    let mut ranks = Ranks::new(&vms, &view);
    let order = sequence::sequence(&mut ranks);
    let by_id: BTreeMap<VmId, &Vm> = vms.iter().map(|vm| (vm.id, *vm)).collect();
    let (mut verdicts, _) = assign::verdicts(&vms, &view, &ranks, None);
    let mut decisions: Vec<Decision> = Vec::with_capacity(order.len());
    for vm in order.iter().filter_map(|id| by_id.get(id)) {
        let turn = ranks.turns.remove(&vm.id).unwrap_or_default();
        let verdict =
            verdicts.remove(&vm.id).unwrap_or_else(|| Verdict::Hold("it was not decided".to_owned()));
        decisions.push(Decision {
            vm: vm.id,
            name: vm.name.clone(),
            state: vm.state,
            host: vm.host,
            priority: ranks.priority(vm),
            starts: view.fell(vm),
            verdict: said(verdict, vm, &turn, &view.gates),
            after: turn.after.into_iter().collect(),
        });
    }
    decisions.extend(without_document(&view, &by_id));
    decisions
}

/// VMs of the dead host that cannot be judged.
fn without_document(view: &View<'_>, read: &BTreeMap<VmId, &Vm>) -> Vec<Decision> {
    let mut reasons: BTreeMap<VmId, String> = BTreeMap::new();
    for (vm, why) in &view.survey.unreadable {
        reasons.insert(*vm, format!("its document cannot be read: {why}"));
    }
    for vm in &view.charged {
        let reason = || "oned charges it to the dead host and gives no document for it".to_owned();
        reasons.entry(*vm).or_insert_with(reason);
    }
    let open = |vm: &VmId| !read.contains_key(vm) && !view.request.closed.contains(vm);
    let decision = |(vm, reason): (VmId, String)| Decision {
        vm,
        name: view.survey.names.get(&vm).cloned().unwrap_or_else(|| "?".to_owned()),
        state: VmState::Unknown(-1),
        host: None,
        priority: Priority::Medium,
        after: Vec::new(),
        starts: false,
        verdict: Verdict::Hold(reason),
    };
    reasons.into_iter().filter(|(vm, _)| open(vm)).map(decision).collect()
}

/// The verdict with what people have to know besides: what it waits for, and whose VM it is.
fn said(verdict: Verdict, vm: &Vm, turn: &after::Turn, gates: &BTreeMap<VmId, Gate>) -> Verdict {
    let mut more = String::new();
    if !turn.after.is_empty() {
        let run = if turn.after.len() == 1 { "runs" } else { "run" };
        let _ = write!(more, "; once {} {run}", listed(&turn.after));
        let by = turn
            .after
            .iter()
            .filter_map(|other| Some((other, gates.get(other).filter(|gate| gate.waits())?)));
        let by: Vec<String> = by.take(5).map(|(other, gate)| format!("{other}: {gate}")).collect();
        if !by.is_empty() {
            let are = if turn.after.len() == 1 { "is" } else { "are" };
            let _ = write!(more, " and {are} ready ({})", by.join(", "));
        }
    }
    if !turn.without.is_empty() {
        let _ = write!(more, "; without {}, for which it has waited", listed(&turn.without));
    }
    if let (_, Some(word)) = Priority::of(vm) {
        let word: String = word.chars().take(40).collect();
        let _ = write!(more, "; its HA_PRIORITY {word:?} is not known and counts as MEDIUM");
    }
    for note in turn.notes.iter().chain(gates.get(&vm.id).into_iter().flat_map(|gate| &gate.notes)) {
        more.push_str("; ");
        more.push_str(note);
    }
    if let Some(service) = vm.service() {
        let role = vm.attributes.get("ROLE_NAME").map(|role| role.chars().take(40).collect::<String>());
        let role = role.map_or_else(String::new, |role| format!(", role {role}"));
        let _ = write!(more, " (OneFlow service {}{role})", service.0);
    }
    match verdict {
        Verdict::Act(order, text) => Verdict::Act(order, text + &more),
        Verdict::Await(text) => Verdict::Await(text + &more),
        Verdict::Hold(text) => Verdict::Hold(text + &more),
        Verdict::Leave(text) => Verdict::Leave(text),
    }
}

/// `vm 1, vm 2 and 7 more`
fn listed(vms: &BTreeSet<VmId>) -> String {
    let shown: Vec<String> = vms.iter().take(5).map(ToString::to_string).collect();
    let rest = vms.len() - shown.len();
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    shown.join(", ") + &rest
}

#[cfg(test)]
mod tests;
