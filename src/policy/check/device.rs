//! One fence device of one host: does it say ON while the host is healthy, and was it ever seen to?

use super::finding::{Finding, Item, State};
use super::host::HostFacts;
use crate::model::{Epoch, FenceDevice, Host, HostState, Memory, PowerState, ReadBack};
use crate::policy::arming::utc;
use crate::policy::moments::is_ahead;
use crate::policy::{Control, FenceRules};

/// Why its machine does not count.
const UNMET: &str = "its UUID is that of the settings with turned bytes, which counts once it was seen ON so while the host was MONITORED";

/// A device, what it has just said, and when it was seen ON before.
pub(super) struct Seen<'a> {
    host: &'a Host,
    device: &'a FenceDevice,
    said: Option<PowerState>,
    /// The machine shows this UUID, which is the one of the settings with turned bytes.
    turned: Option<&'a String>,
    before: Option<Epoch>,
    now: Epoch,
}

/// Only a host that oned monitors is known to have power.
pub(super) fn healthy(host: &Host) -> bool {
    host.state == HostState::Monitored
}

impl<'a> Seen<'a> {
    pub(super) fn new(memory: &Memory, facts: &'a HostFacts, device: &'a FenceDevice) -> Self {
        let host = &facts.host;
        let said = facts.power.iter().find(|(name, _)| *name == device.name).map(|(_, said)| said.clone());
        // Evidence about one target says nothing about another.
        let same = memory.seen_on.iter().filter(|seen| {
            seen.host == host.id && seen.device == device.name && seen.target == device.target
        });
        let last = same.max_by_key(|seen| seen.at);
        let turned = facts.turned.get(&device.name);
        // A machine that is met so for the first time may be another one, unless its host is well.
        let met = healthy(host)
            || turned.is_none_or(|uuid| last.is_some_and(|seen| seen.turned.as_ref() == Some(uuid)));
        let said = if met { said } else { Some(PowerState::Unknown(UNMET.to_owned())) };
        Self { host, device, said, turned, before: last.map(|seen| seen.at), now: memory.now }
    }

    fn says_on(&self) -> bool {
        healthy(self.host) && self.said == Some(PowerState::On)
    }

    fn object(&self) -> String {
        format!("{}: {}", self.host, self.device.name)
    }

    /// Whether it could prove the host off now, as far as can be known before.
    pub(super) fn usable(&self, rules: &FenceRules) -> bool {
        match self.device.read_back {
            ReadBack::ExitCodeOnly => false,
            ReadBack::ExitCodeAccepted => true,
            ReadBack::Status if healthy(self.host) => self.says_on(),
            ReadBack::Status => {
                let answers = matches!(self.said, Some(PowerState::On | PowerState::Off));
                answers && (rules.seen_on == Control::Waived || self.before.is_some())
            }
        }
    }

    /// The same where it is not asked: it was seen ON before, or need not be.
    pub(super) fn usable_as_seen(&self, rules: &FenceRules) -> bool {
        match self.device.read_back {
            ReadBack::ExitCodeOnly => false,
            ReadBack::ExitCodeAccepted => true,
            ReadBack::Status => rules.seen_on == Control::Waived || self.before.is_some(),
        }
    }

    pub(super) fn findings(&self, rules: &FenceRules) -> Vec<Finding> {
        [Some(self.answer()), self.control(rules)].into_iter().flatten().collect()
    }

    /// That it is well, for one host and for many.
    fn well(&self, text: impl Into<String>, of_many: &str) -> Finding {
        let alike = format!("{} {of_many}", self.device.name);
        Finding::ok(Item::Device, self.object(), text).alike(&self.host.name, alike)
    }

    /// What it says now.
    fn answer(&self) -> Finding {
        match self.device.read_back {
            ReadBack::Status => self.status(),
            ReadBack::ExitCodeAccepted => self.well(
                "it cannot be asked; the settings take its exit code for a proof",
                "cannot be asked for {}; the settings take its exit code for a proof",
            ),
            ReadBack::ExitCodeOnly => {
                let advice = format!(
                    "give [device.{}] a `status` program, or accept_exit_code = true",
                    self.device.name
                );
                let text = "it cannot be asked, and its exit code proves nothing";
                let of_many = "cannot be asked for {}, and its exit code proves nothing";
                Finding { state: State::Broken, advice: Some(advice), ..self.well(text, of_many) }
            }
        }
    }

    fn status(&self) -> Finding {
        let (name, state) = (&self.device.name, self.host.state);
        let ill =
            |state, finding: Finding, advice: String| Finding { state, advice: Some(advice), ..finding };
        match (&self.said, healthy(self.host)) {
            (Some(PowerState::On), true) => {
                let turned = self.turned.map_or_else(String::new, |uuid| {
                    format!(" as {uuid}, the UUID of the settings with turned bytes: from here on that counts for it")
                });
                let of_many = if turned.is_empty() {
                    "says on for {}"
                } else {
                    "says on for {} with turned bytes in the UUID"
                };
                self.well(format!("it says on{turned}"), of_many)
            }
            (Some(PowerState::Off), true) => {
                let text = "it says off for a host that is MONITORED: wrong outlet or machine?";
                let advice = format!(
                    "find out what [device.{name}] switches for {} before it is needed: {}",
                    self.host.name, self.device.target
                );
                let finding = self.well(text, "says off for {} that are MONITORED");
                ill(State::Broken, finding, advice)
                    .for_all(format!("find out what [device.{name}] switches for each before it is needed"))
            }
            (Some(PowerState::Unknown(why)), true) => {
                let finding =
                    self.well(format!("it gives no answer: {why}"), "gives no answer for {}").because(why);
                ill(State::Broken, finding, format!("repair it, or correct [device.{name}]"))
            }
            (Some(said @ (PowerState::On | PowerState::Off)), false) => {
                let text = format!("it says {said}; the host is {state}, so that is not written down");
                self.well(text, &format!("says {said} for {{}} in state {state}, which is not written down"))
            }
            (Some(PowerState::Unknown(why)), false) => {
                let text = format!("it gives no answer, and the host is {state}: {why}");
                let finding =
                    self.well(text, &format!("gives no answer for {{}} in state {state}")).because(why);
                ill(State::Warning, finding, format!("repair it, or correct [device.{name}]"))
            }
            (None, _) => {
                let finding = self.well(
                    "it was not asked: the host could not be read",
                    "was not asked for {} that could not be read",
                );
                ill(State::Warning, finding, "run this again".to_owned())
            }
        }
    }

    /// Whether it was ever seen ON, unless it is just now.
    fn control(&self, rules: &FenceRules) -> Option<Finding> {
        if self.says_on() || self.device.read_back != ReadBack::Status {
            return None;
        }
        let advice = "run this again when the host is MONITORED and the device answers";
        let warning = |text: String, of_many: &str| {
            let finding = Finding::warning(Item::SeenOn, self.object(), text, advice);
            finding.alike(&self.host.name, format!("{} {of_many}", self.device.name))
        };
        match (self.before, rules.seen_on) {
            (None, Control::Waived) => None,
            (None, Control::Required) => {
                let text = "it was never seen ON while the host was healthy, so its \"off\" does not count";
                Some(warning(text.to_owned(), "was never seen ON for {}, so its \"off\" does not count"))
            }
            (Some(at), _) if is_ahead(self.now, at) || self.now.since(at) > rules.seen_on_age => {
                let text = format!("it was last seen ON at {}: it does not authorise -r and -d", utc(at));
                Some(warning(text, "was seen ON for {} too long ago to authorise -r and -d"))
            }
            (Some(at), _) => {
                let text = format!("it was last seen ON at {}", utc(at));
                let alike = format!("{} was seen ON before for {{}}", self.device.name);
                Some(Finding::ok(Item::SeenOn, self.object(), text).alike(&self.host.name, alike))
            }
        }
    }
}
