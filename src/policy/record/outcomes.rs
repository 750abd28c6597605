//! The VMs of an incident by their outcome, so that a thousand of them are a few lines. Those that need a person come last,
//! where a terminal shows them.

use crate::model::{End, HostId, Incident, IncidentVm};
use crate::policy::report::DELETED;
use std::collections::BTreeMap;

/// VMs of one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes<'a> {
    /// `recovered`, `held`
    pub end: &'static str,
    /// The last order for them and where they were to go.
    pub order: Option<(&'a str, Option<HostId>)>,
    /// Why, where that is one reason for all of them that need a person.
    pub why: &'a str,
    /// They, by id.
    pub vms: Vec<&'a IncidentVm>,
}

/// How an incident has ended for this VM, for people.
#[must_use]
pub fn end(vm: &IncidentVm) -> &'static str {
    match vm.end {
        Some(End::Recovered) if vm.why == DELETED => "deleted",
        Some(End::Recovered) if vm.is_not_ready() => "recovered, not ready",
        Some(End::Recovered) => "recovered",
        Some(End::Left) => "left alone",
        Some(End::Held) => "held",
        Some(End::Failed) => "failed",
        None => "on its way",
    }
}

/// Does this VM need a person?
#[must_use]
pub fn needs_person(vm: &IncidentVm) -> bool {
    matches!(vm.end, Some(End::Held | End::Failed))
}

/// The outcomes: those that need nobody by order and target, the others by reason; each kind by size.
#[must_use]
pub fn outcomes(incident: &Incident) -> Vec<Outcomes<'_>> {
    let mut groups: BTreeMap<_, Outcomes<'_>> = BTreeMap::new();
    for vm in &incident.vms {
        let needed = needs_person(vm);
        let order = vm.order.as_deref().filter(|_| !needed).map(|order| (order, vm.to));
        let why = if needed { vm.why.as_str() } else { "" };
        let group = groups.entry((needed, end(vm), order, why));
        let new = || Outcomes { end: end(vm), order, why, vms: Vec::new() };
        group.or_insert_with(new).vms.push(vm);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|((needed, ..), group)| (needed, group)).collect();
    groups.sort_by_key(|(needed, group)| (*needed, std::cmp::Reverse(group.vms.len())));
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VmId;

    #[test]
    fn a_thousand_vms_are_a_few_outcomes_and_those_that_need_a_person_come_last() {
        let vm = |id: u32| {
            let (end, why) = match id {
                0..3 => (Some(End::Held), "no host has room".to_owned()),
                3 => (Some(End::Failed), "still PROLOG".to_owned()),
                4 => (Some(End::Recovered), DELETED.to_owned()),
                5 => (None, String::new()),
                id => (Some(End::Recovered), format!("RUNNING, attempt {id}")),
            };
            let (name, order, to) = (format!("web-{id}"), Some("migrate".to_owned()), Some(HostId(id % 2)));
            IncidentVm { id: VmId(id), name, order, to, end, why, ready: None }
        };
        let incident = Incident { vms: (0..1000).map(vm).collect(), ..Incident::default() };
        let all = outcomes(&incident);
        let told: Vec<_> = all.iter().map(|one| (one.end, one.vms.len(), one.why)).collect();
        assert_eq!(
            told,
            [
                ("recovered", 497, ""),
                ("recovered", 497, ""),
                ("deleted", 1, ""),
                ("on its way", 1, ""),
                ("held", 3, "no host has room"),
                ("failed", 1, "still PROLOG")
            ]
        );
        assert_eq!(all[0].order, Some(("migrate", Some(HostId(0)))));
        assert_eq!(all[4].order, None, "the reason says more");
        assert!(all[4].vms.iter().all(|vm| needs_person(vm)) && !needs_person(all[3].vms[0]));
    }
}
