//! Where a connection may go: to an address that oned has given one of the VM's own interfaces, and nowhere else.
//!
//! An owner writes `TCP:ADDRESS:PORT`; what is not an address of his VM is not connected to. Neither is one that means the front-end
//! itself or something beside every VM, whoever has given it to the interface: loopback, unspecified, broadcast, multicast and
//! link-local addresses (the service of metadata is one). `[ready] networks` says more exactly where to, and wins.

use super::gate::Kind;
use crate::model::{Door, Vm};
use crate::policy::rules::ReadyRules;
use core::net::{IpAddr, SocketAddr};

/// The door of a VM with a gate of the kind TCP; none for the others.
///
/// # Errors
/// Why nothing is connected to.
#[must_use]
pub fn door(vm: &Vm, kind: &Kind, rules: &ReadyRules) -> Option<Result<Door, String>> {
    let Kind::Tcp(address, port) = kind else { return None };
    let own = &vm.guest.addresses;
    let address = match address {
        Some(address) if own.contains(address) => *address,
        Some(address) => {
            return Some(Err(format!("{address} is no address of its interfaces, and is not connected to")));
        }
        None => match own.first() {
            Some(address) => *address,
            None => return Some(Err("its interfaces have no address".to_owned())),
        },
    };
    let at = SocketAddr::new(address, *port);
    Some(if may_reach(address, rules) {
        Ok(Door { vm: vm.id, at })
    } else {
        Err(format!("{address} is not to be connected to (`[ready] networks`)"))
    })
}

fn may_reach(address: IpAddr, rules: &ReadyRules) -> bool {
    // `::ffff:127.0.0.1` is 127.0.0.1.
    let address = address.to_canonical();
    if rules.networks.is_empty() {
        is_somewhere_else(address)
    } else {
        rules.networks.iter().any(|subnet| subnet.has(address))
    }
}

fn is_somewhere_else(address: IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(address) => {
            address.is_link_local() || address.is_broadcast() || address.octets().first() == Some(&0)
        }
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(local || address.is_loopback() || address.is_unspecified() || address.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{VmId, VmState};
    use crate::policy::rules::Subnet;

    fn reached(own: &[&str], wanted: Option<&str>, networks: &[&str]) -> Result<String, String> {
        let mut vm = Vm::new(VmId(1), "db", VmState::RUNNING, None);
        vm.guest.addresses = own.iter().map(|address| address.parse().unwrap()).collect();
        let networks = networks.iter().map(|text| Subnet::read(text).unwrap()).collect();
        let kind = Kind::Tcp(wanted.map(|address| address.parse().unwrap()), 22);
        door(&vm, &kind, &ReadyRules { networks, ..ReadyRules::default() })
            .unwrap()
            .map(|door| door.at.to_string())
    }

    #[test]
    fn only_addresses_of_its_own_interfaces() {
        let own = ["10.0.0.7", "fd00::7"];
        assert_eq!(reached(&own, None, &[]).unwrap(), "10.0.0.7:22");
        assert_eq!(reached(&own, Some("fd00::7"), &[]).unwrap(), "[fd00::7]:22");
        for elsewhere in ["10.0.0.8", "127.0.0.1", "169.254.169.254", "fd00::8"] {
            assert!(
                reached(&own, Some(elsewhere), &[]).unwrap_err().contains("no address of its interfaces"),
                "{elsewhere}"
            );
        }
        assert!(reached(&[], None, &[]).is_err());
    }

    #[test]
    fn no_interface_makes_the_front_end_connect_to_itself() {
        for special in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(reached(&[special], None, &[]).unwrap_err().contains("[ready] networks"), "{special}");
        }
    }

    #[test]
    fn the_settings_say_where_to() {
        assert!(reached(&["10.0.0.7"], None, &["10.0.0.0/24"]).is_ok());
        assert!(reached(&["10.0.1.7"], None, &["10.0.0.0/24"]).is_err());
        assert!(reached(&["127.0.0.1"], None, &["127.0.0.0/8"]).is_ok());
    }
}
