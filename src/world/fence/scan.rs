//! Addresses that are asked which machine is behind them: for Redfish, then for IPMI. Nothing is switched.
//!
//! A name and a password go to a Redfish service whose certificate is believed, or, where there is none, to an IPMI
//! controller. Where Redfish has shown its machines IPMI is asked too: whether it is the same machine. Where they are refused
//! they are not tried a second time. Which host a machine is, is for the policy.

use super::agent::secret_in;
use super::ipmi::{self, Shown};
use super::redfish::list::{self, Listed, NoList};
use super::secret::Secret;
use super::verdict::one_line;
use super::{Fence, Ready};
use crate::config::entries::{Asking, Askings, Place, Scanned};
use crate::config::redfish::{Login, trust};
use crate::model::{DeviceName, Host, PowerState};
use crate::policy::scan::{Machine, differ};
use crate::world::parallel::few_at_once;
use reqwest::Url;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

/// Addresses that are asked at the same time.
const AT_ONCE: usize = 32;

/// How long an address has for a connection, for Redfish, and for each of two calls of `ipmitool`.
const CONNECT: Duration = Duration::from_secs(3);
const REDFISH: Duration = Duration::from_secs(20);
const IPMI: Duration = Duration::from_secs(12);

/// What came of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Machines, and what IPMI says of another one there.
    Machines(Vec<(Machine, Scanned)>, Option<String>),
    /// A Redfish service whose certificate is not believed: its fingerprint, and why.
    Untrusted(String, String),
    /// Somebody answers, and this is all that is known.
    Said(String),
    Silent(String),
}

impl Seen {
    /// The machines, and where each was found.
    pub(crate) fn machines(self) -> Vec<(Machine, Scanned)> {
        match self {
            Self::Machines(machines, _) => machines,
            Self::Untrusted(..) | Self::Said(_) | Self::Silent(_) => Vec::new(),
        }
    }
}

/// Ask each of these addresses. The answers are in their order.
///
/// # Errors
/// Why nobody was asked: the secret, or a parameter of a device.
pub(crate) fn scan(askings: &Askings, places: &[Place]) -> Result<Vec<Seen>, String> {
    let ready = |place| {
        let asking = askings.of(place).ok_or_else(|| format!("no --secret-file is for {place}"))?;
        let param = |name: &str| asking.redfish.params.get(name).map(String::as_str);
        trust(param("ca_file"), param("fingerprint"))?;
        let password = secret_in("password", Path::new(&asking.secret(place)))?;
        Ok((place, asking, password))
    };
    let ready: Vec<_> = places.iter().map(ready).collect::<Result<_, String>>()?;
    Ok(few_at_once(&ready, AT_ONCE, |(place, asking, password)| seen(asking, password, place)))
}

fn seen(asking: &Asking, password: &Secret, place: &Place) -> Seen {
    let at = |port: u16| resolved(place, place.port.unwrap_or(port));
    let (https, rmcp) = match (at(443), at(623)) {
        (Ok(https), Ok(rmcp)) => (https, rmcp),
        (Err(why), _) | (_, Err(why)) => return Seen::Silent(why),
    };
    // Closed at once: some controllers serve one connection at a time.
    let no_redfish = match TcpStream::connect_timeout(&https, CONNECT).map(drop) {
        Err(error) => Err(error.to_string()),
        Ok(()) => match redfish(asking, password, place) {
            Err(NoList::NotRedfish(why)) => Ok(why),
            Err(NoList::Untrusted(fingerprint, why)) => return Seen::Untrusted(fingerprint, why),
            Err(NoList::Failed(why)) => return Seen::Said(format!("Redfish: {why}")),
            Ok(listed) => return compared(machines(place, listed), asking, password, (place, rmcp)),
        },
    };
    match (ipmi::is_present(rmcp), no_redfish) {
        (true, _) => match ask_ipmi(asking, password, (place, rmcp)) {
            Ok(shown) => Seen::Machines(vec![by_ipmi(place, shown)], None),
            Err(why) => Seen::Said(format!("IPMI: {why}")),
        },
        (false, Ok(why)) => {
            Seen::Said(format!("it is no Redfish service, {why}; and no IPMI controller answers"))
        }
        (false, Err(why)) => Seen::Silent(why),
    }
}

/// The same with what IPMI says at that address, where it says something.
fn compared(seen: Seen, asking: &Asking, password: &Secret, (place, rmcp): (&Place, SocketAddr)) -> Seen {
    let Seen::Machines(found, _) = seen else { return seen };
    let shown = ipmi::is_present(rmcp).then(|| ask_ipmi(asking, password, (place, rmcp)));
    let other = shown.and_then(Result::ok).map(|shown| by_ipmi(place, shown).0);
    let machines: Vec<_> = found.iter().map(|(machine, _)| machine.clone()).collect();
    Seen::Machines(found, other.and_then(|ipmi| differ(&machines, &ipmi)))
}

fn resolved(place: &Place, port: u16) -> Result<SocketAddr, String> {
    let mut found = (place.host.as_str(), port).to_socket_addrs().map_err(|error| error.to_string())?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}

fn redfish(asking: &Asking, password: &Secret, place: &Place) -> Result<Vec<Listed>, NoList> {
    let param = |name: &str| asking.redfish.params.get(name).map(String::as_str);
    let url = Url::parse(&format!("https://{}/", place.for_url()));
    let trust = trust(param("ca_file"), place.fingerprint.as_deref().or(param("fingerprint")));
    list::list(&list::Asked {
        url: url.map_err(|error| NoList::Failed(error.to_string()))?,
        username: &asking.redfish.username,
        password,
        trust: trust.map_err(NoList::Failed)?,
        login: if param("session").is_some() { Login::Session } else { Login::EveryRequest },
        timeout: REDFISH,
    })
}

fn machines(place: &Place, listed: Vec<Listed>) -> Seen {
    let machine = |Listed { system, uuid, serial }: Listed| {
        let at = format!("redfish at {place}, {}", one_line(&system));
        (
            Machine { at, uuids: uuid.into_iter().collect(), serial },
            Scanned::Redfish { place: place.clone(), system },
        )
    };
    if listed.is_empty() {
        return Seen::Said("Redfish: it lists no systems".to_owned());
    }
    Seen::Machines(listed.into_iter().map(machine).collect(), None)
}

fn ask_ipmi(asking: &Asking, password: &Secret, (place, at): (&Place, SocketAddr)) -> Result<Shown, String> {
    let param = |name: &str| asking.ipmi.params.get(name).map(String::as_str);
    ipmi::ask(&ipmi::Asked {
        at,
        username: &asking.ipmi.username,
        password,
        file: Path::new(&asking.secret(place)),
        cipher: param("cipher"),
        privilege: param("privlvl"),
        lanplus: param("lanplus").is_some(),
        timeout: IPMI,
    })
}

fn by_ipmi(place: &Place, shown: Shown) -> (Machine, Scanned) {
    let machine = Machine { at: format!("ipmi at {place}"), uuids: shown.uuids, serial: shown.serial };
    (machine, Scanned::Ipmi { place: place.clone() })
}

impl Fence {
    /// Ask a device for the host's power as a recovery would, but without its queue, whose files belong to recoveries.
    pub(crate) fn seen_once(&self, host: &Host, name: &DeviceName) -> PowerState {
        let asked =
            self.declared(host, name).and_then(|(entry, device)| match self.driver(entry, name, device)? {
                Ready::Agent(agent) => {
                    agent.check()?;
                    Ok(agent.status(None))
                }
                Ready::Redfish(redfish) => Ok(redfish.status(&mut None)),
                Ready::Command { .. } => Err("it is no management controller".to_owned()),
            });
        asked.unwrap_or_else(|why| PowerState::Unknown(one_line(&why)))
    }

    /// The same of many, in their order: a few controllers at the same time, and each of them one question at a time.
    pub(crate) fn seen_once_each(&self, asked: &[(Host, DeviceName)]) -> Vec<PowerState> {
        let mut controllers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, (host, name)) in asked.iter().enumerate() {
            let controller = self.declared(host, name).map(|(entry, device)| entry.controller(name, device));
            controllers.entry(controller.unwrap_or_default()).or_default().push(place);
        }
        let controllers: Vec<_> = controllers.into_values().collect();
        let ask =
            |place: &usize| Some((*place, asked.get(*place).map(|(host, name)| self.seen_once(host, name))?));
        let each = |places: &Vec<usize>| places.iter().filter_map(ask).collect::<Vec<_>>();
        let mut answers: BTreeMap<_, _> =
            few_at_once(&controllers, AT_ONCE / 4, each).into_iter().flatten().collect();
        let unasked = |place: usize| {
            answers.remove(&place).unwrap_or_else(|| PowerState::Unknown("it was not asked".to_owned()))
        };
        (0..asked.len()).map(unasked).collect()
    }
}
