//! Layers as oned's groups and attributes give them, and each rule once kept and once broken.

use super::*;
use crate::model::{GroupId, GroupPolicy, HostId, LcmState, Role, Vm, VmGroup, VmId, VmState};
use crate::policy::LayerScope;

const POWEROFF: VmState = VmState::Poweroff;
const RUNNING: VmState = VmState::RUNNING;

pub(super) fn vm(id: u32, state: VmState, host: Option<u32>, layer: &str) -> Vm {
    let attributes = [(ATTRIBUTE.to_owned(), layer.to_owned())];
    Vm {
        attributes: attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        ..Vm::new(VmId(id), &format!("web-{id}"), state, host.map(HostId))
    }
}

pub(super) fn role(name: &str, policy: GroupPolicy, vms: &[u32]) -> Role {
    Role {
        name: name.to_owned(),
        policy,
        vms: vms.iter().copied().map(VmId).collect(),
        host_affined: Vec::new(),
        host_anti_affined: Vec::new(),
    }
}

pub(super) fn group(id: u32, name: &str, roles: Vec<Role>) -> VmGroup {
    let (affined, anti_affined) = (Vec::new(), Vec::new());
    VmGroup { id: GroupId(id), name: name.to_owned(), roles, affined, anti_affined }
}

#[test]
fn layers_are_roles_that_are_anti_affined_and_values_of_the_attribute() {
    let anti = || GroupPolicy::AntiAffined;
    let groups = [
        group(3, "db", vec![role("master", anti(), &[3, 1, 9]), role("web", GroupPolicy::Affined, &[2])]),
        group(1, "web", vec![role("x", anti(), &[])]),
        group(2, "free", vec![role("y", GroupPolicy::None, &[4])]),
    ];
    let vms = [
        vm(1, RUNNING, Some(7), ""),
        vm(2, RUNNING, Some(7), " web "),
        vm(3, VmState::Done, Some(7), "web"),
        vm(4, VmState::Pending, None, "web"),
        vm(5, POWEROFF, Some(8), "Web"),
        vm(6, RUNNING, Some(8), "  "),
    ];
    let told: Vec<_> = layers(&groups, &vms, LayerScope::default())
        .iter()
        .map(|layer| (layer.to_string(), layer.members.iter().map(|m| (m.vm.0, m.place)).collect::<Vec<_>>()))
        .collect();
    let (on, last) = (|host| Place::On(HostId(host)), |host| Place::Last(HostId(host)));
    assert_eq!(
        told,
        [
            ("Web (HA_LAYER)".to_owned(), vec![(5, last(8))]),
            ("db/master (vm group 3)".to_owned(), vec![(1, on(7)), (9, Place::Unknown)]),
            ("web (vm group 1)".to_owned(), vec![]),
            ("web (HA_LAYER)".to_owned(), vec![(2, on(7)), (4, Place::Nowhere)]),
        ]
    );
}

#[test]
fn every_state_has_a_place() {
    let active = |lcm| place(&vm(1, VmState::Active(lcm), Some(7), ""));
    let at = HostId(7);
    for lcm in LcmState::ALL.iter().filter(|lcm| **lcm != LcmState::LcmInit) {
        let expected = if *lcm == LcmState::Migrate { Place::Moving(at) } else { Place::On(at) };
        assert_eq!(active(*lcm), expected, "{lcm}");
    }
    let of = |state, host| place(&vm(1, state, host, ""));
    assert_eq!(of(RUNNING, None), Place::Unknown);
    for state in [POWEROFF, VmState::Suspended] {
        assert_eq!((of(state, Some(7)), of(state, None)), (Place::Last(at), Place::Nowhere));
    }
    for state in [VmState::Pending, VmState::Hold, VmState::Stopped, VmState::Undeployed, VmState::Cloning] {
        assert_eq!(of(state, Some(7)), Place::Nowhere, "{state}");
    }
    assert_eq!(of(VmState::Unknown(77), Some(7)), Place::Unknown);
    assert_eq!(active(LcmState::UnknownNumber(99)), Place::Unknown);
}
