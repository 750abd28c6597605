//! The VMs of an incident: each in its line where they are few; else by their outcomes, with each that needs a person.

use super::super::columns::{GREEN, RED, YELLOW};
use crate::model::text::{cut, one_line};
use crate::model::{HostId, Incident, IncidentVm, VmId};
use crate::policy::DELETED;
use crate::policy::record::outcomes::{Outcomes, end, needs_person, outcomes};
use anstyle::Style;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// So many VMs are told one by one.
const FEW: usize = 20;

/// So many VMs that need a person are told one by one: a table of that length is read.
const NEEDED: usize = 60;

/// More groups, or VMs of one group, than these are only counted.
const GROUPS: usize = 30;
const NAMED: usize = 5;

/// Which VMs are told how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Each in its line.
    All,
    /// By their outcomes, where they are many.
    Grouped,
    /// Not at all: their number is told elsewhere.
    Counted,
}

/// The VMs, of which some run on these hosts by now although the record does not say so yet.
pub(super) fn vms_table(incident: &Incident, moved: &BTreeMap<VmId, HostId>, which: Which) -> String {
    let mut text = String::new();
    let one_by_one = match which {
        Which::Counted => return text,
        Which::All => true,
        Which::Grouped => incident.vms.len() <= FEW,
    };
    if one_by_one {
        incident.vms.iter().for_each(|vm| line(vm, moved, &mut text));
    } else {
        grouped(incident, moved, &mut text);
    }
    if incident.vms_left_out > 0 {
        let out = incident.vms_left_out;
        let _ = writeln!(text, "and {out} more, which the record has no room for: the run's log has them");
    }
    text
}

fn grouped(incident: &Incident, moved: &BTreeMap<VmId, HostId>, text: &mut String) {
    let groups = outcomes(incident);
    let needed = incident.vms.iter().filter(|vm| needs_person(vm));
    let singly = needed.clone().count() <= NEEDED;
    let is_needed = |group: &Outcomes<'_>| group.vms.first().is_some_and(|vm| needs_person(vm));
    let told: Vec<_> = groups.iter().filter(|group| !(singly && is_needed(group))).collect();
    told.iter().take(GROUPS).for_each(|group| of_group(group, text));
    let more: usize = told.iter().skip(GROUPS).map(|group| group.vms.len()).sum();
    if more > 0 {
        let _ = writeln!(text, "{more} more, for other reasons");
    }
    if singly {
        needed.for_each(|vm| line(vm, moved, text));
    }
    let _ = writeln!(text, "`--vms` lists each of the {} VMs", incident.vms.len());
}

/// `497 recovered, migrate to host 2: vm 6 web-6, vm 8 web-8, … and 492 more`
fn of_group(group: &Outcomes<'_>, text: &mut String) {
    let named = group.vms.iter().take(NAMED).map(|vm| format!("{} {}", vm.id, vm.name));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = match group.vms.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let order = match group.order {
        Some((order, Some(to))) => format!(", {order} to {to}"),
        Some((order, None)) => format!(", {order}"),
        None => String::new(),
    };
    let why = if group.why.is_empty() { String::new() } else { format!(": {}", group.why) };
    let style = style(group.end);
    let line = format!("{order}{why}: {named}{more}");
    let _ = writeln!(text, "{} {style}{}{style:#}{}", group.vms.len(), group.end, cut(&one_line(&line), 400));
}

/// `vm 5 web-5: held, migrate to host 2: no room`
fn line(vm: &IncidentVm, moved: &BTreeMap<VmId, HostId>, text: &mut String) {
    let to = vm.to.map_or_else(String::new, |host| format!(" to {host}"));
    let order = vm.order.as_ref().map_or_else(String::new, |order| format!(", {order}{to}"));
    let why = match moved.get(&vm.id) {
        Some(to) => format!(": RUNNING on {to} by now"),
        None if vm.why.is_empty() || vm.why == DELETED => String::new(),
        None => format!(": {}", vm.why),
    };
    let (end, style) = (end(vm), style(end(vm)));
    let head = format!("{} {}: ", vm.id, one_line(&vm.name));
    let rest = cut(&one_line(&format!("{order}{why}")), 400usize.saturating_sub(head.len() + end.len()));
    let _ = writeln!(text, "{head}{style}{end}{style:#}{rest}");
}

fn style(end: &str) -> Style {
    match end {
        "recovered" | "deleted" => GREEN,
        "held" | "failed" => RED,
        "on its way" => YELLOW,
        _ => Style::new(),
    }
}
