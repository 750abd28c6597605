//! What this machine is: its names, its id, and which names of hosts lead to it.
//!
//! Whether one of the hosts is this machine is for the policy.

use crate::model::{Host, Machine};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs as _, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// The end of all questions for names together: a name server that is away must not hold a recovery up.
const LONGEST: Duration = Duration::from_secs(5);
/// Names that are asked for at the same time.
const MOST: usize = 16;

/// Look, with the names of these hosts. One that is not known within [`LONGEST`] leads nowhere.
pub(super) fn look<'a>(hosts: impl IntoIterator<Item = &'a Host>) -> Machine {
    let hostname = |host: &'a Host| host.attributes.get("HOSTNAME").map(String::as_str);
    let names: BTreeSet<_> =
        hosts.into_iter().flat_map(|host| [Some(host.name.as_str()), hostname(host)]).flatten().collect();
    let names = names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let id = std::fs::read_to_string("/etc/machine-id").ok();
    let id = id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    Machine { names: vec![front_end()], id, addresses: ours(names, resolve) }
}

/// This machine's name.
pub(super) fn front_end() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Which of these names lead to this machine. The system's resolver may hang for as long as it likes: it does so in a
/// thread of its own, which nobody waits for then.
#[expect(clippy::disallowed_methods, reason = "the deadline of a question that the system may never answer")]
fn ours(names: Vec<String>, resolve: fn(&str) -> Vec<IpAddr>) -> BTreeMap<String, Vec<IpAddr>> {
    let (threads, mut left) = (names.len().min(MOST), names.len());
    let names = Arc::new(Mutex::new(names));
    let (answers, answered) = mpsc::channel();
    for _ in 0..threads {
        let (names, answers) = (Arc::clone(&names), answers.clone());
        let next = move || names.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let work = move || {
            while let Some(name) = next() {
                let addresses = resolve(&name);
                if answers.send((name, addresses)).is_err() {
                    return;
                }
            }
        };
        // Without a thread these names stay unknown.
        let _ = Builder::new().spawn(work);
    }
    drop(answers);
    let began = Instant::now();
    let mut ours = BTreeMap::new();
    while left > 0 {
        let rest = LONGEST.saturating_sub(began.elapsed());
        let Ok((name, addresses)) = answered.recv_timeout(rest) else {
            log::debug!("{left} names of hosts are not known after {} s", LONGEST.as_secs());
            break;
        };
        left -= 1;
        let addresses: Vec<_> = addresses.into_iter().filter(|address| is_local(*address)).collect();
        if !addresses.is_empty() {
            ours.insert(name, addresses);
        }
    }
    ours
}

fn resolve(name: &str) -> Vec<IpAddr> {
    let found = (name, 0).to_socket_addrs().into_iter().flatten();
    found.map(|address| address.ip()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Is it an address of this machine? The kernel says from which address it would send there: only to itself it sends
/// from the same one. Nothing is sent.
fn is_local(address: IpAddr) -> bool {
    if address.is_loopback() {
        return true;
    }
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let from = UdpSocket::bind((any, 0)).and_then(|socket| {
        // Any port: no packet leaves for it.
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    !address.is_unspecified() && from.is_ok_and(|from| from.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostId, HostState};

    #[test]
    fn an_address_is_ours_if_the_kernel_sends_from_it_to_it() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for ours in ["127.0.0.1", "127.0.1.1", "::1"] {
            assert!(is_local(address(ours)), "{ours}");
        }
        // Of the documentation: nobody has them.
        for other in ["192.0.2.7", "198.51.100.1", "2001:db8::7", "0.0.0.0", "::"] {
            assert!(!is_local(address(other)), "{other}");
        }
        // Whatever else this machine has.
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        if socket.connect("192.0.2.7:9").is_ok() {
            assert!(is_local(socket.local_addr().unwrap().ip()));
        }
    }

    #[test]
    fn names_and_hostnames_of_hosts_lead_here_or_not() {
        let mut host = Host::new(HostId(3), "192.0.2.7", HostState::Error);
        host.attributes.insert("HOSTNAME".to_owned(), "127.0.0.1".to_owned());
        let machine = look([&host]);
        assert_eq!(machine.addresses.keys().collect::<Vec<_>>(), ["127.0.0.1"]);
        assert_eq!(machine.names, [front_end()]);
        assert!(look([]).addresses.is_empty());
    }

    #[test]
    fn a_resolver_that_hangs_is_left_alone() {
        fn hangs(name: &str) -> Vec<IpAddr> {
            while name.starts_with("slow") {
                std::thread::park();
            }
            vec![Ipv4Addr::LOCALHOST.into()]
        }
        let names = ["slow1", "fast1", "slow2", "fast2"].map(str::to_owned).to_vec();
        assert_eq!(ours(names, hangs).keys().collect::<Vec<_>>(), ["fast1", "fast2"]);
    }
}
