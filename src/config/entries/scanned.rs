//! As whom a scan asks, and what it has found: a list like every other.

use super::{Place, choose};
use crate::config::parameter::{canonical, check_value};
use crate::config::{Config, Driver};
use crate::policy::plan::glob;
use std::collections::BTreeMap;

/// In the path of a secret file it is the address that is asked.
const ADDRESS: &str = "{address}";

/// In the path of a device's secret file it is the name of the host.
const HOST: &str = "{host}";

/// As whom which addresses are asked: the first pattern that an address fits counts.
#[derive(Clone, Debug)]
pub(crate) struct Askings(Vec<(String, Asking)>);

/// As whom addresses are asked.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    /// The path of the file with the password; [`ADDRESS`] may be in it.
    secret_file: String,
    pub(crate) redfish: Asker,
    pub(crate) ipmi: Asker,
}

/// As whom controllers of one kind are asked: as the device of the settings that has this secret file would.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    /// `redfish` or `ipmi`
    kind: &'static str,
    /// The device, and its secret file as the settings have it; none where none is declared.
    declared: Option<(String, String)>,
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

impl Askings {
    /// With these secrets: `FILE`, or `PATTERN=FILE` for the addresses that fit a pattern with `*`. What names no pattern is for
    /// all that fit none.
    ///
    /// # Errors
    /// As [`Asking::new`].
    pub(crate) fn new(config: &Config, user: Option<&str>, secret_files: &[String]) -> Result<Self, String> {
        let one = |word: &String| {
            let named = word.split_once('=').filter(|(pattern, _)| !pattern.starts_with('/'));
            let (pattern, file) = named.unwrap_or(("*", word));
            Ok((pattern.to_owned(), Asking::new(config, user, file)?))
        };
        let mut all: Vec<_> = secret_files.iter().map(one).collect::<Result<_, String>>()?;
        all.sort_by_key(|(pattern, _)| pattern == "*");
        Ok(Self(all))
    }

    /// As whom this address is asked; none where no secret is for it.
    pub(crate) fn of(&self, place: &Place) -> Option<&Asking> {
        let fits = |pattern: &str| glob(pattern, &place.host) || glob(pattern, &place.to_string());
        self.0.iter().find(|(pattern, _)| fits(pattern)).map(|(_, asking)| asking)
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
            let place = line.found.place();
            let asking = self.of(place).ok_or_else(|| format!("no secret file is for {place}"))?;
            writer.write_record(asking.row(line)).map_err(broken)?;
        }
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}

impl Scanned {
    fn place(&self) -> &Place {
        match self {
            Self::Redfish { place, .. } | Self::Ipmi { place } => place,
        }
    }
}

impl Asking {
    /// With this secret, as this user if one is named.
    ///
    /// # Errors
    /// That the path or the user cannot be used, or that the user is not known.
    fn new(config: &Config, user: Option<&str>, secret_file: &str) -> Result<Self, String> {
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

    /// The file with the password of this address.
    pub(crate) fn secret(&self, place: &Place) -> String {
        self.secret_file.replace(ADDRESS, &place.host)
    }

    fn row(&self, line: &Line) -> [String; 10] {
        let (asker, place, address, system) = match &line.found {
            Scanned::Redfish { place, system } => (&self.redfish, place, place.for_url(), system.as_str()),
            Scanned::Ipmi { place } => (&self.ipmi, place, place.host.clone(), ""),
        };
        let redfish = matches!(line.found, Scanned::Redfish { .. });
        let port = place.port.filter(|_| !redfish).map(|port| port.to_string());
        let shown = |text: &Option<String>| text.clone().filter(|_| redfish).unwrap_or_default();
        let secret = self.secret(place);
        [
            line.host.clone(),
            asker.driver(&line.host, &secret),
            address,
            asker.username.clone(),
            secret,
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

impl Asker {
    /// The device, where it has this secret for that host; else what a new one would be.
    fn driver(&self, host: &str, secret: &str) -> String {
        let has = |(_, own): &&(String, String)| own.replace(HOST, host) == secret;
        self.declared.as_ref().filter(has).map_or_else(|| self.kind.to_owned(), |(name, _)| name.clone())
    }
}

/// As the first device that has this secret, or might have it for one of its hosts.
fn asker(config: &Config, agent: Option<&str>, secret_file: &str) -> Asker {
    let kind = if agent.is_none() { "redfish" } else { "ipmi" };
    let declared = config.devices.iter().find_map(|(name, device)| {
        let (Driver::Agent { params, secrets, .. } | Driver::Redfish { params, secrets }) = &device.driver
        else {
            return None;
        };
        let own = secrets.values().find(|own| may_be(own, secret_file))?;
        let params = params.iter().map(|(key, value)| (canonical(key), value.clone()));
        let declared = Some((name.0.clone(), own.clone()));
        choose::is(device, agent).then(|| Asker {
            kind,
            declared,
            params: params.collect(),
            ..Asker::default()
        })
    });
    let lanplus = || agent.map(|_| ("lanplus".to_owned(), "1".to_owned()));
    declared.unwrap_or_else(|| Asker { kind, params: lanplus().into_iter().collect(), ..Asker::default() })
}

/// Is it this file, or would it be for some host?
fn may_be(own: &str, secret_file: &str) -> bool {
    let Some((before, after)) = own.split_once(HOST) else { return own == secret_file };
    let rest = secret_file.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    rest.is_some_and(|host| !host.is_empty() && !host.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::super::places;
    use super::*;
    use crate::config::tests::parse;

    const SETTINGS: &str = "[device.ipmi]\ndriver = \"agent\"\nagent = \"fence_ipmilan\"\n\
        params = { lanplus = \"1\", username = \"fence\" }\nsecrets = { password = \"/etc/s/bmc-{host}\" }\n";

    fn askings(files: &[&str]) -> Result<Askings, String> {
        let files: Vec<_> = files.iter().map(|file| (*file).to_owned()).collect();
        Askings::new(&parse(SETTINGS).unwrap(), None, &files)
    }

    fn place(text: &str) -> Place {
        places(&[text.to_owned()], |_| Err(String::new())).unwrap().remove(0)
    }

    #[test]
    fn each_address_has_the_secret_of_the_first_pattern_that_it_fits() {
        let askings =
            askings(&["/etc/s/bmc-all", "10.8.0.*=/etc/s/bmc-{address}", "bmc1:8443=/etc/s/bmc-kvm1"]);
        let askings = askings.unwrap();
        let secret = |text: &str| askings.of(&place(text)).unwrap().secret(&place(text));
        assert_eq!(secret("10.8.0.11"), "/etc/s/bmc-10.8.0.11");
        assert_eq!(secret("bmc1:8443"), "/etc/s/bmc-kvm1");
        assert_eq!(secret("bmc1"), "/etc/s/bmc-all");
        let some = super::tests::askings(&["10.8.0.11=/etc/s/bmc-a"]).unwrap();
        assert!(some.of(&place("10.8.0.12")).is_none());
        let why = super::tests::askings(&["10.8.0.11=pa=ss"]).unwrap_err();
        assert!(why.contains("not the absolute path") && !why.contains("pa=ss"), "{why}");
    }

    #[test]
    fn a_device_is_named_where_it_has_that_secret_for_that_host() {
        let askings = askings(&["10.8.0.1=/etc/s/bmc-kvm1", "10.8.0.2=/etc/s/bmc-kvm1"]).unwrap();
        let line = |host: &str, address: &str| Line {
            host: host.to_owned(),
            found: Scanned::Ipmi { place: place(address) },
            uuid: None,
            serial: None,
        };
        let list = askings.list(&[line("kvm1", "10.8.0.1"), line("kvm2", "10.8.0.2")]).unwrap();
        let lines: Vec<_> = list.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "kvm1,ipmi,10.8.0.1,fence,/etc/s/bmc-kvm1,,,,,",
                "kvm2,ipmi,10.8.0.2,fence,/etc/s/bmc-kvm1,,,,,"
            ]
        );
        let other = SETTINGS.replace("device.ipmi", "device.bmcs");
        let files = ["*=/etc/s/bmc-kvm1".to_owned()];
        let askings = Askings::new(&parse(&other).unwrap(), None, &files).unwrap();
        let list = askings.list(&[line("kvm1", "10.8.0.1"), line("kvm2", "10.8.0.2")]).unwrap();
        let drivers: Vec<_> = list.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
        assert_eq!(drivers, ["bmcs", "ipmi"]);
    }
}
