//! Which management controller belongs to which host: the one that shows the host's own UUID or serial number.
//!
//! A wrong pair would power off a healthy host. So nothing follows from an order, an address or a name; two hosts that say the
//! same of themselves, two machines that show the same, and a UUID and a serial number that speak of two hosts are no pair,
//! and a host about which anything speaks against another thing has none. A UUID with turned bytes counts as it does
//! elsewhere: where the machine says ON while its host is MONITORED (`fencing::seen_on`).

#[cfg(test)]
mod tests;

use crate::model::identity::{own_serial, own_uuid, turned};
use crate::model::{Host, HostId, HostState, PowerState};
use std::collections::{BTreeMap, BTreeSet};

/// The attributes of a host that say which machine it is.
const UUID: &str = "HA_UUID";
const SERIAL: &str = "HA_SERIAL";

/// What a host says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// In lower case.
    pub(crate) uuid: Option<String>,
    pub(crate) serial: Option<String>,
}

/// A host, and the machine that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) host: HostId,
    pub(crate) name: String,
    pub(crate) said: Said,
}

/// A machine that a controller shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// `redfish at 10.8.0.11, /redfish/v1/Systems/1`
    pub(crate) at: String,
    /// Every reading of its UUID: one of Redfish, two of IPMI, whose controllers send the bytes in either order.
    pub(crate) uuids: Vec<String>,
    pub(crate) serial: Option<String>,
}

/// By what a machine is the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Uuid,
    /// The machine shows this one, which is the host's with turned bytes.
    Turned(String),
    Serial,
}

/// A machine, by its place in the list, and the host that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) own: Own,
    pub(crate) machine: usize,
    pub(crate) by: By,
}

/// Who belongs together, and why others do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) refused: Vec<String>,
    /// Hosts that no machine shows.
    pub(crate) unseen: Vec<HostId>,
}

/// Which machine a host is: what its attributes say, and what it says itself, which must not be two machines.
///
/// # Errors
/// Why that is not known.
pub(crate) fn own(host: &Host, asked: Result<Said, String>) -> Result<Own, String> {
    let read = |name: &str, known: fn(&str) -> Option<String>| match host.attributes.get(name) {
        None => Ok(None),
        Some(text) => known(text)
            .map(Some)
            .ok_or_else(|| format!("its attribute {name} is nothing that tells a machine from others")),
    };
    let written = Said { uuid: read(UUID, own_uuid)?, serial: read(SERIAL, own_serial)? };
    let asked = match asked {
        Err(why) if written == Said::default() => return Err(why),
        asked => asked.unwrap_or_default(),
    };
    let both = |one: &Option<String>, other: &Option<String>| one.clone().zip(other.clone());
    let other_uuid = both(&written.uuid, &asked.uuid).filter(|(one, other)| !is(one, other));
    let other_serial = both(&written.serial, &asked.serial).filter(|(one, other)| one != other);
    for (name, other) in [(UUID, other_uuid), (SERIAL, other_serial)] {
        if let Some((one, other)) = other {
            return Err(format!("its attribute {name} is {one}, and it says of itself {other}"));
        }
    }
    let said = Said { uuid: asked.uuid.or(written.uuid), serial: asked.serial.or(written.serial) };
    if said == Said::default() {
        return Err("it has neither a UUID nor a serial number that tells it from others".to_owned());
    }
    Ok(Own { host: host.id, name: host.name.clone(), said })
}

/// The same UUID, its bytes turned or not.
fn is(one: &str, other: &str) -> bool {
    one == other || turned(one).as_deref() == Some(other)
}

/// Find the machine of each host.
pub(crate) fn matched(owns: &[Own], machines: &[Machine]) -> Matched {
    let mut found = Matched::default();
    // Hosts about which anything speaks against another thing.
    let mut doubtful = twins(owns, &mut found.refused);
    let mut pairs: BTreeMap<HostId, Vec<Pair>> = BTreeMap::new();
    for (place, machine) in machines.iter().enumerate() {
        match belongs(owns, machine) {
            Ok((own, by)) => {
                pairs.entry(own.host).or_default().push(Pair { own: own.clone(), machine: place, by });
            }
            Err((hosts, why)) => {
                found.refused.push(format!("{}: {why}", machine.at));
                doubtful.extend(hosts);
            }
        }
    }
    for (host, pairs) in &mut pairs {
        let at = |pair: &Pair| machines.get(pair.machine).map_or("", |machine| machine.at.as_str());
        match pairs.as_slice() {
            [_] if !doubtful.contains(host) => found.pairs.append(pairs),
            [one] => found.refused.push(format!(
                "{}: it shows {}, of which the above speaks too",
                at(one),
                name(&one.own)
            )),
            several => {
                let places: Vec<_> = several.iter().map(at).collect();
                let name = several.first().map(|pair| name(&pair.own)).unwrap_or_default();
                found.refused.push(format!("{name} is shown more than once: {}", places.join(" and ")));
            }
        }
    }
    let seen = |own: &&Own| !pairs.contains_key(&own.host) && !doubtful.contains(&own.host);
    found.unseen = owns.iter().filter(seen).map(|own| own.host).collect();
    found
}

/// What Redfish and IPMI at one address say of two machines; nothing where either says nothing. They are to be one controller.
pub(crate) fn differ(redfish: &[Machine], ipmi: &Machine) -> Option<String> {
    let mut shown = redfish.iter().flat_map(|machine| &machine.uuids);
    let (one, other) = (shown.clone().next()?, ipmi.uuids.first()?);
    if shown.any(|uuid| ipmi.uuids.iter().any(|other| is(uuid, other))) {
        return None;
    }
    Some(format!("Redfish shows the UUID {one} there, and IPMI {other}: look which of them is wrong"))
}

/// `kvm1 (host 1)`
fn name(own: &Own) -> String {
    format!("{} ({})", own.name, own.host)
}

fn names<'a>(owns: impl IntoIterator<Item = &'a Own>) -> String {
    owns.into_iter().map(name).collect::<Vec<_>>().join(" and ")
}

/// Hosts that say the same of themselves.
fn twins(owns: &[Own], refused: &mut Vec<String>) -> BTreeSet<HostId> {
    let mut twins = BTreeSet::new();
    for (place, one) in owns.iter().enumerate() {
        for other in owns.iter().skip(place + 1) {
            let both = |say: fn(&Own) -> &Option<String>| say(one).as_deref().zip(say(other).as_deref());
            let uuid = both(|own| &own.said.uuid).filter(|(one, other)| is(one, other));
            let serial = both(|own| &own.said.serial).filter(|(one, other)| one == other);
            if let Some((same, _)) = uuid.or(serial) {
                refused.push(format!("{} say the same of themselves: {same}", names([one, other])));
                twins.extend([one.host, other.host]);
            }
        }
    }
    twins
}

type Doubt = (Vec<HostId>, String);

/// The host that a machine is, or why that is not known and which hosts are in doubt then.
fn belongs<'a>(owns: &'a [Own], machine: &Machine) -> Result<(&'a Own, By), Doubt> {
    let by_uuid: Vec<_> = owns.iter().filter_map(|own| Some((own, shows(machine, own)?))).collect();
    let by_serial: Vec<_> =
        owns.iter().filter(|own| own.said.serial.is_some() && own.said.serial == machine.serial).collect();
    let doubt = |why: &str, owns: &[&Own]| {
        let hosts = owns.iter().map(|own| own.host).collect();
        Err((hosts, format!("{why} {}", names(owns.iter().copied()))))
    };
    match (by_uuid.as_slice(), by_serial.as_slice()) {
        ([], []) if machine.uuids.is_empty() && machine.serial.is_none() => {
            Err((Vec::new(), "it does not say which machine it is".to_owned()))
        }
        ([], []) => {
            let shown: Vec<_> = machine.uuids.first().into_iter().chain(&machine.serial).cloned().collect();
            Err((Vec::new(), format!("it shows {}, and no host says that this is its own", shown.join(", "))))
        }
        ([(own, by)], []) => Ok((own, by.clone())),
        ([(own, by)], [other]) if own.host == other.host => Ok((own, by.clone())),
        ([], [own]) if machine.uuids.is_empty() || own.said.uuid.is_none() => Ok((own, By::Serial)),
        ([], [own]) => doubt("it has another UUID, and the serial number of", &[own]),
        (uuids, serials) => {
            let mut all: Vec<_> = uuids.iter().map(|(own, _)| *own).chain(serials.iter().copied()).collect();
            all.sort_by_key(|own| own.host);
            all.dedup_by_key(|own| own.host);
            doubt("its UUID or its serial number is that of", &all)
        }
    }
}

fn shows(machine: &Machine, own: &Own) -> Option<By> {
    let uuid = own.said.uuid.as_ref()?;
    if machine.uuids.contains(uuid) {
        return Some(By::Uuid);
    }
    let other = turned(uuid)?;
    machine.uuids.contains(&other).then_some(By::Turned(other))
}

/// Whether what a machine says of its power fits to what oned has of its host, before and after it was asked.
///
/// # Errors
/// What speaks against it.
pub(crate) fn fits(by: &By, said: &PowerState, seen: [HostState; 2]) -> Result<(), String> {
    let turned = matches!(by, By::Turned(_));
    match said {
        PowerState::Unknown(why) => Err(format!("its power is not known: {why}")),
        PowerState::Off if seen.into_iter().any(is_heard) => {
            Err("it says OFF while oned hears the host: it is not the host's, or says what is not so".to_owned())
        }
        PowerState::On | PowerState::Off if !turned => Ok(()),
        PowerState::On if seen == [HostState::Monitored; 2] => Ok(()),
        PowerState::On | PowerState::Off => Err(
            "it shows the host's UUID with turned bytes, which counts where it says ON while the host is MONITORED".to_owned(),
        ),
    }
}

/// Does oned have reports of it?
fn is_heard(state: HostState) -> bool {
    match state {
        HostState::Monitored
        | HostState::MonitoringMonitored
        | HostState::Disabled
        | HostState::MonitoringDisabled => true,
        HostState::Init
        | HostState::MonitoringInit
        | HostState::Error
        | HostState::MonitoringError
        | HostState::Offline
        | HostState::Unknown(_) => false,
    }
}
