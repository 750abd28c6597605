//! Each rule once kept and once broken.

use super::tests::{group, role, vm};
use super::*;
use crate::model::{
    Cluster, ClusterId, GroupPolicy, Host, HostId, HostState, LcmState, Vm, VmGroup, VmId, VmState,
};
use crate::policy::LayerScope;
use std::collections::BTreeMap;

const NEW: &str = "7.5.80";
const OLD: &str = "6.10.0";
const RUNNING: VmState = VmState::RUNNING;

pub(super) fn host(id: u32, cluster: u32, state: HostState) -> Host {
    Host { cluster: ClusterId(cluster), ..Host::new(HostId(id), &format!("node{id}"), state) }
}

/// Four hosts in cluster 0, all MONITORED.
pub(super) fn survey(version: &str, groups: Vec<VmGroup>, vms: Vec<Vm>) -> Survey {
    let hosts = (0..4).map(|id| host(id, 0, HostState::Monitored)).collect();
    let (hosts_of, datastores, attributes) = (Vec::new(), Vec::new(), BTreeMap::new());
    let name = "default".to_owned();
    let cluster = Cluster { id: ClusterId(0), name, hosts: hosts_of, datastores, attributes };
    Survey::new(version, hosts, vec![cluster], groups, vms, Vec::new(), LayerScope::default())
}

fn web(vms: &[u32]) -> VmGroup {
    group(3, "web", vec![role(ROLE, GroupPolicy::AntiAffined, vms)])
}

/// The rule that refuses to let the last VM into the first layer.
fn refused(survey: &Survey) -> Option<String> {
    let vm = survey.vms.last().unwrap();
    may_all_join(survey, survey.layers.first(), &[vm.id]).err().map(|no| no.rule)
}

#[test]
fn versions_from_7_3_80_on_use_groups() {
    for version in ["7.3.80", "7.4.0", "7.5.80", "8.0.0", "10.0.1"] {
        assert_eq!(Means::of(version), Means::Groups, "{version}");
    }
    for version in ["7.3.79", "7.3.0", "7.2.1", "6.10.0", "5.12.0", "", "new"] {
        assert_eq!(Means::of(version), Means::Attributes, "{version}");
    }
}

#[test]
fn any_vm_may_join_a_new_layer_but_not_with_one_that_shares_its_host() {
    let states = [RUNNING, VmState::Poweroff, VmState::Suspended, VmState::Pending, VmState::Stopped];
    for version in [NEW, OLD] {
        for state in states {
            let one = survey(version, vec![], vec![vm(1, state, Some(0), "")]);
            assert_eq!(may_all_join(&one, None, &[VmId(1)]), Ok(()), "{state}");
        }
        let two = survey(version, vec![], vec![vm(1, RUNNING, Some(0), ""), vm(2, RUNNING, Some(0), "")]);
        let no = may_all_join(&two, None, &[VmId(1), VmId(2)]).unwrap_err();
        assert!(
            no.rule.contains("web-2 (vm 2) is on node0 (host 0), the host of member web-1 (vm 1)"),
            "{no:?}"
        );
    }
}

#[test]
fn a_deployed_vm_joins_only_if_no_member_shares_its_host() {
    let with = |host, state| {
        let member = vm(1, RUNNING, Some(0), "web");
        refused(&survey(OLD, vec![], vec![member, vm(2, state, Some(host), "")]))
    };
    for state in [RUNNING, VmState::UNKNOWN, VmState::Active(LcmState::Boot)] {
        assert_eq!(with(1, state), None, "{state}");
        assert!(with(0, state).unwrap().contains("a layer's VMs must not share a host"), "{state}");
    }
    // A member that is powered off keeps its host.
    let parked = vm(1, VmState::Poweroff, Some(0), "web");
    let no = refused(&survey(OLD, vec![], vec![parked, vm(2, RUNNING, Some(0), "")])).unwrap();
    assert!(no.contains("the last host of member web-1"), "{no}");
}

#[test]
fn a_powered_off_vm_joins_only_if_its_last_host_differs_and_one_without_a_host_always() {
    for member in [vm(1, RUNNING, Some(0), "web"), vm(1, VmState::Suspended, Some(0), "web")] {
        for state in [VmState::Poweroff, VmState::Suspended] {
            let with =
                |host| refused(&survey(OLD, vec![], vec![member.clone(), vm(2, state, Some(host), "")]));
            assert_eq!(with(1), None, "{state}");
            assert!(with(0).unwrap().contains("it would start there again"), "{state}");
        }
        for state in [VmState::Pending, VmState::Hold, VmState::Stopped, VmState::Undeployed] {
            assert_eq!(refused(&survey(OLD, vec![], vec![member.clone(), vm(2, state, Some(0), "")])), None);
        }
    }
}

#[test]
fn what_moves_or_is_not_known_is_waited_for() {
    let moving = VmState::Active(LcmState::Migrate);
    let no = |member: Vm, joins: Vm| refused(&survey(OLD, vec![], vec![member, joins])).unwrap();
    let told = no(vm(1, RUNNING, Some(0), "web"), vm(2, moving, Some(1), ""));
    assert!(told.contains("web-2 (vm 2) is moving"), "{told}");
    let told = no(vm(1, moving, Some(0), "web"), vm(2, RUNNING, Some(1), ""));
    assert!(told.contains("web-1 (vm 1), a member, is moving"), "{told}");
    let told = no(vm(1, RUNNING, Some(0), "web"), vm(2, VmState::Unknown(77), Some(1), ""));
    assert!(told.contains("it is not known where web-2"), "{told}");
    let unread = survey(NEW, vec![web(&[7])], vec![vm(2, RUNNING, Some(1), "")]);
    assert!(refused(&unread).unwrap().contains("it is not known where vm 7, a member, is"));
}

#[test]
fn there_is_no_direct_move_between_layers_of_either_kind() {
    let way = |survey: &Survey, target: &str, vm: u32| {
        let target = find_layer(&survey.layers, target).unwrap();
        may_all_join(survey, Some(target), &[VmId(vm)]).map_err(|no| no.way)
    };
    let vms = vec![vm(1, RUNNING, Some(0), "a"), vm(2, RUNNING, Some(1), "b b"), vm(3, RUNNING, Some(2), "")];
    let both = survey(NEW, vec![web(&[3])], vms);
    assert!(way(&both, "a", 2).unwrap_err().contains("first `onerescue layer remove 'b b' 2`"));
    assert!(way(&both, "a", 3).unwrap_err().contains("first `onerescue layer remove web 3`"));
    assert!(way(&both, "web", 1).unwrap_err().contains("first `onerescue layer remove a 1`"));
    assert!(may_all_join(&both, None, &[VmId(3)]).is_err(), "a new layer is a move too");
}

#[test]
fn a_vm_is_in_one_vm_group_only_and_old_groups_are_fixed() {
    let free = group(4, "free", vec![role("x", GroupPolicy::None, &[2])]);
    let vms = || vec![vm(1, RUNNING, Some(0), ""), vm(2, RUNNING, Some(1), "")];
    let new = survey(NEW, vec![web(&[1]), free.clone()], vms());
    let no = may_all_join(&new, new.layers.first(), &[VmId(2)]).unwrap_err();
    assert!(no.rule.contains("a VM can be in one VM group only") && no.way.contains("onevm vmgroup-del 2"));
    let old = survey(OLD, vec![web(&[1]), free], vms());
    let no = may_all_join(&old, old.layers.first(), &[VmId(2)]).unwrap_err();
    assert!(no.rule.contains("a VM group's members are fixed") && no.way.contains("layer create"), "{no:?}");
    assert_eq!(may_all_join(&old, None, &[VmId(2)]), Ok(()), "HA_LAYER is beside VM groups");
    assert!(may_leave(&old.layers[0], old.means).is_err() && may_leave(&new.layers[0], new.means).is_ok());
    assert_eq!((may_create(Means::Groups, 0), may_create(Means::Attributes, 1)), (Ok(()), Ok(())));
    assert!(may_create(Means::Attributes, 0).is_err());
}

#[test]
fn a_value_that_an_owner_made_up_is_written_to_no_other_vm() {
    let evil = "a\"\nHA_POLICY=\"DELETE";
    let both = survey(OLD, vec![], vec![vm(1, RUNNING, Some(0), evil), vm(2, RUNNING, Some(1), "")]);
    assert!(refused(&both).unwrap().contains("has characters that are not written to other VMs"));
    let target = &both.layers[0];
    assert_eq!(leave(target, VmId(1)).undo(), None, "nor back to the same VM");
    let other =
        survey(OLD, vec![], vec![vm(1, RUNNING, Some(0), "$(rm -rf '/')"), vm(2, RUNNING, Some(1), "b")]);
    let no = may_all_join(&other, Some(&other.layers[1]), &[VmId(1)]).unwrap_err();
    assert!(no.way.contains("layer remove '$(rm -rf '\\''/'\\'')' 1`"), "{}", no.way);
}

#[test]
fn a_layer_is_renamed_only_while_no_member_is_deployed() {
    for (state, may) in [
        (RUNNING, false),
        (VmState::UNKNOWN, false),
        (VmState::Active(LcmState::Migrate), false),
        (VmState::Unknown(77), false),
        (VmState::Poweroff, true),
        (VmState::Suspended, true),
        (VmState::Pending, true),
    ] {
        let survey =
            survey(OLD, vec![], vec![vm(1, VmState::Hold, None, "web"), vm(2, state, Some(0), "web")]);
        assert_eq!(may_rename(&survey.layers[0]).is_ok(), may, "{state}");
    }
}

#[test]
fn a_layer_is_deleted_only_with_at_most_one_member_left() {
    let vms = || (1..4).map(|id| vm(id, RUNNING, Some(id), "")).collect::<Vec<_>>();
    let may = |version, members: &[u32]| {
        let survey = survey(version, vec![web(members)], vms());
        may_delete(&survey.layers[0], survey.means)
    };
    assert_eq!((may(NEW, &[]), may(NEW, &[1]), may(OLD, &[])), (Ok(()), Ok(()), Ok(())));
    let no = may(NEW, &[1, 2, 3]).unwrap_err();
    assert!(no.rule.contains("web (vm group 3) has 3 members: only a layer with at most one"), "{no:?}");
    assert!(no.way.contains("first `onerescue layer remove web 2 3`"), "{no:?}");
    assert!(may(OLD, &[1]).unwrap_err().rule.contains("fixed"));
}

#[test]
fn one_role_of_several_is_left_to_opennebula_s_own_commands() {
    let roles = vec![role("a", GroupPolicy::AntiAffined, &[]), role("b", GroupPolicy::None, &[])];
    let survey = survey(NEW, vec![group(3, "db", roles)], vec![]);
    let layer = find_layer(&survey.layers, "db/a").unwrap();
    assert!(may_rename(layer).unwrap_err().way.contains("onevmgroup role-update"));
    assert!(may_delete(layer, survey.means).unwrap_err().way.contains("onevmgroup role-delete"));
    assert!(find_layer(&survey.layers, "3").is_err(), "a group of several roles is not one layer");
}

#[test]
fn names_are_those_that_opennebula_allows_and_no_numbers() {
    for good in ["web", "web front 2", "Web_1.2-x", "wéb", &"a".repeat(128)] {
        assert_eq!(valid(good), Ok(()), "{good}");
    }
    for character in "&|:\\\";/'#{}$<>\n\t\u{1b}".chars() {
        assert!(valid(&format!("a{character}b")).is_err(), "{character:?}");
    }
    for bad in ["", " ", " web", "web ", "42", &"a".repeat(129)] {
        assert!(valid(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_name_is_free_unless_a_layer_or_any_group_has_it() {
    let other = group(5, "free", vec![role("x", GroupPolicy::None, &[])]);
    let survey = survey(NEW, vec![web(&[]), other], vec![vm(1, RUNNING, Some(0), "db")]);
    for (name, is_free) in [("web", false), ("free", false), ("db", false), ("DB", true), ("new", true)] {
        assert_eq!(free(&survey, name).is_ok(), is_free, "{name}");
    }
}

#[test]
fn what_is_ambiguous_is_refused_and_listed() {
    let mut twin = vm(2, RUNNING, Some(1), "web");
    twin.name = "web-1".to_owned();
    let survey = survey(NEW, vec![web(&[])], vec![vm(1, RUNNING, Some(0), ""), twin]);
    let no = find_layer(&survey.layers, "web").unwrap_err();
    assert_eq!(no.what, "2 layers are named \"web\": web (vm group 3), web (HA_LAYER)");
    assert_eq!(find_layer(&survey.layers, "3").unwrap().to_string(), "web (vm group 3)");
    let no = find_vm(&survey.vms, "web-1").unwrap_err();
    assert_eq!(no.what, "2 VMs are named \"web-1\": their ids are 1, 2");
    assert_eq!(find_vm(&survey.vms, "2").unwrap().id, VmId(2));
    assert!(find_vm(&survey.vms, "9").is_err() && find_layer(&survey.layers, "4").is_err());
}

fn faults(survey: &Survey) -> Vec<(Severity, Option<u32>, Vec<u32>)> {
    let faults = judge(survey, &survey.layers).into_iter();
    faults
        .map(|fault| {
            let vms = fault.vms.iter().map(|vm| vm.0).collect();
            (fault.severity, fault.host.map(|host| host.0), vms)
        })
        .collect()
}

#[test]
fn two_deployed_members_on_one_host_are_a_violation_and_one_that_waits_there_a_warning() {
    let at = |state, host| {
        survey(OLD, vec![], vec![vm(1, RUNNING, Some(0), "web"), vm(2, state, Some(host), "web")])
    };
    assert_eq!(faults(&at(RUNNING, 1)), []);
    assert_eq!(faults(&at(RUNNING, 0)), [(Severity::Violation, Some(0), vec![1, 2])]);
    assert_eq!(faults(&at(VmState::Poweroff, 0)), [(Severity::Warning, Some(0), vec![1, 2])]);
    assert_eq!(faults(&at(VmState::Pending, 0)), []);
    assert_eq!(faults(&at(VmState::Unknown(77), 0)), [(Severity::Warning, None, vec![2])]);
}

#[test]
fn n_members_need_n_plus_one_usable_hosts_of_their_cluster() {
    let member = |id| vm(id, RUNNING, Some(id), "web");
    let three = survey(OLD, vec![], (0..3).map(member).collect());
    assert_eq!(faults(&three), []);
    let mut less = three.clone();
    less.hosts[3].state = HostState::Disabled;
    let lost = |host: u32| (Severity::Warning, Some(host), vec![host]);
    assert_eq!(faults(&less), [lost(0), lost(1), lost(2)]);
    let mut elsewhere = three.clone();
    elsewhere.hosts[3].cluster = ClusterId(7);
    assert_eq!(faults(&elsewhere), [lost(0), lost(1), lost(2)]);
    let four = survey(OLD, vec![], (0..4).map(member).collect());
    assert_eq!(faults(&four).len(), 4);
    // One that is powered off needs no other host, but keeps its own.
    let mut parked = four.clone();
    parked.vms[3].state = VmState::Poweroff;
    parked.layers = layers(&[], &parked.vms, LayerScope::default());
    assert_eq!(faults(&parked), [lost(0), lost(1), lost(2)]);
    let text = &judge(&less, &less.layers)[0];
    assert_eq!(
        text.text,
        "if node0 (host 0) failed, web-0 (vm 0) could not be kept apart: 0 of 3 usable hosts in default (cluster 0) \
         would be left without a member"
    );
}

#[test]
fn both_of_two_on_one_host_need_a_host_of_their_own_when_it_fails() {
    let vms =
        vec![vm(1, RUNNING, Some(0), "web"), vm(2, RUNNING, Some(0), "web"), vm(3, RUNNING, Some(1), "web")];
    let mut survey = survey(OLD, vec![], vms);
    assert_eq!(faults(&survey), [(Severity::Violation, Some(0), vec![1, 2])]);
    survey.hosts[3].state = HostState::Error;
    assert_eq!(
        faults(&survey),
        [(Severity::Violation, Some(0), vec![1, 2]), (Severity::Warning, Some(0), vec![1, 2])]
    );
}

#[test]
fn a_collision_is_told_once_for_each_pair_and_only_about_new_members() {
    let vms =
        vec![vm(1, RUNNING, Some(0), "web"), vm(2, RUNNING, Some(0), "web"), vm(3, RUNNING, Some(1), "web")];
    let survey = survey(OLD, vec![], vms);
    let told = |new: &[u32]| {
        let new: Vec<_> = new.iter().copied().map(VmId).collect();
        collisions(&survey, &survey.layers[0], &new)
    };
    assert_eq!(told(&[2]), ["web-2 (vm 2) and web-1 (vm 1) are both on node0 (host 0)"]);
    assert_eq!(told(&[1, 2]).len(), 1);
    assert!(told(&[3]).is_empty());
}

#[test]
fn a_write_is_done_when_it_is_read_back_and_its_undo_is_the_way_back() {
    let before = survey(NEW, vec![web(&[])], vec![vm(1, RUNNING, Some(0), "")]);
    let after = survey(NEW, vec![web(&[1])], vec![vm(1, RUNNING, Some(0), "")]);
    let write = join(&before.layers[0], VmId(1));
    assert!(!write.is_done(&before) && write.is_done(&after));
    let back = write.undo().unwrap();
    assert!(back.is_done(&before) && !back.is_done(&after));
    let marked = survey(OLD, vec![], vec![vm(1, RUNNING, Some(0), "db")]);
    let bare = survey(OLD, vec![], vec![vm(1, RUNNING, Some(0), "")]);
    let write = join(&of_attribute("db"), VmId(1));
    assert!(!write.is_done(&bare) && write.is_done(&marked));
    assert!(write.undo().unwrap().is_done(&bare));
    let writes = rename(&marked.layers[0], "db2");
    assert!(!writes[0].is_done(&marked));
    assert!(delete(&after.layers[0]).iter().all(|write| !write.is_done(&after)));
}

#[test]
fn the_attribute_binds_the_vms_of_one_owner_or_team() {
    let of = |user, group, vm: Vm| Vm {
        owner: crate::model::Owner { user, group },
        gname: format!("g{group}"),
        ..vm
    };
    let web = |id, host| vm(id, RUNNING, Some(host), "web");
    let all = survey(
        OLD,
        vec![],
        vec![
            of(0, 0, web(1, 0)),
            of(2, 1, web(2, 0)),
            of(3, 1, web(3, 0)),
            of(4, 100, web(4, 1)),
            of(5, 100, web(5, 1)),
            of(6, 1, vm(6, RUNNING, Some(2), "")),
            of(5, 101, vm(7, RUNNING, Some(1), "")),
            of(2, 1, vm(8, RUNNING, Some(0), "")),
        ],
    );
    let told: Vec<(String, usize, usize)> =
        all.layers.iter().map(|of| (of.to_string(), of.members.len(), of.beside.len())).collect();
    let expected = [
        ("web (HA_LAYER)".to_owned(), 1, 0),
        ("web (HA_LAYER of user 2)".to_owned(), 1, 1),
        ("web (HA_LAYER of user 3)".to_owned(), 1, 1),
        ("web (HA_LAYER of group g100)".to_owned(), 2, 1),
    ];
    assert_eq!(told, expected);
    let faults = judge(&all, &all.layers);
    let shared: Vec<_> = faults
        .iter()
        .filter(|fault| fault.severity == Severity::Violation)
        .map(|fault| fault.vms.iter().map(|vm| vm.0).collect::<Vec<_>>())
        .collect();
    assert_eq!(
        shared,
        [vec![4, 5], vec![1, 2], vec![1, 3]],
        "strangers on one host are no fault: {faults:?}"
    );
    let layer = |named: &str| find_layer(&all.layers, named);
    assert!(layer("web").unwrap_err().advice.contains("as it stands there, in quotes"));
    let (users, team) =
        (layer("web (HA_LAYER of user 2)").unwrap(), layer("web (HA_LAYER of group g100)").unwrap());
    let no = |layer, vm| may_all_join(&all, Some(layer), &[VmId(vm)]).unwrap_err().rule;
    assert!(
        no(users, 6).contains("is of another owner and group than web-2 (vm 2), a member"),
        "{}",
        no(users, 6)
    );
    assert!(no(team, 7).contains("of another owner and group than web-4"), "{}", no(team, 7));
    assert!(no(users, 8).contains("is on node0 (host 0), the host of member web-2"), "{}", no(users, 8));
    let none = survey(
        OLD,
        vec![],
        vec![of(2, 1, vm(1, RUNNING, Some(0), "")), of(3, 1, vm(2, RUNNING, Some(1), ""))],
    );
    let no = may_all_join(&none, None, &[VmId(1), VmId(2)]).unwrap_err();
    assert!(no.way.contains("layer_scope"), "{no:?}");
}
