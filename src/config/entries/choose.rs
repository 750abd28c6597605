//! Which host, which device and which parameters a line of a list means.

use super::{New, Row, Wanted};
use crate::config::{Config, Device, Driver};
use crate::model::{DeviceName, Host};
use crate::section::check_address;
use std::collections::BTreeMap;

type Chosen = (BTreeMap<String, New>, Vec<Wanted>);

/// So many lines that cannot be used are told.
const MOST_TOLD: usize = 10;

/// The devices that are to be declared, and one of them, or one that is declared, for each line.
pub(super) fn choose(rows: &[Row], config: &Config, hosts: &[Host]) -> Result<Chosen, String> {
    let mut chooser = Chooser { config, new: BTreeMap::new() };
    let (mut wanted, mut faults): (Vec<Wanted>, Vec<String>) = (Vec::new(), Vec::new());
    for row in rows {
        let once = |found: Wanted| {
            if wanted.iter().any(|other| same(other, &found)) {
                return Err(format!("host {} has the device {} twice", found.name, found.device));
            }
            Ok(found)
        };
        let found = chooser.wanted(row, hosts).and_then(once);
        match found {
            Ok(found) => wanted.push(found),
            Err(why) => faults.push(format!("{}: {why}", row.place)),
        }
    }
    if faults.is_empty() {
        return Ok((chooser.new, wanted));
    }
    let more = faults.len().saturating_sub(MOST_TOLD);
    faults.truncate(MOST_TOLD);
    if more > 0 {
        faults.push(format!("and {more} lines more"));
    }
    Err(faults.join("; "))
}

fn same(one: &Wanted, other: &Wanted) -> bool {
    one.host == other.host && one.device == other.device
}

struct Chooser<'a> {
    config: &'a Config,
    new: BTreeMap<String, New>,
}

impl Chooser<'_> {
    fn wanted(&mut self, row: &Row, hosts: &[Host]) -> Result<Wanted, String> {
        let value = |name: &str| row.values.get(name).map(String::as_str);
        let named = value("host").unwrap_or_default();
        let by_name = hosts.iter().find(|host| host.name == named);
        let by_id = || hosts.iter().find(|host| named.parse() == Ok(host.id.0));
        let host = by_name.or_else(by_id).ok_or_else(|| format!("there is no host {named:?}"))?;
        let secret = value("secret_file").map(secret_file).transpose()?.map(|path| filled(path, host));
        let driver = value("driver").unwrap_or_default();
        let device = self.device(driver, host, secret.as_deref(), value("user"))?;
        let shared = self.shared(&device);
        let mut params: BTreeMap<String, String> = row.values.clone();
        for column in ["host", "driver", "address", "user", "secret_file"] {
            params.remove(column);
        }
        if let Some(user) = value("user") {
            params.insert("username".to_owned(), user.to_owned());
        }
        if let Some(address) = value("address") {
            let (name, address) = target(address, self.is_redfish(&device))?;
            params.insert(name.to_owned(), address);
        }
        Ok(Wanted { host: host.id.0, name: host.name.clone(), device, params, shared })
    }

    /// The device that a driver means: one that is declared with this name, else one with this driver and secret, else a
    /// new one.
    fn device(
        &mut self,
        driver: &str,
        host: &Host,
        secret: Option<&str>,
        user: Option<&str>,
    ) -> Result<String, String> {
        if let Some(device) = self.config.devices.get(&DeviceName(driver.to_owned())) {
            return match secret.filter(|secret| !has_secret(device, host, secret)) {
                None => Ok(driver.to_owned()),
                Some(secret) => {
                    Err(format!("[device.{driver}] does not have the secret file {secret} for {}", host.name))
                }
            };
        }
        let agent = match driver {
            "redfish" => None,
            "ipmi" => Some("fence_ipmilan"),
            agent if agent.starts_with("fence_") => Some(agent),
            _ => {
                return Err(format!(
                    "driver {driver:?} is not known: it is the name of a [device] of the settings, redfish, ipmi, or a \
                     fence agent such as fence_ipmilan"
                ));
            }
        };
        let secret = secret
            .ok_or_else(|| format!("driver {driver} is declared nowhere, and needs a `secret_file`"))?;
        let declared = self
            .config
            .devices
            .iter()
            .find(|(_, device)| is(device, agent) && has_secret(device, host, secret));
        if let Some((name, _)) = declared {
            return Ok(name.0.clone());
        }
        let secret = secret.replace(&host.name, "{host}");
        let known = self.new.iter().find(|(_, new)| new.agent.as_deref() == agent && new.secret == secret);
        if let Some((name, _)) = known {
            return Ok(name.clone());
        }
        let lanplus = ("lanplus".to_owned(), "1".to_owned());
        let user = user.map(|user| ("username".to_owned(), user.to_owned()));
        let params = user.into_iter().chain((agent == Some("fence_ipmilan")).then_some(lanplus)).collect();
        let name = self.free_name(agent);
        self.new.insert(name.clone(), New { agent: agent.map(str::to_owned), secret, params });
        Ok(name)
    }

    /// `ipmi`, `ipmi_2` …
    fn free_name(&self, agent: Option<&str>) -> String {
        let base = match agent {
            None => "redfish",
            Some("fence_ipmilan") => "ipmi",
            Some(agent) => agent.trim_start_matches("fence_"),
        };
        let numbered = (2..).map(|number: u32| format!("{base}_{number}"));
        let mut names = std::iter::once(base.to_owned()).chain(numbered);
        let taken = |name: &String| {
            self.new.contains_key(name) || self.config.devices.contains_key(&DeviceName(name.clone()))
        };
        names.find(|name| !taken(name)).unwrap_or_default()
    }

    /// Parameters that the device has for every host.
    fn shared(&self, device: &str) -> BTreeMap<String, String> {
        if let Some(new) = self.new.get(device) {
            return new.params.clone();
        }
        match self.config.devices.get(&DeviceName(device.to_owned())).map(|device| &device.driver) {
            Some(Driver::Agent { params, .. } | Driver::Redfish { params, .. }) => params.clone(),
            Some(Driver::Command { .. } | Driver::Storage { .. }) | None => BTreeMap::new(),
        }
    }

    fn is_redfish(&self, device: &str) -> bool {
        match self.config.devices.get(&DeviceName(device.to_owned())) {
            Some(device) => matches!(device.driver, Driver::Redfish { .. }),
            None => self.new.get(device).is_some_and(|new| new.agent.is_none()),
        }
    }
}

/// Is it this agent, or `driver = "redfish"`?
pub(super) fn is(device: &Device, wanted: Option<&str>) -> bool {
    match &device.driver {
        Driver::Agent { agent, .. } => wanted == Some(agent.as_str()),
        Driver::Redfish { .. } => wanted.is_none(),
        Driver::Command { .. } | Driver::Storage { .. } => false,
    }
}

fn filled(path: &str, host: &Host) -> String {
    path.replace("{id}", &host.id.0.to_string()).replace("{host}", &host.name)
}

fn has_secret(device: &Device, host: &Host, secret: &str) -> bool {
    match &device.driver {
        Driver::Agent { secrets, .. } | Driver::Redfish { secrets, .. } => {
            secrets.values().any(|path| filled(path, host) == secret)
        }
        Driver::Command { .. } | Driver::Storage { .. } => false,
    }
}

/// What is no path may be the secret itself, so it is not shown.
pub(super) fn secret_file(path: &str) -> Result<&str, String> {
    if path.starts_with('/') && !path.contains(char::is_whitespace) {
        return Ok(path);
    }
    Err("the secret file is not the absolute path of a file; it is not shown because it may be the secret itself".to_owned())
}

/// The parameter that says where the device is.
fn target(address: &str, redfish: bool) -> Result<(&'static str, String), String> {
    if address.contains('@') {
        return Err("`address` has an @; it is not shown because it may hold a secret".to_owned());
    }
    let bare = address.strip_prefix("https://").filter(|_| redfish).unwrap_or(address).trim_end_matches('/');
    check_address("address", &bare.replace(['[', ']'], ""))?;
    Ok(if redfish { ("url", format!("https://{bare}")) } else { ("ip", bare.to_owned()) })
}
