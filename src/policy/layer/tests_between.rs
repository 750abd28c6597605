//! Rules between roles: what they are, what breaks them today, and what a lost host would do.

use super::tests::{group, role, vm};
use super::tests_rules::survey;
use super::*;
use crate::model::{GroupPolicy, VmGroup, VmState};

const RUNNING: VmState = VmState::RUNNING;
const OFF: VmState = VmState::Poweroff;

/// A front (1, 2) and a back (3, 4) with this rule between them.
fn shop(apart: bool) -> VmGroup {
    let roles = vec![role("front", GroupPolicy::None, &[2, 1]), role("back", GroupPolicy::None, &[3, 4])];
    let set = || vec![vec!["front".to_owned(), "back".to_owned()]];
    let (affined, anti_affined) = if apart { (Vec::new(), set()) } else { (set(), Vec::new()) };
    VmGroup { affined, anti_affined, ..group(3, "shop", roles) }
}

/// Where VMs 1, 2, 3 and 4 are, in one state.
fn told(group: VmGroup, places: [(VmState, u32); 4]) -> Vec<String> {
    let vms = (1..).zip(places).map(|(id, (state, host))| vm(id, state, Some(host), "")).collect();
    let survey = survey("7.5.80", vec![group], vms);
    let faults = judge_rules(&survey, &survey.rules);
    faults.iter().map(|fault| format!("{:?} {}: {}", fault.severity, fault.layer, fault.text)).collect()
}

#[test]
fn rules_are_sets_of_roles_and_roles_that_belong_together() {
    let mut shop = shop(true);
    shop.affined = vec![vec!["back".to_owned(), "gone".to_owned()]];
    shop.roles.push(role("crew", GroupPolicy::Affined, &[9]));
    let rules = rules(&[shop], &[vm(1, RUNNING, Some(0), ""), vm(3, VmState::Done, Some(0), "")]);
    let names: Vec<_> = rules.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "shop/back together (vm group 3)",
            "shop/crew together (vm group 3)",
            "shop/front and back apart (vm group 3)"
        ]
    );
    let of = |at: usize| rules[at].members().map(|member| member.vm.0).collect::<Vec<_>>();
    assert_eq!((of(0), of(2)), (vec![4], vec![1, 2, 4]), "one that is DONE is in no rule");
}

#[test]
fn roles_apart_may_share_with_their_own_and_not_with_the_other() {
    let kept = [(RUNNING, 0), (RUNNING, 0), (RUNNING, 1), (RUNNING, 1)];
    assert_eq!(told(shop(true), kept), Vec::<String>::new());
    let broken = told(shop(true), [(RUNNING, 0), (RUNNING, 1), (RUNNING, 1), (RUNNING, 2)]);
    let first =
        "Violation shop/front and back apart (vm group 3): web-2 (vm 2), web-3 (vm 3) share node1 (host 1)";
    assert_eq!(broken, [first]);
    let parked = told(shop(true), [(RUNNING, 0), (OFF, 1), (RUNNING, 1), (RUNNING, 2)]);
    assert!(parked[0].contains("would share, once started, node1 (host 1)"), "{parked:?}");
}

#[test]
fn a_lost_host_leaves_each_role_a_host_without_the_other() {
    // Host 3 is the only one without a front; if it fails, its back has nowhere to go. A front may go to any other.
    let tight = told(shop(true), [(RUNNING, 0), (OFF, 1), (RUNNING, 3), (RUNNING, 3)]);
    assert_eq!(tight, Vec::<String>::new(), "host 2 has nobody");
    let mut full = shop(true);
    full.roles[0].vms.extend([5].map(crate::model::VmId));
    let places = [(1, 0), (2, 1), (5, 2), (3, 3), (4, 3)];
    let vms = places.iter().map(|(id, host)| vm(*id, RUNNING, Some(*host), "")).collect();
    let survey = survey("7.5.80", vec![full], vms);
    let faults = judge_rules(&survey, &survey.rules);
    let texts: Vec<_> = faults.iter().map(|fault| fault.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "if node3 (host 3) failed, web-3 (vm 3), web-4 (vm 4) could not be kept apart: each of the 3 usable hosts \
             left in default (cluster 0) has a VM of another role"
        ]
    );
    assert_eq!(faults[0].advice, "add 1 more host to default (cluster 0), or take a VM out of the VM group");
}

#[test]
fn what_belongs_together_is_on_one_host() {
    let one = [(RUNNING, 0), (RUNNING, 0), (OFF, 0), (RUNNING, 0)];
    assert_eq!(told(shop(false), one), Vec::<String>::new());
    let two = told(shop(false), [(RUNNING, 0), (RUNNING, 0), (RUNNING, 1), (RUNNING, 0)]);
    assert_eq!(two.len(), 1);
    assert!(two[0].starts_with("Violation shop/front and back together"), "{two:?}");
    assert!(two[0].ends_with("web-3 (vm 3) on node1 (host 1): they are not on one host"), "{two:?}");
    let off = told(shop(false), [(RUNNING, 0), (RUNNING, 0), (OFF, 1), (RUNNING, 0)]);
    assert!(off[0].starts_with("Warning"), "{off:?}");
}

#[test]
fn a_rule_is_found_by_its_group() {
    let vms = vec![vm(1, RUNNING, Some(0), "")];
    let mut apart = shop(true);
    apart.roles[0].policy = GroupPolicy::AntiAffined;
    let survey = survey("7.5.80", vec![apart], vms);
    let found = |name: &str| find(&survey, name).map(|(layers, rules)| (layers.len(), rules.len()));
    assert_eq!(found("shop"), Ok((0, 1)));
    assert_eq!(found("3"), Ok((0, 1)));
    assert_eq!(found("shop/front"), Ok((1, 0)));
    assert_eq!(found("shop/front and back"), Ok((0, 1)));
    assert!(found("nothing").is_err());
}
