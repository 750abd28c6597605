//! Only what is certainly a host's own becomes its device.

use super::*;

const A: &str = "4c4c4544-0037-4210-8054-b7c04f383431";
const B: &str = "4c4c4544-0037-4210-8054-b7c04f383432";

fn host(id: u32, attributes: &[(&str, &str)]) -> Host {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Host {
        attributes: attributes.collect(),
        ..Host::new(HostId(id), &format!("kvm{id}"), HostState::Monitored)
    }
}

fn said(uuid: &str, serial: &str) -> Said {
    Said { uuid: own_uuid(uuid), serial: own_serial(serial) }
}

fn owned(id: u32, uuid: &str, serial: &str) -> Own {
    own(&host(id, &[]), Ok(said(uuid, serial))).unwrap()
}

fn machine(at: &str, uuid: &str, serial: &str) -> Machine {
    Machine { at: at.to_owned(), uuids: own_uuid(uuid).into_iter().collect(), serial: own_serial(serial) }
}

/// `1=b` is that host 1 is at b; then what was refused.
fn told(owns: &[Own], machines: &[Machine]) -> (Vec<String>, Vec<String>) {
    let found = matched(owns, machines);
    let pair = |pair: &Pair| format!("{}={}", pair.own.host.0, machines[pair.machine].at);
    (found.pairs.iter().map(pair).collect(), found.refused)
}

#[track_caller]
fn no_pair(owns: &[Own], machines: &[Machine], why: &[&str]) {
    let (pairs, refused) = told(owns, machines);
    assert!(pairs.is_empty(), "{pairs:?}");
    assert_eq!(refused, why);
}

#[test]
fn order_and_names_mean_nothing() {
    let owns = [owned(1, A, "CZ1001"), owned(2, B, "CZ1002")];
    let swapped = [machine("kvm1", B, "CZ1002"), machine("kvm2", A, "CZ1001")];
    assert_eq!(told(&owns, &swapped), (vec!["1=kvm2".to_owned(), "2=kvm1".to_owned()], vec![]));
    // A serial number of another kind does not speak against a UUID; one alone is enough where there is no UUID.
    let other = [machine("a", A, "BOARD77"), machine("b", "", "CZ1002")];
    assert_eq!(told(&owns, &other).0, ["1=a", "2=b"]);
    let by = |owns: &[Own], machines: &[Machine]| matched(owns, machines).pairs.remove(0).by;
    assert_eq!(by(&owns[1..], &other[1..]), By::Serial);
    let turned = turned(A).unwrap();
    assert_eq!(by(&owns[..1], &[machine("a", &turned, "")]), By::Turned(turned));
}

#[test]
fn what_speaks_of_two_is_no_pair() {
    let (one, two) = (owned(1, A, "CZ1001"), owned(2, B, "CZ1002"));
    let both = [one.clone(), two.clone()];
    no_pair(
        &both,
        &[machine("a", A, ""), machine("b", A, "")],
        &["kvm1 (host 1) is shown more than once: a and b"],
    );
    let turned = turned(A).unwrap();
    no_pair(
        &both,
        &[machine("a", A, ""), machine("b", &turned, "")],
        &["kvm1 (host 1) is shown more than once: a and b"],
    );
    let why = "a: its UUID or its serial number is that of kvm1 (host 1) and kvm2 (host 2)";
    no_pair(&both, &[machine("a", A, "CZ1002")], &[why]);
    // The other machine of a host in doubt is none of its either.
    let above = "b: it shows kvm2 (host 2), of which the above speaks too";
    no_pair(&both, &[machine("a", A, "CZ1002"), machine("b", B, "")], &[why, above]);
    no_pair(
        &both,
        &[machine("a", &A.replace('8', "9"), "CZ1001")],
        &["a: it has another UUID, and the serial number of kvm1 (host 1)"],
    );
    for twin in [owned(3, A, ""), owned(3, &turned, ""), owned(3, "", "CZ1001")] {
        let (pairs, refused) =
            told(&[one.clone(), two.clone(), twin], &[machine("a", A, "CZ1001"), machine("b", B, "")]);
        assert_eq!(pairs, ["2=b"], "{refused:?}");
        assert!(
            refused[0].starts_with("kvm1 (host 1) and kvm3 (host 3) say the same of themselves: "),
            "{refused:?}"
        );
    }
    no_pair(
        &both,
        &[machine("a", "", ""), machine("b", "", "Default string")],
        &["a: it does not say which machine it is", "b: it does not say which machine it is"],
    );
    let stranger = A.replace('8', "9");
    no_pair(
        &both,
        &[machine("a", &stranger, "XY9")],
        &[&format!("a: it shows {stranger}, and no host says that this is its own")],
    );
    assert_eq!(matched(&both, &[]).unseen, [HostId(1), HostId(2)]);
}

#[test]
fn redfish_and_ipmi_at_one_address_are_one_machine_or_it_is_said() {
    let (one, other) = (machine("a", A, ""), machine("b", B, ""));
    assert_eq!(differ(std::slice::from_ref(&one), &machine("i", A, "")), None);
    assert_eq!(differ(std::slice::from_ref(&one), &machine("i", &turned(A).unwrap(), "")), None);
    assert_eq!(differ(&[one.clone(), other.clone()], &machine("i", B, "")), None, "one of several");
    let why = format!("Redfish shows the UUID {A} there, and IPMI {B}: look which of them is wrong");
    assert_eq!(differ(std::slice::from_ref(&one), &other), Some(why));
    for (redfish, ipmi) in [
        (vec![machine("a", "", "")], other),
        (vec![one], machine("i", "", "")),
        (vec![], machine("i", A, "")),
    ] {
        assert_eq!(differ(&redfish, &ipmi), None, "who says nothing says nothing else");
    }
}

#[test]
fn a_host_is_one_machine_by_its_attributes_and_by_its_own_word() {
    let silent = || Err("no answer in time".to_owned());
    assert_eq!(own(&host(1, &[]), silent()).unwrap_err(), "no answer in time");
    let written = own(&host(1, &[("HA_UUID", &A.to_uppercase())]), silent()).unwrap();
    assert_eq!(written.said, said(A, ""));
    let both =
        own(&host(1, &[("HA_UUID", A), ("HA_SERIAL", "CZ1001")]), Ok(said(&turned(A).unwrap(), ""))).unwrap();
    assert_eq!(both.said, said(&turned(A).unwrap(), "CZ1001"), "its own word counts");
    for (attribute, asked) in [(("HA_UUID", A), said(B, "")), (("HA_SERIAL", "CZ1001"), said(A, "CZ1002"))] {
        let why = own(&host(1, &[attribute]), Ok(asked)).unwrap_err();
        assert!(
            why.contains(&format!("its attribute {} is {}, and it says", attribute.0, attribute.1)),
            "{why}"
        );
    }
    let nobodys =
        own(&host(1, &[("HA_UUID", crate::model::identity::NOBODYS[2])]), Ok(said(A, ""))).unwrap_err();
    assert_eq!(nobodys, "its attribute HA_UUID is nothing that tells a machine from others");
    assert!(
        own(&host(1, &[]), Ok(Said::default())).unwrap_err().contains("neither a UUID nor a serial number")
    );
}

#[test]
fn the_power_must_fit_to_what_oned_has_of_the_host() {
    use HostState::{Disabled, Error, Monitored};
    let (off, on) = (PowerState::Off, PowerState::On);
    let turned = By::Turned(B.to_owned());
    for by in [By::Uuid, By::Serial] {
        assert_eq!(fits(&by, &on, [Monitored, Error]), Ok(()));
        assert_eq!(fits(&by, &off, [Error; 2]), Ok(()));
        for seen in [[Monitored, Error], [Error, Monitored], [Disabled; 2]] {
            assert!(fits(&by, &off, seen).unwrap_err().starts_with("it says OFF while oned hears the host"));
        }
        assert!(fits(&by, &PowerState::Unknown("x".to_owned()), [Error; 2]).is_err());
    }
    assert_eq!(fits(&turned, &on, [Monitored; 2]), Ok(()));
    for (said, seen) in [(&on, [Monitored, Error]), (&on, [Disabled; 2]), (&off, [Error; 2])] {
        assert!(fits(&turned, said, seen).unwrap_err().contains("turned bytes"), "{said} {seen:?}");
    }
}
