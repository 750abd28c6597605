//! This front-end: what it is, and since when it is that.

use crate::model::{Host, Machine, Observer};
use crate::policy::limits::span;
use crate::policy::port::{Failure, Trouble};
use crate::policy::rules::BrakeRules;

/// Has this front-end known the leader of its zone for long enough to send "off"?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::policy) enum Leader {
    /// It has, or is alone.
    #[default]
    Known,
    /// It has not, see [`young_lead`].
    Young,
}

/// After a change of leader hosts are in ERROR that live: their agents go on reporting to the front-end that led
/// before. Source: OpenNebula/one#6372.
///
/// That forbids "off", and nothing else: the devices are read, and one that says off as often as a proof needs has not
/// heard it from anybody's monitoring. So a host that is really off waits for nothing, which matters after a failover:
/// it ended every hook. A young oned is another matter, see [`super::brakes`]: after a power cut of the whole room hosts
/// are off that come back by themselves.
pub(in crate::policy) fn young_lead(observer: &Observer, rules: &BrakeRules) -> Option<Failure> {
    observer.leader_for.filter(|time| *time < rules.startup_grace)?;
    Some(Failure {
        trouble: Trouble::Unreachable,
        what: format!(
            "the leader of this zone is known here for less than {}, and after a change of leader hosts that run may be in ERROR",
            span(rules.startup_grace)
        ),
        advice: "wait until oned has heard every host".to_owned(),
    })
}

/// The machine that runs this program lives, whatever oned says of it: it is never fenced by itself, and nothing of it
/// is started elsewhere, with `-u` neither.
pub(in crate::policy) fn is_this_machine(host: &Host, machine: &Machine) -> Option<Failure> {
    let why = sign(host, machine)?;
    Some(Failure {
        // Looking again from here would see the same.
        trouble: Trouble::Settings,
        what: format!("{host} is this machine itself, which lives: {why}"),
        advice: format!(
            "find out why {} is not monitored; to recover it all the same, run that on another front-end of the zone, \
             once that one leads",
            host.name
        ),
    })
}

/// What shows that a host is this machine; any one sign is enough.
fn sign(host: &Host, machine: &Machine) -> Option<String> {
    let attribute =
        |name: &str| host.attributes.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let id = attribute("MACHINE_ID")
        .filter(|id| machine.id.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(id)));
    if let Some(id) = id {
        return Some(format!("its MACHINE_ID, {id}, is that of this machine"));
    }
    let hostname = attribute("HOSTNAME");
    for name in [Some(host.name.as_str()), hostname].into_iter().flatten() {
        if machine.names.iter().any(|own| is_same(own, name)) {
            return Some(format!("this machine is called {name}"));
        }
    }
    let leads_here =
        |name: &str| machine.addresses.get(name).and_then(|addresses| addresses.first()).copied();
    if let Some(address) = leads_here(&host.name) {
        return Some(format!("its name leads to {address}, an address of this machine"));
    }
    // A host that calls itself localhost says so on every machine.
    let name = hostname?;
    let address = leads_here(name).filter(|address| !address.is_loopback())?;
    Some(format!("its HOSTNAME, {name}, leads to {address}, an address of this machine"))
}

/// Two names of one machine: the same in full, or one of them is the short one of the other. `localhost` is nobody's.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let (one, other) = (plain(one), plain(other));
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    if one.is_empty() || short(&one) == "localhost" || other.parse::<core::net::IpAddr>().is_ok() {
        return false;
    }
    one == other || (!one.contains('.') || !other.contains('.')) && short(&one) == short(&other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostId, HostState};
    use core::net::IpAddr;

    fn host(name: &str, attributes: &[(&str, &str)]) -> Host {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Host { attributes: attributes.collect(), ..Host::new(HostId(3), name, HostState::Error) }
    }

    fn machine(name: &str, addresses: &[(&str, &str)]) -> Machine {
        let address = |address: &str| vec![address.parse::<IpAddr>().unwrap()];
        let addresses = addresses.iter().map(|(name, to)| ((*name).to_owned(), address(to)));
        Machine { names: vec![name.to_owned()], id: Some("0f".repeat(16)), addresses: addresses.collect() }
    }

    #[test]
    fn this_machine_is_known_by_its_name_in_full_or_short() {
        for (own, name, hostname, same) in [
            ("fe1", "fe1", "", true),
            ("fe1", "FE1.example.org", "", true),
            ("fe1.example.org", "fe1", "", true),
            ("fe1.example.org", "fe1.example.org.", "", true),
            ("fe1.example.org", "10.0.0.7", "fe1.example.org", true),
            ("fe1.site-a", "fe1.site-b", "", false),
            ("fe1", "fe10", "fe11.example.org", false),
            ("10", "10.0.0.7", "", false),
            ("", "", "", false),
            // A machine that nobody has named, and hosts that nobody has named.
            ("localhost", "node1", "localhost", false),
            ("localhost.localdomain", "node1", "localhost.localdomain", false),
        ] {
            let found = sign(&host(name, &[("HOSTNAME", hostname)]), &machine(own, &[]));
            assert_eq!(found.is_some(), same, "{own} and {name} {hostname}: {found:?}");
        }
    }

    #[test]
    fn this_machine_is_known_by_an_address_and_by_its_id() {
        let named = host("node1", &[("HOSTNAME", "node1.example.org")]);
        let here = |name: &str, address| sign(&named, &machine("fe1", &[(name, address)]));
        assert!(here("node1", "10.0.0.7").is_some_and(|why| why.contains("10.0.0.7")));
        assert!(here("node1", "127.0.1.1").is_some());
        assert!(here("node1.example.org", "2001:db8::7").is_some());
        assert_eq!(here("node1.example.org", "127.0.1.1"), None, "every host says that of itself");
        assert_eq!(here("node2", "10.0.0.7"), None);
        let id = "0F".repeat(16);
        assert!(sign(&host("node1", &[("MACHINE_ID", &id)]), &machine("fe1", &[])).is_some());
        assert_eq!(sign(&host("node1", &[("MACHINE_ID", "0f")]), &machine("fe1", &[])), None);
        assert_eq!(sign(&host("node1", &[("MACHINE_ID", "")]), &Machine::default()), None);
        assert_eq!(sign(&named, &Machine::default()), None);
    }
}
