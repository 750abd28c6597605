//! One host: is it in the settings, under its own name, and can one of its levels prove it off?

use super::device::Seen;
use super::finding::{Finding, Item};
use super::{Scope, ZoneFacts, cluster};
use crate::model::{
    DeviceName, FenceDevice, Host, HostId, HostState, Level, Memory, PowerDomain, PowerState,
};
use crate::policy::{Failure, Rules};
use std::collections::BTreeMap;
use std::time::Duration;

/// A host's entry in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// No `[[host]]` has its id.
    None,
    /// The entry of its id has this name.
    OtherName(String),
    /// Id and name are the host's.
    Declared {
        /// The operator knows that all its devices share its power.
        same_power_accepted: bool,
        /// The table that it is made from, if that is for more than one host.
        pattern: Option<String>,
    },
    /// A table for more than one host does not come to devices for it.
    Refused(Failure),
}

/// A host and what its devices say.
#[derive(Clone, Debug)]
pub struct HostFacts {
    /// As oned has it.
    pub host: Host,
    /// Its entry in the settings.
    pub entry: Entry,
    /// Its devices, or why they cannot be used.
    pub levels: Result<Vec<Level>, Failure>,
    /// What each device says, as far as it could be asked.
    pub power: Vec<(DeviceName, PowerState)>,
    /// The longest time that one of them took to answer.
    pub slowest: Option<Duration>,
    /// The machines among them that show the UUID of the settings with turned bytes, and as what.
    pub turned: BTreeMap<DeviceName, String>,
}

impl HostFacts {
    /// Those of a host whose devices are not asked.
    #[must_use]
    pub fn unasked(host: Host, entry: Entry, levels: Result<Vec<Level>, Failure>) -> Self {
        Self { host, entry, levels, power: Vec::new(), slowest: None, turned: BTreeMap::new() }
    }

    /// Every device of every level.
    pub(super) fn devices(&self) -> impl Iterator<Item = &FenceDevice> {
        self.levels.iter().flatten().flat_map(|level| &level.0)
    }
}

/// Entries whose host OpenNebula does not have.
pub(super) fn entries_without_host(scope: Scope, zone: &ZoneFacts) -> Vec<Finding> {
    if scope != Scope::Zone {
        return Vec::new();
    }
    let gone = |(id, _): &&(HostId, String)| !zone.outlook.hosts.iter().any(|host| host.id == *id);
    let finding = |(id, name): &(HostId, String)| {
        let text = "its entry is for a host that OpenNebula does not have";
        let advice = format!("take `[[host]] id = {}` out of the settings", id.0);
        Finding::warning(Item::Entry, format!("{name} ({id})"), text, advice)
            .alike(name, "{} are in the settings and not in OpenNebula")
            .for_all("take their `[[host]]` out of the settings")
    };
    zone.entries.iter().filter(gone).map(finding).collect()
}

/// It can be recovered, and takes no VM.
pub(super) fn without_room(facts: &HostFacts) -> Option<Finding> {
    let why = facts.host.unreadable.as_ref()?;
    let text = format!("no VM is placed on it, because its document cannot be read: {why}");
    let advice = "see what its probes and `onehost show` say: OpenNebula writes whole numbers there";
    let finding = Finding::warning(Item::Target, facts.host.to_string(), text, advice);
    Some(finding.alike(&facts.host.name, "no VM is placed on {} whose documents cannot be read").because(why))
}

pub(super) fn judge(rules: &Rules, zone: &ZoneFacts, facts: &HostFacts) -> Vec<Finding> {
    let (object, id, name) = (facts.host.to_string(), facts.host.id.0, &facts.host.name);
    let mut findings = vec![entry(zone, facts)];
    let Entry::Declared { same_power_accepted, .. } = facts.entry else { return findings };
    match &facts.levels {
        Err(failure) => {
            let (what, advice) = (&failure.what, &failure.advice);
            let finding = Finding::broken(Item::Level, &object, what, advice);
            findings.push(finding.alike(name, "the fence devices of {} cannot be used").because(what));
            return findings;
        }
        Ok(levels) => {
            let seen = |device| Seen::new(&zone.outlook.memory, facts, device);
            findings.extend(facts.devices().flat_map(|device| seen(device).findings(&rules.fence)));
            findings.push(level(rules, zone, facts, levels));
        }
    }
    let external = facts.devices().any(|device| device.power == PowerDomain::External);
    if !external && !same_power_accepted {
        let text = "all its devices share its power: when that is gone, nothing can prove it off";
        let advice = format!(
            "add a level with power = \"external\", or same_power_accepted = true to `[[host]] id = {id}`"
        );
        let finding = Finding::warning(Item::Power, &object, text, advice);
        let finding = finding.alike(
            name,
            "all devices of {} share their power: when that is gone, nothing can prove them off",
        );
        findings.push(finding.for_all(
            "add a level with power = \"external\", or same_power_accepted = true, to the `[[host]]` of each",
        ));
    }
    findings
}

fn entry(zone: &ZoneFacts, facts: &HostFacts) -> Finding {
    let (object, id, name) = (facts.host.to_string(), facts.host.id.0, &facts.host.name);
    match &facts.entry {
        Entry::None if cluster::unprotected(zone, facts.host.cluster) => {
            let text = "it has no entry, and its cluster says HA = NO";
            let finding = Finding::ok(Item::Entry, object, text);
            finding.alike(name, "{} have no entry, and their clusters say HA = NO")
        }
        Entry::None => {
            let text = "no fence device is declared for it, so its VMs would not be recovered";
            let advice = format!("add a `[[host]]` with id = {id} and name = {name:?}");
            Finding::broken(Item::Entry, object, text, advice)
                .alike(name, "no fence device is declared for {}")
                .for_all("`onerescue setup hosts` prints the entries to add")
        }
        Entry::OtherName(other) => {
            let text = format!("its entry is called {other:?}: its devices may be another machine's");
            let advice = format!("look which machine they switch, then correct `[[host]] id = {id}`");
            Finding::broken(Item::Entry, object, &text, advice)
                .alike(name, "the settings have another name for {}")
                .because(&text)
                .for_all("look which machines their devices switch, then correct each `[[host]]`")
        }
        Entry::Refused(failure) => {
            let (what, advice) = (&failure.what, &failure.advice);
            let finding = Finding::broken(Item::Entry, object, what, advice);
            finding.alike(name, "the entries of {} cannot be used").because(what)
        }
        Entry::Declared { pattern: Some(pattern), .. } => {
            Finding::ok(Item::Entry, object, format!("{pattern} comes to {}", come_to(facts)))
        }
        Entry::Declared { pattern: None, .. } => {
            let finding = Finding::ok(Item::Entry, object, "id and name are those of the settings");
            finding.alike(name, "the settings have id and name of {}")
        }
    }
}

/// `ipmi: fence_ipmilan ip=10.8.0.12 lanplus=1; script: /usr/local/sbin/fence for kvm12`, without secrets.
fn come_to(facts: &HostFacts) -> String {
    let devices = facts.devices().map(|device| format!("{}: {}", device.name, device.target));
    let devices: Vec<_> = devices.collect();
    if devices.is_empty() { "devices that cannot be used".to_owned() } else { devices.join("; ") }
}

fn level(rules: &Rules, zone: &ZoneFacts, facts: &HostFacts, levels: &[Level]) -> Finding {
    let object = facts.host.to_string();
    if let Some(number) = first_usable(rules, zone, facts) {
        let text = format!("level {number} of {} can prove it off", levels.len());
        let alike = format!("level {number} of {} can prove {{}} off", levels.len());
        return Finding::ok(Item::Level, object, text).alike(&facts.host.name, alike);
    }
    let text = format!("none of its {} levels could prove it off now", levels.len());
    let advice = "repair its devices; each has its own line here";
    let finding = match facts.host.state {
        // Nothing starts a recovery of a host that a person has set aside.
        HostState::Disabled | HostState::MonitoringDisabled | HostState::Offline => {
            Finding::warning(Item::Level, object, text, advice)
        }
        HostState::Init
        | HostState::Monitored
        | HostState::Error
        | HostState::MonitoringMonitored
        | HostState::MonitoringError
        | HostState::MonitoringInit
        | HostState::Unknown(_) => Finding::broken(Item::Level, object, text, advice),
    };
    let finding = finding.alike(&facts.host.name, "no level could prove {} off now");
    finding.for_all("repair their devices, which have their own lines here")
}

/// The number of the first level of which every device could prove the host off.
pub(super) fn first_usable(rules: &Rules, zone: &ZoneFacts, facts: &HostFacts) -> Option<usize> {
    first(facts, &|device| Seen::new(&zone.outlook.memory, facts, device).usable(&rules.fence))
}

/// The same where no device was asked.
pub(super) fn first_usable_as_seen(rules: &Rules, memory: &Memory, facts: &HostFacts) -> Option<usize> {
    first(facts, &|device| Seen::new(memory, facts, device).usable_as_seen(&rules.fence))
}

fn first(facts: &HostFacts, usable: &dyn Fn(&FenceDevice) -> bool) -> Option<usize> {
    if !matches!(facts.entry, Entry::Declared { .. }) {
        return None;
    }
    let levels = facts.levels.as_ref().ok()?;
    let mut usable = levels.iter().map(|level| level.0.iter().all(usable));
    usable.position(|usable| usable).map(|at| at + 1)
}
