//! What a scan says: what was proven, what was not, and why there is no entry.

use crate::config::entries::{Place, Scanned};
use crate::finish;
use crate::model::{Host, PowerState, text};
use crate::policy::scan::{By, Machine, Matched, Pair};
use crate::world::fence::scan::Seen;
use std::collections::BTreeMap;

/// So many names stand behind one reason.
const NAMES: usize = 10;

/// Lines, in two parts: what is proven comes first.
pub(super) struct Told {
    aside: bool,
    proven: Vec<String>,
    not: Vec<String>,
    /// Addresses at which Redfish and IPMI are of two machines.
    differ: Vec<String>,
    /// Lines of a file, to be scanned again.
    shown: Vec<String>,
}

impl Told {
    /// On stderr where stdout is a list.
    pub(super) fn new(aside: bool) -> Self {
        Self { aside, proven: Vec::new(), not: Vec::new(), differ: Vec::new(), shown: Vec::new() }
    }

    /// Addresses behind which no machine was found.
    pub(super) fn seen(&mut self, places: &[Place], seen: &[Seen]) {
        let mut reasons: Vec<(String, String)> = Vec::new();
        for (place, seen) in places.iter().zip(seen) {
            match seen {
                Seen::Machines(_, other) => {
                    self.differ.extend(other.iter().map(|why| format!("{place}: {why}")));
                }
                Seen::Silent(why) => reasons.push((place.to_string(), format!("no answer: {why}"))),
                Seen::Said(why) => reasons.push((place.to_string(), why.clone())),
                Seen::Untrusted(fingerprint, why) => {
                    self.not
                        .push(format!("{place}: a Redfish service, to which no password was sent: {why}"));
                    self.shown.push(format!("{place} {fingerprint}"));
                }
            }
        }
        self.grouped(reasons);
    }

    /// Hosts whose own identity is not known.
    pub(super) fn unknown(&mut self, hosts: impl Iterator<Item = (String, String)>) {
        self.grouped(hosts.map(|(host, why)| (host, format!("which machine it is is not known: {why}"))));
    }

    /// Machines and hosts that belong to nobody.
    pub(super) fn matched(&mut self, matched: &Matched, hosts: &[Host]) {
        self.not.extend(matched.refused.iter().cloned());
        let unseen = hosts.iter().filter(|host| matched.unseen.contains(&host.id));
        self.grouped(
            unseen.map(|host| (host.name.clone(), "no controller that was asked shows it".to_owned())),
        );
    }

    /// A pair, and what speaks against it.
    pub(super) fn judged(
        &mut self,
        pair: &Pair,
        found: &Scanned,
        machine: Option<&Machine>,
        power: &PowerState,
        against: Option<&String>,
    ) {
        let at = machine.map_or("", |machine| machine.at.as_str());
        let host = format!("{} ({})", pair.own.name, pair.own.host);
        if let Some(why) = against {
            self.not.push(format!("{host}: {at} shows its identity, but {why}"));
            return;
        }
        let said = &pair.own.said;
        let (shown, later) = match &pair.by {
            By::Uuid => (format!("the UUID {}", said.uuid.as_deref().unwrap_or_default()), ""),
            By::Serial => (format!("the serial number {}", said.serial.as_deref().unwrap_or_default()), ""),
            By::Turned(uuid) => (
                format!("the UUID {uuid}, its own with turned bytes"),
                ". It counts once `onerescue check` has seen it ON so",
            ),
        };
        let later = match found {
            Scanned::Redfish { .. } => format!("each later call asks for that{later}"),
            Scanned::Ipmi { .. } => {
                "fence_ipmilan asks for no identity later: scan again after every change of cables or addresses".to_owned()
            }
        };
        self.proven.push(format!(
            "{host}: {at} shows {shown}, which the host says of itself, and is {power}; {later}"
        ));
    }

    /// One line for each reason.
    fn grouped(&mut self, lines: impl IntoIterator<Item = (String, String)>) {
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, why) in lines {
            reasons.entry(why).or_default().push(name);
        }
        for (why, names) in reasons {
            let more = names.len().saturating_sub(NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names: Vec<_> = names.into_iter().take(NAMES).collect();
            self.not.push(format!("{}{more}: {why}", names.join(", ")));
        }
    }

    /// Say all of it.
    pub(super) fn end(&self) {
        let mut lines = vec![format!("proven: {}", self.proven.len())];
        lines.extend(self.proven.iter().map(|line| format!("  {line}")));
        if !self.not.is_empty() {
            lines.push("no entry follows from:".to_owned());
            lines.extend(self.not.iter().map(|line| format!("  {line}")));
        }
        if !self.differ.is_empty() {
            lines.push("of two machines, and what is proven goes by Redfish:".to_owned());
            lines.extend(self.differ.iter().map(|line| format!("  {line}")));
        }
        if !self.shown.is_empty() {
            lines.push("to believe these certificates, compare them with the controllers', and scan a file with these lines:".to_owned());
            lines.extend(self.shown.iter().cloned());
        }
        let lines: String = lines.iter().map(|line| text::cut(&text::one_line(line), 600) + "\n").collect();
        if self.aside { finish::say_aside(&lines) } else { finish::say(&lines) }
    }
}
