//! `driver = "redfish"`: the parameters of a management controller.
//!
//! A controller that could be mistaken for another one is refused here: one without the path of its system,
//! without the machine's UUID or serial number, or reached without TLS. Nothing is asked of a controller, and
//! its certificate and its password are not read.

use super::parameter::canonical;
use reqwest::Url;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every parameter, by its canonical name. There is no `insecure`.
const KNOWN: [&str; 8] = ["url", "system", "uuid", "serial", "username", "ca_file", "fingerprint", "session"];

/// UUIDs that boards have when nobody gave them one.
const NOBODYS: [&str; 3] = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "03000200-0400-0500-0006-000700080009",
];

/// A controller and the machine that it may switch off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Controller {
    /// `https://10.8.1.12/`: scheme, host and port, nothing else.
    pub(crate) url: Url,
    /// The path of the machine's system: `/redfish/v1/Systems/1`.
    pub(crate) system: String,
    /// Which machine it is. At least one of the two is there.
    pub(crate) identity: Identity,
    /// Who logs in; the password is a secret.
    pub(crate) username: String,
    /// Whose certificate is believed.
    pub(crate) trust: Trust,
    /// How requests show who sends them.
    pub(crate) login: Login,
}

/// What the system must say of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// In lower case.
    pub(crate) uuid: Option<String>,
    /// As it is printed on the machine.
    pub(crate) serial: Option<String>,
}

/// Whose certificate a controller must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// One of the authorities of the system.
    System,
    /// `ca_file`: one of these, and no other.
    Authorities(PathBuf),
    /// `fingerprint`: nobody's; the certificate is exactly the one with this SHA-256.
    Fingerprint([u8; 32]),
}

/// `session`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// Each request has the name and the password; no session is left behind.
    EveryRequest,
    /// A session for each call, for controllers that take nothing else. It is deleted at the end.
    Session,
}

/// What [`HostEntry::parameters`](super::HostEntry::parameters) returns.
pub(crate) type Parameters<'a> = BTreeMap<String, (&'a str, String)>;

/// Refuse a parameter that the driver does not have.
pub(super) fn check_names<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<(), String> {
    match names.into_iter().find(|name| !KNOWN.contains(&canonical(name).as_str())) {
        Some(stranger) => {
            Err(format!("driver = \"redfish\" has no parameter `{stranger}`; it has {}", KNOWN.join(", ")))
        }
        None => Ok(()),
    }
}

/// A device has exactly one secret, whose name is `password`.
pub(super) fn check_secrets(secrets: &BTreeMap<String, String>) -> Result<(), String> {
    match secrets.keys().map(|key| canonical(key)).collect::<Vec<_>>().as_slice() {
        [one] if one == "password" => Ok(()),
        _ => {
            Err("driver = \"redfish\" needs one secret, secrets = { password = \"/path/of/a/file\" }".into())
        }
    }
}

impl Controller {
    /// Read the parameters that a device has for one host.
    ///
    /// # Errors
    /// A text that names the parameter and says what is wrong.
    pub(crate) fn read(parameters: &Parameters<'_>) -> Result<Self, String> {
        let given = |key: &str| parameters.get(key).map(|(_, value)| value.as_str());
        let needed = |key: &str, example: &str| {
            given(key).ok_or_else(|| format!("driver = \"redfish\" needs `{key}`, for example {example:?}"))
        };
        let identity = Identity {
            uuid: given("uuid").map(uuid).transpose()?,
            serial: given("serial").map(str::to_owned),
        };
        if identity.uuid.is_none() && identity.serial.is_none() {
            return Err("driver = \"redfish\" needs `uuid` or `serial` of the machine, \
                        so that no other one is switched off"
                .to_owned());
        }
        let username = needed("username", "fence")?;
        if username.contains(':') {
            return Err("`username` must not have a colon".to_owned());
        }
        Ok(Self {
            url: url(needed("url", "https://10.8.1.12")?)?,
            system: system(needed("system", "/redfish/v1/Systems/1")?)?,
            identity,
            username: username.to_owned(),
            trust: trust(given("ca_file"), given("fingerprint"))?,
            login: match given("session") {
                Some("1") => Login::Session,
                Some(_) => return Err("`session` is a switch: \"1\", or leave it out".to_owned()),
                None => Login::EveryRequest,
            },
        })
    }

    /// What must not be another host's as well: the system of a controller, and what the machine says of
    /// itself.
    pub(crate) fn marks(&self) -> Vec<String> {
        let place =
            format!("{}{}", self.url.origin().ascii_serialization(), self.system.trim_end_matches('/'));
        let identity = match &self.identity {
            Identity { uuid: Some(uuid), .. } => Some(format!("uuid {uuid}")),
            Identity { uuid: None, serial } => serial.as_ref().map(|serial| format!("serial {serial}")),
        };
        std::iter::once(format!("system {place}")).chain(identity).collect()
    }
}

/// Scheme, host and port: everything else a URL can have would be sent to the controller, or is a secret.
fn url(text: &str) -> Result<Url, String> {
    let refuse =
        |why: &str| Err(format!("`url` {why}; it must be like https://10.8.1.12 or https://bmc12:8443"));
    let Ok(url) = Url::parse(text) else {
        return refuse("cannot be read");
    };
    if url.scheme() != "https" || url.host_str().is_none_or(str::is_empty) {
        return refuse("does not begin with https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("has a user or a password");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return refuse("has more than a host and a port");
    }
    Ok(url)
}

fn system(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._~:@!$&'()*+,;=-".contains(c);
    let mut parts = text.trim_end_matches('/').split('/').skip(1).peekable();
    let named = parts.peek().is_some() && parts.all(|part| !matches!(part, "" | "." | ".."));
    if !text.starts_with('/') || !named || !text.chars().all(plain) {
        return Err("`system` must be the path of one system, like /redfish/v1/Systems/1".to_owned());
    }
    if text.trim_end_matches('/').ends_with("/Systems") {
        return Err("`system` is the list of all systems: name one, like /redfish/v1/Systems/1".to_owned());
    }
    Ok(text.to_owned())
}

fn uuid(text: &str) -> Result<String, String> {
    let uuid = text.to_ascii_lowercase();
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
    if lengths != [8, 4, 4, 4, 12] || !uuid.split('-').all(hex) {
        return Err("`uuid` is not a UUID such as 4c4c4544-0037-4210-8054-b7c04f383432".to_owned());
    }
    if NOBODYS.contains(&uuid.as_str()) {
        return Err(format!("`uuid` {uuid} is what boards have when nobody gave them one: use `serial`"));
    }
    Ok(uuid)
}

/// A fingerprint counts where both are given: it is the narrower one.
pub(super) fn trust(ca_file: Option<&str>, fingerprint: Option<&str>) -> Result<Trust, String> {
    if ca_file.is_some_and(|path| !Path::new(path).is_absolute()) {
        return Err("`ca_file` must be an absolute path".to_owned());
    }
    let Some(fingerprint) = fingerprint else {
        return Ok(ca_file.map_or(Trust::System, |path| Trust::Authorities(path.into())));
    };
    let digits: String = fingerprint.chars().filter(|c| *c != ':').collect();
    let bytes = digits.as_bytes().chunks(2).map(|pair| {
        let pair =
            std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    let bytes = bytes.filter(|_| digits.len() == 64).and_then(|bytes| bytes.try_into().ok());
    bytes.map(Trust::Fingerprint).ok_or_else(|| {
        "`fingerprint` must be the SHA-256 of the certificate: 64 hexadecimal digits, with or without colons"
            .to_owned()
    })
}

#[cfg(test)]
mod tests;
