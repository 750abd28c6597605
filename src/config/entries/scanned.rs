//! As whom a scan asks, and what it has found: a list like every other.

use super::{Place, choose};
use crate::config::parameter::{canonical, check_value};
use crate::config::{Config, Driver};
use std::collections::BTreeMap;

/// As whom addresses are asked.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    /// The path of the file with the password, which is the same for all.
    pub(crate) secret_file: String,
    pub(crate) redfish: Asker,
    pub(crate) ipmi: Asker,
}

/// As whom controllers of one kind are asked: as the device of the settings that has this secret file would.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    /// The name of the device, or of the driver where none is declared.
    driver: String,
    pub(crate) username: String,
    /// What the device has for all hosts, by canonical names.
    pub(crate) params: BTreeMap<String, String>,
}

/// Where a machine was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    Redfish { place: Place, system: String },
    Ipmi { place: Place },
}

/// A host, and the machine that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) host: String,
    pub(crate) found: Scanned,
    /// What a device must be shown from now on, where it can be: the UUID that the host says, else its serial number.
    pub(crate) uuid: Option<String>,
    pub(crate) serial: Option<String>,
}

impl Asking {
    /// With this secret, as this user if one is named.
    ///
    /// # Errors
    /// That the path or the user cannot be used, or that the user is not known.
    pub(crate) fn new(config: &Config, user: Option<&str>, secret_file: &str) -> Result<Self, String> {
        let secret_file = choose::secret_file(secret_file)?.to_owned();
        let (mut redfish, mut ipmi) =
            (asker(config, None, &secret_file), asker(config, Some("fence_ipmilan"), &secret_file));
        let declared = [&redfish, &ipmi].into_iter().find_map(|asker| asker.params.get("username")).cloned();
        for asker in [&mut redfish, &mut ipmi] {
            let own = || asker.params.get("username").cloned().or_else(|| declared.clone());
            asker.username = user
                .map(str::to_owned)
                .or_else(own)
                .ok_or("no device has this secret file, so --user is needed")?;
            check_value("username", &asker.username)?;
        }
        Ok(Self { secret_file, redfish, ipmi })
    }

    /// The list of these lines, as CSV.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub(crate) fn list(&self, lines: &[Line]) -> Result<String, String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let broken = |error: csv::Error| error.to_string();
        writer.write_record(COLUMNS).map_err(broken)?;
        for line in lines {
            writer.write_record(self.row(line)).map_err(broken)?;
        }
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }

    fn row(&self, line: &Line) -> [String; 10] {
        let (asker, place, address, system) = match &line.found {
            Scanned::Redfish { place, system } => (&self.redfish, place, place.for_url(), system.as_str()),
            Scanned::Ipmi { place } => (&self.ipmi, place, place.host.clone(), ""),
        };
        let redfish = matches!(line.found, Scanned::Redfish { .. });
        let port = place.port.filter(|_| !redfish).map(|port| port.to_string());
        let shown = |text: &Option<String>| text.clone().filter(|_| redfish).unwrap_or_default();
        [
            line.host.clone(),
            asker.driver.clone(),
            address,
            asker.username.clone(),
            self.secret_file.clone(),
            port.unwrap_or_default(),
            system.to_owned(),
            shown(&line.uuid),
            shown(&line.serial),
            shown(&place.fingerprint),
        ]
    }
}

const COLUMNS: [&str; 10] =
    ["host", "driver", "address", "user", "secret_file", "ipport", "system", "uuid", "serial", "fingerprint"];

fn asker(config: &Config, agent: Option<&str>, secret_file: &str) -> Asker {
    let declared = config.devices.iter().find_map(|(name, device)| {
        let (Driver::Agent { params, secrets, .. } | Driver::Redfish { params, secrets }) = &device.driver
        else {
            return None;
        };
        let has = choose::is(device, agent) && secrets.values().any(|path| path == secret_file);
        let params = params.iter().map(|(key, value)| (canonical(key), value.clone()));
        has.then(|| Asker { driver: name.0.clone(), params: params.collect(), ..Asker::default() })
    });
    let new = || {
        let (driver, params) = match agent {
            None => ("redfish", BTreeMap::new()),
            Some(_) => ("ipmi", BTreeMap::from([("lanplus".to_owned(), "1".to_owned())])),
        };
        Asker { driver: driver.to_owned(), params, ..Asker::default() }
    };
    declared.unwrap_or_else(new)
}
