//! `[[host]]`: which devices power off which host, with its own parameters.

use super::device::{Device, Driver};
use super::parameter::canonical;
use super::placeholder;
use crate::model::{DeviceName, HostId};
use std::collections::BTreeMap;

/// `[[host]]`: which devices power off a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// The host's id; it must belong to `name`, or nothing is done.
    pub id: HostId,
    /// The host's name.
    pub name: String,
    /// Levels in the order in which they are tried. Every device of one level must prove that the host is off.
    pub levels: Vec<Vec<DeviceName>>,
    /// Where witnesses look for it, if not under its name.
    pub address: Option<String>,
    /// Its name in Consul, if not its name here.
    pub consul_node: Option<String>,
    /// The operator knows that all its devices share its power.
    pub same_power_accepted: bool,
    /// `[host.params.DEVICE]`: what differs from host to host.
    pub params: BTreeMap<DeviceName, BTreeMap<String, String>>,
    /// The table that it is made from, where that is for more than one host: `[[host]] names = "kvm*" (line 12)`.
    pub pattern: Option<String>,
}

impl HostEntry {
    /// Every device of every level.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceName> {
        self.levels.iter().flatten()
    }

    /// How errors call its table: `[[host]] id = 12`, `[[host]] names = "kvm*" (line 12)`.
    pub(crate) fn label(&self) -> String {
        self.pattern.clone().unwrap_or_else(|| format!("[[host]] id = {}", self.id.0))
    }

    /// `{host}`, `{id}` and `{n}` in a text are the host's.
    pub(crate) fn filled(&self, text: &str) -> String {
        // What cannot be filled was refused.
        placeholder::filled(text, self.id, &self.name).unwrap_or_else(|| text.to_owned())
    }

    /// The parameters that a device gets for this host: the device's, then the host's own, which win. By their
    /// canonical name, with the name that the operator wrote and the value, in which `{host}`, `{id}` and `{n}` are
    /// the host's.
    pub(crate) fn parameters<'a>(
        &'a self,
        device: &DeviceName,
        shared: &'a BTreeMap<String, String>,
    ) -> BTreeMap<String, (&'a str, String)> {
        let own = self.params.get(device).into_iter().flatten();
        let all = shared.iter().chain(own);
        all.map(|(key, value)| (canonical(key), (key.as_str(), self.filled(value)))).collect()
    }
}

impl HostEntry {
    /// What a device switches for this host, without secrets: `fence_ipmilan ip=10.8.0.12 lanplus=1`.
    pub(crate) fn target(&self, name: &DeviceName, device: &Device) -> String {
        let (mut words, params) = match &device.driver {
            Driver::Agent { agent, params, .. } => (vec![agent.clone()], Some(params)),
            Driver::Redfish { params, .. } => (vec!["redfish".to_owned()], Some(params)),
            Driver::Command { off, .. } | Driver::Storage { off, .. } => (off.clone(), None),
        };
        let parameters = params.map(|params| self.parameters(name, params)).unwrap_or_default();
        words.extend(parameters.into_iter().map(|(key, (_, value))| format!("{key}={value}")));
        // A program reads the host's name, so it switches another machine when that is another one.
        let read = self.pattern.is_some() && params.is_none();
        words.extend(read.then(|| format!("for {}", self.name)));
        words.join(" ")
    }
}

impl HostEntry {
    /// The one controller that a device means for this host, as far as the settings tell: `pdu_a-10.9.0.11` is the
    /// same for every host, `ipmi-10.8.0.12` is this host's own, `script` is the operator's program.
    pub(crate) fn controller(&self, name: &DeviceName, device: &Device) -> String {
        let params = match &device.driver {
            Driver::Agent { params, .. } | Driver::Redfish { params, .. } => self.parameters(name, params),
            Driver::Command { .. } | Driver::Storage { .. } => BTreeMap::new(),
        };
        let address = ["ip", "ipport", "url"].iter().filter_map(|key| params.get(*key));
        let words = [name.0.as_str()].into_iter().chain(address.map(|(_, value)| value.as_str()));
        words.collect::<Vec<_>>().join("-")
    }
}

impl HostEntry {
    /// The same with `{host}`, `{id}` and `{n}` filled in where it is looked for.
    pub(super) fn found(self) -> Result<Self, String> {
        let filled = |key: &str, place: &Option<String>| {
            let text = place.as_ref().map(|text| {
                placeholder::filled(text, self.id, &self.name)
                    .ok_or_else(|| self.no_number(&format!("`{key}`")))
            });
            text.transpose()
        };
        let (address, consul_node) =
            (filled("address", &self.address)?, filled("consul_node", &self.consul_node)?);
        Ok(Self { address, consul_node, ..self })
    }

    fn no_number(&self, place: &str) -> String {
        format!(
            "{{n}} in {place} is the number at the end of a host's name, and {:?} has none there that can be used",
            self.name
        )
    }

    /// Refuse a placeholder for which the host has nothing.
    pub(super) fn can_be_filled(&self, devices: &BTreeMap<DeviceName, Device>) -> Result<(), String> {
        let unfilled = |text: &str| placeholder::filled(text, self.id, &self.name).is_none();
        match self.texts(devices).iter().find(|(_, text)| unfilled(text)) {
            Some((place, _)) => Err(self.no_number(place)),
            None => Ok(()),
        }
    }

    /// Refuse what is in braces and stands for nothing.
    pub(super) fn placeholders_are_known(
        &self,
        devices: &BTreeMap<DeviceName, Device>,
    ) -> Result<(), String> {
        let own = [("`address`", &self.address), ("`consul_node`", &self.consul_node)];
        let own = own.into_iter().filter_map(|(place, text)| Some((place.to_owned(), text.clone()?)));
        let texts: Vec<_> = self.texts(devices).into_iter().chain(own).collect();
        match texts.iter().find_map(|(place, text)| Some((place, placeholder::unknown(text)?))) {
            Some((place, inside)) => {
                Err(format!("{{{inside}}} in {place} is none of {{host}}, {{id}}, {{n}} and {{n+100}}"))
            }
            None => Ok(()),
        }
    }

    /// The parameters and secret files of its devices as they are written, and where.
    fn texts(&self, devices: &BTreeMap<DeviceName, Device>) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for name in self.devices() {
            let (params, secrets) = match devices.get(name).map(|device| &device.driver) {
                Some(Driver::Agent { params, secrets, .. } | Driver::Redfish { params, secrets }) => {
                    (params, secrets)
                }
                Some(Driver::Command { .. } | Driver::Storage { .. }) | None => continue,
            };
            let own = self.params.get(name).into_iter().flatten();
            let wins: Vec<_> = own.clone().map(|(key, _)| canonical(key)).collect();
            let shared = params.iter().filter(|(key, _)| !wins.contains(&canonical(key)));
            let place = |section: &str, (key, text): (&String, &String)| {
                (format!("`{key}` of [{section}.{name}]"), text.clone())
            };
            texts.extend(shared.chain(secrets).map(|one| place("device", one)));
            texts.extend(own.map(|one| place("host.params", one)));
        }
        texts
    }
}
